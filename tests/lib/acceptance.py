"""The frame of the programs in acceptance/: each prints a line a figure, and one to close:

    FIGURE=VALUE BOUND PASS|FAIL|SKIP REASON
    NAME=PASSED/ALL all PASS|FAIL|SKIP REASON

A bound is never lowered. Below full scale (--scale < 1) a bound on speed or size means little and is not judged: the
line then says `ran` in its place, and passes if the thing was done rightly and measured. Exit status: 0 if nothing
failed, 1 if something did, 77 if all was skipped.
"""
import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FULL_SCALE = 1.0


class Acceptance:
    """Collects the figures of one program."""

    def __init__(self, name, description):
        parser = argparse.ArgumentParser(prog=f"acceptance/{name}", description=description)
        parser.add_argument("--scale", type=float, default=FULL_SCALE, help="1 is what the promise is about")
        parser.add_argument("--work", type=Path, default=Path("/var/tmp/lifeboat-acceptance") / name,
                            help="everything is written below it")
        self.args = parser.parse_args()
        self.args.work.mkdir(parents=True, exist_ok=True)
        self.name, self.verdicts = name, []

    @property
    def scale(self):
        return self.args.scale

    @property
    def full(self):
        return self.scale >= FULL_SCALE

    def line(self, figure, bound, verdict, reason=""):
        assert " " not in figure and " " not in bound, (figure, bound)
        self.verdicts.append(verdict)
        print(f"{figure} {bound} {verdict} {reason}".rstrip(), flush=True)

    def check(self, figure, holds, reason=""):
        """Something that is right or wrong at any scale."""
        self.line(figure, "right", "PASS" if holds else "FAIL", reason)

    def figure(self, name, value, bound, unit="", at_least=False, reason=""):
        """A measured value against its bound; None if it could not be measured, which fails at any scale."""
        wanted = f"{'>=' if at_least else '<='}{bound:g}{unit}"
        if value is None:
            self.line(f"{name}=-", wanted, "FAIL", reason or "not measured")
        elif self.full:
            holds = value >= bound if at_least else value <= bound
            self.line(f"{name}={value:.3g}{unit}", wanted, "PASS" if holds else "FAIL", reason)
        else:
            self.line(f"{name}={value:.3g}{unit}", "ran", "PASS", f"{wanted} is judged at full scale only; {reason}".rstrip("; "))

    def bench(self, name, *options):
        """Runs a program of bench/; what it judged is this one's, too."""
        result = self.args.work / f"result-{name}-{self.scale:g}.json"
        result.unlink(missing_ok=True)
        status = subprocess.run([ROOT / "bench" / name, "--work", self.args.work, "--scale", str(self.scale), *options], stdout=sys.stderr,
                                check=False).returncode
        self.check(f"bench/{name}", status == 0 and result.exists(), f"exit status {status}")
        if result.exists():
            measured = json.loads(result.read_text())
            for j in measured["judgements"]:
                self.figure(j["figure"], j["value"], j["bound"], j["unit"], j["at_least"], j["why"])
            self.check("problems", not measured["problems"], "; ".join(measured["problems"]))

    def need(self, *tools):
        """Skips all if one of the programs is not installed."""
        missing = [tool for tool in tools if shutil.which(tool) is None]
        if missing:
            self.skip("all", "right", f"no {', no '.join(missing)}")
            self.close()

    def skip(self, figure, bound, reason):
        self.line(f"{figure}=-", bound, "SKIP", reason)

    def close(self):
        """Prints the closing line and ends the program."""
        failed, skipped = self.verdicts.count("FAIL"), self.verdicts.count("SKIP")
        passed = self.verdicts.count("PASS")
        verdict = "FAIL" if failed or not self.verdicts else "SKIP" if skipped else "PASS"
        reason = f"scale {self.scale:g}" + (f", {failed} failed" if failed else "") + (f", {skipped} skipped" if skipped else "")
        print(f"{self.name}={passed}/{len(self.verdicts)} all {verdict} {reason}", flush=True)
        sys.exit(1 if verdict == "FAIL" else 77 if not passed else 0)
