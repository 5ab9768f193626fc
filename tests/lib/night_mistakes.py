"""Nights that differ in the mistake. Each yields (figure, whether it holds, reason); `commits` is about how many transactions its shop
makes before the mistake, and again behind it."""
import random
import re
import subprocess
import threading
import time

from keeping import unix_time
from lifeboat import CommandFailed
from nights import ShopNight
from rescuing import text_of
from shop import CLERKS, Trade
from sql_session import Session

ONLY_APP = Trade(orders=False, notes=False)
NO_OLD_ORDERS = Trade(notes=False)
HOURS_LATER = 3
HOUSEKEEPING_EVERY_S = 900


def few(things):
    return f"{len(things)}: {', '.join(map(str, things[:3]))}" if things else "nothing"


def is_found(plan, mistakes, classes, objects):
    """What is to be left out is the mistakes and nothing else, and what is told of each is so."""
    left_out = {danger["gtid"]: danger for danger in plan["left_out"]}
    gtids = [mistake.gtid for mistake in mistakes]
    yield "found-by-itself", set(left_out) == set(gtids), f"left out {few(sorted(left_out))}; the mistakes {few(gtids)}"
    told = {danger["gtid"]: danger for danger in plan["dangers"]}
    wrong = [gtid for gtid in gtids if gtid not in told]
    for mistake, danger_class, name in zip(mistakes, classes, objects):
        danger = told.get(mistake.gtid)
        if danger and not ((danger["class"], danger["objects"]) == (danger_class, [name]) and name.split(".")[1].strip("*") in danger["statement"]
                           and mistake.begun - 1 <= unix_time(danger["time"]) <= mistake.ended + 1):
            wrong.append(danger)
    yield "told-what-happened", not wrong, few(wrong) if wrong else f"{len(mistakes)} by class, object, time and statement"


def has_all(night, result, ledger=None):
    """As the ledger says."""
    ledger = ledger or night.ledger
    differences = ledger.differences(night.branch(result))
    return (f"lost={len(differences)}", not differences,
            few(differences) if differences else f"all of {ledger.size()} rows after {len(night.shop.acknowledged)} transactions")


def is_silent(result, mistakes, doubtful=()):
    """Nothing else was left out, nothing else is said to be lost, and these transactions to be doubtful."""
    said = {key: result[key] for key in ("loss", "conflicts", "passed_over") if result[key]}
    doubts = {note["subject"] for note in result.get("doubtful", [])}
    if doubts != set(doubtful):
        said["doubtful"] = {"not told": few(sorted(set(doubtful) - doubts)), "without a reason": few(sorted(doubts - set(doubtful)))}
    gtids = {mistake.gtid for mistake in mistakes}
    return ("said-what-is-left-out", set(result["skip"]) == gtids and not said,
            f"{few(result['skip'])} {said or f'and {len(doubts)} doubtful'}")


def bring_back(night, mistakes, classes, objects, doubtful=()):
    """By the bare command, or by naming what it would not have left out."""
    night.caught_up()
    plan = night.rescue("--dry-run")
    yield from is_found(plan, mistakes, classes, objects)
    bare = {danger["gtid"] for danger in plan["left_out"]} == {mistake.gtid for mistake in mistakes}
    result = night.rescue(*([] if bare else [word for mistake in mistakes for word in ("--skip", mistake.gtid)]))
    yield is_silent(result, mistakes, doubtful)
    yield has_all(night, result)
    night.result = result


def drop_table(ground, seed, commits):
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        mistake = night.mistake("DROP TABLE shop.orders")
        night.trade(commits, ONLY_APP)
        night.caught_up()
        said = text_of(night.boat, "rescue", "--dir", night.relay.directory)
        words = ("DROP TABLE", "shop.orders", mistake.gtid, "LEFT OUT", "a guess", "rescue cut-over")
        missing = [word for word in words if word not in said]
        yield "told-in-words", not missing and len(said.splitlines()) <= 20, f"lacks {missing}" if missing else f"{len(said.splitlines())} lines"
        yield from bring_back(night, [mistake], ["drop_table"], ["shop.orders"])


