"""What the guard of a relay holds, and people's decisions on it."""
import fcntl
import hashlib
import json

from relaying import lifeboat, wait_for


def holds(relay, state=None):
    """All that were ever held, or those in this state."""
    status, listed = lifeboat("guard", "ls", "--dir", relay.directory)
    assert status == 0, listed
    return [hold for hold in listed if state in (None, hold["state"])]


def wait_held(relay, count=1):
    """As many as are held then."""
    return wait_for(lambda: (lambda held: held if len(held) == count else None)(holds(relay, "held")), f"{count} holds")


def secret_of(work, name):
    path = work / f"{name}.secret"
    path.write_text(f"the passphrase of {name}\n")
    path.chmod(0o600)
    return path


def add_approvers(work, relay, names):
    for name in names:
        status, result = lifeboat("guard", "approvers", "add", name, "--secret-file", secret_of(work, name), "--dir", relay.directory)
        assert status == 0, result


def age_record(relay, hours=1):
    """As if all of it had been written hours ago: a new approver's key counts only after a while."""
    log = relay.directory / "guard/audit.log"
    head, lines = "0" * 64, []
    with open(log.with_name("audit.log.lock"), "a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for line in log.read_text().splitlines():
            entry = json.loads(line[65:])
            entry["time_ms"] -= hours * 3_600_000
            payload = json.dumps(entry)
            head = hashlib.sha256(f"{head} {payload}".encode()).hexdigest()
            lines.append(f"{head} {payload}\n")
        aged = log.with_name("aged")
        aged.write_text("".join(lines))
        aged.rename(log)


def release(work, relay, hold, name):
    return lifeboat("guard", "release", hold["id"], "--as", name, "--secret-file", work / f"{name}.secret", "--dir", relay.directory)


def skip(relay, hold):
    status, result = lifeboat("guard", "skip", hold["id"], "--dir", relay.directory)
    assert status == 0 and result["state"] == "skipped", result
