"""How long a commit takes to show on a replica. A probing statement is logged as text with SYSDATE(6), which source and
replica each evaluate when they run it: both clocks are this machine's."""
import subprocess
import time

import replicated

PROBES_PER_S = 100
BACKGROUND_CLIENTS = 8


def measured(stage, replica, rate, seconds):
    """Seconds from each probe's execution on the source to that on the replica, while the source commits at `rate`."""
    source = stage.source
    source.query("CREATE OR REPLACE TABLE sbtest.probe (id INT PRIMARY KEY, at DATETIME(6))")
    load = subprocess.Popen(["sysbench", "oltp_insert", f"--mysql-socket={source.socket}", "--mysql-user=root", "--mysql-db=sbtest",
                             f"--tables={replicated.TABLES}", f"--table-size={replicated.ROWS}", f"--rate={max(1, round(rate))}",
                             f"--threads={BACKGROUND_CLIENTS}", f"--time={seconds + 2}", "run"], stdout=subprocess.DEVNULL)
    try:
        time.sleep(1)
        _probe(source, seconds)
    finally:
        load.wait()
    replica.wait_for(source.position(), replicated.PATIENCE_S)
    wrote, read = _times(source), _times(replica)
    return [read[probe] - at for probe, at in wrote.items()]


def _probe(source, seconds):
    client = subprocess.Popen(source.argv("--unbuffered"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              text=True)
    client.stdin.write("SET binlog_format = STATEMENT;\n")
    begun = time.monotonic()
    for number in range(int(seconds * PROBES_PER_S)):
        time.sleep(max(0.0, begun + number / PROBES_PER_S - time.monotonic()))
        client.stdin.write(f"INSERT INTO sbtest.probe VALUES ({number}, SYSDATE(6));\n")
        client.stdin.flush()
    client.stdin.close()
    if client.wait() != 0:
        raise replicated.Failed("the probes failed")


def _times(server):
    listed = server.query("SELECT id, UNIX_TIMESTAMP(at) FROM sbtest.probe")
    return {int(number): float(at) for number, at in (line.split("\t") for line in listed.splitlines())}
