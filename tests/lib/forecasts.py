"""The record of forecasts that drills leave, read and scored without Lifeboat's help."""
import json
from pathlib import Path

SHARES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


def kept(state):
    """Origin → {stage: forecast, …, "seconds": outcome}; a forecast that was written after its outcome is none."""
    runs = {}
    for line in (Path(state) / "forecasts/forecasts.jsonl").read_text().splitlines():
        entry = json.loads(line)
        run = runs.setdefault(entry["origin"], {})
        assert "seconds" not in run, f"written after the outcome: {line}"
        if entry["kind"] == "outcome":
            run["seconds"] = entry["seconds"]
        else:
            run.setdefault(entry["stage"], entry)
    return runs


def point(seconds):
    return dict.fromkeys(SHARES, seconds)


def loss(said, came):
    """Pinball, mean of the three quantiles."""
    return sum(share * (came - said[p]) if came >= said[p] else (1 - share) * (said[p] - came) for p, share in SHARES.items()) / 3
