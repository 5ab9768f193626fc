"""A bash on a terminal of its own, for tests that type what a person would, and read what a person would see."""
import os
import pty
import re
import select
import signal
import termios
import time

LIMIT_S = 120
END_OF_INPUT = "\x04"  # Ctrl-D
# What no command prints: the prompt tells the last status, the one of a line that goes on tells nothing.
PROMPT = re.compile(rb"\x01ready (\d+)\x02$")
SETTINGS = {"PS1": "\x01ready $?\x02", "PS2": "", "TERM": "dumb", "HISTFILE": "/dev/null"}


class Terminal:
    """`env` is all that the shell is told. A context manager: it ends as a terminal that is closed does."""

    def __init__(self, directory, env):
        self.seen = ""  # all of it
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            self._silence()
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], {**env, **SETTINGS})
        self._answer(LIMIT_S)

    @staticmethod
    def _silence():
        """What is typed is not shown: `seen` is what commands say, without carriage returns."""
        modes = termios.tcgetattr(0)
        modes[1] &= ~termios.ONLCR
        modes[3] &= ~termios.ECHO
        termios.tcsetattr(0, termios.TCSANOW, modes)

    def type(self, lines, then=None, limit_s=LIMIT_S):
        """The exit status of the last line and what was said meanwhile. `then`: for a command that reads what is typed."""
        os.write(self.fd, lines.strip("\n").encode() + b"\n")
        if then is not None:
            os.write(self.fd, f"{then}\n{END_OF_INPUT}".encode())
        return self._answer(limit_s)

    def _answer(self, limit_s):
        said, deadline = b"", time.monotonic() + limit_s
        while not (end := PROMPT.search(said)):
            ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no prompt after {limit_s} s: {said.decode(errors='replace')}"
            said += os.read(self.fd, 65536)
        text = said[:end.start()].decode(errors="replace")
        self.seen += text
        return int(end.group(1)), text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGHUP)
        os.close(self.fd)
        os.waitpid(self.pid, 0)
