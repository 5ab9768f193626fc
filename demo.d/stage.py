"""What the demo is played on: a directory of its own, the processes that it started, its talk, and its stopwatch."""
import contextlib
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import relaying

STOP_S = 60


class Failed(Exception):
    """The demo cannot go on; the text says why."""


def say(text=""):
    """To a person; stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


def step(text):
    say(f"\n== {text}")


def indented(text, lines=None):
    for line in text.rstrip().splitlines()[:lines]:
        say(f"   {line}")


def wait_for(condition, what, patience_s=120):
    """The first true value of `condition()`."""
    try:
        return relaying.wait_for(condition, what, patience_s)
    except AssertionError as e:
        raise Failed(str(e)) from None


def start_time(pid):
    """Of a living process, by which it is told from a later one of the same number; None if there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]


class Stage:
    """Everything below `home`; a context manager that ends what was started, whatever happened."""

    def __init__(self, home, program):
        self.home, self.program = Path(home).absolute(), Path(program).absolute()
        self.children, self.servers, self.phases = [], [], []
        self.pids = self.home / "pids"
        self.home.parent.mkdir(parents=True, exist_ok=True)
        self.lock = open(f"{self.home}.lock", "w", encoding="ascii")  # noqa: SIM115 - held until the end
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failed(f"another demo plays in {self.home}") from None
        self.env = {**os.environ, "LIFEBOAT_VAULT": f"file://{self.home}/vault", "LIFEBOAT_PASSPHRASE_FILE": f"{self.home}/passphrase",
                    "LIFEBOAT_STATE": f"{self.home}/state", "LIFEBOAT_CACHE": f"{self.home}/cache", "LC_ALL": "C.UTF-8"}
        self.end_leftovers()
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()
        # A unix socket's path has at most 107 bytes. Servers have their scratch there, too.
        self.short = Path(tempfile.mkdtemp(prefix="lifeboat-demo-"))
        (self.home / "short").symlink_to(self.short)
        tempfile.tempdir = str(self.short)

    def secret(self, name, text):
        """A file that its owner alone may read."""
        path = self.home / name
        path.touch(mode=0o600)
        path.write_text(text + "\n")
        return path

    def environment(self):
        """A file for a shell that wants to look around."""
        path = self.home / "environment"
        names = ("LIFEBOAT_VAULT", "LIFEBOAT_PASSPHRASE_FILE", "LIFEBOAT_STATE", "LIFEBOAT_CACHE")
        path.write_text("".join(f"export {name}={shlex.quote(self.env[name])}\n" for name in names)
                        + f"export PATH={shlex.quote(str(self.program.parent))}:$PATH\n")
        return path

    @contextlib.contextmanager
    def phase(self, name, forecast=None):
        begun = time.monotonic()
        yield
        self.note_phase(name, time.monotonic() - begun, forecast)

    def note_phase(self, name, seconds, forecast=None):
        """`forecast`: what drills had said that it would take, as {"p10", "p50", "p90"}; None: nobody knew."""
        self.phases.append({"name": name, "seconds": round(seconds, 3), "forecast_seconds": forecast})

    def lifeboat(self, *words, show=True):
        """What a command prints for a person; the command is shown as one would type it."""
        words = [str(word) for word in words]
        if show:
            say(f"   $ lifeboat {' '.join(map(self.shown, words))}")
        with subprocess.Popen([self.program, *words], env=self.env, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as child:
            try:
                out, err = child.communicate()
            except BaseException:
                child.terminate()  # it takes back what it has begun
                raise
        if child.returncode != 0:
            raise Failed(f"lifeboat {' '.join(words)} ended with {child.returncode}:\n{out}{err}")
        return out

    def shown(self, word):
        return shlex.quote(word.replace(f"{self.home}/", ""))

    def ask(self, *words, show=False):
        """The JSON of a command."""
        return json.loads(self.lifeboat(*words, "--json", "--progress", "none", show=show))

    def note_pid(self, pid):
        with open(self.pids, "a", encoding="ascii") as pids:
            pids.write(f"{pid} {start_time(pid)}\n")

    def add_server(self, server):
        """One that runs, and is to be ended with the demo."""
        self.servers.append(server)
        self.note_pid(server.process.pid)
        return server

    def start(self, name, argv, **pipes):
        """A process beside the demo; what it says goes to NAME.log."""
        with open(self.home / f"{name}.log", "ab") as log:
            words = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "env": self.env, **pipes}
            child = subprocess.Popen([str(word) for word in argv], **words)
        self.children.append((name, child))
        self.note_pid(child.pid)
        return child

    def start_lifeboat(self, name, *words):
        say(f"   $ lifeboat {' '.join(self.shown(str(word)) for word in words)} &")
        return self.start(name, [self.program, *words])

    def must_run(self, name, child):
        if child.poll() is not None:
            raise Failed(f"{name} ended with {child.returncode}:\n{(self.home / f'{name}.log').read_text()[-3000:]}")

    def end_leftovers(self):
        """Of a demo that was killed: its processes by pid, its branches by their own command, its short directory."""
        self.end_noted()
        self.end_branches()
        if (self.home / "short").is_symlink():
            shutil.rmtree((self.home / "short").readlink(), ignore_errors=True)

    def end_noted(self):
        if not self.pids.exists():
            return
        for line in self.pids.read_text().splitlines():
            pid, started = line.split()
            if start_time(pid) == started:
                os.kill(int(pid), signal.SIGTERM)
                with contextlib.suppress(Failed):
                    wait_for(lambda pid=pid, started=started: start_time(pid) != started, "it to end", 20)
                if start_time(pid) == started:
                    os.kill(int(pid), signal.SIGKILL)

    def end_branches(self):
        if not (self.home / "state").exists() or not self.program.exists():
            return
        try:
            for branch in self.ask("branch", "ls"):
                with contextlib.suppress(Failed):
                    self.lifeboat("branch", "stop", branch["branch"], show=False)
                self.lifeboat("branch", "rm", branch["branch"], "--yes", "--discard", show=False)
        except Failed as e:
            say(f"warning: {e}")

    def __enter__(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda number, _: sys.exit(128 + number))
        return self

    def __exit__(self, kind, value, _):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for name, child in reversed(self.children):
            child.terminate()
            try:
                child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                say(f"warning: {name} (process {child.pid}) does not end, and is killed")
                child.kill()
                child.wait()
        self.end_branches()
        for server in self.servers:
            server.kill()
        self.end_noted()
        shutil.rmtree(self.short, ignore_errors=True)
        if kind in (None, SystemExit):
            shutil.rmtree(self.home, ignore_errors=True)
        else:
            say(f"what it left, for a look: {self.home}")
