#!/usr/bin/env python3
"""Power cuts under a volume that is being written.

The volume's local state lies on an ext4 of its own, in a file. A cut shuts that file system down at once
(EXT4_IOC_SHUTDOWN without flushing its log), so that everything not synced is gone, as when the power fails; then the
volume process is killed, the ext4 mounted again (replaying its log) and the volume too. What was fsynced, known from
outside, must be there; what was not may be old or new, sector by sector, but nothing else. A commit taken after each
cut must export what the mount shows. Prints one line: cuts=N operations=N seed=N. Needs root.
"""
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from cut_disk import CutDisk, take_own_mount_namespace  # noqa: E402
from lifeboat import Lifeboat, Volume, drive_fs_model, make_base_tree  # noqa: E402
from scratch import arguments, scratch_directory  # noqa: E402

SKIPPED = 77


def run(work, operations, seed, threads, cuts):
    rng = random.Random(seed)
    disk = CutDisk(work, 4 << 30)
    try:
        boat = Lifeboat(work, state=disk.top / "state")
        boat.init()
        make_base_tree(work / "base", threads, seed)
        boat.import_directory(work / "base")

        def hydration():
            return ["--no-hydrate"] if rng.random() < 0.7 else []

        with Volume(boat, "cut", options=hydration()) as volume:
            def cut():
                disk.cut()
                volume.kill()

            def power_on():
                disk.umount()
                disk.mount()
                volume.remount(*hydration())

            return drive_fs_model(volume.mountpoint, operations, seed, threads, cuts, cut, power_on, volume.check_commit)
    finally:
        disk.close()


def main():
    if os.geteuid() != 0:
        print("power cuts need root, for loop devices")
        sys.exit(SKIPPED)
    take_own_mount_namespace()
    args = arguments(__doc__, cuts=5, operations_per_cut=2000, threads=3)
    with scratch_directory("lifeboat-cut-", args) as work:
        done = run(work, args.operations_per_cut * args.cuts, args.seed, args.threads, args.cuts)
    print(f"cuts={args.cuts} operations={done} seed={args.seed}")


if __name__ == "__main__":
    main()
