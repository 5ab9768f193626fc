"""Nights in which something else is broken besides: an image, the log, all that is local, the host of the rescue. As night_mistakes."""
import os
import random
import re
import shutil
import signal
import time

from branches import wait_gone
from lifeboat import CommandFailed, Lifeboat
from nights import ShopNight
from night_mistakes import ONLY_APP, bring_back, few, has_all, is_found, is_silent

DAMAGED_BYTES = 64
KILLS = 6
LONGEST_BEFORE_KILL_S = 4


def packs(night):
    return {path for path in (night.boat.work / "vault" / "packs").rglob("*") if path.is_file()}


def damage(path, rng):
    """Some bytes, all over it."""
    data = bytearray(path.read_bytes())
    for _ in range(DAMAGED_BYTES):
        data[rng.randrange(len(data))] ^= 1 + rng.randrange(255)
    path.chmod(0o600)
    path.write_bytes(data)


def damaged_newest_image(ground, seed, commits):
    """In each pack that it alone has; before, in one of them only, which a rescue may or may not meet."""
    rng = random.Random(seed)
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        before = packs(night)
        newest = night.take_image()
        night.trade(commits)
        mistake = night.mistake("DROP DATABASE shop")
        night.trade(commits, ONLY_APP)
        night.caught_up()
        own = sorted(packs(night) - before)
        damage(rng.choice(own), rng)
        result = night.rescue("--name", "partly")
        yield has_all(night, result)
        night.boat.remove("partly")
        for path in own:
            damage(path, rng)
        shutil.rmtree(night.boat.work / "cache", ignore_errors=True)
        yield from is_found(night.rescue("--dry-run"), [mistake], ["drop_database"], ["shop.*"])
        result = night.rescue()
        passed = [note["subject"] for note in result["passed_over"]]
        yield "said-which-is-passed-over", passed == [newest] and result["image"] != newest, f"{few(passed)}; damaged is {newest}"
        yield has_all(night, result)


def gap_in_the_log(ground, seed, commits):
    """A closed file of the relay's log is damaged, then away; the vault has no copy of it."""
    with ShopNight(ground, seed, sealed=False) as night:
        night.trade(commits)
        mistake = night.mistake("DROP TABLE shop.orders")
        night.trade(commits, ONLY_APP)
        last = night.commit("FLUSH BINARY LOGS; INSERT INTO app.journal VALUES (0, 'the last that is whole'); FLUSH BINARY LOGS")
        night.ledger.note("app.journal", 0, "the last that is whole")
        whole, file = night.ledger.copy(), night.source.log_files()[-1]
        behind = night.trade(commits, ONLY_APP)
        night.source.query("FLUSH BINARY LOGS")
        night.trade(commits, ONLY_APP)
        night.caught_up()
        path = night.relay.incarnations()[-1] / file
        yield from stops_at_damage(night, path, whole, behind)
        for part in path.parent.glob(f"**/{file}*"):
            part.unlink()
        plan = night.rescue("--dry-run")
        loss = plan["ways"][0]["loss"]
        yield "said-with-the-loss", last in loss and plan["until"] == last and night.source.log_files()[-1] in loss, loss
        yield from is_found(plan, [mistake], ["drop_table"], ["shop.orders"])
        result = night.rescue("--name", "to-the-gap")
        yield "said-what-it-lost", result["loss"] == loss and result["until"] == last, f"until {result['until']}: {result['loss']}"
        yield has_all(night, result, whole)
        yield from is_taken_when_told(night, "to-the-gap", last)


