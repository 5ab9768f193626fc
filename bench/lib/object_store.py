"""A real S3 server for the benchmarks (tests/servers/), and a way to reach it that is as slow as a distant one."""
import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import measure

SERVERS = Path(__file__).resolve().parents[2] / "tests/servers"


class Gateway:
    """A running gateway; its credentials are in the environment of this process."""

    def __init__(self, url):
        self.url = url  # of the bucket: s3://lifeboat?endpoint=http://HOST:PORT&region=…
        self.address = re.search(r"endpoint=http://([^&/]+)", url).group(1)

    def vault(self, prefix, address=None):
        """The URL of a vault below `prefix`, reached directly or through another address."""
        bucket, query = self.url.split("?")
        return f"{bucket}/{prefix}?{query.replace(self.address, address or self.address)}"

    @contextlib.contextmanager
    def slowed(self, milliseconds):
        """The address of a proxy that delays each connection and each request by this much."""
        child = subprocess.Popen([sys.executable, SERVERS / "faulty_proxy.py", "--upstream", self.address, "--latency-ms",
                                  str(milliseconds)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            said = child.stdout.readline()
            if not said.startswith("listening on "):
                raise measure.Failed("the proxy before the S3 server did not come up")
            yield said.split()[-1]
        finally:
            child.terminate()
            child.wait()


@contextlib.contextmanager
def gateway():
    """A Ceph gateway with an empty bucket, ended afterwards. In /var/tmp itself: its daemons' sockets bear no long path."""
    directory = Path(tempfile.mkdtemp(prefix="lifeboat-rgw-", dir="/var/tmp"))
    try:
        started = subprocess.run([SERVERS / "start-ceph-rgw.sh", directory, "--store", "bluestore"], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if started.returncode != 0:
            raise measure.Failed(f"the S3 server did not start: {started.stderr[-500:]}")
        values = dict(re.findall(r"^export (\w+)='?([^'\n]*)'?$", (directory / "s3.env").read_text(), re.M))
        os.environ.update(values)
        yield Gateway(values["LIFEBOAT_TEST_S3_URL"])
    finally:
        subprocess.run([SERVERS / "stop-ceph-rgw.sh", directory], check=False, capture_output=True)
        shutil.rmtree(directory, ignore_errors=True)
