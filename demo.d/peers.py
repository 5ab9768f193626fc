"""The same night by the usual tools: a backup by mariadb-backup, restored, and the binary log replayed around the DROP.

In their favour: backup and log are whole and at hand, everything was rehearsed, no person has to think, the backup is not compressed,
and nothing waits for the disk during the replay.
"""
import re
import subprocess
import time

from acknowledged import lost
from mariadb import Server
from relaying import free_port
from stage import Failed, say, step

FAST = ["--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=64M"]


def run(argv, **more):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise Failed(f"{argv[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


class Mariabackup:
    def __init__(self, stage, cluster):
        self.stage, self.production = stage, cluster.servers[0]
        self.backup, self.phases = stage.home / "nightly", []
        say("   $ mariadb-backup --backup --target-dir=nightly        (for the comparison)")
        run(["mariadb-backup", "--no-defaults", "--backup", "--user=root", f"--socket={self.production.socket}",
             f"--datadir={self.production.datadir}", f"--target-dir={self.backup}"])

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
        tool = ["mariadb-backup", "--no-defaults", f"--target-dir={self.backup}"]
        self.phase("prepare", lambda: run([*tool, "--prepare", "--use-memory=512M"]))
        self.phase("copy back", lambda: run([*tool, "--copy-back", f"--datadir={restored}"]))
        server = Server(restored, "--skip-networking=0", f"--port={port}", "--bind-address=127.0.0.1", *FAST)
        self.phase("start", lambda: self.stage.add_server(server.start()))
        drop = self.phase("find the DROP", self.find_drop)
        self.phase("replay", lambda: self.replay(server, drop))
        return {"outage_seconds": round(sum(phase["seconds"] for phase in self.phases), 3), "lost": lost(ledger, port)["lost"],
                "phases": self.phases}

    def log_files(self):
        """Of the damaged server, from the backup's position on; and that position in the first."""
        first, position, *_ = next(self.backup.glob("*binlog_info")).read_text().split()
        names = [name for name in self.production.log_files() if name >= first]
        return [self.production.datadir / name for name in names], int(position)

    def find_drop(self):
        """The file, and where in it the transaction begins and ends."""
        for file in self.log_files()[0]:
            at = gtid_at = end = None
            for line in run(["mariadb-binlog", "--no-defaults", "--base64-output=decode-rows", file]).splitlines():
                if line.startswith("# at "):
                    at = int(line.split()[2])
                elif found := re.search(r"end_log_pos (\d+)", line):
                    end, gtid_at = int(found.group(1)), at if "\tGTID " in line else gtid_at
                elif line.lower().startswith("drop database"):
                    return file, gtid_at, end
        raise Failed("mariadb-binlog shows no DROP DATABASE")

    def replay(self, server, drop):
        files, position = self.log_files()
        file, begin, end = drop
        at = files.index(file)
        self.pipe(server, f"--start-position={position}", f"--stop-position={begin}", *files[:at + 1])
        self.pipe(server, f"--start-position={end}", *files[at:])

    @staticmethod
    def pipe(server, *words):
        with subprocess.Popen(["mariadb-binlog", "--no-defaults", *map(str, words)], stdout=subprocess.PIPE) as log:
            run(server.argv("--max-allowed-packet=64M", "--binary-mode"), stdin=log.stdout)
            if log.wait() != 0:
                raise Failed(f"mariadb-binlog ended with {log.returncode}")
