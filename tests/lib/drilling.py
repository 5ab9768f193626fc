"""Drills for tests: run, and what they said; faults planted into images, that drills have to find."""
import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

from branches import Branch
from relaying import wait_for

# What a drill's account on the source may: docs/guide/drill.md grants the same.
DRILLER = "CREATE USER d@'%' IDENTIFIED BY 'pw'; GRANT SELECT, SHOW VIEW, TRIGGER, EVENT ON *.* TO d@'%'"
PAGE = 16384
ENDS_BY_ITSELF_S = 20

# One of everything that a schema has, in `app`, which goes on.
SCHEMA = """
USE app;
CREATE TABLE app.people (id INT PRIMARY KEY, name VARCHAR(40) CHARACTER SET latin1 NOT NULL, born DATE, score DOUBLE,
  half FLOAT, bits BIT(5), face BLOB, said JSON, twice INT AS (id * 2) STORED, kind ENUM('a', 'b'), at TIMESTAMP(3) NULL,
  KEY by_name (name), CHECK (id > 0)) COMMENT 'with a bit of everything';
CREATE TABLE app.pets (name VARCHAR(30) CHARACTER SET utf8mb4, owner INT, weight DECIMAL(9, 3), PRIMARY KEY (name, owner),
  CONSTRAINT belongs FOREIGN KEY (owner) REFERENCES app.people (id));
CREATE TABLE app.keyless (a INT, b VARCHAR(20));
CREATE TABLE app.visits (id INT PRIMARY KEY) ENGINE=MyISAM;
CREATE SEQUENCE app.numbers;
CREATE VIEW app.named AS SELECT id, name FROM app.people;
CREATE FUNCTION app.twice(n INT) RETURNS INT DETERMINISTIC RETURN 2 * n;
CREATE PROCEDURE app.note(n INT) INSERT INTO app.keyless VALUES (n, 'by procedure');
CREATE TRIGGER app.stamp BEFORE INSERT ON app.keyless FOR EACH ROW SET NEW.b = CONCAT(NEW.b, '*');
CREATE EVENT app.nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM app.visits WHERE id < 0;
CREATE USER clerk@'%' IDENTIFIED BY 'secret'; GRANT SELECT, INSERT ON app.* TO clerk@'%';
INSERT INTO app.people (id, name, born, score, half, bits, face, said, kind, at) SELECT seq, CONCAT('name ', seq), '1980-01-01' + INTERVAL seq DAY,
  seq / 7, seq / 3, seq % 32, REPEAT(CHAR(seq % 256), seq % 99), CONCAT('{"n": ', seq, '}'), IF(seq % 2, 'a', NULL),
  '2020-01-01 00:00:00' + INTERVAL seq SECOND FROM seq_1_to_3000;
INSERT INTO app.pets SELECT CONCAT(CHAR(97 + seq % 26), 'ö', seq), 1 + seq % 3000, seq / 9 FROM seq_1_to_3000;
INSERT INTO app.keyless SELECT seq, 'plain' FROM seq_1_to_500
"""


