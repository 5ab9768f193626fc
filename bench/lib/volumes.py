"""A Lifeboat branch as the benchmarks use it: started, hydrated, committed, measured, stopped."""
import json
import os
import subprocess
import time
from pathlib import Path

import measure
from dataset import Client


class Branch(Client):
    """`lifeboat branch start` of an image of `tool`'s vault; a context manager that stops and removes it."""

    def __init__(self, tool, name, image="latest"):
        self.tool, self.name, self.image = tool, name, image
        self.started = None
        super().__init__("")

    def start(self, *image):
        try:
            self.started = json.loads(self.tool.run("branch", "start", *image, "--name", self.name, "--json").out)
        except measure.Failed:
            self.remove()
            raise
        self.socket = self.started["socket"]
        return self

    def remove(self):
        """Tries both, whatever the state: it is called after failures as well."""
        for words in (["stop", self.name], ["rm", self.name, "--yes", "--discard"]):
            subprocess.run([self.tool.binary(), "branch", *words], env={**os.environ, **self.tool.env},
                           check=False, capture_output=True)

    def stop(self):
        """Ends the server and unmounts; start() goes on with what is there."""
        self.tool.run("branch", "stop", self.name)

    def __enter__(self):
        return self.start(self.image)

    def __exit__(self, *_):
        self.remove()

    def processes(self):
        """The background processes of this Lifeboat: those of its binary that have our state directory."""
        mark = f"LIFEBOAT_STATE={self.tool.env['LIFEBOAT_STATE']}".encode()
        binary = os.path.realpath(self.tool.binary())
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "exe") == binary and mark in (entry / "environ").read_bytes():
                    yield int(entry.name)
            except OSError:
                continue

    def volume(self):
        """This branch's row of `volume ls`."""
        rows = json.loads(self.tool.run("volume", "ls", "--json").out)
        return next(row for row in rows if row["volume"] == self.name)

    def wait_until_hydrated(self, limit_s=1800):
        deadline = time.monotonic() + limit_s
        while not self.volume()["hydrated"]:
            if time.monotonic() > deadline:
                raise TimeoutError("the volume was not hydrated in time")
            time.sleep(0.2)

    def commit(self):
        """The cost of one commit: of the command, and of the volume's process that does the work."""
        pids = list(self.processes())
        cpu = {pid: measure.cpu_seconds(pid) for pid in pids}
        cost = self.tool.run("volume", "commit", self.name, "--json")
        cost.cpu_seconds += sum(measure.cpu_seconds(pid) - cpu[pid] for pid in pids)
        cost.peak_one = max([cost.peak_one, *(measure.peak_resident(pid) for pid in pids)])
        cost.peak_all += sum(measure.peak_resident(pid) for pid in pids)
        return cost

    def mariadbd(self):
        """The command line of the branch's server, to run the same elsewhere."""
        for entry in Path("/proc").iterdir():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")[:-1] if entry.name.isdigit() else []
            except OSError:
                continue
            if words and os.path.basename(words[0]).startswith(b"mariadbd") and any(str(self.socket).encode() in w for w in words):
                return [w.decode() for w in words]
        raise RuntimeError(f"no server has the socket {self.socket}")
