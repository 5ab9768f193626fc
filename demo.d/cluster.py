"""The production of the demo: two MariaDB servers that replicate from each other, real drawings in them, HAProxy in front."""
import itertools
import subprocess
from pathlib import Path

import haproxy
from mariadb import Server, install
from relaying import Source, free_port
from stage import Failed, wait_for

DRAWINGS = Path("/usr/share/openclipart/svg")
DRAWINGS_AT_ONCE = 500
ACCOUNTS = 100_000
PASSWORD = "only-for-the-demo"
# For making data only: nothing is durable until the clean shutdown.
FAST = ["--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=1G",
        "--skip-log-bin"]
DURABLE = ["--log-slave-updates", "--binlog-format=ROW", "--sync-binlog=1", "--innodb-flush-log-at-trx-commit=1",
           "--innodb-buffer-pool-size=512M", "--max-allowed-packet=64M", "--report-host=127.0.0.1", "--auto-increment-increment=2"]
TABLES = f"""
CREATE DATABASE visits; CREATE TABLE visits.view (id INT PRIMARY KEY, account INT NOT NULL, page VARCHAR(255) NOT NULL);
CREATE DATABASE shop; USE shop;
CREATE TABLE account (id INT PRIMARY KEY, owner VARCHAR(60) NOT NULL, balance DECIMAL(14,2) NOT NULL, KEY (owner));
CREATE TABLE payment (id INT PRIMARY KEY, account INT NOT NULL, amount DECIMAL(10,2) NOT NULL, KEY (account));
CREATE TABLE diagram (id INT PRIMARY KEY AUTO_INCREMENT, account INT NOT NULL, name VARCHAR(255) NOT NULL, body LONGBLOB NOT NULL);
INSERT INTO account SELECT seq, CONCAT('owner ', SHA1(seq)), seq * 7919 MOD 100000 / 100 FROM seq_1_to_{ACCOUNTS};
"""
# The application, the contractor and the ring; and Lifeboat, with what docs/guide tells to grant for check, relay, seed and cut-over.
USERS = f"""
CREATE USER app@'%' IDENTIFIED BY '{PASSWORD}';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.* TO app@'%'; GRANT SELECT, INSERT, UPDATE, DELETE ON visits.* TO app@'%';
CREATE USER contractor@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON shop.* TO contractor@'%';
CREATE USER ring@'%' IDENTIFIED BY '{PASSWORD}'; GRANT REPLICATION SLAVE ON *.* TO ring@'%';
CREATE USER lifeboat@'%' IDENTIFIED BY '{PASSWORD}';
GRANT REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR, REPLICATION MASTER ADMIN, PROCESS, SHOW VIEW, RELOAD, LOCK TABLES, READ_ONLY ADMIN
  ON *.* TO lifeboat@'%';
GRANT SELECT ON mysql.global_priv TO lifeboat@'%'; GRANT SELECT ON mysql.db TO lifeboat@'%';
GRANT SELECT ON mysql.tables_priv TO lifeboat@'%'; GRANT SELECT ON mysql.roles_mapping TO lifeboat@'%';
"""


def size_of(datadir):
    """Bytes of the drawings on disk."""
    return (datadir / "shop/diagram.ibd").stat().st_size


def load_drawings(server, wanted_bytes):
    """Each drawing as it is, then all again with an edit, until there are enough. The server reads the files by itself."""
    files = sorted(DRAWINGS.rglob("*.svg"))
    if not files:
        raise Failed(f"{DRAWINGS} has no drawings; the package openclipart-svg brings them")
    numbers = itertools.count(1)
    for edit in itertools.count():
        for first in range(0, len(files), DRAWINGS_AT_ONCE):
            if size_of(server.datadir) >= wanted_bytes:
                return
            rows = ",".join(f"({next(numbers) * 31 % ACCOUNTS + 1}, X'{path.stem.encode().hex()}',"
                            f" CONCAT(LOAD_FILE(X'{str(path).encode().hex()}'), '<!-- edit {edit} -->'))"
                            for path in files[first:first + DRAWINGS_AT_ONCE])
            server.query(f"INSERT INTO diagram (account, name, body) VALUES {rows}", "shop")


class Cluster:
    """Two servers, each the other's replica; the application's way leads to the first, and to the second only when that is out."""

    def __init__(self, stage, megabytes):
        self.stage = stage
        self._make(stage.home / "db1", megabytes * 1_000_000)
        subprocess.run(["cp", "-a", stage.home / "db1", stage.home / "db2"], check=True)
        ports = sorted(free_port() for _ in range(2))
        self.servers = [self._start(number, port) for number, port in zip((1, 2), ports)]
        for server, other in zip(self.servers, reversed(self.servers)):
            server.query(f"CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {other.port}, MASTER_USER = 'ring', MASTER_PASSWORD ="
                         f" '{PASSWORD}', MASTER_CONNECT_RETRY = 1, MASTER_USE_GTID = slave_pos; START SLAVE")
        self.drawings = int(self.servers[0].query("SELECT MAX(id) FROM shop.diagram"))
        self.proxy = haproxy.Haproxy(stage.short, [("db1", self.servers[0].port, ""), ("db2", self.servers[1].port, "backup")])
        stage.start("haproxy", [haproxy.binary(), "-db", "-f", self.proxy.config])
        wait_for(self.proxy.socket.exists, "HAProxy to listen")

    def _make(self, datadir, wanted_bytes):
        install(datadir)
        with Server(datadir, *FAST) as server:
            server.query(USERS + TABLES)
            load_drawings(server, wanted_bytes)

    def _start(self, number, port):
        server = Source(self.stage.home / f"db{number}", *DURABLE, f"--gtid-domain-id={number}", f"--auto-increment-offset={number}",
                        server_id=number, port=port)
        return self.stage.add_server(server.start())

    def url(self, number):
        return f"mysql://lifeboat@127.0.0.1:{self.servers[number - 1].port}"

    def contents(self, client):
        """What must be there again, of a moment: accounts, all drawings of the beginning, and money that neither came nor went."""
        return client.query(
            "START TRANSACTION WITH CONSISTENT SNAPSHOT;"
            "SELECT COUNT(*), SUM(CRC32(owner)) FROM shop.account;"
            f"SELECT COUNT(*), SUM(CRC32(body)) FROM shop.diagram WHERE id <= {self.drawings};"
            "SELECT (SELECT SUM(balance) FROM shop.account) - (SELECT COALESCE(SUM(amount), 0) FROM shop.payment);"
            "COMMIT").split()
