#!/usr/bin/env python3
"""Makes tests/data/danger/destructive.jsonl and ordinary.jsonl: runs every case on a real server and writes down what was
lost. A case that the server refuses, or that lost something else than the corpus is of, is told on stderr and left out.

    tests/danger/make_corpus.py [--of NAME] [--only PATTERN]

NAME is destructive or ordinary; without it both are made. With PATTERN only cases with such names are made anew.
"""
import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/danger")]
import disguises  # noqa: E402
import effects  # noqa: E402
import hidden  # noqa: E402
import ordinary  # noqa: E402
from choosing import digest  # noqa: E402
from mariadb import Server, install  # noqa: E402
from running import OPTIONS, Refused, Runner  # noqa: E402

DATA = ROOT / "tests/data/danger"
DISGUISES_EACH = 4  # of an effect, beside the plain one
DISGUISES_OF_CONDITIONS = 1  # of which there are many


def destructive_cases():
    """Of each effect the plain statement, and some disguises: which, a hash says, so that all are met about as often. Then what hides."""
    for effect in effects.ALL:
        plain, *dressed = disguises.cases_of(effect)
        yield plain
        if effect.name.endswith("_values"):  # long enough as it is
            continue
        is_condition = effect.name.split("_")[-1].isdigit()
        yield from sorted(dressed, key=digest)[:DISGUISES_OF_CONDITIONS if is_condition else DISGUISES_EACH]
    yield from hidden.cases()


def measured(runner, case, wanted):
    """The case with what it lost; None if it is not what the corpus is of."""
    try:
        result = runner.run(case, "MIXED")
    except Refused as e:
        print(e, file=sys.stderr)
        return None
    if result["label"] == wanted:
        return {**case, "lost": result["lost"]}
    print(f"{case['name']}: {result['label']}: {result['lost']}", file=sys.stderr)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--of", choices=("destructive", "ordinary"))
    parser.add_argument("--only", default="", help="a regular expression")
    args = parser.parse_args()
    wanted, only = args.of, re.compile(args.only)
    corpora = {"destructive": (destructive_cases, "destroys"), "ordinary": (ordinary.cases, "ordinary")}
    with tempfile.TemporaryDirectory(prefix="lifeboat-corpus-") as work:
        install(Path(work) / "db")
        with Server(Path(work) / "db", *OPTIONS) as server:
            runner = Runner(server)
            for name, (cases, label) in corpora.items():
                if wanted in (None, name):
                    file, all_cases = DATA / f"{name}.jsonl", list(cases())
                    kept = {each["name"]: each for each in map(json.loads, file.read_text().splitlines())} if args.only else {}
                    made = [measured(runner, case, label) if only.search(case["name"]) else kept.get(case["name"])
                            for case in all_cases]
                    made = list(filter(None, made))
                    file.write_text("".join(json.dumps(each, ensure_ascii=False) + "\n" for each in made))
                    print(f"{name}: {len(made)} cases")
            runner.close()


if __name__ == "__main__":
    main()
