"""Certified against solver's values on the random family: python tests/benchmarks/random_family.py

n=25, d=2, c=5, reg 0.1 and 0.01, 100 seeds each; two processes.
"""

import argparse
import json
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from certnn.certificates import certify
from certnn.reading.datasets import random_network_data
from certnn.relaxation.modelled.primal import solve_primal


def measure(task: tuple[int, float, str]) -> dict[str, float | int | str]:
    seed, reg, solver = task
    problem = random_network_data(seed, reg)
    outcome = solve_primal(problem, None, solver, None, {})
    proved = certify(problem, outcome.point, {}).bound.rounded
    value = outcome.figure.primal_value
    return {
        "seed": seed,
        "reg": reg,
        "status": outcome.figure.status,
        "primal": value,
        "dual": outcome.figure.dual_value,
        "proved": proved,
        "short by": 1.0 - proved / value,
        "seconds": outcome.figure.seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--solver", default="CLARABEL")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--out", type=Path, help="write all figures as JSON")
    options = parser.parse_args()
    tasks = [(s, reg, options.solver) for reg in (0.1, 0.01) for s in range(options.seeds)]
    with ProcessPoolExecutor(2) as pool:
        rows = list(pool.map(measure, tasks))
    for reg in (0.1, 0.01):
        here = [row for row in rows if row["reg"] == reg]
        short = np.array([row["short by"] for row in here])
        seconds = np.array([row["seconds"] for row in here])
        worst = here[int(np.argmax(short))]
        print(
            f"reg {reg}: {len(here)} certified; short of the solver's value by "
            f"median {np.median(short):.1e}, worst {short.max():.1e} (seed {worst['seed']}), "
            f"above it in {int(np.sum(short < 0))}; solver's median {np.median(seconds):.2f} s"
        )
    if options.out:
        options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
