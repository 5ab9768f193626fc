#!/usr/bin/env python3
"""Prune with no grace period races everything else: imports that build on what is being pruned, exports, another prune,
undelete.

Imports of content that comes and goes (so that it is often known, and just being removed) run side by side with prunes
that keep one image of each origin. No image that can be seen is ever broken, no export is ever wrong, and of two prunes at
once one waits its turn. Prints one line: imports=N prunes=N exports=N seed=N.
"""
import random
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from changing_tree import ChangingTree, manifest  # noqa: E402
from lifeboat import CommandFailed, Lifeboat  # noqa: E402
from scratch import arguments, scratch_directory  # noqa: E402

KEEP_LITTLE = "all=0s hourly=0s daily=0s monthly=0"
KEEP_ALL = "all=1h"


class Races:
    def __init__(self, work, seed, imports):
        self.random, self.imports_left = random.Random(seed), imports
        self.boat = Lifeboat(work)
        self.boat.init()
        self.lock = threading.Lock()
        self.made, self.counts, self.errors = {}, {"imports": 0, "prunes": 0, "exports": 0}, []
        self.done = threading.Event()

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def importer(self, tree):
        """Every import is remembered before it can be seen by others, by what its directory holds."""
        while not self.done.is_set():
            with self.lock:
                if self.imports_left <= 0:
                    return
                self.imports_left -= 1
            tree.change()
            content = manifest(tree.root)
            try:
                image = self.boat.import_directory(tree.root)
            except CommandFailed as e:
                if e.code != "conflict":  # its parent was pruned a moment ago: said so, and nothing is broken
                    raise
                continue
            with self.lock:
                self.made[image] = content
            self.count("imports")

    def pruner(self):
        while not self.done.is_set():
            try:
                self.boat.run("vault", "prune", "--keep", KEEP_LITTLE, "--grace", "0s")
                self.count("prunes")
            except CommandFailed as e:
                if e.code != "busy":
                    raise
                time.sleep(0.05)

    def content_of(self, image):
        """What was imported as this image; its importer may be a moment behind."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self.lock:
                if image in self.made:
                    return self.made[image]
            time.sleep(0.01)
        raise AssertionError(f"nobody made image {image}")

    def exporter(self):
        out = self.boat.work / "export"
        while not self.done.is_set():
            images = self.boat.run("image", "ls")
            if not images:
                continue
            image = images[-1]["image"]  # the newest, so that it is not always gone before it is read
            shutil.rmtree(out, ignore_errors=True)
            try:
                self.boat.run("image", "export", image, out)
            except CommandFailed:
                # It may have gone between ls and export; but what can still be seen can be read.
                assert image not in [i["image"] for i in self.boat.run("image", "ls")], f"{image} is broken"
                continue
            assert manifest(out) == self.content_of(image), f"image {image} is not what was imported"
            self.count("exports")

    def guarded(self, function, *args):
        try:
            function(*args)
        except Exception as e:  # pylint: disable=broad-except
            self.errors.append(e)
            self.done.set()

    def race(self):
        trees = [ChangingTree(self.boat.work / f"tree{i}", self.random.randrange(1 << 30), tables=5) for i in range(2)]
        importers = [threading.Thread(target=self.guarded, args=(self.importer, tree)) for tree in trees]
        others = [threading.Thread(target=self.guarded, args=(f,)) for f in (self.pruner, self.pruner, self.exporter)]
        for thread in importers + others:
            thread.start()
        for thread in importers:
            thread.join()
        self.done.set()
        for thread in others:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def check_end(self):
        self.boat.run("vault", "scrub")  # fails if there is damage
        for image in self.boat.run("image", "ls"):
            out = self.boat.work / "export"
            shutil.rmtree(out, ignore_errors=True)
            self.boat.run("image", "export", image["image"], out)
            assert manifest(out) == self.made[image["image"]], image
            self.count("exports")

    def undelete(self):
        """What was pruned can be taken back inside the grace period, whole."""
        tree = ChangingTree(self.boat.work / "undelete", 1, tables=3)
        content = manifest(tree.root)
        image = self.boat.import_directory(tree.root)
        tree.change()
        self.boat.import_directory(tree.root)
        self.boat.run("vault", "prune", "--keep", KEEP_LITTLE, "--grace", "1d")
        assert image not in [i["image"] for i in self.boat.run("image", "ls")]
        self.boat.run("vault", "undelete", image)
        self.boat.run("vault", "prune", "--keep", KEEP_ALL, "--grace", "0s")
        out = self.boat.work / "undeleted"
        self.boat.run("image", "export", image, out)
        assert manifest(out) == content


def main():
    args = arguments(__doc__, imports=30)
    with scratch_directory("lifeboat-races-", args) as work:
        test = Races(work, args.seed, args.imports)
        test.race()
        test.check_end()
        test.undelete()
    print(" ".join(f"{k}={v}" for k, v in test.counts.items()) + f" seed={args.seed}")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()
