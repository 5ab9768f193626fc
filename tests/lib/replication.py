"""Stock MariaDB replicas for tests: what they follow, how far they are, and whether they have what their source has."""
import re
import shutil
import subprocess
import time

from mariadb import Server, install
from relaying import PATIENCE_S, wait_for

SYSTEM_SCHEMAS = "('mysql', 'information_schema', 'performance_schema', 'sys')"


class ReplicationFailed(Exception):
    """A replica stopped; carries what it said."""


def installed(work):
    """A copy of an empty data directory that is made once below `work`; the copy's name is the caller's."""
    template = work / "empty-server"
    if not template.exists():
        install(template)

    def copy(name):
        shutil.copytree(template, work / name)
        return work / name
    return copy


class Replica(Server):
    """A mariadbd that follows whoever it is told to, as account `r` with the password `pw`."""

    def __init__(self, datadir, *options, server_id=2):
        self.server_id = server_id
        super().__init__(datadir, "--skip-slave-start", f"--server-id={server_id}", "--slave-net-timeout=20",
                         "--max-allowed-packet=256M", "--slave-max-allowed-packet=1G", *options)

    def follow(self, port, how="MASTER_USE_GTID = slave_pos", until=""):
        self.query("STOP SLAVE; CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'r', MASTER_PASSWORD = 'pw',"
                   f" MASTER_CONNECT_RETRY = 1, MASTER_PORT = {port}, {how}; START SLAVE {until}")
        return self

    def state(self):
        """SHOW SLAVE STATUS; empty before CHANGE MASTER."""
        said = subprocess.run(self.argv("--column-names", "--vertical", "-e", "SHOW SLAVE STATUS"), text=True, check=True,
                              capture_output=True).stdout
        return dict(re.findall(r"^ *(\w+): (.*)$", said, re.M))

    def position(self):
        return self.query("SELECT @@gtid_slave_pos")

    def connected(self):
        state = self.state()
        return state["Slave_IO_Running"] == "Yes" and state["Slave_SQL_Running"] == "Yes"

    def has(self, database):
        return database in self.query("SHOW DATABASES").split()

    def rows(self, table):
        return int(self.query(f"SELECT COUNT(*) FROM {table}"))

    def fail_if_stopped(self):
        state = self.state()
        errors = [state[key] for key in ("Last_IO_Error", "Last_SQL_Error") if state.get(key)]
        if "No" in (state.get("Slave_IO_Running"), state.get("Slave_SQL_Running")) and errors:
            raise ReplicationFailed(f"replica {self.server_id}: {'; '.join(errors)}")

    def wait_for(self, gtid, patience_s=PATIENCE_S):
        """Until everything up to `gtid` is applied."""
        deadline = time.monotonic() + patience_s
        while self.query(f"SELECT MASTER_GTID_WAIT('{gtid}', 1)") != "0":
            self.fail_if_stopped()
            assert time.monotonic() < deadline, f"replica {self.server_id} is at {self.position()}, not {gtid}: {self.state()}"

    def wait_stopped(self):
        """Until both threads have ended, as UNTIL makes them."""
        return wait_for(lambda: (lambda s: s if s["Slave_SQL_Running"] == "No" and s["Slave_IO_Running"] == "No" else None)(
            self.state()), "the replica to stop")


def tables(server):
    listed = server.query("SELECT CONCAT('`', table_schema, '`.`', table_name, '`') FROM information_schema.tables"
                          f" WHERE table_type = 'BASE TABLE' AND table_schema NOT IN {SYSTEM_SCHEMAS}")
    return sorted(listed.splitlines())


def contents(server):
    """Everything that two servers with one history have alike: by object, its definition or CHECKSUM TABLE."""
    found = {}
    for line in server.query("SELECT 'schema', schema_name, default_character_set_name FROM information_schema.schemata"
                             f" WHERE schema_name NOT IN {SYSTEM_SCHEMAS} UNION SELECT routine_name, routine_schema,"
                             f" MD5(routine_definition) FROM information_schema.routines WHERE routine_schema NOT IN {SYSTEM_SCHEMAS}"
                             f" UNION SELECT trigger_name, trigger_schema, MD5(action_statement) FROM information_schema.triggers"
                             f" UNION SELECT table_name, table_schema, view_definition FROM information_schema.views"
                             f" WHERE table_schema NOT IN {SYSTEM_SCHEMAS}").splitlines():
        kind, name, value = line.split("\t", 2)
        found[f"{kind} {name}"] = value
    names = tables(server)
    if names:
        for line in server.query("CHECKSUM TABLE " + ", ".join(names)).splitlines():
            name, checksum = line.split("\t")
            found[name] = checksum
        definitions = server.query(";".join(f"SHOW CREATE TABLE {name}" for name in names))
        found["definitions"] = re.sub(r" AUTO_INCREMENT=\d+", "", definitions)
    return found


def differences(source, replica):
    """What is not alike, by name; empty: nothing."""
    ours, theirs = contents(source), contents(replica)
    return sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))


class Sysbench:
    """oltp_read_write on a server's `sbtest`, in the background while the `with` lasts."""

    def __init__(self, server, seconds, tables=2, rows=2000, threads=4, workload="oltp_read_write"):
        self.argv = ["sysbench", workload, f"--mysql-socket={server.socket}", "--mysql-user=root", "--mysql-db=sbtest",
                     f"--tables={tables}", f"--table-size={rows}", f"--threads={threads}", f"--time={seconds}",
                     "--mysql-ignore-errors=all"]
        server.query("CREATE DATABASE IF NOT EXISTS sbtest")
        self.child = None

    def prepare(self):
        subprocess.run([*self.argv, "prepare"], check=True, capture_output=True)
        return self

    def __enter__(self):
        self.child = subprocess.Popen([*self.argv, "run"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.child.kill()
        said, _ = self.child.communicate()
        if kind is None and self.child.returncode != 0:
            raise AssertionError(f"sysbench: {said[-1000:]}")
        found = re.search(r"transactions: +(\d+)", said)
        self.transactions = int(found.group(1)) if found else 0
