"""Which cases are seen while the classifier is written and which are held back; which stand in a slice."""
import hashlib
import json


def digest(case):
    """Depends on the statements alone, so that a case stays on its side."""
    return int.from_bytes(hashlib.sha256(json.dumps(case["act"], sort_keys=True).encode()).digest()[:8], "big")


def is_held_back(case):
    """A mined one is if its whole file is (mined.py)."""
    return case["held_back"] if "held_back" in case else digest(case) % 3 == 0


def stratified(cases, share):
    """A share of the cases, of each effect at least one: always the same."""
    by_effect = {}
    for case in sorted(cases, key=digest):
        by_effect.setdefault(case["name"].split("/")[0], []).append(case)
    if share >= 1:
        return [case for group in by_effect.values() for case in group]
    groups = sorted(by_effect.values(), key=lambda group: digest(group[0]))
    wanted = max(1, round(share * len(cases)))
    chosen = []
    for turn in range(max(map(len, groups))):
        chosen += [group[turn] for group in groups if turn < len(group)]
        if len(chosen) >= wanted:
            break
    return chosen[:wanted]
