"""What random subsets say of many points: python tests/benchmarks/samples.py [--n 1000000]

Targets of a random network with noise, X in a file that is mapped into memory. The limit, with its
confidence, is held against the objective (in floats) of a network trained on more of the points,
which the optimum is not above. Bounds are limited by work, so that they are the same everywhere.
"""

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

import certnn
from certnn.arrays import CHUNK_ROWS
from certnn.budget import Budget
from certnn.training import train_locally


def points(folder, n, d, neurons, noise):
    """X in a file, and Y."""
    draw = np.random.default_rng(0)
    U, V = draw.standard_normal((d, neurons)), draw.standard_normal((neurons, 1)) / neurons**0.5
    X, Y = open_memmap(Path(folder) / "X.npy", "w+", shape=(n, d)), np.empty((n, 1))
    for start in range(0, n, CHUNK_ROWS):
        rows = slice(start, min(start + CHUNK_ROWS, n))
        X[rows] = draw.standard_normal((rows.stop - start, d))
        Y[rows] = np.maximum(X[rows] @ U, 0.0) @ V
    X.flush()
    return np.load(Path(folder) / "X.npy", mmap_mode="r"), Y + noise * draw.standard_normal((n, 1))


def objective(network, problem):
    loss = sum(
        0.5
        * float(
            np.sum(
                (network.predict(problem.X[i : i + CHUNK_ROWS]) - problem.Y[i : i + CHUNK_ROWS])
                ** 2
            )
        )
        for i in range(0, problem.n, CHUNK_ROWS)
    )
    return loss + 0.5 * problem.reg * float(np.sum(network.U**2) + np.sum(network.V**2))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--d", type=int, default=10)
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--reg-a-point", type=float, default=0.1)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 200, 400])
    parser.add_argument("--subsets", type=int, default=50)
    parser.add_argument("--work-limit", type=float, default=5.0, help="for each subset")
    parser.add_argument("--level", default="auto")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        X, Y = points(folder, options.n, options.d, 20, options.noise)
        problem = certnn.MappedProblem(X, Y, options.reg_a_point * options.n)
        most = min(options.n, 4000)
        rows = np.sort(np.random.default_rng(1).choice(options.n, most, replace=False))
        part = problem.part(rows, options.reg_a_point * most)
        best = objective(train_locally(part, Budget(work=30.0)).network, problem)
        print(f"network {best:.6g}, {100 * best / problem.null_loss:.3g} % of the null loss")
        for size in options.sizes:
            start = time.process_time()
            found = certnn.sampled_bound(
                problem,
                size=size,
                subsets=options.subsets,
                level=options.level,
                work_limit=options.work_limit,
            )
            mean = np.mean([bound.rounded for bound in found.bounds if bound]) * options.n / size
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(
                f"{options.subsets} subsets of {size}: with {found.confidence_text} "
                f"{100 * found.lower_limit / best:.3g} % of the network's, their mean "
                f"{100 * mean / best:.3g} %; {time.process_time() - start:.0f} s of a processor, "
                f"peak {peak:.0f} MiB",
                flush=True,
            )


if __name__ == "__main__":
    main()
