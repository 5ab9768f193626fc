"""The ledger as the demo reads it while it grows."""
from typing import NamedTuple


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
