"""A wall clock for tests, which they turn forward: all processes that are started with its environment see it, at once and alike, and the
times of files by it; what waits goes on waiting as long as it would. See other_clock.c."""
import mmap
import os
import struct
import subprocess
import time
from pathlib import Path

SOURCE = Path(__file__).with_suffix(".c")
FILE_BYTES = 1 << 20
ENTRY = struct.Struct("=qq")
TURNS_MAX = FILE_BYTES // ENTRY.size - 1
# The kernel stamps files by a clock that is behind by up to a tick.
TICK_S = 0.02


class OtherClock:
    """Below a directory of the test's. Needs a C compiler."""

    def __init__(self, work):
        library, self.path = work / "other_clock.so", work / "other_clock"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
        self.path.write_bytes(bytes(FILE_BYTES))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), FILE_BYTES)
        self.turns, self.ahead_ns = 0, 0
        self.env = {"LD_PRELOAD": str(library), "OTHER_CLOCK": str(self.path),
                    "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}

    def turn(self, seconds):
        assert self.turns < TURNS_MAX
        self.ahead_ns += round(seconds * 1e9)
        time.sleep(TICK_S)
        self.turns += 1
        ENTRY.pack_into(self.memory, self.turns * ENTRY.size, time.time_ns(), self.ahead_ns)
        ENTRY.pack_into(self.memory, 0, self.turns, 0)
        time.sleep(TICK_S)
        return self

    def now(self):
        return time.time() + self.ahead_ns / 1e9