class Drills:
    """Of one night: `status, proof = drills.run("--level", "equal", …)`; a proof is empty if none was made."""

    def __init__(self, night):
        self.night, self.boat = night, night.boat
        night.source.query(DRILLER)
        self.said, self.good = "", None  # the image to be drilled where none is named: None, the newest

    @property
    def to_source(self):
        return ("--source", f"mysql://d@127.0.0.1:{self.night.source.port}", "--source-password-file", self.boat.work / "password")

    def words(self, *words):
        image = () if self.good is None or "--image" in words else ("--image", self.good)
        replays = not {"scrub", "boot", "sql"} & set(words)
        log = ("--dir", self.night.relay.directory) if replays and "--standalone" not in words else ()
        return ["drill", "run", *image, *log, *words]

    def run(self, *words, env=None):
        done = subprocess.run([self.boat.binary, "--json", "--progress", "none", *map(str, self.words(*words))], env=env or self.boat.env, text=True,
                              capture_output=True, check=False, timeout=600, stdin=subprocess.DEVNULL)
        self.said = done.stderr
        said = json.loads(done.stdout) if done.stdout.strip() else {}
        return done.returncode, said

    def equal(self, *words):
        return self.run("--level", "equal", *self.to_source, *words)

    def proofs(self):
        return self.boat.run("drill", "ls")

    def planted(self, sql):
        """An image in which this was done to the good one, which no log knows of."""
        branch = self.boat.start(self.good or "latest", "planting")
        branch.query(f"SET sql_log_bin = 0; {sql}")
        image = self.boat.run("volume", "commit", branch.name)["image"]
        self.boat.remove(branch.name)
        return image

    def damaged_page(self, table, rng=None):
        """The good image with pages of a table overwritten."""
        mountpoint = self.boat.work / "mnt-planting"
        mountpoint.mkdir(exist_ok=True)
        self.boat.run("volume", "mount", self.good or "latest", mountpoint, "--name", "planting")
        file = mountpoint / f"{table.replace('.', '/')}.ibd"
        with open(file, "r+b") as out:
            pages = file.stat().st_size // PAGE
            assert pages > 4, pages
            for page in range(3, pages):  # whichever is in use: the root of the table's tree is the fourth
                out.seek(page * PAGE + 200)
                out.write((rng or random).randbytes(400))
            os.fsync(out.fileno())
        image = self.boat.run("volume", "commit", "planting")["image"]
        self.boat.run("volume", "umount", "planting")
        self.boat.run("volume", "rm", "planting", "--yes")
        return image

    def killed(self, longest_s, rng):
        """One that is killed at some moment, and what the next looks at drills leave. A child that was just begun may hold the drill's lock
        until it is a program of its own, and ends by itself where it is a volume."""
        child = self.boat.popen(*self.words("--level", "equal", *self.to_source))
        time.sleep(rng.uniform(0.02, longest_s))
        child.kill()
        child.communicate()
        deadline = time.monotonic() + ENDS_BY_ITSELF_S
        self.boat.run("drill", "ls")
        while (left := self.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
            self.boat.run("drill", "ls")
        return left

    def left(self):
        """What drills have left on this host: processes, mounts, branches, volumes, directories."""
        state = self.boat.state
        found = [words for _, words in self.boat.processes() if "drill-" in words or "drill run" in words]
        found += [line for line in Path("/proc/mounts").read_text().splitlines() if f"{state}/" in line and "drill-" in line]
        found += [name for name in [*self.boat.branches(), *self.boat.volumes()] if name.startswith("drill-")]
        found += [str(path) for path in (state / "drills").glob("*") if path.name != "lock"]
        return found


def recovery_key_file(night, of):
    """The night's file of a recovery key, with a new one of a harbour's vault."""
    path = night.boat.work / "recovery-key"
    path.touch(mode=0o600)
    path.write_text(of.run("vault", "key", "add", "--recovery")["recovery_key"])
    return path


def lose_log_file(night):
    """Here and in the vault, one with others behind it; the name of the next."""
    night.source.query("FLUSH BINARY LOGS; INSERT INTO app.keyless VALUES (1, 'lost'); FLUSH BINARY LOGS; INSERT INTO app.keyless VALUES (2, 'b')")
    lost, behind = night.source.log_files()[-2:]
    night.relay.wait_sealed(night.source)
    shutil.rmtree(night.boat.work / "vault/logs")
    for part in night.relay.incarnations()[-1].glob(f"**/{lost}*"):
        part.unlink()
    return behind


def commit_slowly(night, seconds):
    """What is as slow wherever it is replayed."""
    night.source.query(f"SET SESSION binlog_format = STATEMENT; UPDATE app.t SET b = CONCAT('slow', SLEEP({seconds})) WHERE a = 1")
    night.caught_up()


def wait_replaying(night):
    """Until the drill that runs on this host replays the log."""
    def replays():
        phases = [phase for record in (night.boat.state / "drills").glob("*/rescue.json") for phase in json.loads(record.read_text())["phases"]]
        return any(phase["name"] == "replay" and phase["seconds"] is None for phase in phases)
    wait_for(replays, "the replay")


def failures(proof, check):
    return [each["what"] for each in proof["failures"] if each["check"] == check]


def another_version(work, says="10.6.1-MariaDB"):
    """A mariadbd that is of another series, as far as it says."""
    path = Path(work) / "mariadbd-of-another-series"
    path.write_text(f"#!/bin/sh\necho \"mariadbd  Ver {says} for debian-linux-gnu on x86_64 (Debian)\"\n")
    path.chmod(0o755)
    return path


__all__ = ["Branch", "Drills", "SCHEMA", "another_version", "commit_slowly", "failures", "lose_log_file", "recovery_key_file",
           "wait_replaying"]
