"""A client that commits row after row and notes what was acknowledged, for tests that destroy the server afterwards."""
import subprocess
import threading
import time
from typing import NamedTuple


class Commit(NamedTuple):
    row: int
    gtid: str
    when: float  # of the acknowledgement, time.monotonic()
    took_s: float

    @property
    def sequence(self):
        return int(self.gtid.split("-")[2])


class Ledger(threading.Thread):
    """Inserts 1, 2, … into `table` (columns a, and w with the writer's name if it has one) until `end`, or the server's."""

    def __init__(self, server, table="d.t", writer=None):
        super().__init__()
        self.acknowledged, self.stopping, self.writer = [], False, writer
        self.columns = f"{table} (a, w) VALUES ({{}}, '{writer}')" if writer else f"{table} VALUES ({{}})"
        self.client = subprocess.Popen(server.argv("--unbuffered"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)
        self.start()

    def run(self):
        row = 0
        while not self.stopping:
            row += 1
            begun = time.monotonic()
            try:
                self.client.stdin.write(f"INSERT INTO {self.columns.format(row)}; SELECT @@last_gtid;\n")
                self.client.stdin.flush()
            except BrokenPipeError:
                return
            gtid = self.client.stdout.readline().strip()
            if not gtid:
                return
            now = time.monotonic()
            self.acknowledged.append(Commit(row, gtid, now, now - begun))

    def end(self):
        self.stopping = True
        self.join()
        self.client.kill()
        self.client.wait()

    def stalls(self, longer_than_s, since, until):
        """(begun, ended) of each commit of that time that took so long."""
        return [(c.when - c.took_s, c.when) for c in list(self.acknowledged)
                if c.took_s > longer_than_s and c.when > since and c.when - c.took_s < until]


def covered(intervals):
    """How long at least one of them lasted."""
    total, reached = 0.0, float("-inf")
    for begun, ended in sorted(intervals):
        total += max(0.0, ended - max(begun, reached))
        reached = max(reached, ended)
    return total
