"""The usual way back, to be compared with: a backup by mariadb-backup, restored, and the binary log replayed around the mistake by
mariadb-binlog | mariadb. In its favour nothing of it is compressed."""
import re
import subprocess


class ToolFailed(Exception):
    """One of the tools failed; carries the end of what it said."""


def run(argv, **more):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise ToolFailed(f"{argv[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    return done.stdout


def back_up(server, target):
    run(["mariadb-backup", "--no-defaults", "--backup", "--user=root", f"--socket={server.socket}", f"--datadir={server.datadir}",
         f"--target-dir={target}"])


def prepare(backup):
    run(["mariadb-backup", "--no-defaults", f"--target-dir={backup}", "--prepare", "--use-memory=512M"])


def copy_back(backup, datadir):
    run(["mariadb-backup", "--no-defaults", f"--target-dir={backup}", "--copy-back", f"--datadir={datadir}"])


def position_of(backup):
    """File and position of the binary log at which it was taken."""
    file, position, *_ = next(backup.glob("*binlog_info")).read_text().split()
    return file, int(position)


def log_files(server, first):
    return [server.datadir / name for name in server.log_files() if name >= first]


def find_drop(files):
    """The file of the first DROP DATABASE, and where in it its transaction begins and ends."""
    for file in files:
        at = gtid_at = end = None
        for line in run(["mariadb-binlog", "--no-defaults", "--base64-output=decode-rows", file]).splitlines():
            if line.startswith("# at "):
                at = int(line.split()[2])
            elif found := re.search(r"end_log_pos (\d+)", line):
                end, gtid_at = int(found.group(1)), at if "\tGTID " in line else gtid_at
            elif line.lower().startswith("drop database"):
                return file, gtid_at, end
    raise ToolFailed("mariadb-binlog shows no DROP DATABASE")


def replay_around(server, files, position, drop):
    """From the position in the first file to the end, without the transaction that find_drop() told."""
    file, begin, end = drop
    at = files.index(file)
    pipe(server, f"--start-position={position}", f"--stop-position={begin}", *files[:at + 1])
    pipe(server, f"--start-position={end}", *files[at:])


def pipe(server, *words):
    with subprocess.Popen(["mariadb-binlog", "--no-defaults", *map(str, words)], stdout=subprocess.PIPE) as log:
        run(server.argv("--max-allowed-packet=256M", "--binary-mode"), stdin=log.stdout)
        if log.wait() != 0:
            raise ToolFailed(f"mariadb-binlog ended with {log.returncode}")
