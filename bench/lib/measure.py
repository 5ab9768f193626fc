"""Runs a command and measures it: wall time, processor time, peak memory; and the machine around it."""
import os
import re
import statistics
import subprocess
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass
class Cost:
    """What one run took. `peak_one` is the largest resident set of any one process, `peak_all` of all at one time."""
    seconds: float
    cpu_seconds: float
    peak_one: int
    peak_all: int
    out: str = ""

    def figures(self):
        row = asdict(self)
        del row["out"]
        return row


class Failed(Exception):
    """A measured command failed; carries the end of what it said."""


def stat_fields(pid):
    """proc(5): the fields of /proc/PID/stat after the name, or None if it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def resident(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def cpu_seconds(pid):
    fields = stat_fields(pid)
    return (int(fields[11]) + int(fields[12])) / TICK if fields else 0.0


def peak_resident(pid):
    """VmHWM, in bytes: nothing between two samples is missed. 0 if the process is gone."""
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) * 1024 if found else 0


def descendants(pid):
    """The process and all below it, as far as they are there now."""
    found, todo = [], [pid]
    while todo:
        each = todo.pop()
        found.append(each)
        try:
            for task in os.listdir(f"/proc/{each}/task"):
                todo += [int(c) for c in Path(f"/proc/{each}/task/{task}/children").read_text().split()]
        except OSError:
            pass
    return found


class _Watcher(threading.Thread):
    """Samples the memory of a process tree. `skip` is the shell or interpreter at its top, which is not the tool."""

    def __init__(self, pid, skip_top):
        super().__init__(daemon=True)
        self.pid, self.skip_top = pid, skip_top
        self.peak_one = self.peak_all = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.03):
            pids = descendants(self.pid)[1 if self.skip_top else 0:]
            self.peak_one = max([self.peak_one, *(peak_resident(p) for p in pids)])
            self.peak_all = max(self.peak_all, sum(resident(p) for p in pids))


def run(argv, env=None, cwd=None, shell=False):
    """Runs it to the end. With `shell`, argv is a pipeline for bash. Raises Failed."""
    command = ["bash", "-c", f"set -euo pipefail; {argv}"] if shell else [str(a) for a in argv]
    before = os.times()
    start = time.perf_counter()
    try:
        child = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=cwd, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as e:
        raise Failed(str(e)) from e
    with child:
        watcher = _Watcher(child.pid, shell)
        watcher.start()
        out, err = child.communicate()
        seconds = time.perf_counter() - start
        watcher.ended.set()
        watcher.join()
    if child.returncode != 0:
        raise Failed(f"{argv if shell else ' '.join(command)}: exit status {child.returncode}\n{err[-3000:]}{out[-500:]}")
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(seconds, cpu, watcher.peak_one, watcher.peak_all, out)


def median_cost(costs):
    return Cost(statistics.median(c.seconds for c in costs), statistics.median(c.cpu_seconds for c in costs),
                max(c.peak_one for c in costs), max(c.peak_all for c in costs), costs[-1].out)


def drop_page_cache():
    """Everything clean leaves the page cache. Needs root."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("3\n")


def disk_usage(path):
    """Bytes that files below `path` hold, each counted by what is allocated for it."""
    return sum(os.lstat(os.path.join(folder, name)).st_blocks * 512
               for folder, _, names in os.walk(path) for name in names)


def apparent_size(path):
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(path) for name in names)


def machine():
    """What a reader needs to judge the figures by."""
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown")
    return {"cores": os.cpu_count(), "memory": memory, "processor": model, "kernel": os.uname().release,
            "load_average": os.getloadavg()[0]}
