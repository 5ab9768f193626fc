#!/usr/bin/env python3
"""kill -9 of volumes, servers and commits, and of imports, prunes and copies beside them, under a writing sysbench and a
ledger.

The ledger is a table that gets one row a transaction; which rows were acknowledged is kept outside, in this process. After each
kill no acknowledged row is missing, and every so often CHECK TABLE passes. The prunes let go whatever they may at once, while
the volume is mounted, dead or being started: what it reads is never among that. Every so often, and at the end of every image
that the vault lists and of its copy, the images scrub, boot, and hold what was acknowledged when their commit began. Prints one
line: kills=N rows=N commits=N boots=N seed=N. Needs root or fusermount3, mariadbd and sysbench; exit status 77 without.
"""
import random
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from branches import Harbour, unclean  # noqa: E402
from mariadb import Server, install  # noqa: E402
from random_kills import RandomKills  # noqa: E402
from scratch import arguments  # noqa: E402

SKIPPED = 77
TABLES, ROWS, CHECK_EVERY, BOOT_EVERY = 2, 2000, 10, 10
OF_THE_VOLUME = ["volume", "volume", "server", "commit", "volume while it commits"]
BESIDE_IT = ["import", "prune", "copy"]
PRUNE_ALL = ["vault", "prune", "--keep", "all=0s hourly=0s daily=0s monthly=0", "--grace", "0s"]
IMPORTED_ANEW = 2 << 20


