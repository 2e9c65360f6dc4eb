"""Training with a proof for other losses and biases, on iris from scratch.

    python tests/benchmarks/losses.py [--time-limit S]

Two classes (versicolor and virginica, 100×4) for the losses of labels, all three for softmax,
Huber and half-squared (150×4).
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from sklearn.datasets import load_iris

import certnn

SETTINGS = [
    ("logistic", 0.1, False, False),
    ("logistic", 0.1, True, True),
    ("logistic", 0.1, True, "free"),
    ("logistic", 0.1, "free", "free"),
    ("hinge", 0.1, True, "free"),
    ("squared-hinge", 0.1, True, "free"),
    ("softmax", 0.3, False, "free"),
    ("softmax", 0.3, True, "free"),
    ("huber", 0.3, False, True),
    ("half-squared", 0.3, False, "free"),
]


def iris(loss, reg, hidden_bias, output_bias):
    """The training problem of a setting."""
    data = load_iris()
    if loss in ("logistic", "hinge", "squared-hinge"):
        rows = data.target > 0
        X, Y = data.data[rows], np.where(data.target[rows] == 1, -1.0, 1.0)[:, None]
    else:
        X, Y = data.data, np.eye(3)[data.target]
    return certnn.TrainingProblem(X, Y, reg, hidden_bias, loss=loss, output_bias=output_bias)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--time-limit", type=float, default=60.0)
    options = parser.parse_args()
    for setting in SETTINGS:
        begun = time.perf_counter()
        result = certnn.train(iris(*setting), gap=1e-3, time_limit=options.time_limit)
        seconds = time.perf_counter() - begun
        size = len(result.certificate.document) / 1e6
        loss, reg, hidden_bias, output_bias = setting
        print(
            f"{loss}, reg {reg}, hidden bias {hidden_bias}, output bias {output_bias}: objective "
            f"{result.objective.rounded:.6f}, proved >= {result.lower.value:.6f}, gap "
            f"{100 * result.gap:.3f} %, {seconds:.1f} s, certificate {size:.2f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
