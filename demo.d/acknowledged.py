"""The ledger as the demo reads it while it grows, and what of it a database has not got."""
import json
import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from cluster import PASSWORD
from stage import Failed

COUNTER = Path(__file__).resolve().parent / "lost"


class Acknowledgement(NamedTuple):
    table: str
    number: int
    server: int  # the server_id of who gave it
    at: float    # when the application had it, by this host's clock


class Acknowledged:
    def __init__(self, path):
        self.path, self.all, self._read, self._rest = path, [], 0, b""

    def refresh(self):
        """All so far."""
        with open(self.path, "rb") as ledger:
            ledger.seek(self._read)
            new = ledger.read()
        self._read += len(new)
        *lines, self._rest = (self._rest + new).split(b"\n")
        for line in lines:
            table, number, server, at = line.decode("ascii").split()
            self.all.append(Acknowledgement(table, int(number), int(server), float(at)))
        return self.all

    def of(self, table):
        return [each for each in self.refresh() if each.table == table]


def lost(ledger, port):
    """What the program says that knows ledger and database alone."""
    done = subprocess.run([COUNTER, ledger, "--port", str(port)], env={**os.environ, "MYSQL_PWD": PASSWORD}, check=False,
                          capture_output=True, text=True)
    if not done.stdout:
        raise Failed(f"what is lost could not be counted: {done.stderr}")
    return json.loads(done.stdout)
