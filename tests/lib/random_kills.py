"""Commands of a Lifeboat, killed at random moments."""
import json
import subprocess
import time

# What a command may end with by itself while others are at work on the same vault.
EXPECTED_ERRORS = ("busy", "not_found", "conflict")


class RandomKills:
    """`run` from one thread at a time."""

    def __init__(self, boat, rng):
        self.boat, self.random, self.kills = boat, rng, 0
        self.seconds = {}  # kind → how long it takes when it is left alone

    def run(self, kind, words):
        """Runs the command and kills it somewhere, mostly before its end."""
        usual = self.seconds.get(kind, 1.0)
        began = time.monotonic()
        process = subprocess.Popen([self.boat.binary, "--json", "--progress", "none", *map(str, words)], env=self.boat.env,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        try:
            out, err = process.communicate(timeout=self.random.uniform(0, usual * 1.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.kills += 1
            return
        self.seconds[kind] = (usual + time.monotonic() - began) / 2
        if process.returncode != 0:
            code = json.loads(out)["error"]["code"] if out.startswith('{"error"') else "?"
            assert code in EXPECTED_ERRORS, f"{words}: {process.returncode}: {out} {err}"
