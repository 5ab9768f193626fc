"""The day after: production is protected again without a command, a second DROP is rescued like the first, and production comes home from
the rescue's volume to a plain directory."""
import subprocess
import time
from pathlib import Path

from acknowledged import lost
from mariadb import Client
from stage import Failed, indented, say, step, wait_for

PROTECTED_S = 300
WRITES = 50  # payments on a new primary, before it is looked at


def play(night):
    """What the demo's JSON says of it."""
    protected = second = None
    if not night.args.without_standby:
        protected = protected_again(night)
        second = second_drop(night)
        protected_again(night)
    home = come_home(night)
    if not night.args.without_standby:
        protected_again(night)
    let_go(night)
    step("what is lost, in all?")
    counted = lost(night.ledger, night.cluster.proxy.port)
    intact = night.cluster.contents(Client(home["socket"])) == night.before
    say(f"   {counted['acknowledged']} transactions were acknowledged, {counted['lost']} of them are lost; accounts, drawings and balances"
        f" {'as before' if intact else 'NOT as before'}")
    return {"acknowledged": counted["acknowledged"], "lost": counted["lost"], "contents_intact": intact, "protected_seconds": protected,
            "second": second, "home": home}


def protected_again(night):
    """Seconds until the status says so."""
    step("protected again? nobody does anything for it")
    stage, begun = night.stage, time.monotonic()

    def status():
        done = subprocess.run([stage.program, "status"], env=stage.env, text=True, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else None

    said = wait_for(status, "the status to say protected", PROTECTED_S)
    seconds = time.monotonic() - begun
    say("   $ lifeboat status")
    indented(said)
    stage.note_phase("protected again", seconds)
    return round(seconds, 3)


def newest_rescue(stage, names):
    return next(rescue for rescue in stage.ask("rescue", "ls") if rescue["rescue"] not in names)


def writing_again(night, damaged, since):
    """Seconds from then to the application's first write on another server than those."""
    back = wait_for(lambda: night.payments_since(damaged), "the application to write again")[0]
    wait_for(lambda: len(night.payments_since(damaged)) >= WRITES, "the application to write")
    return round(back.at - since, 3)


def servers_so_far(night):
    return {each.server for each in night.acknowledged.refresh()}


def second_drop(night):
    step("and again: the contractor is on the new server")
    stage, port = night.stage, night.rescued["port"]
    names, damaged, begun = {each["rescue"] for each in stage.ask("rescue", "ls")}, servers_so_far(night), time.time()
    say(f"   $ mariadb --port={port} --user=contractor -e 'DROP DATABASE shop'")
    subprocess.run(["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={port}", "--user=contractor", "-e", "DROP DATABASE shop"],
                   env=night.as_app, check=True)
    hold, = wait_for(lambda: [each for each in stage.ask("guard", "ls") if each["gtid"] != night.danger], "the guard to hold the second DROP")
    say(f"   the guard holds it before the new standby: {hold['id']}, {hold['gtid']}")
    with stage.phase("second rescue"):
        indented(stage.lifeboat("rescue"))
    rescue = newest_rescue(stage, names)
    night.rescued, = [branch for branch in stage.ask("branch", "ls") if branch["branch"] == (rescue.get("standby") or rescue["rescue"])]
    with stage.phase("second cut over"):
        indented(stage.lifeboat("rescue", "cut-over", rescue["rescue"], "--fence", f"mysql://lifeboat@127.0.0.1:{port}",
                                "--password-file", night.password, *way_to(night)))
    outage = writing_again(night, damaged, begun)
    say(f"   the application writes again, {outage:.1f} s after the second DROP")
    return {"gtid": hold["gtid"], "way": "standby" if rescue.get("standby") else "image", "outage_seconds": outage}


def way_to(night):
    return ("--haproxy-socket", night.cluster.proxy.socket, "--backend", "db", "--server", "db1", "--server", "db2")


def file_system_of(path):
    """The type of the file system that a path lies on."""
    best = max((line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()
                if str(path).startswith(line.split()[1].rstrip("/") + "/")), key=lambda mount: len(mount[0]))
    return best[1]


def come_home(night):
    step("home: from the rescue's volume to a plain directory, with a server of its own")
    stage, directory = night.stage, night.stage.home / "home"
    rescue = next(each for each in stage.ask("rescue", "ls") if each["state"] == "in place" and night.rescued["branch"] in
                  (each.get("standby"), each["rescue"]))
    damaged, before = servers_so_far(night), len(night.acknowledged.all)
    with stage.phase("finish"):
        home = stage.ask("rescue", "finish", rescue["rescue"], "--directory", directory, *way_to(night), show=True)
    stage.note_pid(home["pid"])
    for phase in home["phases"]:
        stage.note_phase(f"finish: {phase['name']}", phase["seconds"])
    wait_for(lambda: len(night.payments_since(damaged)) >= WRITES, "the application to write at home")
    last = [each.at for each in night.acknowledged.all[before:] if each.server in damaged] or [night.acknowledged.all[before - 1].at]
    outage = night.payments_since(damaged)[0].at - last[-1]
    kind = file_system_of(directory)
    say(f"   production is in {directory} ({kind}) on port {home['port']}; the application was out for {outage:.1f} s")
    return {"directory": str(directory), "file_system": kind, "socket": home["socket"], "outage_seconds": round(outage, 3),
            "branch": rescue.get("standby") or rescue["rescue"]}


def let_go(night):
    step("the volume is needed no more")
    branch = night.rescued["branch"]
    night.stage.lifeboat("branch", "stop", branch)
    night.stage.lifeboat("branch", "rm", branch, "--yes", "--discard")
    if any(volume["volume"] == branch for volume in night.stage.ask("volume", "ls")):
        raise Failed(f"volume {branch} is still there")
