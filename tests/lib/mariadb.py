"""A real MariaDB server for tests and benchmarks: its own data directory, a unix socket, no network, ended by pid."""
import getpass
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class ServerFailed(Exception):
    """The server did not start, or ended by itself; carries the end of its log."""


def install(datadir, *options):
    """An empty data directory whose root needs no password on the socket."""
    datadir.mkdir(parents=True)
    # A server that starts removes the temporary tables of every other in the same directory.
    with tempfile.TemporaryDirectory(prefix="lifeboat-db-") as own:
        done = subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={datadir}", f"--user={getpass.getuser()}",
                               f"--tmpdir={own}", "--auth-root-authentication-method=normal", "--skip-test-db", *options],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise ServerFailed(f"mariadb-install-db: exit status {done.returncode}: {done.stdout[-2000:]}")


def with_key_plugin(key_file):
    """A mariadbd that encrypts by the keys in `key_file`: (binary, options), or None if the plugin cannot be had here."""
    found = subprocess.run([ROOT / "tests/servers/key-plugin.sh", ROOT / "build/key-plugin"], stdout=subprocess.PIPE, text=True,
                           check=False)
    if found.returncode != 0:
        return None
    binary = found.stdout.strip()
    return binary, [f"--plugin-dir={Path(binary).parents[1]}/lib/mysql/plugin", "--plugin-load-add=file_key_management",
                    f"--file-key-management-filename={key_file}"]


class Client:
    """Runs SQL through the mariadb command on a socket."""

    def __init__(self, socket):
        self.socket = str(socket)

    def argv(self, *more):
        return ["mariadb", "--no-defaults", f"--socket={self.socket}", "--user=root", "--batch", "--raw",
                "--skip-column-names", "--default-character-set=utf8mb4", *more]

    def query(self, sql, database=None, timeout=600):
        """The result as one text, columns separated by tabs. Raises CalledProcessError."""
        return subprocess.run(self.argv(*([database] if database else [])), input=sql, text=True, check=True,
                              capture_output=True, timeout=timeout).stdout.rstrip("\n")

    def log_bytes(self):
        """Of all its binary logs."""
        return sum(int(line.split("\t")[1]) for line in self.query("SHOW BINARY LOGS").splitlines())

    def answers(self):
        return subprocess.run(self.argv("-e", "SELECT 1"), capture_output=True, check=False).returncode == 0


class Server(Client):
    """A mariadbd on `datadir`; also a context manager: `with Server(dir) as server: server.query(…)`."""

    def __init__(self, datadir, *options, binary="mariadbd"):
        # A unix socket's path has at most 107 bytes: none inside a deep data directory.
        self.scratch = Path(tempfile.mkdtemp(prefix="lifeboat-db-"))
        super().__init__(self.scratch / "sock")
        self.datadir = Path(datadir)
        self.log = self.scratch / "error.log"
        self.args = [binary, "--no-defaults", f"--datadir={datadir}", f"--user={getpass.getuser()}",
                     f"--tmpdir={self.scratch}", "--skip-networking", f"--socket={self.socket}",
                     f"--pid-file={self.scratch}/pid", f"--log-error={self.log}", *options]
        self.process = None

    def start(self, limit_s=120):
        self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + limit_s
        while not (os.path.exists(self.socket) and self.answers()):
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else "no log"
                self.kill()
                raise ServerFailed(f"mariadbd on {self.datadir} did not start:\n{log}")
            time.sleep(0.01)
        return self

    def stop(self, limit_s=600):
        """A clean shutdown."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(limit_s)
        self._forget()

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._forget()

    def _forget(self):
        self.process = None
        shutil.rmtree(self.scratch, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.kill()
