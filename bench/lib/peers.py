"""The tools that Lifeboat is measured beside. Each keeps everything it has in one directory, `home`, so that its state can
be put aside and brought back. All methods return a measure.Cost."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

from measure import disk_usage, run

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/lib"))
from mariadb import Server, ServerFailed  # noqa: E402


class Tool:
    """A tool, and the repository or file it backs up to."""
    name = ""
    incremental = False

    def __init__(self, home):
        self.home = home
        self.wipe()

    def wipe(self):
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.prepare()

    def prepare(self):
        """Makes an empty repository, if there is such a thing."""

    def stored(self):
        return disk_usage(self.home / "repo")

    def save(self):
        subprocess.run(["cp", "-a", self.home, f"{self.home}.saved"], check=True)

    def restore_saved(self):
        shutil.rmtree(self.home, ignore_errors=True)
        subprocess.run(["cp", "-a", f"{self.home}.saved", self.home], check=True)

    def close(self):
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.rmtree(f"{self.home}.saved", ignore_errors=True)


class Mariabackup(Tool):
    """Of a running server: `server` is started on the data by the caller's `with`."""
    name = "mariabackup | zstd -1 -T2"

    def prepare(self):
        (self.home / "repo").mkdir()

    def backup(self, data):
        with Server(data, "--innodb-buffer-pool-size=256M", "--skip-log-bin") as server:
            return run(f"mariabackup --no-defaults --backup --stream=mbstream --user=root --socket={server.socket}"
                       f" --datadir={data} --target-dir={self.home}/tmp | zstd -q -1 -T2 -o {self.home}/repo/backup.zst",
                       shell=True)


class Tar(Tool):
    name = "tar | zstd -1 -T2"

    def prepare(self):
        (self.home / "repo").mkdir()

    def backup(self, data):
        return run(f"tar -cf - -C {data} . | zstd -q -1 -T2 -o {self.home}/repo/backup.zst", shell=True)

    def restore(self, target):
        target.mkdir(parents=True)
        return run(f"zstd -q -dc {self.home}/repo/backup.zst | tar -xf - -C {target}", shell=True)


class Restic(Tool):
    name = "restic"
    incremental = True

    def _run(self, *args):
        return run(["restic", "--quiet", f"--repo={self.home}/repo", f"--cache-dir={self.home}/cache", *args],
                   env={"RESTIC_PASSWORD": "benchmark"})

    def prepare(self):
        self._run("init")

    def backup(self, data):
        return self._run("backup", data)

    def restore(self, target):
        return self._run("restore", "latest", f"--target={target}")


class Borg(Tool):
    incremental = True

    def __init__(self, home, compression):
        self.compression = compression
        self.name = f"borg {compression}"
        self.count = 0
        super().__init__(home)

    def _run(self, *args, cwd=None):
        return run(["borg", *args], cwd=cwd, env={
            "BORG_BASE_DIR": str(self.home), "BORG_PASSPHRASE": "benchmark",
            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"})

    def prepare(self):
        self._run("init", "--encryption=repokey-blake2", f"{self.home}/repo")

    def backup(self, data):
        self.count += 1
        return self._run("create", f"--compression={self.compression}", f"{self.home}/repo::backup{self.count}", data)

    def restore(self, target):
        target.mkdir(parents=True)
        return self._run("extract", f"{self.home}/repo::backup{self.count}", cwd=target)


class Lifeboat(Tool):
    name = "lifeboat"
    incremental = True

    def __init__(self, home, vault=None):
        self.vault = vault or f"file://{home}/repo"
        super().__init__(home)

    @staticmethod
    def binary():
        """LIFEBOAT_BIN, else the release build of this tree. (The dev preset optimises alike, and keeps symbols.)"""
        build = Path(__file__).resolve().parents[2] / "build"
        found = [b for b in (build / "release/lifeboat", build / "dev/lifeboat") if b.exists()]
        return os.environ.get("LIFEBOAT_BIN") or str(found[0] if found else build / "release/lifeboat")

    @property
    def env(self):
        return {"LIFEBOAT_VAULT": self.vault, "LIFEBOAT_PASSPHRASE_FILE": str(self.home / "passphrase"),
                "LIFEBOAT_STATE": str(self.home / "state"), "LIFEBOAT_CACHE": str(self.home / "cache")}

    def run(self, *args):
        return run([self.binary(), *args], env=self.env)

    def prepare(self):
        path = self.home / "passphrase"
        path.write_text("benchmark\n")
        path.chmod(0o600)
        self.run("vault", "init")

    def backup(self, data):
        return self.run("image", "import", data, "--json")

    def restore(self, target):
        return self.run("image", "export", "latest", target)
