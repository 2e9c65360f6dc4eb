"""Our own solvers of the relaxation against Clarabel: python tests/benchmarks/own_solvers.py

iris and the random family; with --data FOLDER ionosphere and pima, of which it holds the .csv
files. For each the bounds certified by the kernel with the seconds at which they were, all levels
included; then, up to --clarabel-up-to points, the same of Clarabel in the same run.
"""

import argparse
import time

from csv_data import training_half

from certnn import SolverChoice, lower_bound
from certnn.datasets import iris, random_network_data


def measure(name, problem, solver, level, time_limit):
    start, seen = time.perf_counter(), []

    def tell(stage, bound, objective):
        if stage.endswith("proved") and (not seen or bound > seen[-1][1]):
            seen.append((time.perf_counter() - start, bound))

    result = lower_bound(
        problem, level, choice=SolverChoice(solver), time_limit=time_limit, progress=tell
    )
    steps = ", ".join(f"{bound:.6g} @ {seconds:.1f} s" for seconds, bound in seen)
    print(
        f"{name} {level} {solver}: {result.value:.7g} by {result.level} ({steps}), certificate "
        f"{len(result.certificate.document) / 1e6:.2f} MB",
        *result.notes,
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", metavar="FOLDER")
    parser.add_argument("--time-limit", type=float, default=300.0)
    parser.add_argument("--clarabel-up-to", type=int, default=80)
    options = parser.parse_args()
    cases = [
        ("random", random_network_data(0, 0.1), "dnn"),
        ("iris", iris(0.1), "dnn"),
        ("iris, reg 0.01", iris(0.01), "dnn"),
    ]
    if options.data:
        for name, rows, standardised, level in (
            ("ionosphere", 50, False, "dnn"),
            ("ionosphere", None, False, "block(32)"),
            ("ionosphere", None, False, "dnn"),
            ("pima", None, False, "dnn"),
            ("pima", None, True, "dnn"),
        ):
            problem = training_half(options.data, name, 0.1, rows=rows, standardised=standardised)
            kind = " standardised" if standardised else ""
            cases.append((f"{name}{kind} {problem.n}", problem, level))
    lower_bound(random_network_data(1, 0.1, n=8), "block(3)", choice=SolverChoice("certnn"))
    lower_bound(random_network_data(1, 0.1, n=8), "dnn", choice=SolverChoice("certnn"))  # compiles
    for name, problem, level in cases:
        measure(name, problem, "certnn", level, options.time_limit)
        if problem.n <= options.clarabel_up_to:
            measure(name, problem, "CLARABEL", level, options.time_limit)


if __name__ == "__main__":
    main()
