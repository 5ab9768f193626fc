"""`DROP DATABASE` on a master of a ring, and the standbys behind relays that follow the other master, the same one, and both."""
import subprocess
from typing import NamedTuple

from holding import add_approvers, age_record, holds, release, skip
from pair import Pair
from relaying import Relay, wait_for
from replication import Replica, ReplicationFailed, installed

ROWS = 3
TROUBLE = (AssertionError, ReplicationFailed, subprocess.SubprocessError)


class Log(NamedTuple):
    """One that a relay serves: of which master, and at which port."""
    relay: Relay
    master: int
    port: int

    def held(self, master):
        """What is held in it now; a relay that follows both has holds in either log."""
        return [hold for hold in holds(self.relay, "held") if hold["source"].endswith(f"-{master.port}")]


class Ring:
    """Two masters, a relay that follows both and one for each alone, all with the rules that need no file."""

    def __init__(self, work, domains):
        work.mkdir()
        self.work, self.standbys, self.alone, self.pair = work, [], [], None
        self.rules = work / "rules.toml"
        self.rules.write_text("")
        try:
            self.pair = Pair(work, domains, "--config", str(self.rules), gtid=len(set(domains)) == 2)
            self._follow_each()
        except BaseException:
            self.close()
            raise
        self.empty, self.number, self.row = installed(work), 10, 0

    def _follow_each(self):
        self.masters, both = self.pair.masters, self.pair.relay
        for n, master in enumerate(self.masters):
            place = self.work / f"alone-{n}"
            place.mkdir()
            self.alone.append(Relay(place, master, "--config", str(self.rules)).start())
            self.alone[-1].wait_following()
        for relay in (both, *self.alone):
            add_approvers(self.work, relay, ["ann", "bob"])
            age_record(relay)
        self.logs = [Log(both, n, both.ports[n]) for n in range(2)] + [Log(relay, n, relay.port) for n, relay in enumerate(self.alone)]

    def attach(self, threads):
        """A standby from empty at each log, in place of those that were there."""
        for standby in self.standbys:
            standby.kill()
        self.standbys = []
        for log in self.logs:
            self.number += 1
            standby = Replica(self.empty(f"standby-{self.number}"), f"--slave-parallel-threads={threads}",
                              "--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=2", server_id=self.number)
            self.standbys.append(standby)
            standby.start().follow(log.port)

    def make_database(self, on, name):
        """On one master, and with the rows in it everywhere."""
        values = ", ".join(f"({n})" for n in range(ROWS))
        self.masters[on].query(f"CREATE DATABASE {name}; CREATE TABLE {name}.t (a INT PRIMARY KEY); INSERT INTO {name}.t VALUES {values}")
        wait_for(lambda: has_all(self.masters[1 - on], name), f"{name} on the other master")
        for standby in self.standbys:
            arrived(standby, lambda s: has_all(s, name), name)

    def write(self):
        """On each master in turn a row that the other then has, too."""
        self.row += 1
        for n, master in enumerate(self.masters):
            master.query(f"INSERT INTO d.t VALUES ({self.row}, 'master {n}')")
            wait_for(lambda: written(self.masters[1 - n], self.row) == n + 1, f"the ring to carry row {self.row}")

    def drop(self, on, name):
        self.masters[on].query(f"DROP DATABASE {name}")
        wait_for(lambda: name not in self.masters[1 - on].query("SHOW DATABASES").split(), f"{name} to be dropped on the other master")

    def wait_all_held(self):
        """The one hold of each log."""
        return [wait_for(lambda: log.held(self.masters[log.master]), "the hold")[0] for log in self.logs]

    def close(self):
        for each in [*self.standbys, *self.alone]:
            each.kill()
        if self.pair:
            self.pair.close()


def has_all(server, database):
    return database in server.query("SHOW DATABASES").split() and server.query(f"SELECT COUNT(*) FROM {database}.t") == str(ROWS)


def written(server, row):
    return int(server.query(f"SELECT COUNT(*) FROM d.t WHERE a = {row}"))


def arrived(standby, condition, what):
    """Waits; a standby that stopped says why."""
    def look():
        standby.fail_if_stopped()
        return condition(standby)
    wait_for(look, f"{what} on standby {standby.server_id}")


