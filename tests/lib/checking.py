"""`lifeboat check` for tests: with the account that the guide tells to make, on servers that a test set up badly."""
import json
import os
import re
import subprocess
from pathlib import Path

from built import LIFEBOAT
from relaying import Source

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a password of the account"


def guide_account():
    """The statements of docs/guide/check.md that make the account, with this password; nothing is added to them."""
    guide = (ROOT / "docs/guide/check.md").read_text()
    block = re.search(r"^```sql\n(CREATE USER lifeboat.*?)^```$", guide, re.M | re.S).group(1)
    return block.replace("'…'", f"'{PASSWORD}'")


def make_account(server):
    server.query("SET sql_log_bin = 0; CREATE USER r@'%' IDENTIFIED BY 'pw'; GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO r@'%';"
                 + guide_account())
    return server


def started(datadir, *options, server_id, **named):
    """A server on a copy of an empty data directory, with both accounts."""
    return make_account(Source(datadir, *options, server_id=server_id, **named).start())


def follow(replica, source, how="MASTER_USE_GTID = slave_pos"):
    replica.query("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'r', MASTER_PASSWORD = 'pw', MASTER_CONNECT_RETRY = 1,"
                  f" MASTER_PORT = {source.port}, {how}; START SLAVE")


class Check:
    """Runs the command with a state directory of its own, so that no relay of this host is found by itself."""

    def __init__(self, work):
        self.work, self.secret = work, work / "check-password"
        self.secret.write_text(PASSWORD + "\n")
        self.secret.chmod(0o600)

    def run(self, server, *words, env=None, as_json=True, user="lifeboat"):
        """Exit status and what it printed."""
        environment = {**os.environ, "LIFEBOAT_STATE": str(self.work / "state"), **(env or {})}
        argv = [str(LIFEBOAT), *(["--json"] if as_json else []), "check", "--source", f"mysql://{user}@127.0.0.1:{server.port}",
                "--password-file", str(self.secret), *map(str, words)]
        done = subprocess.run(argv, env=environment, text=True, capture_output=True, check=False, timeout=120)
        assert not as_json or done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout) if as_json else done.stdout

    def findings(self, server, *words, **named):
        """By id: what was seen, as "WHERE: WHAT" lines, and the remedies."""
        status, report = self.run(server, *words, **named)
        assert status == 0, report
        return {f["id"]: ["{where}: {seen}".format(**e) for e in f["evidence"]] + [r["text"] for r in f["remedies"]]
                for f in report["findings"]}


def expect(findings, wanted):
    """Each id of `wanted` is there, and one of its lines contains the words given."""
    missing = {name: (words, findings.get(name, "not found")) for name, words in wanted.items()
               if not any(words in line for line in findings.get(name, []))}
    assert not missing, "\n".join(f"{name}: wanted {words!r}: {lines}" for name, (words, lines) in missing.items())
