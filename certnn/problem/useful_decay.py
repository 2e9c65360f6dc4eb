"""The largest useful weight decay: above it no neuron pays, and the best network has none."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.training_problem import TrainingProblem

#: Rows that are looked at, spread evenly: the figure is for a forecast, in milliseconds.
_MOST_ROWS = 2000
#: Directions of the outputs, each with both signs, to start from; and steps from each.
_MOST_DIRECTIONS, _STEPS = 16, 12
_TINY = 1e-300


def largest_useful_reg(problem: TrainingProblem) -> float:
    """About the weight decay above which the network without neurons is optimal.

    That is the dual norm of its residual, the most that a neuron of unit weights can score against
    it (Theorem 2). A local search climbs to it from a few directions, so that it may be too low,
    and on more than 2000 points it is extrapolated from 2000. The problem's own reg plays no part.
    In the units of reg, 0 where no weight decay is useful. With free biases it is of points about
    their mean, and of a bias as large as they are.

    Parameters
    ----------
    problem : TrainingProblem
        Data, n points in d columns.
    """
    step = max(1, -(-problem.n // _MOST_ROWS))
    X, Z = _inputs(problem)[::step], _residual(problem)[::step]
    ends = np.linalg.svd(X.T @ Z, full_matrices=False)[2]
    directions = np.vstack([ends, np.eye(problem.c)])[:_MOST_DIRECTIONS].T
    pulls, best = Z @ np.hstack([directions, -directions]), 0.0
    active = np.ones(pulls.shape)
    for _ in range(_STEPS):
        U = X.T @ (active * pulls)
        values = X @ (U / (np.linalg.norm(U, axis=0) + _TINY))
        V = Z.T @ np.maximum(values, 0.0)
        scores = np.linalg.norm(V, axis=0)
        best = max(best, float(np.max(scores)))
        pulls, active = Z @ (V / (scores + _TINY)), np.where(values > 0.0, 1.0, 0.0)
    return best * problem.n / len(X)


def _inputs(problem: TrainingProblem) -> FloatArray:
    if problem.hidden_bias != "free":
        return problem.inputs
    centred = problem.X - np.mean(problem.X, axis=0)
    size = np.sqrt(np.mean(np.square(centred)) * problem.d)
    return np.hstack([centred, np.full((problem.n, 1), size)])


def _residual(problem: TrainingProblem) -> FloatArray:
    """Of the network without neurons; with the best output bias where it is free."""
    if problem.output_bias_decay == 0.0:
        return problem.loss.start(problem.Y)
    slope: FloatArray = -problem.loss.gradient(np.zeros(problem.Y.shape), problem.Y)
    return slope
