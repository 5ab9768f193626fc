"""A night at full size: production with a log behind its image and a DROP DATABASE in it, and the ways back from there, each timed
from a cold start to its first answer and to its having everything but the DROP."""
import os
import shutil
import subprocess
import time

import cold
import measure
import peers
import usual_way
from dataset import TABLES, sysbench
from mariadb import Server, install
from relaying import Relay, Source, wait_for
from volumes import Branch

LOADING = ["--sync-binlog=0", "--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G",
           "--max-allowed-packet=256M", "--binlog-format=ROW"]
DRAWING = "INSERT INTO drawings.diagram (name, body) VALUES ('of the day', REPEAT(MD5(RAND()), 1000));\n"
CONTENTS = "SELECT COUNT(*), SUM(CRC32(body)) FROM drawings.diagram"
ROWS = ";".join(f"SELECT COUNT(*), SUM(CRC32(c)), SUM(k) FROM sbtest.sbtest{n}" for n in range(1, TABLES + 1))
PATIENCE_S = 7200


class Night:
    """`data`: what production has when its image and the peers' backups are made. A context manager."""

    def __init__(self, home, data, scale, log_bytes, say):
        self.home, self.scale, self.log_bytes, self.say = home, scale, log_bytes, say
        home.mkdir(parents=True)
        self.peers, self.relay = {}, None
        self.tool = peers.Lifeboat(home / "lifeboat")
        subprocess.run(["cp", "-a", data, home / "production"], check=True)
        self.source = self._started()

    def _started(self):
        return Source(self.home / "production", *LOADING, timeout_ms=3_600_000).start()

    def prepare(self, with_peers):
        """Accounts, the image, the peers' backups, and the relay."""
        self.source.query("SET GLOBAL rpl_semi_sync_master_enabled = 0; CREATE USER r@'%' IDENTIFIED BY 'pw';"
                          "GRANT REPLICATION SLAVE, BINLOG MONITOR ON *.* TO r@'%'")
        self.source.stop()
        self.tool.backup(self.home / "production")
        self.source = self._started()
        self.source.query("SET GLOBAL rpl_semi_sync_master_enabled = 0")
        for way in WAYS_OF_PEERS if with_peers else ():
            self.say(f"  backup by {way.name}")
            self.peers[way.name] = way(self)
        self.relay = Relay(self.home, self.source, env={**os.environ, **self.tool.env})
        self.relay.start().wait_following()

    def live(self):
        """The day's transactions, drawings and sysbench's; the DROP; and a little more."""
        while self.source.log_bytes() < self.log_bytes:
            self.source.query(DRAWING * 1000)
            self._transactions(2000)
        self.drawings = self.source.query(CONTENTS)
        self.source.query("DROP DATABASE drawings")
        self._transactions(500)
        self.rows = self.source.query(ROWS)
        wait_for(lambda: self.relay.status()["gtid"] == self.source.position(), "the relay to catch up", PATIENCE_S)

    def _transactions(self, count):
        subprocess.run(sysbench(self.source.socket, self.scale, "--time=0", f"--events={count}", "run", workload="oltp_write_only",
                                threads=8), check=True, stdout=subprocess.DEVNULL)

    def check(self, client):
        found = (client.query(CONTENTS), client.query(ROWS))
        if found != (self.drawings, self.rows):
            raise measure.Failed(f"not what production had: {found}, but {(self.drawings, self.rows)}")

    def by_lifeboat(self, name, until_caught_up=True):
        """Seconds to the first answer, and to the end; a person's command, which finds the DROP by itself."""
        cold.forget(self.tool)
        branch = Branch(self.tool, name)
        branch.socket = str(self.tool.home / f"state/branches/{name}/socket")
        begun = time.perf_counter()
        with subprocess.Popen([self.tool.binary(), "rescue", "--dir", self.relay.directory, "--name", name, "--json"],
                              env={**os.environ, **self.tool.env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
            try:
                first = first_answer(branch, begun, lambda: child.poll() in (None, 0))
                if not until_caught_up:
                    return first, None
                out, err = child.communicate(timeout=PATIENCE_S)
                caught_up = time.perf_counter() - begun
                if child.returncode != 0:
                    raise measure.Failed(f"lifeboat rescue: {out[-2000:]} {err[-2000:]}")
                self.check(branch)
                return first, caught_up
            finally:
                child.kill()
                child.communicate()
                branch.remove()

    def close(self):
        if self.relay:
            self.relay.kill()
        self.source.kill()
        self.tool.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def first_answer(client, begun, may_go_on):
    """Seconds until a drawing and a row were answered."""
    while True:
        try:
            cold.first_answers(client)
            return time.perf_counter() - begun
        except (subprocess.CalledProcessError, measure.Failed):
            if not may_go_on() or time.perf_counter() - begun > PATIENCE_S:
                raise
            time.sleep(0.01)


class WayOfPeer:
    """A backup made now; night() gives seconds to the first answer, and to the end. In its favour: the log is at hand, where the DROP
    lies is known and costs nothing, and no commit of the replay waits for the disk."""

    def __init__(self, night):
        self.night, self.backup = night, night.home / f"{self.name}-backup"
        self.make()

    def by_peer(self):
        restored = self.night.home / f"{self.name}-restored"
        shutil.rmtree(restored, ignore_errors=True)
        first_file, position = self.position()
        files = usual_way.log_files(self.night.source, first_file)
        drop = usual_way.find_drop(files)
        measure.drop_page_cache()
        begun = time.perf_counter()
        server = self.restore(restored)
        try:
            first = first_answer(server, begun, lambda: False)
            usual_way.replay_around(server, files, position, drop)
            caught_up = time.perf_counter() - begun
            self.night.check(server)
            return first, caught_up
        finally:
            server.kill()
            shutil.rmtree(restored, ignore_errors=True)

    @staticmethod
    def started(datadir):
        return Server(datadir, "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=1G", "--innodb-flush-log-at-trx-commit=0",
                      "--max-allowed-packet=256M", "--skip-log-bin").start(limit_s=PATIENCE_S)


class Mariabackup(WayOfPeer):
    name = "mariabackup"

    def make(self):
        usual_way.back_up(self.night.source, self.backup)

    def position(self):
        return usual_way.position_of(self.backup)

    def restore(self, target):
        usual_way.prepare(self.backup)
        usual_way.copy_back(self.backup, target)
        return self.started(target)


class Mydumper(WayOfPeer):
    name = "mydumper"

    def make(self):
        usual_way.run(["mydumper", f"--socket={self.night.source.socket}", "--user=root", "--regex=^(sbtest|drawings)\\.", "--threads=2",
                       f"--outputdir={self.backup}"])

    def position(self):
        words = (self.backup / "metadata").read_text().split()
        return words[words.index("Log:") + 1], int(words[words.index("Pos:") + 1])

    def restore(self, target):
        install(target)
        server = self.started(target)
        try:
            usual_way.run(["myloader", f"--socket={server.socket}", "--user=root", f"--directory={self.backup}", "--threads=2"])
        except BaseException:
            server.kill()
            raise
        return server


WAYS_OF_PEERS = (Mariabackup, Mydumper)
