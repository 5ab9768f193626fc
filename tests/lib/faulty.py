"""An S3 server behind a proxy that breaks and lies by rule (tests/servers/faulty_proxy.py)."""
import json
import subprocess
import urllib.request
from pathlib import Path

SERVERS = Path(__file__).resolve().parents[1] / "servers"


class Proxy:
    def __init__(self, upstream):
        self.child = subprocess.Popen(["/usr/bin/python3", SERVERS / "faulty_proxy.py", "--upstream", upstream],
                                      stdout=subprocess.PIPE, text=True)
        self.address = self.child.stdout.readline().split()[-1]

    def rules(self, rules):
        request = urllib.request.Request(f"http://{self.address}/~rules", json.dumps(rules).encode(), method="PUT")
        urllib.request.urlopen(request, timeout=10).close()

    def stats(self):
        with urllib.request.urlopen(f"http://{self.address}/~stats", timeout=10) as answer:
            return json.load(answer)

    def end(self):
        self.child.kill()
        self.child.wait()
