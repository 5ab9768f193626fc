"""Days that nobody attends: a source that a shop trades on, a relay with its vault, and a standby whose commits, drills, prunes and restarts
follow a timetable, all by a clock that is turned forward. What it sees on the way is noted for who judges it."""
import json
import os
import re
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from branches import Harbour
from drilling import Drills
from ledger import Ledger as Burst
from lifeboat import CommandFailed
from mariadb import Client
from other_clock import OtherClock
from relaying import Relay, Source, wait_for
from rescuing import SEEDER
from shop import Ledger, Shop, set_up
from sql_session import Session
from standbys import Standby, accounts_file

SEMI_SYNC_TIMEOUT_MS = 500
# Images hold the redo log; so small, it has been written from end to end within a day or two, and grows no more.
REDO_LOG = "--innodb-log-file-size=4M"
BURST_S = 0.3
# By the steady clock, which is not turned: whenever it has something new.
RHYTHM = ("--commit-every", "1s")
# Of a commit: the standby makes one, or was just killed.
NOT_NOW = ("busy", "unavailable")
BURSTS = "CREATE DATABASE bursts; CREATE TABLE bursts.t (a INT, w VARCHAR(20), PRIMARY KEY (w, a))"
RESTARTS = ("source-killed", "source-stopped", "relay-killed", "relay-stopped", "standby-killed", "standby-stopped", "server-killed",
            "volume-killed")


