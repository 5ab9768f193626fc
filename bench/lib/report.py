"""What a benchmark writes: a table for people, JSON for machines, and each figure against its bound."""
import json
import sys
from dataclasses import asdict, dataclass


@dataclass
class Judgement:
    """`value` holds if it is at most (or with `at_least`, at least) `bound`. None: could not be measured, `why` says."""
    figure: str
    value: float | None
    bound: float
    unit: str = "x"
    at_least: bool = False
    why: str = ""

    def holds(self):
        return self.value is not None and (self.value >= self.bound if self.at_least else self.value <= self.bound)

    def bound_text(self):
        return f"{'>=' if self.at_least else '<='}{self.bound:g}{self.unit}"

    def value_text(self):
        return "-" if self.value is None else f"{self.value:.2f}{self.unit}"


def say(text):
    print(text, file=sys.stderr, flush=True)


def megabytes(count):
    return f"{count / 1e6:.0f} MB"


def table(rows):
    """Aligned columns; the first row is the head, the first column is text."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
             for row in rows]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def conclude(name, machine, bench, measured):
    """Prints and writes what a bench found: `bench.figures` are the medians of `measured` (figure → all values)."""
    judgements = list(bench.judgements())
    print(table([["measured", "median", "all"]] + [[figure, f"{value:.4g}", " ".join(f"{v:.4g}" for v in measured[figure])]
                                                   for figure, value in bench.figures.items()]) + "\n")
    print(judgement_table(judgements))
    args = bench.args
    write(args.work / f"result-{name}-{args.scale:g}.json", {
        "machine": machine, "scale": args.scale, "runs": args.runs, "figures": bench.figures, "all": measured,
        "problems": bench.problems}, judgements)


def cost_table(title, costs, stored):
    """`costs`: name → Cost; `stored`: name → bytes or None."""
    rows = [[title, "wall s", "cpu s", "peak, one", "peak, all", "stored"]]
    for name, cost in costs.items():
        size = stored.get(name)
        rows.append([name, f"{cost.seconds:.2f}", f"{cost.cpu_seconds:.1f}", megabytes(cost.peak_one),
                     megabytes(cost.peak_all), "" if size is None else megabytes(size)])
    return table(rows)


def judgement_table(judgements):
    rows = [["figure", "value", "bound", ""]]
    for j in judgements:
        rows.append([j.figure, j.value_text(), j.bound_text(), "holds" if j.holds() else j.why or "MISSED"])
    return table(rows)


def warn_if_busy(machine):
    if machine["load_average"] > 0.5:
        say(f"warning: load average is {machine['load_average']:.2f}: something else runs here, the figures will be off")


def write(path, result, judgements):
    result["judgements"] = [{**asdict(j), "holds": j.holds()} for j in judgements]
    path.write_text(json.dumps(result, indent=1, default=str) + "\n")
    say(f"written: {path}")