def truncate(ground, seed, commits):
    """The server begins to count anew, so that what comes later has the numbers of what is saved: that cannot all be kept."""
    collisions = max(4, commits // 100)
    with ShopNight(ground, seed) as night:
        night.source.query("CREATE TABLE shop.tickets (id INT AUTO_INCREMENT PRIMARY KEY, what VARCHAR(40)) AUTO_INCREMENT = 1")
        for n in range(1, 2 * collisions + 1):
            night.commit(f"INSERT INTO shop.tickets (what) VALUES ('before {n}')")
            night.ledger.note("shop.tickets", n, f"before {n}")
        night.trade(commits)
        with Session(night.source.socket) as contractor:
            mistakes = [night.mistake_in(contractor, f"TRUNCATE TABLE shop.{table}") for table in ("items", "tickets")]
        night.trade(commits, NO_OLD_ORDERS)
        colliding = [night.commit(f"INSERT INTO shop.tickets (what) VALUES ('after {n}')") for n in range(collisions)]
        night.trade(commits, NO_OLD_ORDERS)
        night.caught_up()
        yield from is_found(night.rescue("--dry-run"), mistakes, ["truncate_table"] * 2, ["shop.items", "shop.tickets"])
        yield from is_stopped(night, colliding[0])
        result = night.rescue("--on-conflict", "skip")
        conflicts = [conflict["subject"] for conflict in result["conflicts"]]
        yield "conflicts-told", conflicts == colliding, f"{few(conflicts)}; in the log {few(colliding)}"
        yield has_all(night, result)


def is_stopped(night, gtid):
    """By a transaction that what was saved stands in the way of."""
    try:
        night.rescue()
    except CommandFailed as e:
        yield ("stopped-at-conflict", e.status == 14 and gtid in e.error["message"] and "--on-conflict skip" in e.error["hint"],
               e.error["message"][:200])
    else:
        yield "stopped-at-conflict", False, f"{gtid} was passed over"


def mass_delete(ground, seed, commits):
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        mistake = night.mistake("DELETE FROM shop.orders WHERE account < 60")
        night.trade(commits, NO_OLD_ORDERS)
        yield from bring_back(night, [mistake], ["delete_range"], ["shop.orders"])


def mass_delete_of_rows(ground, seed, commits):
    """In ROW format, where the log holds the rows that went."""
    with ShopNight(ground, seed) as night:
        night.trade(commits, Trade(formats=["ROW"]))
        mistake = night.mistake("SET SESSION binlog_format = ROW; DELETE FROM shop.orders WHERE account < 60")
        night.trade(commits, Trade(notes=False, formats=["ROW"]))
        yield from bring_back(night, [mistake], ["mass_delete"], ["shop.orders"])


def changed_later(acknowledged):
    """GTIDs of the changes of old orders among them."""
    return {gtid for gtid, what, _ in acknowledged if what.startswith("note ")}


def bad_update(ground, seed, commits):
    """Statements that change the same rows later depend on what was saved."""
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        mistake = night.mistake("UPDATE shop.orders SET amount = 0, account = 1")
        later = night.trade(commits)
        yield from bring_back(night, [mistake], ["update_all"], ["shop.orders"], changed_later(later))


def bad_update_of_rows(ground, seed, commits):
    """Later changes in ROW format bring the wrong values along for the columns that they do not change: that has to be told."""
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        mistake = night.mistake("UPDATE shop.orders SET amount = 0, account = 1")
        later = night.trade(commits, Trade(formats=["ROW", "MIXED"]))
        totals = night.commit("CREATE TABLE app.totals (id INT PRIMARY KEY, amount INT); SET SESSION binlog_format = STATEMENT;"
                              "INSERT INTO app.totals SELECT 1, SUM(amount) FROM shop.orders")
        night.caught_up()
        result = night.rescue()
        yield is_silent(result, [mistake], changed_later(later) | {totals})
        changed = {str(row[0]) for _, what, changes in later if what.startswith("note ") for _, row in changes}
        differences = night.ledger.differences(night.branch(result))
        lost = [line for line in differences if not (line.startswith("shop.orders has ") and line.split("'")[1] in changed)]
        yield f"lost={len(lost)}", not lost, few(lost) if lost else f"but {len(differences)} rows whose later changes carry wrong values, as told"


def drop_in_a_parallel_group(ground, seed, commits):
    """Among transactions that were committed together: a DELETE as one of a group, a DROP between two groups."""
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        night.source.query(f"SET GLOBAL binlog_commit_wait_count = {CLERKS + 1}, binlog_commit_wait_usec = 20000")
        mistakes = []
        contractor = threading.Timer(0.2, lambda: mistakes.extend(destroy_in_a_group(night)))
        contractor.start()
        while len(mistakes) < 2:
            night.trade(max(100, commits // 4), ONLY_APP)
        contractor.join()
        night.trade(100, ONLY_APP)
        night.caught_up()
        deleting, dropping = (mistake.gtid for mistake in mistakes)
        groups = commit_groups(night)
        order = [gtid for gtid, _ in groups]
        group_of = dict(groups)
        together = [gtid for gtid in order if group_of[gtid] and group_of[gtid] == group_of[deleting]]
        at = order.index(dropping)
        around = [group_of[order[at - 1]], group_of[order[at + 1]]]
        yield "is-such-a-night", len(together) > 1 and all(around), f"the DELETE in a group of {len(together)}; the DROP between groups {around}"
        yield from bring_back(night, mistakes, ["delete_range", "drop_table"], ["shop.orders", "shop.items"])


def destroy_in_a_group(night):
    with Session(night.source.socket) as contractor:
        return [night.mistake_in(contractor, sql) for sql in ("DELETE FROM shop.orders WHERE account < 60", "DROP TABLE shop.items")]


def commit_groups(night):
    """(GTID, commit id or None) in the order of the log, as mariadb-binlog tells."""
    found = []
    for path in sorted(night.relay.incarnations()[-1].glob("mysql-bin.*[0-9]")):
        said = subprocess.run(["mariadb-binlog", "--no-defaults", path], capture_output=True, text=True, check=True, errors="replace").stdout
        found += re.findall(r"^#.*\tGTID (\d+-\d+-\d+)(?: cid=(\d+))?", said, re.M)
    return [(gtid, group or None) for gtid, group in found]


def several_dangers(ground, seed, commits):
    """One session's, over a while. What another was meant to empty stays empty."""
    with ShopNight(ground, seed) as night:
        night.source.query("CREATE TABLE app.scratch (id INT PRIMARY KEY); INSERT INTO app.scratch VALUES (1), (2)")
        night.ledger.rows["app.scratch"] = {}
        night.trade(commits)
        meant = night.commit("TRUNCATE TABLE app.scratch")
        with Session(night.source.socket) as contractor:
            mistakes = [night.mistake_in(contractor, "TRUNCATE TABLE shop.items")]
            night.trade(commits // 2, Trade(orders=False))
            mistakes.append(night.mistake_in(contractor, "DELETE FROM shop.orders"))
            night.trade(commits // 2, ONLY_APP)
            mistakes.append(night.mistake_in(contractor, "DROP DATABASE shop"))
        night.trade(commits, ONLY_APP)
        night.caught_up()
        told = [danger["gtid"] for danger in night.rescue("--dry-run")["dangers"]]
        yield "all-told", told == [mistake.gtid for mistake in reversed(mistakes)] + [meant], few(told)
        yield from bring_back(night, mistakes, ["truncate_table", "delete_all", "drop_database"], ["shop.items", "shop.orders", "shop.*"])


def three_hours_later(ground, seed, commits):
    """While the application goes on and, as every quarter of an hour, tidies up by a DELETE that is meant."""
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        mistake = night.mistake("DROP TABLE shop.orders")
        begun = int(mistake.ended)
        slices = HOURS_LATER * 3600 // HOUSEKEEPING_EVERY_S
        for n in range(slices):
            until = begun + (n + 1) * HOUSEKEEPING_EVERY_S
            night.trade(max(2000, commits) // slices, Trade(orders=False, notes=False, since=until - HOUSEKEEPING_EVERY_S, until=until))
            tidied = random.Random(seed + n).randrange(200)
            night.commit(f"SET TIMESTAMP = {until}; DELETE FROM app.visits WHERE expires < {tidied}")
            for key, row in list(night.ledger.rows["app.visits"].items()):
                if int(row[1]) < tidied:
                    night.ledger.forget("app.visits", key)
        night.caught_up()
        newest = unix_time(night.rescue("--dry-run")["dangers"][0]["time"])
        behind = len(night.shop.acknowledged) - commits
        yield "is-such-a-night", newest - begun >= HOURS_LATER * 3600 and behind > 1900, f"{newest - begun:.0f} s and {behind} transactions behind it"
        yield from bring_back(night, [mistake], ["drop_table"], ["shop.orders"])


def two_domains(ground, seed, commits):
    with ShopNight(ground, seed) as night:
        night.trade(commits, Trade(domains=[0, 7]))
        night.take_image()
        night.trade(commits, Trade(domains=[0, 7]))
        mistake = night.mistake("SET SESSION gtid_domain_id = 7; DROP DATABASE shop")
        night.trade(commits, Trade(orders=False, notes=False, domains=[0, 7]))
        yield "is-such-a-night", mistake.gtid.startswith("7-") and night.source.position().count(",") == 1, night.source.position()
        yield from bring_back(night, [mistake], ["drop_database"], ["shop.*"])
        at = night.branch(night.result).query("SELECT @@gtid_slave_pos")
        yield "caught-up-in-both", set(at.split(",")) == set(night.source.position().split(",")), at
