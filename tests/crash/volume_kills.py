#!/usr/bin/env python3
"""kill -9 of volumes, servers and commits under a writing sysbench and a ledger.

The ledger is a table that gets one row a transaction; which rows were acknowledged is kept outside, in this process. After each
kill the branch is started again: no acknowledged row is missing, and every so often CHECK TABLE passes. At the end every image
that the vault lists scrubs, boots, and holds what was acknowledged when its commit began. Prints one line:
kills=N rows=N commits=N seed=N. Needs root or fusermount3, mariadbd and sysbench; exit status 77 without.
"""
import random
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from branches import Harbour, unclean  # noqa: E402
from mariadb import Server, install  # noqa: E402
from scratch import arguments  # noqa: E402

SKIPPED = 77
TABLES, ROWS, CHECK_EVERY, IMAGES_BOOTED = 2, 2000, 10, 5
KINDS = ["volume", "volume", "server", "commit", "volume while it commits"]


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
        self.kills = self.commits = 0
        self.held = {}  # image → rows acknowledged before its commit began
        data = boat.work / "mysql"
        install(data)
        with Server(data) as server:
            server.query("CREATE DATABASE shop; CREATE TABLE shop.ledger (n BIGINT PRIMARY KEY)")
            self.sysbench(server, "prepare").wait()
            server.stop()
        self.held[boat.import_directory(data)] = 0
        shutil.rmtree(data)
        self.branch = boat.start("latest", "b")
        self.tables = ["shop.ledger"] + [f"shop.sbtest{i + 1}" for i in range(TABLES)]

    def sysbench(self, client, verb):
        return subprocess.Popen(["sysbench", "oltp_read_write", f"--mysql-socket={client.socket}", "--mysql-user=root",
                                 "--mysql-db=shop", f"--tables={TABLES}", f"--table-size={ROWS}", "--threads=2", "--time=3600",
                                 verb], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def round(self):
        kind = self.random.choice(KINDS)
        self.branch.query("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        load = self.sysbench(self.branch, "run")
        self.ledger.start(self.branch)
        try:
            time.sleep(self.random.uniform(0.05, 1.5))
            assert load.poll() is None, "sysbench ended by itself"
            self.kill(kind)
        finally:
            load.kill()
            load.wait()
            self.ledger.end()
        self.branch = self.boat.start(None, "b")
        self.check_ledger(self.branch, self.ledger.acknowledged, kind)
        if self.kills % CHECK_EVERY == 0:
            assert not unclean(self.branch, self.tables), unclean(self.branch, self.tables)

    def kill(self, kind):
        self.kills += 1
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

    def note_images(self, acknowledged):
        """A commit whose caller or volume was killed made its image completely or not at all."""
        for image in self.boat.run("image", "ls"):
            if image["image"] not in self.held:
                self.held[image["image"]] = acknowledged
                self.commits += 1

    def check_ledger(self, branch, acknowledged, after):
        found = branch.query(f"SELECT COUNT(*), MIN(n), MAX(n) FROM shop.ledger WHERE n <= {acknowledged}").split("\t")
        assert acknowledged == 0 or found == [str(acknowledged), "1", str(acknowledged)], \
            f"after {after}: {found} of {acknowledged} acknowledged rows"

    def end(self):
        """The newest state and a sample of all images."""
        assert not unclean(self.branch, self.tables)
        before = self.ledger.acknowledged
        self.boat.run("volume", "commit", "b")
        self.note_images(before)
        self.boat.remove("b")
        self.boat.run("vault", "scrub")  # fails if there is damage
        images = [image["image"] for image in self.boat.run("image", "ls")]
        for image in {images[-1], *self.random.sample(images, min(IMAGES_BOOTED, len(images)))}:
            branch = self.boat.start(image, "look")
            self.check_ledger(branch, self.held.get(image, 0), f"commit {image}")
            assert not unclean(branch, self.tables), image
            self.boat.remove("look")


def main():
    missing = [tool for tool in ("sysbench", "mariadbd", "fusermount3") if not shutil.which(tool)]
    if missing or not Path("/dev/fuse").exists():
        print(f"not here: {', '.join(missing) or '/dev/fuse'}")
        sys.exit(SKIPPED)
    args = arguments(__doc__, kills=10)
    with Harbour(args.work) as boat:
        test = VolumeKills(boat, args.seed)
        while test.kills < args.kills:
            test.round()
        test.end()
    print(f"kills={test.kills} rows={test.ledger.acknowledged} commits={test.commits} seed={args.seed}")


main()
