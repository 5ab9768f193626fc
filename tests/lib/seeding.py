"""A source with one of everything, a relay that follows it, and seeds of it."""
import subprocess
import threading
from contextlib import contextmanager

from branches import Branch
from relaying import Relay, Source

# What docs/guide/seed.md grants, and no more.
PHYSICAL = "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR ON *.* TO b@'%'"
DUMP = "GRANT SELECT, RELOAD, SHOW VIEW, TRIGGER, EVENT, LOCK TABLES, BINLOG MONITOR ON *.* TO b@'%'"

SCHEMA = """
CREATE DATABASE shop; USE shop;
CREATE TABLE diagrams (id INT PRIMARY KEY AUTO_INCREMENT, body MEDIUMBLOB);
CREATE TABLE written (id INT PRIMARY KEY AUTO_INCREMENT, body CHAR(200));
CREATE TABLE visits (id INT PRIMARY KEY, note VARCHAR(50)) ENGINE=MyISAM;
CREATE TABLE notes (id INT PRIMARY KEY, note VARCHAR(50)) ENGINE=Aria;
CREATE TABLE years (y INT, v INT) PARTITION BY RANGE (y) (PARTITION p1 VALUES LESS THAN (2000), PARTITION p2 VALUES LESS THAN MAXVALUE);
CREATE VIEW recent AS SELECT id, note FROM notes WHERE id > 5;
CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n;
CREATE PROCEDURE note(n INT) INSERT INTO notes VALUES (n, 'by procedure');
CREATE TRIGGER stamp BEFORE INSERT ON notes FOR EACH ROW SET NEW.note = CONCAT(NEW.note, ' *');
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM visits WHERE id < 0;
CREATE DATABASE empty_one;
CREATE USER clerk@'%' IDENTIFIED BY 'secret';
CREATE ROLE clerks; GRANT SELECT, INSERT ON shop.* TO clerks; GRANT clerks TO clerk@'%';
INSERT INTO visits SELECT seq, CONCAT('visit ', seq) FROM seq_1_to_1000;
INSERT INTO notes SELECT seq, CONCAT('note ', seq, ' "quoted" \\\\ ', CHAR(0)) FROM seq_1_to_20;
INSERT INTO years SELECT seq, seq FROM seq_1990_to_2010;
"""


class Seeded:
    """`with source_of_seeds(boat) as it: it.seed("--name", "one")`."""

    def __init__(self, boat, source, relay):
        self.boat, self.source, self.relay = boat, source, relay
        self.password = boat.work / "password-b"
        self.password.write_text("p\"w\\ #1\n")
        self.password.chmod(0o600)

    def words(self, *more, log=True):
        return ["seed", "--source", f"mysql://b@127.0.0.1:{self.source.port}", "--password-file", self.password,
                *(["--dir", self.relay.directory] if log else ["--without-log"]), *more]

    def seed(self, *more, log=True):
        made = self.boat.run(*self.words(*more, log=log))
        if made["branch"]:
            made["client"] = Branch(self.boat, self.boat.branches()[made["branch"]])
        return made


def fill(server, megabytes):
    """Rows of 16 KiB that nothing compresses."""
    noise = ", ".join(["RANDOM_BYTES(1024)"] * 16)
    server.query(f"INSERT INTO diagrams (body) SELECT CONCAT({noise}) FROM seq_1_to_{round(megabytes * 64)}", "shop")


@contextmanager
def source_of_seeds(boat, grants=PHYSICAL, megabytes=40, options=()):
    source = Source.made(boat.work / "source", *options)
    try:
        source.query(SCHEMA)
        fill(source, megabytes)
        source.query(f"CREATE USER b@'%' IDENTIFIED BY 'p\"w\\\\ #1'; {grants}")
        source.stop()  # mariadb-backup takes what was made since the last checkpoint last, as no table file
        source = Source(boat.work / "source", *options).start()
        with Relay(boat.work, source) as relay:
            relay.wait_caught_up(source)
            yield Seeded(boat, source, relay)
    finally:
        source.kill()


@contextmanager
def writing(source):
    """One client that commits row after row, each a transaction of its own; yields nothing before its first."""
    process = subprocess.Popen(source.argv("shop", "--unbuffered"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stop, first = threading.Event(), threading.Event()

    def write():
        while not stop.is_set():
            process.stdin.write("INSERT INTO written (body) VALUES (REPEAT('w', 200)); SELECT LAST_INSERT_ID();\n")
            process.stdin.flush()
            process.stdout.readline()
            first.set()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert first.wait(30)
        yield
    finally:
        stop.set()
        thread.join(30)
        process.stdin.close()
        process.wait(30)


def sequence(gtid):
    """The number of the only domain's last transaction."""
    return int(gtid.rsplit("-", 1)[1])
