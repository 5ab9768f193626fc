"""What the programs have in common that break things on purpose and at random: their arguments, and a directory that is
left for a look when they fail."""
import argparse
import contextlib
import random
import shutil
import sys
import tempfile
from pathlib import Path


def arguments(doc, **counts):
    """The counts as options with these defaults, --seed and --work. Says the seed."""
    parser = argparse.ArgumentParser(description=doc)
    for name, default in counts.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--work", type=Path, help="make the scratch directory below this one")
    args = parser.parse_args()
    print(f"seed {args.seed}", file=sys.stderr, flush=True)
    return args


@contextlib.contextmanager
def scratch_directory(prefix, args):
    """Removed at the end, unless that is a failure."""
    work = Path(tempfile.mkdtemp(prefix=prefix, dir=args.work)).absolute()
    try:
        yield work
    except Exception:
        print(f"failed with seed {args.seed}; left for inspection: {work}", file=sys.stderr)
        raise
    shutil.rmtree(work)
