"""Roundings of the relaxation beside the global trainer: python tests/benchmarks/rounding.py

The paper's random family and three spirals, and iris, at reg 0.1 and 0.01. For each method the
objective over the best known of the network as read off the columns (where they are a factor of
the moment matrix), with fitted output weights, and polished; "random" knows nothing of the
relaxation.
"""

import argparse

from certnn.reading.datasets import iris, random_network_data, spirals
from certnn.relaxation.rounding import BLIND, METHODS
from certnn.search.rounding_comparison import compare_roundings

#: What the best rounding may be above the best network known.
TARGET = 0.02


def measure(name, problem, gap, time_limit):
    """Print a block of the table; returns whether the best rounding is near the best network."""
    comparison = compare_roundings(problem, gap=gap, time_limit=time_limit)
    best, trained = comparison.best_known, comparison.trained
    print(
        f"\n{name}: best known {best:.8g}, proved {trained.lower.value:.8g}; relaxation "
        f"{comparison.moment.objective:.6g} in {comparison.moment_seconds:.1f} s"
    )
    print("| method | directions | width | as read | fitted | polished | unpaired | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for row in comparison.rows()[1:]:
        above = [
            "" if row[key] is None else f"+{row[key] / best - 1.0:.2%}"
            for key in ("read", "fitted", "objective")
        ]
        pairs = row["complementarity_error"]
        print(
            f"| {row['method']} | {row['candidates'] or ''} | {row['width']} | "
            f"{' | '.join(above)} | {'' if pairs is None else f'{pairs:.1e}'} | "
            f"{row['seconds']:.1f} |",
            flush=True,
        )
    return comparison.best.objective.rounded <= (1.0 + TARGET) * best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="of the random family")
    parser.add_argument("--time-limit", type=float, default=60.0, help="of each step, in seconds")
    options = parser.parse_args()
    compare_roundings(random_network_data(0, 0.1, n=8), ("forms", BLIND), trainer=False)  # compiles
    near = []
    for reg in (0.1, 0.01):
        for seed in range(options.seeds):
            problem = random_network_data(seed, reg)
            near.append(measure(f"random {seed}, reg {reg}", problem, 1e-5, options.time_limit))
        problem = spirals(3, reg)
        near.append(measure(f"spiral, reg {reg}", problem, 1e-5, options.time_limit))
        problem, gap = iris(reg), 1e-3 if reg == 0.1 else 1e-2
        near.append(measure(f"iris, reg {reg}", problem, gap, options.time_limit))
    print(f"\nbest of {len(METHODS)} roundings within {TARGET:.0%}: {sum(near)} of {len(near)}")
    if not all(near):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
