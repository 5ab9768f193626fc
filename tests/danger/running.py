"""Runs the corpora's cases on a server, measures what each destroyed, and asks the guard what it holds of the server's log."""
import bisect
import os
import time

import fixtures
from measure import losses, snapshot
from relaying import lifeboat
from sql_session import Session, SqlError

FORMATS = ("ROW", "STATEMENT", "MIXED")
OPTIONS = ("--log-bin=bin", "--server-id=1", "--event-scheduler=ON", "--character-set-server=utf8mb4", "--secure-file-priv=", "--log-bin-trust-function-creators=1",
           "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--max-binlog-size=1G", "--sync-binlog=0",
           "--innodb-flush-method=nosync", "--sync-frm=0", "--innodb-stats-persistent=0")


class Refused(Exception):
    """The server did not run a case's statement."""


def run_statement(session, statement):
    if isinstance(statement, str):
        return session.query(statement)
    if "hex" in statement:
        return session.query(bytes.fromhex(statement["hex"]))
    if "prepare" in statement:
        return session.prepared(statement["prepare"], *statement["values"])
    deadline = time.monotonic() + 20
    while session.query(statement["until"]) != [(b"1",)]:
        if time.monotonic() > deadline:
            raise Refused(f"never true: {statement['until']}")
        time.sleep(0.02)
    return []


class Runner:
    """One server for many cases, each with new databases in a session of its own."""

    def __init__(self, server):
        self.server, self.admin = server, Session(server.socket)
        self.admin.query("SET sql_log_bin = 0")

    def close(self):
        self.admin.close()

    def place(self):
        """Where the log ends: (file, position)."""
        file, position = self.admin.query("SHOW MASTER STATUS")[0][:2]
        return file.decode(), int(position)

    def transactions(self, begin, end):
        """How many lie between two places."""
        if begin[0] != end[0]:
            return 2  # at least
        events = self.admin.query(f"SHOW BINLOG EVENTS IN '{begin[0]}' FROM {begin[1]}")
        return sum(1 for event in events if int(event[1]) < end[1] and event[2] == b"Gtid")

    def clean(self):
        """Logged: what the guard remembers of triggers and routines must go with them, lest it judge the next case by them."""
        self.admin.query("SET sql_log_bin = 1")
        (self.server.datadir / "rows").unlink(missing_ok=True)
        for (schema,) in self.admin.query("SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN "
                                          "('mysql', 'information_schema', 'performance_schema', 'sys')"):
            self.admin.query(b"DROP DATABASE `" + schema.replace(b"`", b"``") + b"`")
        self.admin.query("SET sql_log_bin = 0")

    def run(self, case, binlog_format):
        """{"lost", "label", "begin", "end"}; raises Refused if the server would not run it."""
        self.clean()
        with Session(self.server.socket) as session:
            try:
                session.query("SET SESSION binlog_format = MIXED")  # the filling of tables need not fill the log
                for statement in [*fixtures.start(), *case["setup"]]:
                    run_statement(session, statement)
                session.query(f"SET SESSION binlog_format = {binlog_format}")
                self.admin.query(f"SET GLOBAL binlog_format = {binlog_format}")  # events run with it
                before, begin = snapshot(self.admin), self.place()
                for statement in case["act"]:
                    run_statement(session, statement)
                end = self.place()
            except SqlError as e:
                raise Refused(f"{case['name']} in {binlog_format}: {e}") from e
            lost, label = losses(before, snapshot(self.admin))
        return {"lost": lost, "label": label, "begin": begin, "end": end}


class Held:
    """What the rules that need no file hold of a log, as `guard rules test` says of one that a relay keeps."""

    def __init__(self, files, relay_directory):
        kept = relay_directory / "corpus-3306" / "000001"
        kept.mkdir(parents=True)
        for file in files:
            os.link(file, kept / file.name)
        status, report = lifeboat("guard", "rules", "test", "--log", "20000d", "--each", "--dir", relay_directory)
        assert status == 0, report
        self.groups = report["transactions"]
        self.places = sorted((each["file"], each["position"]) for each in report["each"] if each["action"] == "hold")

    def any_within(self, begin, end):
        """Of the transactions that begin at `begin` or behind it, and before `end`; both are (file, position)."""
        at = bisect.bisect_left(self.places, begin)
        return at < len(self.places) and self.places[at] < end
