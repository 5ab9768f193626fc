"""Two masters that replicate from each other, and a relay that follows both."""
import shutil

from relaying import Relay, Source, wait_for

NEVER_MS = 3_600_000
TABLE = "CREATE DATABASE d; CREATE TABLE d.t (a INT, w VARCHAR(20), PRIMARY KEY (w, a))"


class Pair:
    """Two servers that each replicate from the other, and a relay that follows both."""

    def __init__(self, work, domains, *relay_options, gtid):
        self.work, self.relay = work, None
        self.masters = [Source.made(work / f"master-{n}", "--log-slave-updates", f"--gtid-domain-id={domain}", "--skip-slave-start",
                                    "--slave-parallel-threads=4" if len(set(domains)) == 2 else "--slave-parallel-threads=0",
                                    server_id=n + 1, timeout_ms=NEVER_MS) for n, domain in enumerate(domains)]
        try:
            self.relay = Relay(work, self.masters, *relay_options).start()
            self._close_ring(gtid)
        except BaseException:
            self.close()
            raise

    def _close_ring(self, gtid):
        for n, master in enumerate(self.masters):
            self.relay.wait_following(n)
            other = self.masters[1 - n]
            how = "MASTER_USE_GTID = slave_pos" if gtid else "MASTER_LOG_FILE = 'mysql-bin.000001', MASTER_LOG_POS = 4"
            master.query("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_USER = 'r', MASTER_PASSWORD = 'pw', MASTER_CONNECT_RETRY = 1,"
                         f" MASTER_PORT = {other.port}, {how}; START SLAVE")
        self.masters[0].query(TABLE)
        self.table_made = self.masters[0].query("SELECT @@gtid_binlog_pos")
        wait_for(lambda: self.masters[1].query("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'd'") == "1", "the ring")

    def destroy(self):
        for master in self.masters:
            master.kill()
            shutil.rmtree(master.datadir, ignore_errors=True)

    def close(self):
        for each in [self.relay, *self.masters]:
            if each:
                each.kill()


def rows(server):
    return {tuple(line.split("\t")) for line in server.query("SELECT w, a FROM d.t").splitlines()}
