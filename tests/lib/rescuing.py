"""A night for tests: a source that is followed and imaged, what it commits afterwards, and the mistake among it."""
import json
import subprocess

from branches import Branch, Harbour
from holding import wait_held
from relaying import Relay, Source, free_port
from replication import Replica, installed
from standbys import Standby, accounts_file


# Of the relay, of the application, and of who fences.
ACCOUNTS = """
CREATE USER r@'%' IDENTIFIED BY 'pw'; GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO r@'%';
CREATE USER app@'%' IDENTIFIED BY 'pw'; GRANT ALL ON app.* TO app@'%';
CREATE USER admin@'%' IDENTIFIED BY 'pw'; GRANT READ_ONLY ADMIN, BINLOG MONITOR, PROCESS ON *.* TO admin@'%'
"""


# Of Lifeboat, as docs/guide/standby.md grants.
CONTROL = """
CREATE USER control@localhost IDENTIFIED BY 'pw';
GRANT RELOAD, READ_ONLY ADMIN, REPLICATION SLAVE ADMIN, SLAVE MONITOR, BINLOG ADMIN, BINLOG MONITOR ON *.* TO control@localhost;
GRANT SELECT ON mysql.* TO control@localhost; GRANT BINLOG REPLAY, SELECT ON *.* TO control@localhost
"""


class Night:
    """A Harbour, a source with the databases `shop` (to be lost) and `app` (that goes on), a relay with the vault, one image."""
    accounts = ACCOUNTS

    def __init__(self, *relay_options):
        self.boat = Harbour()
        self.servers, self.relay = [], None
        try:
            self._fill_vault()
            self._begin(relay_options)
        except BaseException:
            self.close(failed=True)
            raise

    def _fill_vault(self):
        self.recovery_key = self.boat.init()["recovery_key"]

    def _begin(self, relay_options):
        work = self.boat.work
        datadir = installed(work)("source")
        self.source = Source(datadir).start()
        self.servers.append(self.source)
        self.source.query("SET sql_log_bin = 0;" + self.accounts)
        self.relay = Relay(work, self.source, "--tail-interval", "200ms", *relay_options, env=self.boat.env)
        self.source.query("CREATE DATABASE shop; CREATE TABLE shop.orders (a INT PRIMARY KEY, b TEXT);"
                          "CREATE TABLE shop.items (a INT PRIMARY KEY); CREATE DATABASE app; CREATE TABLE app.t (a INT PRIMARY KEY, b TEXT)")
        self.relay.start().wait_following()
        self.row = 0
        self.write(20)
        self.take_image()

    def take_image(self):
        """A cold copy; the relay waits meanwhile."""
        self.source.stop()
        image = self.boat.import_directory(self.source.datadir)
        self.source = Source(self.source.datadir, port=self.source.port).start()
        self.servers.append(self.source)
        self.relay.wait_following()
        return image

    def replica(self, datadir):
        """One that anybody could write to, with the source's accounts."""
        port = free_port()
        replica = Replica(datadir, "--skip-networking=0", f"--port={port}", "--bind-address=127.0.0.1", "--log-bin=mysql-bin",
                          "--log-slave-updates").start()
        self.servers.append(replica)
        replica.port = port
        replica.query("SET sql_log_bin = 0;" + ACCOUNTS)
        return replica.follow(self.source.port)

    def write(self, count):
        """Transactions in `shop` and `app`."""
        rows = range(self.row + 1, self.row + count + 1)
        self.row += count
        self.source.query("".join(f"INSERT INTO shop.orders VALUES ({n}, REPEAT('x', 200)); INSERT INTO app.t VALUES ({n}, 'y');" for n in rows))

    def commit(self, sql):
        """The GTID of the last statement."""
        return self.source.query(f"{sql}; SELECT @@last_gtid").splitlines()[-1]

    def caught_up(self):
        self.relay.wait_caught_up(self.source)

    def branch(self, result):
        return Branch(self.boat, result)

    def rescue(self, *words):
        return self.boat.run("rescue", "--dir", self.relay.directory, *words)

    def ways(self, *words):
        """What a rescue would do: the first way is the plan's."""
        return {way["way"]: way for way in self.rescue("--dry-run", *words)["ways"]}

    def close(self, failed=False):
        for each in [self.relay, *self.servers]:
            if each:
                each.kill()
        self.boat.__exit__(RuntimeError if failed else None)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None and self.relay is not None and self.relay.log.exists():
            print(self.relay.log.read_text()[-3000:], flush=True)
        self.close(failed=kind is not None)


# Of who seeds, as docs/guide/seed.md grants.
SEEDER = "CREATE USER b@'%' IDENTIFIED BY 'pw'; GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO b@'%'"


class GuardedNight(Night):
    """The guard holds what destroys before a standby, which was made from a seed: its binary log is its own from the beginning."""

    def __init__(self, setup="DO 0"):
        self.setup = setup  # before the seed
        super().__init__()

    def _begin(self, relay_options):
        work = self.boat.work
        rules = work / "rules.toml"
        rules.write_text("")
        super()._begin((*relay_options, "--accounts", accounts_file(work), "--config", str(rules)))
        self.source.query(f"{self.setup}; SET sql_log_bin = 0; {SEEDER}")
        self.standby = self.make_standby()

    def make_standby(self, name="standby"):
        """From a seed made now; its first commit is made."""
        image = self.boat.run("seed", "--source", f"mysql://b@127.0.0.1:{self.source.port}", "--password-file", self.boat.work / "password",
                              "--dir", self.relay.directory, "--no-keep")["image"]
        standby = Standby(self.boat, self.relay, image, name=name).start()
        standby.wait_first_commit()
        standby.wait_following()
        return standby

    def server(self, name="standby"):
        """The standby's own."""
        return Branch(self.boat, self.boat.branches()[name])

    def drop_is_held(self):
        """The GTID of a DROP DATABASE that the guard holds before the standby."""
        mistake = self.commit("DROP DATABASE shop")
        assert [hold["gtid"] for hold in wait_held(self.relay)] == [mistake]
        return mistake

    def record(self, name):
        """What a rescue has written down; None before it has begun."""
        try:
            return json.loads((self.boat.state / "rescues" / name / "rescue.json").read_text())
        except FileNotFoundError:
            return None

    def strict_replica(self, datadir, server_id):
        """One that insists on an unbroken log (gtid_strict_mode), and has replicas of its own."""
        replica = Replica(datadir, "--log-bin=mysql-bin", "--log-slave-updates", "--gtid-strict-mode=ON", server_id=server_id).start()
        self.servers.append(replica)
        return replica

    def close(self, failed=False):
        if failed and hasattr(self, "standby"):
            for log in [self.standby.log, *self.boat.state.glob("branches/*/error.log")]:
                print(f"-- {log}\n{log.read_text(errors='replace')[-3000:]}", flush=True)
        if hasattr(self, "standby"):
            self.standby.kill()
        super().close(failed)


def text_of(boat, *words):
    """What a command says to a person: stdout alone."""
    done = subprocess.run([boat.binary, "--progress", "none", *map(str, words)], env=boat.env, text=True, capture_output=True, check=False,
                          timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout
