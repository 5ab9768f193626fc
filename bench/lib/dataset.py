"""The data that everything is measured on: sysbench tables and real drawings, made once and kept for equal parameters."""
import gzip
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/lib"))
from mariadb import Client, Server, install  # noqa: E402

FORMAT = 1  # raised when the same parameters would make other data
TABLES = 8
ROWS_AT_1 = 1_000_000  # of each sysbench table
DIAGRAM_BYTES_AT_1 = 1_000_000_000
UPDATES_AT_1 = 40_000
DRAWINGS = Path("/usr/share/openclipart/svg")
# For making data only: nothing is durable until the clean shutdown at the end.
FAST = ["--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-flush-log-at-trx-commit=0",
        "--innodb-buffer-pool-size=2G", "--innodb-log-file-size=96M", "--skip-log-bin", "--innodb-fast-shutdown=0",
        "--max-allowed-packet=256M", "--local-infile=1"]


def rows(scale):
    return max(1000, round(ROWS_AT_1 * scale))


def updates(scale):
    return max(100, round(UPDATES_AT_1 * scale))


def sysbench(socket, scale, *more, workload="oltp_read_write", threads=2):
    return ["sysbench", workload, "--db-driver=mysql", f"--mysql-socket={socket}", "--mysql-user=root",
            "--mysql-db=sbtest", f"--tables={TABLES}", f"--table-size={rows(scale)}", f"--threads={threads}", *more]


def build(work, scale, say=print):
    """The data directory for this scale; made if it is not there yet."""
    return _cached(work / f"dataset-{scale:g}", {"format": FORMAT, "scale": scale}, lambda d: _fill(d, scale, say), say)


def build_many_tables(work, count, say=print):
    """A data directory with `count` small tables and one drawing."""
    return _cached(work / f"dataset-tables-{count}", {"format": FORMAT, "tables": count},
                   lambda d: _fill_many(d, count, say), say,
                   made_in="/dev/shm")  # each CREATE TABLE syncs a few times, which memory does not mind


def _cached(place, parameters, fill, say, made_in=None):
    mark = place / "complete.json"
    if mark.exists() and json.loads(mark.read_text()) == parameters:
        return place / "mysql"
    shutil.rmtree(place, ignore_errors=True)
    say(f"making {place.name}")
    scratch = Path(tempfile.mkdtemp(dir=made_in)) if made_in else place
    try:
        install(scratch / "mysql")
        fill(scratch / "mysql")
        if made_in:
            place.mkdir(parents=True)
            subprocess.run(["cp", "-a", scratch / "mysql", place], check=True)
    finally:
        if made_in:
            shutil.rmtree(scratch)
    mark.write_text(json.dumps(parameters))
    return place / "mysql"


def _fill(datadir, scale, say):
    with Server(datadir, *FAST) as server:
        server.query("CREATE DATABASE sbtest; CREATE DATABASE drawings")
        create_diagram_table(server)
        load_diagrams(server, DIAGRAM_BYTES_AT_1 * scale, say)
        say(f"  {TABLES} sysbench tables of {rows(scale)} rows")
        subprocess.run(sysbench(server.socket, scale, "prepare"), check=True, stdout=subprocess.DEVNULL)


def _fill_many(datadir, count, say):
    with Server(datadir, *FAST, "--table-open-cache=4000") as server:
        server.query("CREATE DATABASE sbtest; CREATE DATABASE drawings; CREATE DATABASE many")
        create_diagram_table(server)
        load_diagrams(server, 1_000_000, say)
        subprocess.run(sysbench(server.socket, 0, "prepare"), check=True, stdout=subprocess.DEVNULL)
        say(f"  {count} tables")
        for first in range(1, count + 1, 500):
            server.query("".join(f"CREATE TABLE t{i} (id INT PRIMARY KEY, v VARCHAR(100)); INSERT INTO t{i} VALUES"
                                 f" ({i}, REPEAT('v', 50));\n" for i in range(first, min(first + 500, count + 1))), "many")