class Ledger:
    """One connection that commits rows one at a time; `acknowledged` outlives every kill."""

    def __init__(self):
        self.acknowledged, self.client, self.thread = 0, None, None

    def start(self, branch):
        self.client = subprocess.Popen(branch.argv("--unbuffered"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.thread = threading.Thread(target=self.write)
        self.thread.start()

    def write(self):
        number = self.acknowledged
        try:
            while True:
                number += 1
                # A row whose answer was lost may be there already.
                self.client.stdin.write(f"REPLACE INTO shop.ledger VALUES ({number}); SELECT {number};\n")
                if self.client.stdout.readline() != f"{number}\n":
                    return
                self.acknowledged = number
        except (OSError, ValueError):
            return

    def end(self):
        self.client.kill()
        self.thread.join()
        self.client.communicate()


class VolumeKills:
    def __init__(self, boat, seed):
        self.boat, self.random, self.ledger = boat, random.Random(seed), Ledger()
        self.beside = RandomKills(boat, random.Random(seed + 1))
        self.pool = ThreadPoolExecutor(1)
        self.volume_kills = self.rounds = self.commits = 0
        self.copy_url = f"file://{boat.work}/copy"
        self.held = {}       # image → rows acknowledged before its commit began; of an imported one 0
        self.booted = set()  # images
        self.data = boat.work / "mysql"
        install(self.data)
        with Server(self.data) as server:
            server.query("CREATE DATABASE shop; CREATE TABLE shop.ledger (n BIGINT PRIMARY KEY)")
            self.sysbench(server, "prepare").wait()
            server.stop()
        boat.import_directory(self.data)
        self.branch = boat.start("latest", "b")
        self.tables = ["shop.ledger"] + [f"shop.sbtest{i + 1}" for i in range(TABLES)]

    @property
    def kills(self):
        return self.volume_kills + self.beside.kills

    def sysbench(self, client, verb):
        return subprocess.Popen(["sysbench", "oltp_read_write", f"--mysql-socket={client.socket}", "--mysql-user=root",
                                 "--mysql-db=shop", f"--tables={TABLES}", f"--table-size={ROWS}", "--threads=2", "--time=3600",
                                 verb], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def round(self):
        """A kill beside the volume; in most rounds one of the volume at the same time."""
        self.rounds += 1
        kind, neighbour = self.random.choice([*OF_THE_VOLUME, None, None]), self.random.choice(BESIDE_IT)
        self.branch.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        load = self.sysbench(self.branch, "run")
        self.ledger.start(self.branch)
        try:
            time.sleep(self.random.uniform(0.05, 1.5))
            assert load.poll() is None, "sysbench ended by itself"
            ended = self.pool.submit(self.kill_beside, neighbour)
            if kind:
                time.sleep(self.random.uniform(0, 0.3))
                self.kill(kind)
            ended.result()
        finally:
            load.kill()
            load.wait()
            self.ledger.end()
        if self.random.random() < 0.3:  # of a volume that is dead, in most rounds
            self.boat.run(*PRUNE_ALL)
        if kind:
            self.branch = self.boat.start(None, "b")
        self.check(f"kill of {kind or 'nothing'} beside {neighbour}")

    def kill_beside(self, kind):
        if kind == "import":
            (self.data / "padding").write_bytes(self.beside.random.randbytes(IMPORTED_ANEW))
            self.beside.run(kind, ["image", "import", self.data])
        elif kind == "prune":
            self.beside.run(kind, PRUNE_ALL)
        else:
            self.beside.run(kind, ["vault", "copy", "--to", self.copy_url])

    def kill(self, kind):
        self.volume_kills += 1
        if kind == "server":
            return self.branch.kill_server()
        if kind == "volume":
            return self.branch.kill_volume()
        before = self.ledger.acknowledged
        commit = self.boat.popen("volume", "commit", "b")
        time.sleep(self.random.uniform(0, 0.5))
        if kind == "commit":  # the one who asked; the volume may go on for a moment
            commit.kill()
            time.sleep(self.random.uniform(0, 0.3))
        self.branch.kill_volume()
        commit.communicate()
        self.note_images(before)
        return None

    def images(self):
        return {image["image"]: image["origin"] for image in self.boat.run("image", "ls")}

    def note_images(self, acknowledged):
        """A commit whose caller or volume was killed made its image completely or not at all."""
        for image, origin in self.images().items():
            if image not in self.held and origin.startswith("commit of volume b "):
                self.held[image] = acknowledged
                self.commits += 1

    def check(self, after):
        self.check_ledger(self.branch, self.ledger.acknowledged, after)
        needed = self.boat.volumes()["b"]["image"]
        assert needed in self.images(), f"after {after}: image {needed}, which the volume reads, is gone"
        if self.rounds % CHECK_EVERY == 0:
            assert not unclean(self.branch, self.tables), unclean(self.branch, self.tables)
        if self.rounds % BOOT_EVERY == 0:  # before a prune lets go of them
            self.boot([image for image in self.images() if image not in self.booted])

    def check_ledger(self, branch, acknowledged, after):
        found = branch.query(f"SELECT COUNT(*), MIN(n), MAX(n) FROM shop.ledger WHERE n <= {acknowledged}").split("\t")
        assert acknowledged == 0 or found == [str(acknowledged), "1", str(acknowledged)], \
            f"after {after}: {found} of {acknowledged} acknowledged rows"

    def boot(self, images, *options):
        """Each is whole and holds what it must; nobody prunes meanwhile."""
        for image in images:
            branch = self.boat.start(image, "look", *options)
            self.check_ledger(branch, self.held.get(image, 0), f"commit {image}")
            assert not unclean(branch, self.tables), image
            self.boat.remove("look")
            self.booted.add(image)

    def end(self, boots):
        """The newest state, every image or a sample, and the newest of the copy."""
        self.pool.shutdown()
        assert not unclean(self.branch, self.tables)
        before = self.ledger.acknowledged
        newest = self.boat.run("volume", "commit", "b")["image"]
        self.note_images(before)
        self.boat.remove("b")
        self.boat.run("vault", "scrub")  # fails if there is damage
        images = list(self.images())
        self.boot(images if boots == 0 else {newest, *self.random.sample(images, min(boots, len(images)))})
        assert not self.boat.run("vault", "copy", "--to", self.copy_url)["failures"]
        self.boat.run("--vault", self.copy_url, "vault", "scrub")
        self.boot([newest], "--vault", self.copy_url)


def main():
    missing = [tool for tool in ("sysbench", "mariadbd", "fusermount3") if not shutil.which(tool)]
    if missing or not Path("/dev/fuse").exists():
        print(f"not here: {', '.join(missing) or '/dev/fuse'}")
        sys.exit(SKIPPED)
    args = arguments(__doc__, kills=10, boots=3)  # boots: of images at the end, 0: all
    with Harbour(args.work) as boat:
        test = VolumeKills(boat, args.seed)
        while test.kills < args.kills:
            test.round()
        test.end(args.boots)
    print(f"kills={test.kills} rows={test.ledger.acknowledged} commits={test.commits} boots={len(test.booted)} seed={args.seed}")


main()
