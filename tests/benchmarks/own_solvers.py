"""Solvers of the relaxation in one run: python tests/benchmarks/own_solvers.py --plot FILE.svg

Our own, Clarabel and SCS on the reduced model, and SCS on the paper's own formulation, at the level
dnn of iris and of the random family; with --data FOLDER of ionosphere too, of which it holds the
.csv file. For each the bounds that the kernel certified with the seconds at which they were, all
levels included, what the solver prints, and the peak memory. A general solver says nothing before
it ends; what it reached by the time limit is certified then. Growth is fitted to the seconds at
which a bound of 99.9 % of the best one was certified.
"""

import argparse
import json
import math
import multiprocessing
import resource
import time

import matplotlib.pyplot as plt
import numpy as np
from csv_data import training_half

from certnn import SolverChoice, TrainingProblem, lower_bound
from certnn.reading.datasets import iris, random_network_data

SOLVERS = {
    "certnn": SolverChoice(),
    "Clarabel": SolverChoice("CLARABEL"),
    "SCS": SolverChoice("SCS"),
    "SCS, the paper's model": SolverChoice("SCS", "literal"),
}
COLOURS = dict(zip(SOLVERS, ("#0b6e4f", "#c8553d", "#4a6fa5", "#8a8a8a"), strict=True))


def cases(folder, sizes):
    rows = iris(0.1)
    found = [("random", 25, random_network_data(0, 0.1))]
    found += [("iris", n, TrainingProblem(rows.X[:n], rows.Y[:n], 0.1)) for n in (25, 50, 75)]
    if folder:
        for n in sizes:
            found.append(("ionosphere", n, training_half(folder, "ionosphere", 0.1, rows=n)))
    return found


def measured(problem, choice, time_limit):
    """Bounds with their seconds, what the solver prints, peak memory in MiB; in this process."""
    lower_bound(random_network_data(1, 0.1, n=8), "dnn", choice=choice)  # compiles and imports
    start, seen = time.perf_counter(), []

    def tell(stage, bound, objective):
        if stage.endswith(": proved") and (not seen or bound > seen[-1][1]):
            seen.append((time.perf_counter() - start, bound))

    result = lower_bound(problem, "dnn", choice=choice, time_limit=time_limit, progress=tell)
    if choice.formulation == "literal":  # the level block before it is our own solver's
        seen, spent = [], 0.0
        for proved in result.proved:
            if not proved.level.startswith("block"):
                spent += proved.seconds
                if not seen or proved.bound.rounded > seen[-1][1]:
                    seen.append((spent, proved.bound.rounded))
    printed = [f.printed for f in result.solver_figures if f.level == "dnn"]
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return {
        "bounds": seen,
        "seconds": time.perf_counter() - start,
        "printed": printed[0] if printed else None,
        "memory": max(resource.getrusage(kind).ru_maxrss for kind in kinds) / 1024.0,
        "notes": list(result.notes),
    }


def seconds_to(run, share, best):
    return next((s for s, bound in run["bounds"] if bound >= share * best), math.inf)


def growth(runs, name, solver):
    """Exponent of n in the seconds to 99.9 % of the best bound; None with fewer than two sizes."""
    points = []
    for (case, n), by_solver in runs.items():
        best = max(run["bounds"][-1][1] for run in by_solver.values())
        if case == name and solver in by_solver:
            points.append((n, seconds_to(by_solver[solver], 0.999, best)))
    reached = [(n, s) for n, s in points if s < math.inf]
    if len(reached) < 2:
        return None
    n, s = np.array(reached).T
    return float(np.polyfit(np.log(n), np.log(s), 1)[0])


def plot(runs, path):
    """Certified bound, as a share of the best one, against time; a panel for each instance."""
    columns = 2
    lines = -(-len(runs) // columns)
    figure, axes = plt.subplots(lines, columns, figsize=(8.0, 2.4 * lines), squeeze=False)
    for axis, ((name, n), by_solver) in zip(axes.flat, runs.items(), strict=False):
        best = max(run["bounds"][-1][1] for run in by_solver.values())
        for solver, run in by_solver.items():
            seconds = [s for s, _ in run["bounds"]] + [run["seconds"]]
            shares = [bound / best for _, bound in run["bounds"]]
            shares.append(shares[-1])
            axis.step(seconds, shares, where="post", color=COLOURS[solver], label=solver)
        axis.set_xscale("log")
        axis.set_ylim(0.0, 1.05)
        axis.set_title(f"{name}, n = {n}", fontsize=9)
    for axis in axes.flat[len(runs) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    for axis in axes[:, 0]:
        axis.set_ylabel("certified / best")
    axes.flat[0].legend(fontsize=7, loc="lower right")
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", metavar="FOLDER")
    parser.add_argument("--sizes", type=int, nargs="+", default=[25, 50, 100, 175])
    parser.add_argument("--time-limit", type=float, default=120.0, help="seconds of a run (120)")
    parser.add_argument("--plot", metavar="FILE.svg")
    parser.add_argument("--json", metavar="FILE.json")
    options = parser.parse_args()
    runs = {}
    context = multiprocessing.get_context("spawn")
    for name, n, problem in cases(options.data, options.sizes):
        for solver, choice in SOLVERS.items():
            with context.Pool(1) as pool:
                run = pool.apply(measured, (problem, choice, options.time_limit))
            runs.setdefault((name, n), {})[solver] = run
            steps = ", ".join(f"{bound:.7g} @ {s:.1f} s" for s, bound in run["bounds"])
            print(
                f"{name} {n}, {solver}: certified {steps}; prints {run['printed']}; "
                f"{run['memory']:.0f} MiB",
                *run["notes"],
                flush=True,
            )
        mine, other = (runs[name, n][solver] for solver in ("certnn", "Clarabel"))
        best = max(run["bounds"][-1][1] for run in (mine, other))
        ratio = seconds_to(other, 0.999, best) / seconds_to(mine, 0.999, best)
        print(f"{name} {n}: to 99.9 %, Clarabel takes {ratio:.1f} times as long", flush=True)
    for name in dict.fromkeys(name for name, _ in runs):
        for solver in SOLVERS:
            exponent = growth(runs, name, solver)
            if exponent is not None:
                print(f"{name}, {solver}: seconds grow like n^{exponent:.1f}")
    if options.json:
        rows = [
            {"instance": name, "n": n, "solver": solver, **run}
            for (name, n), by_solver in runs.items()
            for solver, run in by_solver.items()
        ]
        with open(options.json, "w") as file:
            json.dump(rows, file, indent=1)
    if options.plot:
        plot(runs, options.plot)


if __name__ == "__main__":
    main()
