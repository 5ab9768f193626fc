"""A source with a binary log and a relay that follows it, for tests: both on loopback, both ended by pid."""
import json
import re
import socket
import subprocess
import time
from pathlib import Path

from built import LIFEBOAT
from mariadb import Server, install

PATIENCE_S = 60


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, patience_s=PATIENCE_S):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {patience_s} s in vain for {what}"
        time.sleep(0.02)


def incarnations(directory, port=""):
    """Of all sources in a relay's directory, or of the one with this port."""
    return sorted(p for p in Path(directory).glob(f"*{port}/*") if p.is_dir())


class Source(Server):
    """A semi-sync source whose replicas log in as `r` with the password `pw`."""

    def __init__(self, datadir, *options, server_id=1, timeout_ms=10_000, port=None, **named):
        self.port = port or free_port()
        super().__init__(datadir, "--skip-networking=0", f"--port={self.port}", "--bind-address=127.0.0.1",
                         "--log-bin=mysql-bin", f"--server-id={server_id}", "--rpl-semi-sync-master-enabled=1",
                         f"--rpl-semi-sync-master-timeout={timeout_ms}", "--rpl-semi-sync-master-wait-point=AFTER_SYNC",
                         *options, **named)

    @classmethod
    def made(cls, datadir, *options, **named):
        install(datadir)
        source = cls(datadir, *options, **named).start()
        # Unlogged, so that a test's own statements are all that its log holds.
        source.query("SET sql_log_bin = 0; CREATE USER r@'%' IDENTIFIED BY 'pw';"
                     "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO r@'%'")
        return source

    def log_files(self):
        return [line.split("\t")[0] for line in self.query("SHOW BINARY LOGS").splitlines()]

    def position(self):
        return self.query("SELECT @@gtid_binlog_pos")


class Relay:
    """`lifeboat relay run` on a directory; may be killed and started again, and then listens on the same port."""

    def __init__(self, work, source, *options, env=None):
        """`source`: one, or a list; then each has its own port."""
        self.env = env
        sources = source if isinstance(source, list) else [source]
        self.ports = [free_port() for _ in sources]
        self.port = self.ports[0]
        self.directory = Path(work) / "relay"
        self.log = Path(work) / "relay.log"
        secret = Path(work) / "password"
        secret.write_text("pw\n")
        secret.chmod(0o600)
        self.args = [str(LIFEBOAT), "relay", "run", "--password-file", str(secret), "--dir", str(self.directory), *options]
        for each, port in zip(sources, self.ports):
            self.args += ["--source", f"mysql://r@127.0.0.1:{each.port}", "--listen", f"127.0.0.1:{port}"]
        if "--config" not in options:  # nothing is held: what a test's source destroys is meant
            config = Path(work) / "open-guard.toml"
            config.write_text("[[guard.rule]]\nthen = 'allow'\n")
            self.args += ["--config", str(config)]
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        return self

    def status(self, source=0):
        """Of one of its sources; empty while there is none of this process."""
        try:
            status = json.loads((self.directory / "status.json").read_text())
        except FileNotFoundError:
            return {}
        return status["sources"][source] if status["pid"] == self.process.pid else {}

    def wait_until(self, condition, what, source=0):
        try:
            return wait_for(lambda: (lambda s: s if s and condition(s) else None)(self.status(source)), what)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.status(source)}\n{self.log.read_text()[-3000:]}") from None

    def wait_following(self, source=0):
        return self.wait_until(lambda s: s["state"] == "following", "the relay to follow", source)

    def wait_caught_up(self, server, source=0):
        position = server.position()
        return self.wait_until(lambda s: s["gtid"] == position, f"the relay to reach {position}", source)

    def wait_sealed(self, source):
        """Until the source's end is in the vault."""
        self.wait_caught_up(source)
        return self.wait_until(lambda s: (s["vault"]["file"], s["vault"]["position"]) == (s["file"], s["position"]) and
                               s["vault"]["within_promise"], "the tail to be in the vault")

    def peak_memory(self):
        """Bytes, since its start."""
        said = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"^VmHWM:\s*(\d+) kB", said, re.M).group(1)) * 1024

    def incarnations(self, server=None):
        """Of all its sources, or of this one."""
        return incarnations(self.directory, server.port if server else "")

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        self.process.terminate()
        status = self.process.wait(30)
        self.process = None
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        self.kill()


def lifeboat(*words):
    """Exit status and JSON of a command."""
    done = subprocess.run([str(LIFEBOAT), "--json", *map(str, words)], text=True, capture_output=True, check=False, timeout=300)
    return done.returncode, json.loads(done.stdout)
