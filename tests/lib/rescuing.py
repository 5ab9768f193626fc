"""A night for tests: a source that is followed and imaged, what it commits afterwards, and the mistake among it."""
import subprocess

from branches import Branch, Harbour
from relaying import Relay, Source, free_port
from replication import Replica, installed


# Of the relay, of the application, and of who fences.
ACCOUNTS = """
CREATE USER r@'%' IDENTIFIED BY 'pw'; GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO r@'%';
CREATE USER app@'%' IDENTIFIED BY 'pw'; GRANT ALL ON app.* TO app@'%';
CREATE USER admin@'%' IDENTIFIED BY 'pw'; GRANT READ_ONLY ADMIN, BINLOG MONITOR, PROCESS ON *.* TO admin@'%'
"""


class Night:
    """A Harbour, a source with the databases `shop` (to be lost) and `app` (that goes on), a relay with the vault, one image."""

    def __init__(self, *relay_options):
        self.boat = Harbour()
        self.servers, self.relay = [], None
        try:
            self.boat.init()
            self._begin(relay_options)
        except BaseException:
            self.close(failed=True)
            raise

    def _begin(self, relay_options):
        work = self.boat.work
        datadir = installed(work)("source")
        self.source = Source(datadir).start()
        self.servers.append(self.source)
        self.source.query("SET sql_log_bin = 0;" + ACCOUNTS)
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


def text_of(boat, *words):
    """What a command says to a person: stdout alone."""
    done = subprocess.run([boat.binary, "--progress", "none", *map(str, words)], env=boat.env, text=True, capture_output=True, check=False,
                          timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return done.stdout
