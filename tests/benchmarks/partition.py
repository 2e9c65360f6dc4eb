"""Proved gaps by partition, training included: python tests/benchmarks/partition.py

iris at reg 0.1 and 0.01, and the random family (25×2, c=5); the kernel checks in pure Python.
"""

import argparse
import time

import numpy as np

from certnn.bounds import lower_bound
from certnn.datasets import iris, random_network_data
from certnn.training import train


def measure(problem, training_seconds, tolerance, time_limit):
    """Gap, then seconds to train, to search and certify, and to check once more."""
    start = time.perf_counter()
    network = train(problem, time_limit=training_seconds, tolerance=tolerance).network
    trained = time.perf_counter()
    result = lower_bound(problem, "partition", network=network, time_limit=time_limit)
    proved = time.perf_counter()
    result.certificate.check("python")
    checked = time.perf_counter()
    objective = network.evaluate(problem).value
    gap = float(1 - result.bound.value / objective) if objective else 0.0
    return gap, trained - start, proved - trained, checked - proved, result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="of the random family")
    options = parser.parse_args()
    measure(random_network_data(0, 0.1, n=6, d=4, c=2), 1.0, 1e-3, None)  # compiles
    for reg, training_seconds, time_limit in ((0.1, 20.0, None), (0.01, 30.0, None)):
        gap, train_s, prove_s, check_s, result = measure(
            iris(reg), training_seconds, 1e-4, time_limit
        )
        print(
            f"iris, reg {reg}: proved gap {gap:.2e}; training {train_s:.1f} s, search and proof "
            f"{prove_s:.1f} s, of that {check_s:.1f} s a check in pure Python; "
            f"{len(result.certificate.document)} bytes",
            flush=True,
        )
    for reg in (0.1, 0.01):
        rows = [
            measure(random_network_data(seed, reg), 10.0, 1e-8, None)[:3]
            for seed in range(options.seeds)
        ]
        gaps = np.array([row[0] for row in rows])
        seconds = np.array([row[1] + row[2] for row in rows])
        print(
            f"random, reg {reg}: {options.seeds} proved; gap median {np.median(gaps):.1e}, worst "
            f"{gaps.max():.1e}; seconds median {np.median(seconds):.2f}, worst {seconds.max():.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
