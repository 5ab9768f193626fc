"""An application for tests: it writes through HAProxy without end, and knows what was acknowledged."""
import subprocess
import threading

from relaying import wait_for

FIRST_ROW = 500_001


class Application(threading.Thread):
    """Writes through HAProxy, one connection a row, and notes which were acknowledged and by whom."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.acknowledged, self.stopping = port, {}, False
        self.start()

    def write(self, row):
        """The server_id of who acknowledged it, or None."""
        done = subprocess.run(["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={self.port}", "--user=app", "--password=pw",
                               "--skip-column-names", "--connect-timeout=5", "-e",
                               f"INSERT INTO app.t VALUES ({row}, 'application'); SELECT @@server_id"],
                              capture_output=True, text=True, check=False, timeout=60)
        return int(done.stdout) if done.returncode == 0 else None

    def run(self):
        row = FIRST_ROW - 1
        while not self.stopping:
            row += 1
            server = self.write(row)
            if server is not None:
                self.acknowledged[row] = server

    def wait_rows(self, count=10):
        wanted = len(self.acknowledged) + count
        wait_for(lambda: len(self.acknowledged) >= wanted, "the application to write")

    def end(self):
        self.stopping = True
        self.join()

    def wait_rows_of(self, server, count=10):
        wait_for(lambda: sum(each == server for each in list(self.acknowledged.values())) >= count, "the application to write there")

    def check(self, server):
        """It has all rows, and no other server took one once it did."""
        there = set(map(int, server.query("SELECT a FROM app.t").split()))
        assert set(self.acknowledged) <= there, sorted(set(self.acknowledged) - there)[:10]
        servers, new = list(self.acknowledged.values()), int(server.query("SELECT @@server_id"))
        first = servers.index(new)
        assert set(servers[first:]) == {new} and new not in servers[:first], "both sides took writes"
