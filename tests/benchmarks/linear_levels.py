"""shor, block(k) and lifts(k) against n: python tests/benchmarks/linear_levels.py

Growth exponents come last. Seconds are those of the processor. The weight decay is 0.1 in all, or
with --reg-a-point in proportion to n, as it is under a mean loss.
"""

import argparse
import resource
import time
from functools import partial

import numpy as np

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.certificates.directions import cover
from certnn.certificates.regions_certify import certify_regions
from certnn.reading.datasets import random_network_data
from certnn.relaxation.interior.block import block_points
from certnn.relaxation.interior.priced import PricedLifts
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.reduced_problem import reduce_problem
from certnn.relaxation.shor.chunks import LocalChunks
from certnn.relaxation.shor.method import shor_point
from certnn.relaxation.streamed import StreamedLifts


def block_run(problem, size):
    reduced = reduce_problem(problem)
    groups = angular_groups(reduced.directions.units, size)
    points = list(block_points(reduced, groups, Budget(), tolerance=1e-3))
    best = max(points, key=lambda point: point.bound)
    return reduced.original_point(best.Z, best.products), len(points)


def lifts_run(problem, size):
    """Streamed or with priced products, as for many columns, and few directions of the outputs."""
    of, budget = cover(problem.c, 1.5, Budget()), Budget()
    if size == 1:
        chunks = LocalChunks.of(problem.features, problem.Y)
        lifts = StreamedLifts(chunks, problem.reg, of, budget)
    else:
        lifts = PricedLifts(reduce_problem(problem), of, size, budget)
    points = list(lifts.points())
    return points[-1].point, len(points)


LEVELS = {
    "shor": (lambda problem, _: (shor_point(problem, Budget()), 1), certify),
    "block": (block_run, certify),
    "lifts": (lifts_run, certify_regions),
}


def timed(run):
    start = time.process_time()
    return run(), time.process_time() - start


def exponent(sizes, seconds):
    return np.polyfit(np.log(sizes), np.log(seconds), 1)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, nargs="+", default=[200, 400, 800, 1600])
    parser.add_argument("--d", type=int, default=10)
    parser.add_argument("--c", type=int, default=2)
    parser.add_argument("--reg-a-point", type=float)
    parser.add_argument("--groups", type=int, nargs="*", default=[8, 32], help="of block")
    parser.add_argument("--lifts", type=int, nargs="*", default=[], help="groups of lifts")
    options = parser.parse_args()
    for run in (block_run, lifts_run):
        run(random_network_data(0, 0.1, n=20, c=2), 1)  # what is compiled, is compiled now
    chosen = [("shor", 0)]
    chosen += [("block", size) for size in options.groups]
    chosen += [("lifts", size) for size in options.lifts]
    for level, size in chosen:
        name = f"{level}({size})" if size else level
        search, proof = LEVELS[level]
        searched, step, proved = [], [], []
        for n in options.n:
            reg = 0.1 if options.reg_a_point is None else options.reg_a_point * n
            problem = random_network_data(0, reg, n=n, d=options.d, c=options.c)
            (point, steps), seconds = timed(partial(search, problem, size))
            certified, check = timed(partial(proof, problem, point, {}))
            searched.append(seconds)
            step.append(seconds / steps)
            proved.append(check)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{name} n={n}: proved {certified.bound.rounded:.6g} in {seconds:.1f} s "
                f"({steps} points) + {check:.1f} s, peak so far {peak:.0f} MiB",
                flush=True,
            )
        print(
            f"{name}: time grows like n^{exponent(options.n, searched):.2f}, a step like "
            f"n^{exponent(options.n, step):.2f}, proof like n^{exponent(options.n, proved):.2f}"
        )


if __name__ == "__main__":
    main()
