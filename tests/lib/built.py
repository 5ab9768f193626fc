#!/usr/bin/env python3
"""Where what is tested was built: LIFEBOAT_BUILD and LIFEBOAT_BIN; without them the preset of this tree whose `lifeboat`
is the newest. As a program it prints the build directory, for shell scripts."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("dev", "unity")


def newest_build():
    """Of no build at all, the first: what then fails names it."""
    def age(build):
        program = build / "lifeboat"
        return program.stat().st_mtime if program.exists() else 0

    return max((ROOT / "build" / preset for preset in PRESETS), key=age)


BUILD = Path(os.environ.get("LIFEBOAT_BUILD") or newest_build()).absolute()
LIFEBOAT = Path(os.environ.get("LIFEBOAT_BIN") or BUILD / "lifeboat").absolute()

if __name__ == "__main__":
    print(BUILD)
