#!/usr/bin/env python3
"""Runs the documentation: every ```sh block of README.md and docs/guide/*.md that follows a <!-- run --> mark.

The marked blocks of one document run in order, in one bash, in a scratch directory, with `lifeboat` first in PATH. A
block fails the test if any of its commands fails (set -euo pipefail). A line `<!-- run: setup -->` before a block
makes it run without being a promise to the reader (it is commonly inside a comment). Each document runs in a process
group of its own, and whatever it started is ended by pid when it is over.

    tests/docs/run.py [DOCUMENT...]
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))
from built import LIFEBOAT  # noqa: E402

LIMIT_S = 600
BLOCK = re.compile(r"^<!-- run -->\n+```sh\n(.*?)^```$|^<!-- run: setup\n(.*?)^-->$", re.M | re.S)


def script(document):
    """One bash program: each block announced, so that a failure says where it was."""
    lines = ["set -euo pipefail"]
    for number, match in enumerate(BLOCK.finditer(document.read_text()), 1):
        body = match.group(1) or match.group(2)
        lines += [f"echo '-- block {number}' >&2", body]
    return "\n".join(lines) if len(lines) > 1 else None


def end(scratch):
    """Unmounts and stops what the document left behind in its scratch directory: only processes that work in it."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for proc in Path("/proc").iterdir():
        if proc.name.isdigit() and int(proc.name) != os.getpid():
            try:
                if str(scratch).encode() in (proc / "cmdline").read_bytes() or (proc / "cwd").readlink().is_relative_to(scratch):
                    os.kill(int(proc.name), signal.SIGTERM)
            except OSError:
                pass
    for mount in reversed(mounts):
        if mount.startswith(str(scratch) + "/"):
            subprocess.run(["fusermount3", "-uz", mount], check=False)


def run(document):
    program = script(document)
    if program is None:
        return None
    scratch = Path(tempfile.mkdtemp(prefix="lifeboat-docs-"))
    env = {k: v for k, v in os.environ.items() if not k.startswith("LIFEBOAT_")}
    env.update(PATH=f"{LIFEBOAT.parent}:{env['PATH']}", HOME=str(scratch), LIFEBOAT_STATE=str(scratch / "state"),
               LIFEBOAT_CACHE=str(scratch / "cache"), LC_ALL="C.UTF-8")
    log = scratch / "log"
    with open(log, "wb") as out:
        child = subprocess.Popen(["bash", "-c", program], cwd=scratch, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = child.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            status = f"more than {LIMIT_S} s"
    text = log.read_text(errors="replace")
    end(scratch)
    shutil.rmtree(scratch, ignore_errors=True)
    return None if status == 0 else f"ended with {status}:\n{text[-4000:]}"


def main():
    documents = [Path(a) for a in sys.argv[1:]] or [ROOT / "README.md", *sorted((ROOT / "docs/guide").glob("*.md"))]
    failed = 0
    for document in documents:
        problem = run(document)
        blocks = len(BLOCK.findall(document.read_text()))
        print(f"{'FAIL' if problem else 'PASS'} {document.name}: {blocks} blocks run", flush=True)
        if problem:
            print(problem)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
