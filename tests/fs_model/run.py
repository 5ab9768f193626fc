#!/usr/bin/env python3
"""Random operations against a model on a mounted volume, with kill -9 of its process and remounts.

Prints one line: operations=N crashes=N seed=N. Half of the remounts do not hydrate, so that writes meet chunks that are
not local; every few crashes a commit is exported and compared with the mount.
"""
import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from lifeboat import Lifeboat, Volume, drive_fs_model, make_base_tree  # noqa: E402

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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--threads", type=int, default=3)
    parser.add_argument("--crashes", type=int, default=5)
    parser.add_argument("--work", type=Path)
    args = parser.parse_args()
    print(f"seed {args.seed}", file=sys.stderr, flush=True)
    work = Path(tempfile.mkdtemp(prefix="lifeboat-model-", dir=args.work)).absolute()
    try:
        done = run(work, args.operations, args.seed, args.threads, args.crashes)
    except Exception:
        print(f"failed with seed {args.seed}; left for inspection: {work}", file=sys.stderr)
        raise
    shutil.rmtree(work)
    print(f"operations={done} crashes={args.crashes} seed={args.seed}")


if __name__ == "__main__":
    main()