def create_diagram_table(client):
    client.query("CREATE TABLE diagram (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL,"
                 " body LONGBLOB NOT NULL, KEY name (name)) ENGINE=InnoDB", "drawings")


def drawings():
    """(name, bytes) of every drawing that the package has, in a fixed order."""
    for path in sorted(DRAWINGS.rglob("*.svg*")):
        if path.is_file():
            body = path.read_bytes()
            yield str(path.relative_to(DRAWINGS)), gzip.decompress(body) if path.suffix == ".svgz" else body


def edited(body, rng):
    """A small edit, as a person would make to a diagram: a few numbers of the drawing change."""
    numbers = list(re.finditer(rb"\d+\.\d+", body))
    for match in sorted(rng.sample(numbers, min(5, len(numbers))), key=lambda m: -m.start()):
        body = body[:match.start()] + b"%.2f" % (rng.random() * 500) + body[match.end():]
    return body


def load_diagrams(client, wanted_bytes, say):
    """Every drawing as it is, then again with edits, until there are enough bytes."""
    say(f"  {wanted_bytes / 1e6:.0f} MB of drawings")
    rng = random.Random(1)
    fifo = Path(client.socket).parent / "drawings"
    os.mkfifo(fifo)
    escapes = {ord("\\"): b"\\\\", ord("\t"): b"\\t", ord("\n"): b"\\n", 0: b"\\0"}
    pattern = re.compile(rb"[\\\t\n\0]")

    def feed():
        left, generation = wanted_bytes, 0
        with open(fifo, "wb", buffering=1 << 20) as out:
            while left > 0:
                for name, body in drawings():
                    if generation:
                        body = edited(body, rng)
                    out.write(b"%d-%s\t%s\n" % (generation, name.encode(),
                                                pattern.sub(lambda m: escapes[m.group()[0]], body)))
                    left -= len(body)
                    if left <= 0:
                        break
                generation += 1

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    subprocess.run(client.argv("--local-infile=1", "drawings", "-e",
                               f"LOAD DATA LOCAL INFILE '{fifo}' INTO TABLE diagram CHARACTER SET binary (name, body)"),
                   check=True)
    feeder.join()
    fifo.unlink()


def update_statements(scale, seed):
    """The change that is measured: updates of random rows of the sysbench tables, 100 to a transaction."""
    rng = random.Random(seed)
    for number in range(updates(scale)):
        c = "-".join("%011d" % rng.randrange(10**11) for _ in range(10))
        begin = "BEGIN;" if number % 100 == 0 else ""
        end = "COMMIT;" if number % 100 == 99 or number == updates(scale) - 1 else ""
        yield f"{begin}UPDATE sbtest{rng.randint(1, TABLES)} SET c='{c}' WHERE id={rng.randint(1, rows(scale))};{end}\n"


def apply_updates(client, scale, seed):
    """Makes the change on a running server, and has it write every changed page to its files."""
    client.query("".join(update_statements(scale, seed)), "sbtest")
    client.query("SET GLOBAL innodb_max_dirty_pages_pct_lwm=0; SET GLOBAL innodb_max_dirty_pages_pct=0;"
                 "SET GLOBAL innodb_io_capacity_max=20000; SET GLOBAL innodb_io_capacity=20000")
    wait_until_flushed(client)
    client.query("SET GLOBAL innodb_max_dirty_pages_pct=90; SET GLOBAL innodb_io_capacity=200")


def wait_until_flushed(client, limit_s=300):
    deadline = time.monotonic() + limit_s
    while client.query("SHOW GLOBAL STATUS LIKE 'Innodb_buffer_pool_pages_dirty'").split("\t")[1] != "0":
        if time.monotonic() > deadline:
            raise TimeoutError("dirty pages are left")
        time.sleep(0.05)


def apply_updates_offline(datadir, scale, seed):
    """The same change to a data directory without a server; ends with a clean shutdown."""
    with Server(datadir, *FAST) as server:
        server.query("".join(update_statements(scale, seed)), "sbtest")


__all__ = ["Client", "Server", "TABLES", "apply_updates", "apply_updates_offline", "build", "build_many_tables", "rows",
           "sysbench", "updates"]
