"""A server with one of everything that loses a database: backups of it by the tools that people have, its binary logs copied away,
and then nothing of it is left."""
import shutil
import subprocess
import time

from branches import Branch, checksums
from lifeboat import CommandFailed
from mariadb import Server, install
from seeding import SCHEMA, fill

TABLES = ["shop.diagrams", "shop.written", "shop.visits", "shop.notes", "shop.years"]
COUNTED = "SELECT COUNT(*) FROM "


class LostServer:
    """Makes backups while it lives; `lose()` takes it away after the mistake. All below `work`."""

    def __init__(self, work, *options, megabytes=10):
        self.work = work
        self.work.mkdir(parents=True, exist_ok=True)
        install(work / "source")
        self.server = Server(work / "source", "--log-bin=mysql-bin", "--server-id=1", *options).start()
        self.server.query(SCHEMA)
        fill(self.server, megabytes)
        self.server.query("CREATE DATABASE app; CREATE TABLE app.t (a INT PRIMARY KEY)")
        self.tables, self.mistake, self.expected = list(TABLES), None, None

    def write(self, count):
        """Transactions of one row each."""
        self.server.query("".join("INSERT INTO written (body) VALUES (REPEAT('w', 200));" for _ in range(count)), "shop")

    # Backups.

    @staticmethod
    def _tool(words, out="/dev/null"):
        with open(out, "wb") as stdout:
            subprocess.run(words, check=True, stdout=stdout, stderr=subprocess.PIPE)

    def dump(self, name="nightly.sql", *options, databases=("--all-databases",), position=("--master-data=2", "--gtid")):
        path = self.work / name
        self._tool(["mariadb-dump", "--no-defaults", f"--socket={self.server.socket}", "--user=root", "--single-transaction", *position,
                    "--flush-privileges", "--routines", "--events", "--triggers", *options, *databases], path)
        return path

    def mydumper(self, name="mydumper", *options):
        path = self.work / name
        self._tool(["mydumper", "--socket", self.server.socket, "--user", "root", "--outputdir", path, "--triggers", "--routines",
                    "--events", "--trx-consistency-only", *options])
        return path

    def _backup(self, *options):
        return ["mariadb-backup", "--no-defaults", "--backup", f"--socket={self.server.socket}", "--user=root",
                f"--datadir={self.server.datadir}", *options]

    def stream(self, name="backup.xb"):
        path = self.work / name
        self._tool(self._backup("--stream=mbstream"), path)
        return path

    def folder(self, name="backup", prepared=False):
        path = self.work / name
        self._tool(self._backup(f"--target-dir={path}"))
        if prepared:
            self._tool(["mariadb-backup", "--prepare", f"--target-dir={path}"])
        return path

    def cold_copy(self, name="cold"):
        """As a file system's snapshot, of a server that was stopped."""
        self.server.stop()
        path = self.work / name
        shutil.copytree(self.server.datadir, path)
        self._again()
        return path

    def killed_copy(self, name="killed", after_s=0):
        """The same of one that was killed: it has to recover. After two seconds no commit is half done."""
        time.sleep(after_s)
        self.server.kill()
        path = self.work / name
        shutil.copytree(self.server.datadir, path)
        self._again()
        return path

    def _again(self):
        self.server = Server(self.server.datadir, "--log-bin=mysql-bin", "--server-id=1").start()

    def packed(self, path, tool):
        out = path.with_name(path.name + {"gzip": ".gz", "zstd": ".zst"}[tool])
        self._tool([tool, "-1", "-c", path], out)
        return out

    # The end.

    def commit(self, sql):
        return self.server.query(f"{sql}; SELECT @@last_gtid").splitlines()[-1]

    def lose(self):
        """The mistake, what the application does after it, the copy of the binary logs, and the end. Returns that copy."""
        self.expected = self.content(self.server)
        self.mistake = self.commit("DROP DATABASE shop")
        self.server.query("".join(f"INSERT INTO app.t VALUES ({n});" for n in range(50)))
        self.after = self.server.query(COUNTED + "app.t")
        self.server.query("FLUSH BINARY LOGS; INSERT INTO app.t VALUES (1000)")
        logs = self.work / "binlogs"
        logs.mkdir()
        for path in sorted(self.server.datadir.glob("mysql-bin.[0-9]*")):
            shutil.copy(path, logs)
        self.server.kill()
        shutil.rmtree(self.server.datadir)
        return logs

    def content(self, client):
        return (checksums(client, self.tables), client.query("SELECT COUNT(*) FROM shop.recent; SELECT shop.twice(21);"
                "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = 'shop';"
                "SELECT event_name FROM information_schema.events WHERE event_schema = 'shop'; SHOW DATABASES LIKE 'empty_one'"))

    def is_back(self, boat, result, accounts=True):
        """What `shop` was right before the mistake, and all that came after it."""
        branch = Branch(boat, result)
        assert self.content(branch) == self.expected, (self.content(branch), self.expected)
        assert branch.query(COUNTED + "app.t") == str(int(self.after) + 1)
        if accounts:
            assert "GRANT `clerks`" in branch.query("SHOW GRANTS FOR clerk@'%'")
        assert branch.query("SHOW DATABASES LIKE 'lifeboat%'") == ""

    def close(self):
        self.server.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def adopted(boat, backup, logs, *words, kind=None, kept=False):
    """Adopted, and looked at as an image; nothing else is left of it."""
    made = boat.run("adopt", backup, *(["--log", logs] if logs else []), *words)
    assert kept or (boat.branches() == {} and boat.volumes() == {}), "the adoption left a branch"
    image = {row["image"]: row for row in boat.run("image", "ls")}[made["image"]]
    assert image["origin"] == f"adoption of {backup}, booted", image
    assert kind is None or made["kind"] == kind, made
    return made


def rescued(boat, lost, made, *words, **how):
    """From this image and no other, right before the mistake; with all that came after it."""
    result = boat.run("rescue", "--dir", boat.state / "adopted", "--image", made["image"], *words)
    assert result["skip"] == [lost.mistake] and result["ready"] and result["loss"] == "", result
    lost.is_back(boat, result, **how)
    boat.remove(result["branch"])
    shutil.rmtree(boat.state / "rescues")


def refused(boat, *words):
    """The error of an adoption that must not be; it leaves nothing."""
    images = len(boat.run("image", "ls"))
    try:
        boat.run("adopt", *words)
    except CommandFailed as e:
        assert boat.branches() == {} and boat.volumes() == {}, "a refused adoption left a branch"
        booted = [row for row in boat.run("image", "ls")[images:] if row["origin"].endswith(", booted")]
        assert not booted, booted
        return e.error
    raise AssertionError(f"adopt {words} did not fail")
