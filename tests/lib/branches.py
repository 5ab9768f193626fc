"""Branches as the tests run them: a Lifeboat below a scratch directory, everything ended at the end."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from lifeboat import Lifeboat, is_alive
from mariadb import Client


class Harbour(Lifeboat):
    """A Lifeboat with a fresh vault: `with Harbour() as boat: boat.run("image", "import", directory)`."""

    def __init__(self, below=None):
        if below is not None:
            below.mkdir(parents=True, exist_ok=True)
        super().__init__(tempfile.mkdtemp(prefix="lifeboat-it-", dir=below))

    def popen(self, *words):
        return subprocess.Popen([self.binary, "--json", *map(str, words)], env=self.env, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @staticmethod
    def ended(child, limit_s=120):
        """Exit status of a popen() and what it printed: its result, its error, or nothing."""
        out, _ = child.communicate(timeout=limit_s)
        return child.returncode, json.loads(out) if out.strip() else {}

    def processes(self):
        """What runs of this Lifeboat, its servers included: pid and words."""
        mark, found = str(self.work).encode(), []
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if entry.name.isdigit() and int(entry.name) != os.getpid() and mark in words:
                found.append((int(entry.name), words.replace(b"\0", b" ").decode(errors="replace")))
        return found

    def start(self, image="latest", name="b", *more):
        return Branch(self, self.run("branch", "start", *([image] if image else []), "--name", name, *more))

    def branches(self):
        return {row["branch"]: row for row in self.run("branch", "ls")}

    def volumes(self):
        return {row["volume"]: row for row in self.run("volume", "ls")}

    def remove(self, name):
        self.run("branch", "stop", name)
        self.run("branch", "rm", name, "--yes", "--discard")

    def __enter__(self):
        self.init()
        return self

    def __exit__(self, kind, *_):
        self._end_all()
        if kind is None:
            shutil.rmtree(self.work, ignore_errors=True)
        else:
            print(f"kept for a look: {self.work}", flush=True)

    def _end_all(self):
        """Whatever the state: servers and volumes of this directory, by pid, then what is still mounted."""
        for pid, _ in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        for line in Path("/proc/mounts").read_text().splitlines():
            if line.split()[1].startswith(f"{self.work}/"):
                subprocess.run(["fusermount3", "-uz", line.split()[1]], check=False, capture_output=True)


class Branch(Client):
    """A started branch: SQL on its socket, and its processes to be killed."""

    def __init__(self, boat, started):
        self.boat, self.started, self.name = boat, started, started["branch"]
        super().__init__(started["socket"])

    def kill_server(self):
        pid = self.started["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)

    def kill_volume(self):
        """The server cannot live on without its files."""
        pid = self.boat.volumes()[self.name]["pid"]
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
        wait_gone(self.started["pid"], 60)


def checksums(client, tables):
    """Content of tables, as the server sums it up."""
    return client.query(f"CHECKSUM TABLE {', '.join(tables)} EXTENDED")


def unclean(client, tables):
    """What CHECK TABLE has against them; empty is good."""
    rows = client.query(f"CHECK TABLE {', '.join(tables)} EXTENDED").splitlines()
    return [row for row in rows if row.split("\t")[2:] != ["status", "OK"]]


def wait_gone(pid, limit_s=20):
    deadline = time.monotonic() + limit_s
    while is_alive(pid):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} is still there after {limit_s} s")
        time.sleep(0.01)
