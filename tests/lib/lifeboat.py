"""A Lifeboat of a test's own: vault, state and mounts below one directory, nothing left behind."""
import filecmp
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from built import BUILD, LIFEBOAT


class CommandFailed(Exception):
    """A lifeboat command failed; carries its error as printed."""

    def __init__(self, words, status, out, err):
        super().__init__(f"lifeboat {' '.join(words)}: exit status {status}: {out.strip()} {err.strip()}")
        self.status = status
        try:
            self.error = json.loads(out)["error"]
        except (ValueError, KeyError, TypeError):
            self.error = {}
        self.code = self.error.get("code", "")


class Lifeboat:
    """Runs the binary with a vault and a state directory of its own."""

    def __init__(self, work, state=None, binary=None):
        self.work = Path(work).absolute()
        self.work.mkdir(parents=True, exist_ok=True)
        self.binary = str(binary or LIFEBOAT)
        secret = self.work / "passphrase"
        secret.write_text("correct horse battery staple\n")
        secret.chmod(0o600)
        self.state = Path(state or self.work / "state")
        self.env = {**os.environ, "LIFEBOAT_VAULT": f"file://{self.work}/vault", "LIFEBOAT_PASSPHRASE_FILE": str(secret),
                    "LIFEBOAT_STATE": str(self.state), "XDG_CACHE_HOME": str(self.work / "cache")}

    def run(self, *words, timeout=300):
        """The JSON that the command prints."""
        done = subprocess.run([self.binary, "--json", "--progress", "none", *map(str, words)], env=self.env, text=True,
                              capture_output=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise CommandFailed([str(w) for w in words], done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def init(self):
        return self.run("vault", "init")

    def import_directory(self, directory):
        return self.run("image", "import", directory)["image"]


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class Volume:
    """One mounted volume; a context manager that unmounts, or kills if it must."""

    def __init__(self, boat, name, image="latest", options=()):
        self.boat, self.name, self.image = boat, name, image
        self.mountpoint = boat.work / "mnt" / name
        self.pid = None
        self.mount(*options)

    def mount(self, *options):
        self.mountpoint.parent.mkdir(parents=True, exist_ok=True)
        mounted = self.boat.run("volume", "mount", self.image, self.mountpoint, "--name", self.name, *options)
        self.pid = mounted["pid"]
        return mounted

    def kill(self):
        """kill -9, and back when it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + 30
        while is_alive(self.pid):
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} does not die")
            time.sleep(0.001)

    def remount(self, *options):
        """After kill(); as a person would: the same command again."""
        return self.mount(*options)

    def umount(self):
        self.boat.run("volume", "umount", self.name)
        self.pid = None

    def status(self):
        return self.boat.run("volume", "status", self.name)

    def commit(self):
        return self.boat.run("volume", "commit", self.name)

    def check_commit(self):
        """Commits, exports the image, and compares it with what the mount shows; nothing may write meanwhile."""
        image = self.commit()["image"]
        out = self.boat.work / "export"
        shutil.rmtree(out, ignore_errors=True)
        self.boat.run("image", "export", image, out)
        differences = compare_trees(self.mountpoint, out)
        shutil.rmtree(out)
        if differences:
            raise AssertionError(f"image {image} differs from the mount it was committed from: {differences[:5]}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        try:
            if self.pid is not None and is_alive(self.pid) and kind is None:
                self.umount()
        finally:
            if self.pid is not None and is_alive(self.pid):
                self.kill()
            if os.path.ismount(self.mountpoint) or is_dead_mount(self.mountpoint):
                subprocess.run(["umount", "-l", str(self.mountpoint)], check=False)


def is_dead_mount(path):
    try:
        os.statvfs(path)  # not stat, which the kernel would answer from its cache
        return False
    except FileNotFoundError:
        return False
    except OSError:
        return True


def compare_trees(left, right):
    """Every way in which two trees differ: names, types, modes, link targets, content."""
    left, right = Path(left), Path(right)
    names = [{str(p.relative_to(top)) for p in top.rglob("*")} for top in (left, right)]
    differences = [f"{name}: only in one" for name in sorted(names[0] ^ names[1])]
    for name in sorted(names[0] & names[1]):
        a, b = left / name, right / name
        if a.is_symlink() or b.is_symlink():
            if not (a.is_symlink() and b.is_symlink() and os.readlink(a) == os.readlink(b)):
                differences.append(f"{name}: link")
        elif a.lstat().st_mode != b.lstat().st_mode:
            differences.append(f"{name}: mode {a.lstat().st_mode:o} {b.lstat().st_mode:o}")
        elif a.is_file() and not filecmp.cmp(a, b, shallow=False):
            differences.append(f"{name}: content")
    return differences


def make_base_tree(top, threads, seed):
    """What fs_model works on: per thread some files as a database has them, with holes, and a directory."""
    rng = random.Random(seed)
    for thread in range(threads):
        directory = Path(top) / str(thread)
        (directory / "db").mkdir(parents=True)
        for i in range(8):
            place = directory / ("db" if i % 2 else "") / f"base{i}{rng.choice(['.ibd', '.MYD', '.frm'])}"
            size = rng.choice([0, 700, 16384, 131072, 200000, 1 << 20])
            with open(place, "wb") as file:
                file.write(rng.randbytes(size))
                if size > 65536:
                    file.seek(rng.randrange(size // 2))
                    file.write(bytes(40000))
            place.chmod(0o640)


def drive_fs_model(directory, operations, seed, threads, crashes, on_kill, on_remount, on_check):
    """Runs fs_model and does what it asks for; raises if it finds anything wrong. Returns the operations done."""
    binary = BUILD / "tests/fs_model"
    words = [str(binary), str(directory), *map(str, (operations, seed, threads, crashes))]
    actions = {"kill": on_kill, "remount": on_remount, "check": on_check}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            for line in child.stdout:
                what, _, rest = line.strip().partition(" ")
                if what == "done":
                    return int(rest)
                actions[what]()
                child.stdin.write("ok\n")
                child.stdin.flush()
            raise AssertionError(f"fs_model: {child.stderr.read().strip()}")
        finally:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
