"""A standby behind a relay, for tests: `lifeboat standby run` and what becomes of it; and images compared with a replica."""
import json
import subprocess

from relaying import PATIENCE_S, Source, wait_for

ACCOUNT, PASSWORD = "standby", "a-password-that-nothing-else-contains"


def source_and_image(boat, setup, *options):
    """A source whose log begins with `setup`, and an image of its data directory, binary logs included."""
    made = Source.made(boat.work / "source", *options)
    made.query(setup)
    made.stop()
    image = boat.import_directory(boat.work / "source")
    return Source(boat.work / "source", *options, port=made.port).start(), image


def accounts_file(work):
    """For `relay run --accounts`."""
    return secret_file(work / "accounts", f"{ACCOUNT} {PASSWORD}\n")


def secret_file(path, text):
    path.touch(mode=0o600)
    path.write_text(text)
    return path


class Standby:
    """`lifeboat standby run`; may be killed and started again. Commits only at its start and when told, unless `options` say so."""

    def __init__(self, boat, relay, image, *options, name="standby"):
        self.boat, self.name, self.process = boat, name, None
        self.log = boat.work / f"{name}.log"
        secret = secret_file(boat.work / "standby-password", PASSWORD + "\n")
        self.args = [boat.binary, "standby", "run", "--name", name, "--image", image, "--dir", str(relay.directory), "--user", ACCOUNT,
                     "--password-file", str(secret), *options]

    def start(self, *options):
        every = [] if "--commit-every" in options else ["--commit-every", "1h"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.args, *every, *options], env=self.boat.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def asked(self):
        """Exit status and JSON of `standby status`."""
        done = subprocess.run([self.boat.binary, "--json", "standby", "status", self.name], env=self.boat.env, text=True,
                              capture_output=True, check=False)
        return done.returncode, json.loads(done.stdout)

    def status(self):
        """What this process says; empty until it has spoken."""
        try:
            said = json.loads((self.boat.state / "branches" / self.name / "standby.json").read_text())
        except FileNotFoundError:
            return {}
        return said if said["pid"] == self.process.pid else {}

    def wait(self, condition, what, patience_s=PATIENCE_S):
        def look():
            assert self.process.poll() is None, f"standby run ended with {self.process.returncode}"
            said = self.status()
            return said if said and condition(said) else None
        try:
            return wait_for(look, what, patience_s)
        except AssertionError as e:
            raise AssertionError(f"{e}\n{self.status()}\n{self.log.read_text()[-3000:]}") from None

    def wait_following(self):
        return self.wait(lambda s: s["state"] == "following" and not s["problem"], "the standby to follow")

    def wait_caught_up(self, source):
        position = source.position()
        return self.wait(lambda s: s["gtid"] == position and s["state"] == "following", f"the standby to reach {position}")

    def wait_first_commit(self):
        return self.wait(lambda s: s["last_commit"] and not s["committing"], "the first commit")["last_commit"]

    def commit(self, *options):
        return self.boat.run("standby", "commit", self.name, *options)

    def server_pid(self):
        return self.boat.branches()[self.name]["pid"]

    def volume_pid(self):
        return self.boat.volumes()[self.name]["pid"]

    def kill(self):
        """Of `standby run` alone: server and volume go on."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, self.log.read_text()[-3000:]
