"""A small directory that changes as a data directory does, and what is in one."""
import hashlib
import os
import random
from pathlib import Path

PAGE = 16384


def manifest(root):
    """Path → what an image keeps of it."""
    found = {}
    for directory, names, files in os.walk(root):
        for name in names:
            path = Path(directory, name)
            found[str(path.relative_to(root))] = ("dir", path.stat().st_mode & 0o7777)
        for name in files:
            path = Path(directory, name)
            found[str(path.relative_to(root))] = ("file", path.stat().st_mode & 0o7777, path.stat().st_size,
                                                  hashlib.sha256(path.read_bytes()).hexdigest())
    return found


class ChangingTree:
    """Tables of a few hundred KiB; change() writes pages, makes and drops tables, and sometimes goes back to what was."""

    def __init__(self, root, seed, tables=8):
        self.root, self.random, self.next, self.old = Path(root), random.Random(seed), 0, {}
        (self.root / "shop").mkdir(parents=True)
        for _ in range(tables):
            self.make_table()

    def tables(self):
        return sorted(self.root.glob("shop/*.ibd"))

    def make_table(self):
        self.next += 1
        pages = self.random.randrange(1, 60)
        content = b"".join(self.random.randbytes(PAGE // 4) + bytes(PAGE // 4) + b"row " * (PAGE // 8) for _ in range(pages))
        (self.root / f"shop/t{self.next}.ibd").write_bytes(content)

    def change(self):
        for path in self.random.sample(self.tables(), 3):
            with path.open("r+b") as file:
                for _ in range(self.random.randrange(1, 8)):
                    file.seek(self.random.randrange(max(1, path.stat().st_size // PAGE)) * PAGE)
                    file.write(self.random.randbytes(200))
        what = self.random.randrange(6)
        if what == 0:
            self.make_table()
        elif what == 1 and len(self.tables()) > 4:
            dropped = self.random.choice(self.tables())
            self.old[dropped] = dropped.read_bytes()
            dropped.unlink()
        elif what == 2 and self.old:  # the same content again: stored already, and perhaps being pruned
            path = self.random.choice(sorted(self.old))
            path.write_bytes(self.old[path])
