#!/usr/bin/env python3
"""kill -9 of import, prune, copy, undelete and scrub at random moments, over and over, on small real directories.

After each kill every image that the vault lists is scrubbed, and exported images equal what was imported. An import that
was killed has made its image completely or not at all. Prints one line: kills=N images=N exports=N seed=N.
"""
import os
import random
import shutil
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from changing_tree import ChangingTree, manifest  # noqa: E402
from lifeboat import Lifeboat  # noqa: E402
from random_kills import RandomKills  # noqa: E402
from scratch import arguments, scratch_directory  # noqa: E402

KEEP_LITTLE = "all=0s hourly=0s daily=0s monthly=0"
EXPORTS_EACH_ROUND = 2


class Kills:
    def __init__(self, work, seed):
        self.random = random.Random(seed)
        self.boat = Lifeboat(work)
        self.boat.init()
        self.copy_url = f"file://{work}/copy"
        self.trees = [ChangingTree(work / name, self.random.randrange(1 << 30)) for name in ("alpha", "beta")]
        self.made = {}       # image → manifest of what was imported
        self.exports = 0
        self.killer = RandomKills(self.boat, self.random)

    def listed(self):
        return [image["image"] for image in self.boat.run("image", "ls")]

    def round(self):
        kind = self.random.choice(["import", "import", "import", "prune", "prune", "copy", "undelete", "scrub"])
        before = set(self.listed())
        if kind == "import":
            tree = self.random.choice(self.trees)
            tree.change()
            content = manifest(tree.root)
            self.killer.run(kind, ["image", "import", str(tree.root)])
            for image in set(self.listed()) - before - set(self.made):
                self.made[image] = content
        elif kind == "prune":
            grace = self.random.choice(["0s", "0s", "1h"])
            self.killer.run(kind, ["vault", "prune", "--keep", KEEP_LITTLE, "--grace", grace])
        elif kind == "copy":
            self.killer.run(kind, ["vault", "copy", "--to", self.copy_url])
        elif kind == "undelete":
            marks = self.boat.run("vault", "undelete")
            if marks:
                self.killer.run(kind, ["vault", "undelete", self.random.choice(marks)["mark"]])
        else:
            self.killer.run(kind, ["vault", "scrub"])
        self.check(self.boat, EXPORTS_EACH_ROUND)

    def check(self, boat, exports):
        """What is listed is whole."""
        boat.run("vault", "scrub")  # fails if there is damage
        images = [image["image"] for image in boat.run("image", "ls")]
        for image in self.random.sample(images, min(exports, len(images))):
            assert image in self.made, f"nobody made image {image}"
            out = boat.work / "export"
            shutil.rmtree(out, ignore_errors=True)
            boat.run("image", "export", image, out)
            assert manifest(out) == self.made[image], f"image {image} is not what was imported"
            shutil.rmtree(out)
            self.exports += 1

    def end(self):
        """Left alone, everything comes to rest: whole, copied, and without garbage."""
        self.boat.run("vault", "prune", "--keep", KEEP_LITTLE, "--grace", "0s")
        again = self.boat.run("vault", "prune", "--keep", KEEP_LITTLE, "--grace", "0s")
        assert again["marked_packs"] == 0 and not again["marks"], again
        self.check(self.boat, 1000)
        copied = self.boat.run("vault", "copy", "--to", self.copy_url)
        assert not copied["failures"], copied
        copy = Lifeboat(self.boat.work / "of-copy")
        copy.env["LIFEBOAT_VAULT"] = self.copy_url
        self.check(copy, 1000)
        left = os.listdir(self.boat.work / "vault" / "sessions") if (self.boat.work / "vault" / "sessions").exists() else []
        assert not left, f"sessions left: {left}"


def main():
    args = arguments(__doc__, kills=20)
    with scratch_directory("lifeboat-kills-", args) as work:
        test = Kills(work, args.seed)
        while test.killer.kills < args.kills:
            test.round()
        test.end()
    print(f"kills={test.killer.kills} images={len(test.made)} exports={test.exports} seed={args.seed}")


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
main()
