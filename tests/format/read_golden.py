#!/usr/bin/env python3
"""Reads the golden vault (src/vault/testdata) by the format's document alone, and compares what comes out with what was
put in by src/vault/golden_test.cc. Exit status 77: Python's cryptography module is not there."""
import json
import sys
from pathlib import Path

try:
    from vault_reader import BLOCK, CHUNK, LAUNCH, MARK, PIN, SCRUB, SESSION, UNDO, Vault, launch_list, recovery_key
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

GOLDEN = Path(__file__).resolve().parents[2] / "src/vault/testdata/v1"
PASSPHRASE = b"a passphrase for the golden vault"
MTIME = 1795000000 * 10**9 + 123456789


def block(seed):
    out = b""
    while len(out) < BLOCK:
        out += b"row %d of seed %d;" % (len(out), seed)
    return out[:BLOCK]


def expected_files():
    """Of the first image, then of the second."""
    table = b"".join(b"".join(block(c * 100 + i) for i in range(20)).ljust(CHUNK, b"\0") for c in range(6))
    first = {"db/table.ibd": table, "db/small.frm": b"small", "sparse": bytes(1_000_000)}
    at = 2 * CHUNK + 3 * BLOCK
    second = dict(first, new=b"new")
    second["db/table.ibd"] = table[:at] + block(7777) + table[at + BLOCK :]
    return first, second


def check_housekeeping(vault, first, second):
    """Pins, marks, sessions and scrub results, as WriteHousekeeping of golden_test.cc put them."""
    first, second = first.removeprefix("images/"), second.removeprefix("images/")
    assert vault.names("pins") == [f"pins/{first}"] and vault.token(PIN, f"pins/{first}", ["pinned"]) == "pinned"
    (mark,) = vault.names("marks")
    said = json.loads(vault.small_object(MARK, mark))
    assert said["images"] == [second] and said["packs"] == ["0" * 32] and said["reason"] == "golden" and said["time"] > 0
    assert vault.token(UNDO, mark.replace("marks/", "undo/"), ["undone", "swept"]) == "undone"
    names = vault.names("sessions")
    assert sorted(name[-2:] for name in names) == ["-0", "-0", "-1"]
    for name in names:
        if name.endswith("-1"):
            assert vault.token(SESSION, name, ["ended"]) == "ended"
        else:
            said = json.loads(vault.small_object(SESSION, name))
            assert (said["kind"], said["image"], said["pid"]) == ("read", first, 7)
            assert said["knows"] == [mark.removeprefix("marks/")] and said["expires"] > said["started"]
    (launch,) = vault.names("launch")
    assert launch.startswith(f"launch/{second}-")
    assert launch_list(vault.small_object(LAUNCH, launch)) == [("db/table.ibd", 2, 3)]
    (scrub,) = vault.names("scrub")
    said = json.loads(vault.small_object(SCRUB, scrub))
    assert set(said["proven"]) == set(vault.names("packs") + vault.names("images")) and said["damage"] == []


def check_log(vault):
    """Two parts of one file, as WriteLog of golden_test.cc put them."""
    first, second = [vault.log_part(name) for name in vault.names("logs")]
    log = "1009" + "0" * 28
    assert first == ((log, 42, 0, 8, False), b"first", b"\xfebin\x01\x02\x03\x04")
    assert second == ((log, 42, 8, 8 + BLOCK, True), b"second", block(42))


def main():
    recovered = Vault(GOLDEN / "store", recovery=recovery_key((GOLDEN / "recovery-key").read_text()))
    vault = Vault(GOLDEN / "store", passphrase=PASSPHRASE)
    assert vault.key == recovered.key
    assert vault.derive(b"cache")[:16].hex() == (GOLDEN / "cache-name").read_text()

    kinds = {kind for name in vault.names("packs") for kind in vault.check_pack(name)}
    assert kinds == {1, 2, 3}, kinds

    images = {name: vault.image(name) for name in vault.names("images")}
    (first_name, first), (second_name, second) = sorted(images.items(), key=lambda item: item[1][0]["parent"])
    assert first[0]["parent"] == "" and "images/" + second[0]["parent"] == first_name
    for (metadata, entries), expected in zip((first, second), expected_files()):
        assert {path: entry["content"] for path, entry in entries.items() if entry["type"] == 1} == expected
        assert entries["link"]["target"] == b"db/small.frm" and entries["db/empty"]["type"] == 2
        assert entries["db/table.ibd"]["mode"] == 0o640
        assert metadata["files"] == len(expected) and metadata["bytes"] == sum(map(len, expected.values()))
        assert all(entries[path]["mtime"] == MTIME for path in expected)
    check_housekeeping(vault, first_name, second_name)
    check_log(vault)
    print(f"{len(images)} images, {len(second[1])} entries, records of kinds {sorted(kinds)}: as documented")


if __name__ == "__main__":
    main()
