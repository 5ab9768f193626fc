"""Nights for docs/three-in-the-morning.md: each leaves what a team has left when something is gone, and knows what has to be there
afterwards."""
import shutil
import subprocess
from contextlib import contextmanager

import haproxy
from branches import Branch, Harbour
from mariadb import Server, install
from rescuing import ACCOUNTS, CONTROL, GuardedNight, Night
from standbys import secret_file

# Of the team's administrator, and of Lifeboat, with what docs/guide/rescue.md adds.
TEAM = f"{CONTROL}; GRANT SUPER ON *.* TO control@localhost; CREATE USER dba@'%' IDENTIFIED BY 'pw'; GRANT ALL ON *.* TO dba@'%'"
TABLES = """
CREATE DATABASE shop; CREATE TABLE shop.orders (a INT PRIMARY KEY, b TEXT); CREATE DATABASE app; CREATE TABLE app.t (a INT PRIMARY KEY, b TEXT)
"""
IN_FIRST_IMAGE = 20  # of what Night writes


class Scene:
    """`home` is where somebody sits down, in the environment `env`; `blanks` is what the team has filled in beforehand, by the name of the
    variable. The ledger: all numbers up to `orders` are acknowledged in shop.orders, up to `visits` in app.t."""

    def __init__(self, boat, living, written=IN_FIRST_IMAGE):
        self.boat, self.living, self.orders, self.visits = boat, living, written, written
        self.home = boat.work / "home"
        self.home.mkdir()
        self.env = {"HOME": str(self.home), "LIFEBOAT_STATE": str(boat.state)}
        self.client = secret_file(self.home / "client.cnf", "[client]\nuser=dba\npassword=pw\n")
        self.blanks, self.words, self.proxy = {}, {"DB": "shop", "TABLE": "orders"}, None

    def fill_in(self, night, proxy=None):
        """As a team that has all of it."""
        self.proxy = proxy
        control, admin = (secret_file(self.home / name, "pw\n") for name in ("control.pw", "admin.pw"))
        port = night.source.port
        self.blanks = {"LIFEBOAT_VAULT": [self.boat.env["LIFEBOAT_VAULT"]],
                       "LIFEBOAT_PASSPHRASE_FILE": [self.boat.env["LIFEBOAT_PASSPHRASE_FILE"]], "RELAY": [night.relay.directory],
                       "ACCOUNT": ["control", control], "FENCE": ["admin", f"127.0.0.1:{port}", admin], "PROXY": (proxy.socket, "db", "db1") if proxy else None,
                       "LOGIN": [self.client], "LIVING": ["127.0.0.1", port]}

    def write(self, orders, visits):
        """So many more of each, one transaction each."""
        self.living.query("".join(f"INSERT INTO shop.orders VALUES ({self.orders + n}, REPEAT('x', 200));" for n in range(1, orders + 1)) +
                          "".join(f"INSERT INTO app.t VALUES ({self.visits + n}, 'y');" for n in range(1, visits + 1)))
        self.orders += orders
        self.visits += visits

    def led_to(self):
        """The server_id of whom the application reaches."""
        return subprocess.run(["mariadb", f"--defaults-extra-file={self.client}", "--host=127.0.0.1", f"--port={self.proxy.port}", "--batch",
                               "--skip-column-names", "-e", "SELECT @@server_id"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def rescued(self):
        """The only branch that there is."""
        started, = self.boat.branches().values()
        return Branch(self.boat, started)

    def amiss(self, server):
        """What is not as the ledger has it; empty: all is there, and nothing else."""
        there = server.query("SELECT a, LENGTH(b) FROM shop.orders; SELECT 'visit', a FROM app.t").splitlines()
        wanted = [f"{n}\t200" for n in range(1, self.orders + 1)] + [f"visit\t{n}" for n in range(1, self.visits + 1)]
        return sorted(set(there) ^ set(wanted)) + ["some twice"] * (len(there) != len(set(there)))


class TeamNight(Night):
    accounts = ACCOUNTS + ";" + TEAM


class GuardedTeamNight(GuardedNight):
    accounts = TeamNight.accounts


@contextmanager
def held_drop(rows):
    """A DROP DATABASE stands before the standby; HAProxy leads the application to the damaged server."""
    with GuardedTeamNight() as night, haproxy.Haproxy(night.boat.work, [("db1", night.source.port, "")]) as proxy:
        scene = Scene(night.boat, night.source)
        scene.fill_in(night, proxy)
        scene.write(rows, rows)
        night.drop_is_held()
        scene.write(0, rows // 2)
        night.caught_up()
        yield scene


@contextmanager
def mass_delete(rows):
    """Found only after the application has gone on, and after a table was emptied as it was meant to be. No standby."""
    with TeamNight() as night:
        scene = Scene(night.boat, night.source)
        scene.fill_in(night)
        scene.write(rows, rows)
        night.source.query("DELETE FROM shop.orders")
        scene.write(rows // 2, rows // 2)
        night.source.query("CREATE TABLE app.cache AS SELECT 1 AS a; TRUNCATE app.cache")
        night.caught_up()
        yield scene


@contextmanager
def bare_host(rows):
    """The source is dropped and dead, the relay's host gone: the vault, the recovery key on paper, and another host."""
    with TeamNight() as night:
        scene = Scene(night.boat, night.source)
        scene.write(rows, rows)
        night.source.query("DROP TABLE shop.orders")
        scene.write(0, rows // 2)
        night.relay.wait_sealed(night.source)
        night.relay.kill()
        night.source.kill()
        for gone in (night.relay.directory, night.source.datadir, night.boat.state):
            shutil.rmtree(gone)
        scene.words["____"] = night.boat.env["LIFEBOAT_VAULT"]
        scene.recovery_key = night.recovery_key
        yield scene


@contextmanager
def old_backups(rows):
    """No vault: last night's dump, and the binary logs from the dead server's disk."""
    boat = Harbour()
    install(boat.work / "source")
    server = Server(boat.work / "source", "--log-bin=mysql-bin", "--server-id=1")
    failed = True
    try:
        server.start().query(TEAM + ";" + TABLES)
        scene = Scene(boat, server, written=0)
        scene.write(rows, rows)
        scene.words.update(BACKUP="nightly.sql", FOLDER="binlogs")
        with open(scene.home / "nightly.sql", "wb") as out:
            subprocess.run(["mariadb-dump", "--no-defaults", f"--socket={server.socket}", "--user=root", "--single-transaction", "--master-data=2",
                            "--databases", "shop", "app"], check=True, stdout=out)
        scene.write(rows // 2, rows // 2)
        server.query("DROP DATABASE shop")
        scene.write(0, rows // 2)
        server.kill()
        (scene.home / "binlogs").mkdir()
        for log in server.datadir.glob("mysql-bin.0*"):
            shutil.copy(log, scene.home / "binlogs")
        shutil.rmtree(server.datadir)
        yield scene
        failed = False
    finally:
        server.kill()
        boat.__exit__(RuntimeError if failed else None)