def wait_written(ring):
    for standby in ring.standbys:
        arrived(standby, lambda s: written(s, ring.row) == 2, f"row {ring.row}")


def is_held(ring, on, name):
    """Dropped on both masters, on no standby, and nothing that was written after it has come there."""
    ring.make_database(on, name)
    ring.drop(on, name)
    ring.write()
    found = ring.wait_all_held()
    for hold in found:
        assert (hold["class"], hold["objects"], hold["state"]) == ("drop_database", [f"{name}.*"], "held"), hold
        assert hold["statement"] == f"DROP DATABASE {name}" and f"-{on + 1}-" in hold["gtid"], hold
    assert len({hold["gtid"] for hold in found}) == 1, found
    for standby in ring.standbys:
        assert has_all(standby, name) and not written(standby, ring.row) and standby.connected(), standby.state()
    return found


def is_skipped(ring, name, found):
    for log, hold in zip(ring.logs, found):
        skip(log.relay, hold)
    wait_written(ring)
    for log, standby in zip(ring.logs, ring.standbys):
        assert has_all(standby, name) and standby.connected() and not log.held(ring.masters[log.master]), standby.state()


def is_not_fetched_again(ring, on, names):
    """Nothing is written behind what is skipped last, so that its own number is where a standby goes on from."""
    ring.make_database(on, names[-1])
    ring.drop(on, names[-1])
    found = ring.wait_all_held()
    for log, hold in zip(ring.logs, found):
        skip(log.relay, hold)
    for standby in ring.standbys:
        standby.wait_for(found[0]["gtid"])
    for which in (0, 1):  # the master whose log it was, then the other
        for log, standby in zip(ring.logs, ring.standbys):
            standby.follow(ring.masters[log.master ^ which].port)
        ring.write()
        wait_written(ring)
        for standby in ring.standbys:
            missing = [name for name in names if not has_all(standby, name)]
            assert not missing and standby.connected(), (missing, standby.state())
    for log, standby in zip(ring.logs, ring.standbys):
        standby.follow(log.port)


def is_released(ring, on, name):
    """By two people, not by one."""
    ring.make_database(on, name)
    ring.drop(on, name)
    ring.write()
    found = ring.wait_all_held()
    for approver, state, status in (("ann", "held", 14), ("bob", "released", 0)):
        for log, hold, standby in zip(ring.logs, found, ring.standbys):
            got, result = release(ring.work, log.relay, hold, approver)
            assert got == status and result["state"] == state, result
            assert state == "released" or has_all(standby, name)
    for standby in ring.standbys:
        arrived(standby, lambda s: not s.has(name), f"the drop of {name}")
    wait_written(ring)


def judge(test, figure, step):
    """What the step returns, True for nothing; False if it went wrong, which fails the figure."""
    try:
        result = step()
    except TROUBLE as e:
        test.check(figure, False, str(e).replace("\n", " ")[:2000])
        return False
    test.check(figure, True, "relays that follow the other master, the same one and both")
    return True if result is None else result


def drops_are_held(test, ring, name, threads, masters):
    """A round with new standbys: on each of these masters a DROP that is skipped, one that is released, and one after which the
    standbys go to the true source."""
    ring.attach(threads)
    for on in masters:
        kind = f"drop-on-master-{on + 1}-{name}-threads-{threads}"
        kept, last, meant = (f"{word}_{on + 1}_{threads}" for word in ("kept", "last", "meant"))
        found = judge(test, f"held-{kind}", lambda: is_held(ring, on, kept))
        if not (found and judge(test, f"skipped-{kind}", lambda: is_skipped(ring, kept, found)) and
                judge(test, f"not-fetched-again-{kind}", lambda: is_not_fetched_again(ring, on, [kept, last])) and
                judge(test, f"released-{kind}", lambda: is_released(ring, on, meant))):
            return


def judge_held_drops(test, work, name, domains, rounds, masters):
    ring = Ring(work, domains)
    try:
        for threads in rounds:
            drops_are_held(test, ring, name, threads, masters)
    finally:
        ring.close()
