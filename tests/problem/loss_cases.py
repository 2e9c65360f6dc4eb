"""Small problems with every loss and every kind of bias, and a second way to their optimum."""

from __future__ import annotations

import itertools

import cvxpy as cp
import numpy as np

import certnn
from certnn.problem.losses import Huber

LOSSES = ("half-squared", "huber", "hinge", "squared-hinge", "logistic", "softmax")
BIASES = (False, True, "free")
DELTA = 0.7


def targets(loss, n, c, rng):
    if loss in ("half-squared", "huber"):
        return 2.0 * rng.standard_normal((n, c))
    if loss == "softmax":
        return np.eye(c)[np.arange(n) % c]
    labels = np.where(rng.random((n, c)) < 0.5, 1.0, -1.0)
    labels[0], labels[1] = 1.0, -1.0
    return labels


def problem(loss, hidden_bias=False, output_bias=False, *, n=7, d=2, c=1, reg=0.3, seed=0):
    rng = np.random.default_rng(seed)
    c = max(c, 2) if loss == "softmax" else c
    X, Y = rng.standard_normal((n, d)), targets(loss, n, c, rng)
    given = Huber(DELTA) if loss == "huber" else loss
    return certnn.TrainingProblem(X, Y, reg, hidden_bias, loss=given, output_bias=output_bias)


def expression(loss, F, Y):
    """The loss of outputs F, a CVXPY expression, written from its definition."""
    if loss == "half-squared":
        return cp.sum_squares(F - Y) / 2
    if loss == "huber":
        return cp.sum(cp.huber(F - Y, DELTA)) / 2  # cp.huber is twice the usual one
    margin = cp.multiply(Y, F)
    if loss == "hinge":
        return cp.sum(cp.pos(1 - margin))
    if loss == "squared-hinge":
        return cp.sum_squares(cp.pos(1 - margin)) / 2
    if loss == "logistic":
        return cp.sum(cp.logistic(-margin))
    return cp.sum(cp.log_sum_exp(F, axis=1)) - cp.sum(margin)


def patterns(inputs):
    """All activation patterns of a neuron on the points, signs of generic perturbed vertices."""
    n, k = inputs.shape
    found = set()
    rng = np.random.default_rng(0)
    for _ in range(400 * n):  # generic directions, and those next to vertices of the arrangement
        found.add(tuple(inputs @ rng.standard_normal(k) > 0.0))
    for chosen in itertools.combinations(range(n), k - 1):
        _, _, right = np.linalg.svd(inputs[list(chosen)])
        for sign in (1.0, -1.0):
            for _ in range(8):
                u = sign * right[-1] + 1e-6 * rng.standard_normal(k)
                found.add(tuple(inputs @ u > 0.0))
    return [np.array(pattern, dtype=float) for pattern in found]


def optimum_over_patterns(problem):
    """The optimum for one output by the convex program over all activation patterns.

    Pilanci and Ergen, "Neural networks are convex regularizers" (2020): a neuron (v, w) for each
    pattern, with the norm of what is decayed of its hidden weights.
    """
    X, Y, n = problem.inputs, problem.Y, problem.n
    d = problem.d if problem.hidden_bias == "free" else X.shape[1]
    outputs, cost, constraints = 0.0, 0.0, []
    for pattern in patterns(X):
        sides = 2.0 * pattern - 1.0
        for sign in (1.0, -1.0):
            w = cp.Variable((X.shape[1], 1))
            constraints.append(cp.multiply(sides[:, None], X @ w) >= 0.0)
            outputs = outputs + sign * cp.multiply(pattern[:, None], X @ w)
            cost = cost + problem.reg * cp.norm(w[:d])
    if problem.output_bias:
        b = cp.Variable((1, 1))
        outputs = outputs + np.ones((n, 1)) @ b
        if problem.output_bias is True:
            cost = cost + problem.reg / 2 * cp.sum_squares(b)
    model = cp.Problem(cp.Minimize(expression(problem.loss.name, outputs, Y) + cost), constraints)
    return float(model.solve(solver="CLARABEL"))
