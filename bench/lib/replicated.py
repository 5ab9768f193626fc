"""A source that waits for acknowledgements, whoever gives them, and how fast it and its replicas are."""
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import Failed

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/lib"))
from built import LIFEBOAT  # noqa: E402
from lifeboat import Lifeboat  # noqa: E402
from relaying import Relay, Source, wait_for  # noqa: E402
from replication import Replica, installed  # noqa: E402

NEVER_MS = 3_600_000
TABLES, ROWS = 4, 10_000
PATIENCE_S = 1800
MEMORY = ["--innodb-buffer-pool-size=512M", "--innodb-log-file-size=1G"]


def sysbench(server, workload, *options):
    """The output of `sysbench WORKLOAD …`; raises Failed."""
    done = subprocess.run(["sysbench", workload, f"--mysql-socket={server.socket}", "--mysql-user=root", "--mysql-db=sbtest",
                           f"--tables={TABLES}", f"--table-size={ROWS}", *options], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"sysbench {workload}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def commit_rate(server, clients, seconds):
    """Commits a second of so many clients, each of one small row."""
    said = sysbench(server, "oltp_insert", f"--threads={clients}", f"--time={seconds}", "run")
    return float(re.search(r"transactions: +\d+ +\(([\d.]+) per sec", said).group(1))


class Stage:
    """Everything below one directory; each server and relay is started when it is wanted, and ended at the close."""

    def __init__(self, home):
        self.home = home
        home.mkdir(parents=True)
        self.empty = installed(home)
        self.source = Source.made(home / "source", "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1",
                                  "--max-allowed-packet=256M", *MEMORY, timeout_ms=NEVER_MS)
        self.source.query("SET GLOBAL rpl_semi_sync_master_enabled = 0; CREATE DATABASE sbtest")
        self.started = [self.source]
        (home / "relay").mkdir()
        self.relay = Relay(home / "relay", self.source)
        self.servers = 0

    def server(self, *options):
        """A new one, empty and idle: as it comes, but for its sizes."""
        self.servers += 1
        server = Replica(self.empty(f"server-{self.servers}"), *MEMORY, *options, server_id=100 + self.servers).start()
        self.started.append(server)
        return server

    def replica(self):
        """One set up to keep up: four appliers, and no commit waits for the disk."""
        return self.server("--innodb-flush-log-at-trx-commit=2", "--slave-parallel-threads=4")

    def relaxed_server(self):
        """No commit waits for the disk, or is written at all before a second is over."""
        return self.server("--innodb-flush-log-at-trx-commit=0")

    def drop(self, server):
        server.kill()
        self.started.remove(server)
        subprocess.run(["rm", "-rf", server.datadir], check=True)

    def start_relay(self):
        self.relay.start().wait_following()
        wait_for(lambda: self.relay.status()["gtid"] == self.source.position(), "the relay to catch up", PATIENCE_S)

    def vaulted_relay(self):
        """Another relay, stopped: its log is in its vault, but for the newest file."""
        boat = Lifeboat(self.home / "boat")
        boat.init()
        (self.home / "vaulted").mkdir()
        relay = Relay(self.home / "vaulted", self.source, "--keep-local", "1", env=boat.env).start()
        try:
            wait_for(lambda: [p.name for each in relay.incarnations() for p in each.glob("mysql-bin.*")] == self.source.log_files()[-1:],
                     "the log to be in the vault alone", PATIENCE_S)
        finally:
            relay.stop()
        return relay

    def wait_acknowledged(self, clients):
        """The source counts on that many, and waits for them."""
        self.source.query("SET GLOBAL rpl_semi_sync_master_enabled = 1")

        def waits():
            said = dict(line.split("\t") for line in self.source.query("SHOW STATUS LIKE 'rpl_semi_sync_master_%'").splitlines())
            return said["Rpl_semi_sync_master_clients"] == str(clients) and said["Rpl_semi_sync_master_status"] == "ON"
        # A source begins to wait when an acknowledgement arrives.
        wait_for(lambda: self.source.query("CREATE OR REPLACE TABLE sbtest.nudge (a INT)") == "" and waits(), "semi-sync")

    def forget_acknowledgements(self):
        self.source.query("SET GLOBAL rpl_semi_sync_master_enabled = 0")

    def close(self):
        self.relay.kill()
        for each in self.started:
            each.kill()


def acknowledged_by_lifeboat(stage, measure):
    stage.start_relay()
    try:
        stage.wait_acknowledged(1)
        return measure()
    finally:
        stage.forget_acknowledgements()
        stage.relay.stop()


def acknowledged_by_replica(replica, *, applying=True):
    """A stock replica; without its applier it is as light as it can be."""
    def run(stage, measure):
        replica.query("SET GLOBAL rpl_semi_sync_slave_enabled = 1")
        replica.follow(stage.source.port)
        replica.wait_for(stage.source.position(), PATIENCE_S)
        if not applying:
            replica.query("STOP SLAVE SQL_THREAD")
        try:
            stage.wait_acknowledged(1)
            return measure()
        finally:
            stage.forget_acknowledgements()
            replica.query("STOP SLAVE")
    return run


def applied_after(replica, position, follow):
    """Seconds from `follow()` until the replica has everything up to there."""
    begun = time.perf_counter()
    follow()
    replica.wait_for(position, PATIENCE_S)
    return time.perf_counter() - begun


def replayed(server, relay):
    """Seconds of `lifeboat log replay` of all that a relay has kept."""
    begun = time.perf_counter()
    done = subprocess.run([LIFEBOAT, "log", "replay", "--dir", relay.directory, "--socket", server.socket], env=relay.env, text=True,
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise Failed(f"lifeboat log replay: {done.stderr[-2000:]}")
    return time.perf_counter() - begun


def percentile(values, share):
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]
