#!/usr/bin/env python3
"""Random operations against a model on a mounted volume, with kill -9 of its process and remounts.

Prints one line: operations=N crashes=N seed=N. Half of the remounts do not hydrate, so that writes meet chunks that are
not local; every few crashes a commit is exported and compared with the mount.
"""
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from lifeboat import Lifeboat, Volume, drive_fs_model, make_base_tree  # noqa: E402
from scratch import arguments, scratch_directory  # noqa: E402

CRASHES_PER_CHECK = 5


def run(work, operations, seed, threads, crashes, state=None):
    rng = random.Random(seed)
    boat = Lifeboat(work, state)
    boat.init()
    make_base_tree(work / "base", threads, seed)
    boat.import_directory(work / "base")
    checks = 0

    def hydration():
        return ["--no-hydrate"] if rng.random() < 0.5 else []

    with Volume(boat, "model", options=hydration()) as volume:
        def check():
            nonlocal checks
            checks += 1
            if checks % CRASHES_PER_CHECK == 0:
                volume.check_commit()

        done = drive_fs_model(volume.mountpoint, operations, seed, threads, crashes, volume.kill,
                              lambda: volume.remount(*hydration()), check)
        volume.check_commit()
    return done


def main():
    args = arguments(__doc__, operations=20000, threads=3, crashes=5)
    with scratch_directory("lifeboat-model-", args) as work:
        done = run(work, args.operations, args.seed, args.threads, args.crashes)
    print(f"operations={done} crashes={args.crashes} seed={args.seed}")


if __name__ == "__main__":
    main()
