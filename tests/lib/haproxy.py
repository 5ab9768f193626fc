"""A real HAProxy on loopback for tests: one frontend, one backend `db`, its runtime socket; ended by pid."""
import shutil
import subprocess
from pathlib import Path

from relaying import free_port, wait_for

CONFIG = """
global
  stats socket {socket} mode 600 level admin
defaults
  mode tcp
  timeout connect 2s
  timeout client 60s
  timeout server 60s
listen db
  bind 127.0.0.1:{port}
{servers}
"""


def binary():
    """None where it is not installed."""
    return shutil.which("haproxy", path="/usr/sbin:/usr/bin")


class Haproxy:
    """`servers`: (name, port, more words of its line); a context manager."""

    def __init__(self, work, servers):
        self.port, self.socket = free_port(), Path(work) / "haproxy.sock"
        lines = "\n".join(f"  server {name} 127.0.0.1:{port} {words}" for name, port, words in servers)
        self.config = Path(work) / "haproxy.cfg"
        self.config.write_text(CONFIG.format(socket=self.socket, port=self.port, servers=lines))
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([binary(), "-db", "-f", self.config], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        wait_for(self.socket.exists, "haproxy to listen")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