def resident_bytes(pid):
    return int(re.search(r"^VmRSS:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M).group(1)) * 1024


def bytes_below(directory):
    """Of the files' contents, holes not counted, nor what a store keeps in reserve, nor what goes away meanwhile."""
    found = 0
    for path in Path(directory).rglob("*"):
        with suppress(FileNotFoundError):
            info = path.lstat()
            found += min(info.st_size, info.st_blocks * 512) if path.name != "~reserve" else 0
    return found


class Week:
    """`with Week(seed, orders=500, keep_local="1MiB") as week`: everything runs, and the first image of the standby is made."""

    def __init__(self, seed, orders, keep_local):
        self.stack, self.orders, self.keep_local = ExitStack(), orders, keep_local
        self.boat, self.begun_with = None, Ledger()
        self.seed, self.bursts, self.moments = seed, [], []

    def __enter__(self):
        try:
            self._begin()
        except BaseException as e:
            self.__exit__(type(e))
            raise
        return self

    def _begin(self):
        environment = dict(os.environ)
        self.stack.callback(lambda: (os.environ.clear(), os.environ.update(environment)))
        self.boat = Harbour()
        self.stack.push(lambda kind, *_: self.boat.__exit__(kind))
        self.clock = OtherClock(self.boat.work)
        os.environ.update(self.clock.env)
        self.boat.env.update(self.clock.env)
        self.recovery_key, self.vault_url = self.boat.init()["recovery_key"], self.boat.env["LIFEBOAT_VAULT"]
        self.source = self._source(Source.made)
        self.stack.callback(lambda: self.source.kill())
        set_up(self.source, self.orders, self.begun_with)
        self.source.query(BURSTS)
        self.source.query("SET sql_log_bin = 0;" + SEEDER)
        self.shop = Shop(self.begun_with.copy(), self.seed, self.orders)
        self.relay = Relay(self.boat.work, self.source, "--accounts", accounts_file(self.boat.work), "--tail-interval", "200ms",
                           "--keep-local", self.keep_local, env=self.boat.env).start()
        self.stack.callback(lambda: self.relay.kill())
        self.relay.wait_following()
        self.drills = Drills(self)
        image = self.boat.run("seed", "--source", f"mysql://b@127.0.0.1:{self.source.port}", "--password-file", self.boat.work / "password", "--dir",
                              self.relay.directory, "--no-keep")["image"]
        self.standby = Standby(self.boat, self.relay, image).start(*RHYTHM)
        self.stack.callback(lambda: self.standby.kill())
        self.standby.wait_first_commit()
        self.standby.wait_caught_up(self.source)

    def __exit__(self, kind, *_):
        if kind is not None:
            for log in self.boat.work.glob("*.log") if self.boat else []:
                print(f"-- {log}\n{log.read_text(errors='replace')[-3000:]}", flush=True)
        self.stack.__exit__(kind, None, None)

    def _source(self, made, **more):
        return made(self.boat.work / "source", REDO_LOG, timeout_ms=SEMI_SYNC_TIMEOUT_MS, **more)

    def _start_source(self):
        self.source = self._source(Source, port=self.source.port).start()

    # What happens by the timetable.

    def turn_to(self, moment):
        """Unless it is over: what was done took its time, too."""
        if moment > self.clock.now():
            self.clock.turn(moment - self.clock.now())

    def trade(self, transactions):
        self.shop.trade(self, transactions)
        self.moments.append((self.clock.now(), self.position()))

    def commit(self):
        """An image of all there is: by the standby itself, which looks each second, or by the command if that is sooner."""
        position = self.position()
        wait_for(lambda: self._committed(position), f"the image at {position}")

    def _committed(self, position):
        file = self.boat.state / "branches" / self.standby.name / "standby-commit.json"
        if json.loads(file.read_text())["gtid"] == position:
            return True
        try:
            return self.standby.commit()["gtid"] == position
        except CommandFailed as e:
            assert e.code in NOT_NOW, e
            return False

    def position(self):
        return self._asked("SELECT @@gtid_binlog_pos")[0][0].decode()

    def rotate_log(self):
        self._asked("FLUSH BINARY LOGS")

    def _asked(self, statement):
        with Session(self.source.socket) as session:
            return session.query(statement)

    def restart(self, what):
        getattr(self, "_" + what.replace("-", "_"))()
        self.relay.wait_following()
        self.relay.wait_caught_up(self.source)
        self.standby.wait_caught_up(self.source)

    def _source_killed(self):
        """While it is written to."""
        burst = Burst(self.source, "bursts.t", f"burst-{len(self.bursts)}")
        time.sleep(BURST_S)
        self.source.kill()
        burst.end()
        self.bursts.append(burst)
        self._start_source()

    def _source_stopped(self):
        self.source.stop()
        self._start_source()

    def _relay_killed(self):
        self.relay.kill()
        self.trade(1)
        self.relay.start()

    def _relay_stopped(self):
        self.relay.stop()
        self.relay.start()

    def _standby_killed(self):
        self.standby.kill()
        self.trade(1)
        self.standby.start(*RHYTHM)

    def _standby_stopped(self):
        self.standby.stop()
        self.trade(1)
        self.standby.start(*RHYTHM)

    def _server_killed(self):
        os.kill(self.standby.server_pid(), 9)

    def _volume_killed(self):
        os.kill(self.standby.volume_pid(), 9)

    # What is looked at on the way.

    def memory(self):
        """Resident bytes of each of Lifeboat's processes that stay."""
        return {"relay": resident_bytes(self.relay.process.pid), "standby": resident_bytes(self.standby.process.pid),
                "volume": resident_bytes(self.standby.volume_pid())}

    def space(self):
        """Bytes; `load`: of what the writes alone add to an image, rows and the standby's own binary log, which it keeps up to a bound."""
        standby = self.boat.state / "branches" / self.standby.name / "data"
        load = [*standby.glob("*/*.ibd"), *standby.glob("standby-bin.0*")]
        return {"vault": bytes_below(self.boat.work / "vault"), "relay": bytes_below(self.relay.directory),
                "volume": bytes_below(self.boat.state / "volumes"), "load": sum(path.stat().st_size for path in load)}

    def newest_proof_age(self):
        """Seconds since it was made."""
        return self.clock.now() - max(proof["time"] for proof in self.drills.proofs() if proof["passed"]) / 1000

    def clocks_off_by(self):
        """Seconds: the source's clock and the standby's."""
        servers = (self.source, Client(self.boat.branches()[self.standby.name]["socket"]))
        return [abs(float(server.query("SELECT UNIX_TIMESTAMP(NOW(3))")) - self.clock.now()) for server in servers]

    def ledger_at(self, gtid):
        return Ledger(self.begun_with.rows).follow(self.shop.acknowledged, gtid)

    def bursts_lost(self, server):
        """What was acknowledged right before a kill, and is not there."""
        there = set(server.query("SELECT CONCAT(w, ' ', a) FROM bursts.t").splitlines())
        return [row for burst in self.bursts for commit in burst.acknowledged if (row := f"{burst.writer} {commit.row}") not in there]

