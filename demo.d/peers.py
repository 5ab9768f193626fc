"""The same night by the usual tools: a backup by mariadb-backup, restored, and the binary log replayed around the DROP.

In their favour: backup and log are whole and at hand, everything was rehearsed, no person has to think, the backup is not compressed,
and nothing waits for the disk during the replay.
"""
import time

import usual_way
from acknowledged import lost
from mariadb import Server
from relaying import free_port
from stage import say, step

FAST = ["--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=64M"]


class Mariabackup:
    def __init__(self, stage, cluster):
        self.stage, self.production = stage, cluster.servers[0]
        self.backup, self.phases = stage.home / "nightly", []
        say("   $ mariadb-backup --backup --target-dir=nightly        (for the comparison)")
        usual_way.back_up(self.production, self.backup)

    def phase(self, name, work):
        begun = time.monotonic()
        result = work()
        self.phases.append({"name": name, "seconds": round(time.monotonic() - begun, 3)})
        say(f"   {name}: {self.phases[-1]['seconds']:.1f} s")
        return result

    def night(self, ledger):
        """`ledger`: what was acknowledged before the cut-over."""
        step("the same night with mariadb-backup and mariadb-binlog | mariadb")
        restored = self.stage.home / "restored"
        port = free_port()
        first, position = usual_way.position_of(self.backup)
        files = usual_way.log_files(self.production, first)
        self.phase("prepare", lambda: usual_way.prepare(self.backup))
        self.phase("copy back", lambda: usual_way.copy_back(self.backup, restored))
        server = Server(restored, "--skip-networking=0", f"--port={port}", "--bind-address=127.0.0.1", *FAST)
        self.phase("start", lambda: self.stage.add_server(server.start()))
        drop = self.phase("find the DROP", lambda: usual_way.find_drop(files))
        self.phase("replay", lambda: usual_way.replay_around(server, files, position, drop))
        return {"outage_seconds": round(sum(phase["seconds"] for phase in self.phases), 3), "lost": lost(ledger, port)["lost"],
                "phases": self.phases}