def stops_at_damage(night, path, whole, behind):
    """One bit in the middle of a file: that is neither passed over nor taken for the end. By the command that is told, it goes as far as
    it can."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    try:
        result = night.rescue("--name", "damaged")
    except CommandFailed as e:
        told = re.search(r"--to ([-\d,]+)(?: --skip [-\d]+)*", e.error["hint"])
        yield "said-what-is-damaged", e.status == 14 and path.name in e.error["message"] and bool(told), str(e.error)[:400]
    else:
        yield "said-what-is-damaged", False, f"ready, at {result['until']}, with loss '{result['loss']}'"
        return
    if told:
        result = night.rescue("--name", "told", *told.group(0).split())
        until = told.group(1)
        yield "goes-as-far-as-told", result["until"] == until, f"until {result['until']}"
        yield has_all(night, result, whole.copy().follow(behind, until))


def is_taken_when_told(night, name, last):
    """Production goes over to what has lost something only if the loss is accepted."""
    try:
        night.boat.run("rescue", "cut-over", name, "--fenced")
    except CommandFailed as e:
        yield "not-taken-without-being-told", e.status == 14 and last in e.error["message"], e.error["message"][:300]
    else:
        yield "not-taken-without-being-told", False, "cut over, and the loss accepted by nobody"
        return
    night.boat.run("rescue", "cut-over", name, "--fenced", "--leave-rest")
    state = night.boat.run("rescue", "ls")
    taken = [each["rescue"] for each in state if each["state"] == "in place"]
    yield "taken-when-told", taken == [name], few(taken)


def vault_on_s3_only(ground, seed, commits):
    """Source, relay and all that was local are gone: there are the bucket, the recovery key, and a bare host."""
    from object_store import gateway  # pylint: disable=import-outside-toplevel # of bench/lib, which the program adds
    with gateway() as store, ShopNight(ground, seed, vault_url=store.vault("nights")) as night:
        night.trade(commits)
        mistake = night.mistake("DROP DATABASE shop")
        night.trade(commits, ONLY_APP)
        lose_all_but_the_vault(night)
        bare = bare_host(night)
        yield from is_found(bare.run("rescue", "--standalone", "--dry-run"), [mistake], ["drop_database"], ["shop.*"])
        result = bare.run("rescue", "--standalone")
        yield is_silent(result, [mistake])
        yield has_all(night, result)
        bare.run("branch", "stop", result["branch"])


def lose_all_but_the_vault(night):
    night.relay.wait_sealed(night.source)
    night.relay.kill()
    night.source.kill()
    for path in (night.relay.directory, night.source.datadir, night.boat.state, night.boat.work / "cache"):
        shutil.rmtree(path, ignore_errors=True)


def bare_host(night):
    """Another home, and the recovery key in place of the passphrase."""
    bare = Lifeboat(night.boat.work / "bare")
    key = bare.work / "recovery-key"
    key.write_text(night.recovery_key + "\n")
    key.chmod(0o600)
    del bare.env["LIFEBOAT_PASSPHRASE_FILE"]
    bare.env.update(LIFEBOAT_VAULT=night.vault_url, LIFEBOAT_RECOVERY_KEY_FILE=str(key), HOME=str(bare.work))
    return bare


class Killer:
    """Of what a rescue consists of: its command, its volume, its server, or all of them, as when its host dies."""

    def __init__(self, night, rng):
        self.night, self.random, self.killed = night, rng, []

    def processes(self):
        """By pid, what each is."""
        found = {}
        for pid, words in self.night.boat.processes():
            if f"{self.night.boat.state}/" in words + "/":
                found[pid] = "volume" if " volume mount " in words else "server" if "mariadbd " in words else "tender"
        return found

    def end(self, pids):
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for pid in pids:
            wait_gone(pid)

    def strike(self, child):
        """Once, while the command runs; what was killed."""
        kind = self.random.choice(["command", "volume", "server", "host"])
        theirs = self.processes()
        pids = [pid for pid, what in theirs.items() if kind in (what, "host")]
        if kind in ("command", "host") and child.poll() is None:
            child.kill()
            self.killed.append(kind)
        elif pids:
            self.killed.append(kind)
        self.end(pids)
        return kind


def rescue_host_killed(ground, seed, commits):
    """Again and again, at random moments; each time the same command follows."""
    rng = random.Random(seed)
    with ShopNight(ground, seed) as night:
        night.trade(commits)
        mistake = night.mistake("DROP TABLE shop.orders")
        night.trade(3 * commits, ONLY_APP)
        night.caught_up()
        killer, wrong = Killer(night, rng), []
        for _ in range(KILLS):
            child = night.boat.popen("rescue", "--dir", night.relay.directory)
            time.sleep(rng.uniform(0.05, LONGEST_BEFORE_KILL_S))
            kind = killer.strike(child)
            status, said = night.boat.ended(child)
            if status not in (0, -signal.SIGKILL) and "lifeboat rescue" not in said["error"]["hint"]:
                wrong.append((kind, said))
        yield f"kills={len(killer.killed)}", len(killer.killed) > 0, f"{', '.join(killer.killed)}; seed {seed}"
        yield "each-failure-says-what-is-next", not wrong, few(wrong)
        yield from bring_back(night, [mistake], ["drop_table"], ["shop.orders"])
        branches = sorted(night.boat.branches())
        yield "nothing-else-is-left", branches == [night.result["branch"]], few(branches)
