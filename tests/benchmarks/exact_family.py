"""200 random instances, relaxation against exact optimum: python tests/benchmarks/exact_family.py

n 10 to 25, d=2, c 1 to 5, reg 0.1 and 0.01, each with a seed of its own. For each one the exact
solution to 1e-6, the certified bound of each level, and a moment matrix that is exactly feasible
for the level dnn: certified <= relaxation <= exact, decided in rationals. Writes a table with
--table FILE.md; goes on from --store FILE. A further level is one more word after --levels.
"""

import argparse
import tempfile
from itertools import product
from pathlib import Path
from statistics import median

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.reading.datasets import random_network_data
from certnn.relaxation.modelled.worker import SolverChoice
from certnn.search.lower_bound import lower_bound
from certnn.studies.sweep import run_sweep
from certnn.studies.tightness.evidence import find_evidence
from certnn.studies.tightness.verdict import TightnessVerdict

SIZES = list(product((10, 15, 20, 25), range(1, 6)))
GAP = 1e-6


def measure(cell: dict) -> dict:
    problem = random_network_data(cell["seed"], cell["reg"], cell["n"], 2, cell["c"])
    verdict = TightnessVerdict(find_evidence(problem, gap=GAP))
    low, high = verdict.relaxation_interval
    least, most = verdict.optimum_interval
    found, bounds = None, {}
    for level in cell["levels"]:
        found = lower_bound(problem, level, choice=SolverChoice("certnn"), improve=found)
        bounds[level] = max(p.bound.value for p in found.proved if p.level == level)
    if "dnn" in bounds:
        bounds["dnn"] = max(bounds["dnn"], low)
    return {
        "ratios": {level: rounded_down(bound / most) for level, bound in bounds.items()},
        "in order": low <= verdict.feasible and low <= high <= most and least <= most,
        "gap": rounded_up((most - least) / most),
        "standing": verdict.standing,
        "distance": verdict.distance,
        "width": rounded_up((verdict.feasible - low) / verdict.feasible),
        "relaxation": [rounded_down(low), rounded_up(high)],
        "optimum": [rounded_down(least), rounded_up(most)],
    }


def table(rows: list[dict], levels: list[str], command: str) -> str:
    ordered = sum(row["in order"] for row in rows)
    widths = [row["width"] for row in rows]
    lines = [
        f"# Relaxation against exact optimum: {len(rows)} random instances",
        "",
        "n = 10, 15, 20, 25; d = 2; c = 1 to 5; X, U, V standard normal, Y the outputs of 100",
        "neurons; every size and reg equally often. Made by",
        "",
        f"    {command}",
        "",
        "Certified bound ≤ objective of an exactly feasible moment matrix, and relaxation ≤ exact",
        f"optimum, compared as rational numbers: {ordered} of {len(rows)} in order.",
        f"Largest proved gap of the exact solutions: {max(row['gap'] for row in rows):.1e}.",
        f"The value of the level dnn is known to {max(widths):.1e} at worst,",
        f"{median(widths):.1e} in the median (exactly feasible above, certified below).",
        "",
        "Ratio: certified bound over the objective of the exact solution, rounded down.",
        "",
        "| reg | level | least | median | most |",
        "|---|---|---|---|---|",
    ]
    for reg, level in product((0.1, 0.01), levels):
        ratios = [row["ratios"][level] for row in rows if row["reg"] == reg]
        lines.append(
            f"| {reg} | {level} | {min(ratios):.4f} | {median(ratios):.4f} | {max(ratios):.4f} |"
        )
    best = levels[-1]
    lines += ["", f"Level {best} by size, median ratio:", "", "| reg | c | 10 | 15 | 20 | 25 |"]
    lines.append("|---|---|---|---|---|---|")
    for reg, c in product((0.1, 0.01), range(1, 6)):
        cells = [
            median(
                row["ratios"][best]
                for row in rows
                if (row["reg"], row["c"], row["n"]) == (reg, c, n)
            )
            for n in (10, 15, 20, 25)
        ]
        lines.append(f"| {reg} | {c} | " + " | ".join(f"{ratio:.4f}" for ratio in cells) + " |")
    lines += ["", "Verdicts on the level dnn (`certnn.studies.tightness.verdict`):", ""]
    lines += ["| reg | verdict | instances |", "|---|---|---|"]
    for reg in (0.1, 0.01):
        standings = [row["standing"] for row in rows if row["reg"] == reg]
        for standing in sorted(set(standings)):
            lines.append(f"| {reg} | {standing} | {standings.count(standing)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", nargs="+", default=["shor", "block(8)", "dnn"])
    parser.add_argument("--seeds", type=int, default=5, help="instances of each size and reg")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--store", type=Path, help="one outcome a line; gone on from if there")
    parser.add_argument("--table", type=Path, help="write the table as Markdown")
    options = parser.parse_args()
    kinds = list(product(range(options.seeds), SIZES, (0.1, 0.01)))
    cells = [
        {"n": n, "c": c, "reg": reg, "seed": seed, "levels": options.levels}
        for seed, (_, (n, c), reg) in enumerate(kinds)
    ]
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or Path(folder) / "outcomes.jsonl"
        outcomes, _ = run_sweep(cells, measure, store, options.jobs)
    for outcome in outcomes:
        if outcome.error:
            print(f"failed: {outcome.cell}: {outcome.error}")
    rows = [outcome.cell | outcome.values for outcome in outcomes if outcome.values]
    words = ["python tests/benchmarks/exact_family.py --levels"]
    words += [f'"{level}"' if "(" in level else level for level in options.levels]
    text = table(rows, options.levels, " ".join([*words, "--table examples/tightness-random.md"]))
    print(text)
    if options.table:
        options.table.write_text(text, encoding="utf-8")
    if len(rows) < len(cells) or not all(row["in order"] and row["gap"] <= GAP for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
