"""A bound over the activation patterns of a network and sampled ones, for about 2,000 points.

python tests/benchmarks/patterns.py [--outputs 1|10] [--sampled 160] [--time-limit 60] [--gated]

The data are scikit-learn's digits (1,797 points, 64 inputs, scaled to [0, 1]): with one output odd
against even as ±1, with ten the classes one-hot. The network has 40 neurons, trained by L-BFGS.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.datasets import load_digits

from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.splitting.patterns import bound_over_patterns, collect_patterns
from certnn.studies.baselines import gated_network
from certnn.training import polish


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--outputs", type=int, choices=(1, 10), default=1)
    parser.add_argument("--sampled", type=int, default=160)
    parser.add_argument("--reg", type=float, default=1.0)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--gated", action="store_true", help="solve the gated program too")
    options = parser.parse_args()
    X, labels = load_digits(return_X_y=True)
    odd = np.where(labels % 2 == 1, 1.0, -1.0)[:, None]
    Y = odd if options.outputs == 1 else np.eye(10)[labels]
    problem = TrainingProblem(X / 16.0, Y, options.reg)
    draw = np.random.default_rng(0).standard_normal
    start = TwoLayerNetwork(0.2 * draw((64, 40)), 0.2 * draw((40, options.outputs)))
    network = polish(problem, start, Budget(), 1000)
    objective = network.evaluate(problem).rounded
    patterns = collect_patterns(problem, [("of the network", network)], options.sampled)
    found = bound_over_patterns(problem, patterns, time_limit=options.time_limit)
    begun = time.monotonic()
    bound = found.certificate.check()
    checking = time.monotonic() - begun
    best = found.network.evaluate(problem).rounded
    counts = ", ".join(f"{count} {name}" for name, count in patterns.origins)
    print(f"{problem!r}, {patterns.count} patterns: {counts}")
    print(f"given network {objective:.6g}, best with these patterns {best:.6g}")
    print(
        f"proved for these patterns {bound.rounded:.6g}: {100 * (1 - bound.rounded / best):.2f} % "
        f"below the best with them, {100 * (1 - bound.rounded / objective):.2f} % below the given"
    )
    megabytes = len(found.certificate.document) / 1e6
    print(f"search {found.seconds:.0f} s, check {checking:.1f} s, certificate {megabytes:.1f} MB")
    if options.gated:
        begun = time.monotonic()
        gated = gated_network(problem, patterns, Budget(options.time_limit))
        rounded = gated.network.evaluate(problem).rounded
        print(
            f"gated program {gated.objective:.6g} in {time.monotonic() - begun:.0f} s; rounded to "
            f"a ReLU network {rounded:.6g} of width {gated.network.width}"
        )


if __name__ == "__main__":
    main()
