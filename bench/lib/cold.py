"""Cold starts: nothing of the data is in memory or in a local cache, and a query has to be answered."""
import os
import shutil
import subprocess
import time
from pathlib import Path

import measure
from dataset import TABLES, rows, sysbench
from mariadb import Client, Server
from volumes import Branch


def forget(tool):
    """A fresh mount, an empty local cache, no page cache."""
    shutil.rmtree(tool.home / "cache", ignore_errors=True)
    shutil.rmtree(tool.home / "state", ignore_errors=True)
    measure.drop_page_cache()


def first_answers(client):
    """One drawing and one sysbench row, both from the middle of their tables."""
    answer = client.query("SELECT LENGTH(body) FROM drawings.diagram WHERE id >= (SELECT MAX(id) DIV 2 FROM drawings.diagram)"
                          f" ORDER BY id LIMIT 1; SELECT LENGTH(c) FROM sbtest.sbtest{TABLES // 2} WHERE id = 500")
    lengths = [int(n) for n in answer.split()]
    if len(lengths) != 2 or not all(lengths):
        raise measure.Failed(f"the branch answered {answer!r}")


def boot(tool, name):
    """Seconds from the command to both answers, cold; the branch is removed again."""
    forget(tool)
    start = time.perf_counter()
    with Branch(tool, name) as branch:
        first_answers(branch)
        return time.perf_counter() - start


class PlainServer(Server):
    """A server on a plain data directory with the very settings that a branch's server has; but that it flushes as MariaDB
    does by default, which suits a plain file system (no page is cached twice), as the branch's way suits a volume."""

    def __init__(self, datadir, branch_argv):
        super().__init__(datadir, binary=branch_argv[0])
        places = ("--datadir=", "--socket=", "--pid-file=", "--log-error=", "--port=", "--tmpdir=")
        branch_directory = next(a.split("=", 1)[1] for a in branch_argv if a.startswith("--datadir=")).rsplit("/", 1)[0]
        same = [a for a in branch_argv[1:] if not a.startswith(places) and branch_directory not in a
                and not a.startswith(("--no-defaults", "--user=", "--innodb-flush-method="))]
        self.args = [a for a in self.args if a != "--skip-networking"] + same + [
            "--innodb-flush-method=O_DIRECT", "--skip-networking"]


def restic_boot(restic, target, branch_argv):
    """The peer's way: restore all, then start. Cold as well. Returns the running server and when it all began."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(restic.home / "cache", ignore_errors=True)
    measure.drop_page_cache()
    start = time.perf_counter()
    restic.restore(target)
    datadir = next(Path(p) for p, _, names in os.walk(target) if "ibdata1" in names)
    return PlainServer(datadir, branch_argv).start(), start


def sysbench_rates(socket, scale, seconds):
    """(time the second ended, transactions in it), second by second."""
    command = sysbench(socket, scale, f"--time={seconds}", "--report-interval=1", "run")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as child:
        found, said = [], []
        for line in child.stdout:
            said.append(line)
            if " tps: " in line:
                found.append((time.perf_counter(), float(line.split(" tps: ")[1].split()[0])))
    if child.returncode != 0:
        raise measure.Failed("sysbench: " + "".join(said[-5:]))
    return found


def steady_rate(client, scale, seconds):
    """Transactions per second of a server whose tables are all in memory and whose redo log is in use already."""
    for number in range(1, TABLES + 1):
        client.query(f"SELECT SUM(LENGTH(c)) FROM sbtest{number}", "sbtest")
    sysbench_rates(client.socket, scale, 10)
    rates = [rate for _, rate in sysbench_rates(client.socket, scale, seconds)]
    return sum(rates) / len(rates)


def warm_up(begun, rates):
    """Seconds from `begun` until the rate was 80 % of the warm one for three seconds, and that warm rate (the median
    of the last third of the run)."""
    tail = sorted(rate for _, rate in rates[-max(3, len(rates) // 3):])
    warm = tail[len(tail) // 2]
    for i, (when, _) in enumerate(rates):
        window = [rate for _, rate in rates[i:i + 3]]
        if window and sum(window) / len(window) >= 0.8 * warm:
            return when - begun, warm
    raise measure.Failed("sysbench never reached its warm rate")


__all__ = ["Client", "PlainServer", "boot", "first_answers", "forget", "restic_boot", "rows", "steady_rate",
           "sysbench_rates", "warm_up"]
