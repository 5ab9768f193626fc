"""A relay's log in a vault, held against the source's own files."""
import re
import shutil
from pathlib import Path

from lifeboat import CommandFailed
from relaying import wait_for

PART = re.compile(r"[0-9a-f]+-([0-9a-f]{16})-([0-9a-f]{16})-[co][0-9a-f]{16}")
CREATE = "CREATE DATABASE d; CREATE TABLE d.t (a INT PRIMARY KEY AUTO_INCREMENT, b VARBINARY(1000))"


def grow(source, kib):
    """One transaction of random bytes."""
    source.query(f"INSERT INTO d.t (b) SELECT RANDOM_BYTES(1000) FROM d.seq_1_to_{kib}")


def log_files(directory):
    """Those of the one source whose log a relay's directory has, by name."""
    return {path.name: path for path in Path(directory).glob("*/0*/mysql-bin.*[0-9]")}


def restore(boat, vault=None):
    """The vault's log in a directory of its own: its files, and the code of the error, or "done"."""
    directory = boat.work / "restored"
    shutil.rmtree(directory, ignore_errors=True)
    code = "done"
    try:
        boat.run(*(["--vault", f"file://{vault}"] if vault else []), "log", "restore", "--to", directory)
    except CommandFailed as failed:
        code = failed.code or str(failed.status)
    return log_files(directory), code


def check_prefixes(restored, source, relay):
    """What came back begins as the log does; all but its newest file is as long, too. That one is held against the relay's: the
    source's own says that it is in use."""
    newest, local = max(restored), log_files(relay.directory)
    for name, path in sorted(restored.items()):
        original = local[name] if name == newest and name in local else source.datadir / name
        content, whole = path.read_bytes(), original.read_bytes()
        assert whole.startswith(content), f"{name} differs"
        assert name == newest or len(content) == len(whole), f"{name} is shorter"


def check_whole(boat, source, relay):
    """With all sealed: every file is in the vault from its first byte to its last, and once."""
    newest = source.datadir / max(source.log_files())
    wait_for(lambda: relay.wait_sealed(source)["vault"]["position"] == newest.stat().st_size, f"the end of {newest.name}, where the"
             " server may still note a checkpoint")
    restored, code = restore(boat)
    assert code == "done" and sorted(restored) == source.log_files(), (code, sorted(restored), source.log_files())
    check_prefixes(restored, source, relay)
    assert restored[newest.name].stat().st_size == newest.stat().st_size, f"{newest.name} is shorter"
    check_once(Path(boat.env["LIFEBOAT_VAULT"].removeprefix("file://")))


def check_once(vault):
    """No byte of the log lies in two parts, and none is left out between two."""
    files = {}
    for path in sorted(Path(vault).glob("logs/*/*")):
        begin, end = (int(number, 16) for number in PART.fullmatch(path.name).groups())
        files.setdefault((path.parent.name, path.name[:16]), []).append((begin, end))
    assert files, "no log in the vault"
    for name, parts in files.items():
        ends = [0, *(end for _, end in parts)]
        assert all(begin == before for (begin, _), before in zip(parts, ends)), (name, parts)


def kept_bytes(relay):
    return sum(path.stat().st_size for path in log_files(relay.directory).values())
