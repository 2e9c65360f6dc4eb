"""The level regions: python tests/benchmarks/regions.py FOLDER [--seconds S] [--cases pima-1 ...]

FOLDER holds pima.csv and ionosphere.csv. The first 50 rows of their training halves, pima
standardised, with one output (the label's first column) or two, and 24 digits in 4 principal
components with one output; reg 0.1. For each the level dnn, the best network found, and the
certified bound after each round: without splits it is the sign lift, or with two outputs that of
16 directions.
"""

import argparse
import time

import numpy as np
from csv_data import training_half
from sklearn.datasets import load_digits

import certnn
from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.search.levels.level import Context, Goal
from certnn.search.levels.rounds import Regions


def halves(folder, name, outputs):
    problem = training_half(folder, name, 0.1, rows=50, standardised=name == "pima")
    return TrainingProblem(problem.X, problem.Y[:, :outputs], problem.reg)


def digits(folder):
    images, labels = load_digits(return_X_y=True)
    images = images[:24] - np.mean(images[:24], axis=0)
    basis = np.linalg.svd(images, full_matrices=False)[2][:4]
    X = images @ basis.T
    return TrainingProblem(X / np.max(np.abs(X)), np.where(labels[:24, None] < 5, 1.0, -1.0), 0.1)


CASES = {
    "pima-1": lambda folder: halves(folder, "pima", 1),
    "digits-1": digits,
    "pima-2": lambda folder: halves(folder, "pima", 2),
    "ionosphere-1": lambda folder: halves(folder, "ionosphere", 1),
    "ionosphere-2": lambda folder: halves(folder, "ionosphere", 2),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--training", type=float, default=30.0)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    for name in options.cases:
        problem = CASES[name](options.folder)
        start = time.perf_counter()
        dnn = certnn.lower_bound(problem, "dnn", time_limit=options.seconds).bound.rounded
        seconds = time.perf_counter() - start
        level = "partition" if problem.d <= 5 else "phases"
        best = certnn.train(problem, gap=1e-2, level=level, time_limit=options.training)
        network = best.objective.rounded
        print(f"{name}: {problem!r}, best network {network:.6g}, proved gap {float(best.gap):.3g}")
        print(f"  dnn             {dnn:.6f}  {dnn / network:.4f}  {seconds:6.1f} s", flush=True)
        start = time.perf_counter()
        for found in Regions().proofs(Context(problem, Goal(Budget(options.seconds)))):
            bound, seconds = found.bound.rounded, time.perf_counter() - start
            print(
                f"  regions         {bound:.6f}  {bound / network:.4f}  {seconds:6.1f} s, "
                f"{len(found.certificate.document) / 1e6:.2f} MB",
                flush=True,
            )


if __name__ == "__main__":
    main()
