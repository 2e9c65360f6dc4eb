"""Frank–Wolfe over the atoms (Xu)₊vᵀ, as a baseline for column generation.

Sahiner et al. (ICLR 2021, "Vector-output ReLU neural network problems are copositive programs")
train so. Here the penalty takes the place of their constraint: with γ the atomic norm, γ(F) at a
minimum is at most J/reg for any objective J that is attained, and steps go towards an atom of that
size, J being the latest. The linear problem of each step is searched by local ascent, so that it
may stop short of the optimum; nothing here is a proof.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.ascent import ascend
from certnn.training.candidates import gaussian, isotropic, vertices

_STARTS = 32


@dataclass(frozen=True, eq=False)
class FrankWolfe:
    """A network trained by Frank–Wolfe steps.

    Attributes
    ----------
    network : TwoLayerNetwork
    objectives : tuple of float
        ½‖F − Y‖² + reg·Σ|u||v| after each step, an upper bound on the network's objective.
    """

    network: TwoLayerNetwork
    objectives: tuple[float, ...]


def frank_wolfe(
    problem: TrainingProblem, budget: Budget, steps: int = 300, seed: int = 0
) -> FrankWolfe:
    """Train by Frank–Wolfe steps with exact line search.

    Parameters
    ----------
    problem : TrainingProblem
        With the half-squared loss.
    budget : Budget
    steps : int
        At most; it ends early where a step no longer lowers the objective.
    seed : int
        Of the starts of the local ascent.
    """
    rng, space = np.random.default_rng(seed), isotropic(problem)
    F, size = np.zeros_like(problem.Y), 0.0
    U, V = np.zeros((problem.features.shape[1], 0)), np.zeros((0, problem.c))
    objectives = [problem.null_loss]
    while len(objectives) <= steps and not budget.over:
        residual, largest = problem.Y - F, objectives[-1] / problem.reg
        starts = [vertices(space, _STARTS, rng), gaussian(space, _STARTS, rng), U[:, -_STARTS:]]
        directions, scores = ascend(problem, residual, np.hstack(starts), budget)
        if scores.size == 0:
            break
        best = int(np.argmax(scores))
        u = directions[:, best] / np.linalg.norm(directions[:, best])
        active = np.maximum(problem.features @ u, 0.0)
        pull = residual.T @ active
        score = float(np.linalg.norm(pull))
        # Towards zero where no atom pays.
        v = largest * pull / score if score > problem.reg else np.zeros(problem.c)
        way = np.outer(active, v) - F
        added = (largest if score > problem.reg else 0.0) - size
        length = _line_search(residual, way, problem.reg * added)
        F, size = F + length * way, size + length * added
        V *= 1.0 - length
        if np.any(v):
            U, V = np.hstack([U, u[:, None]]), np.vstack([V, length * v])
        objectives.append(0.5 * float(np.sum((problem.Y - F) ** 2)) + problem.reg * size)
        if objectives[-1] >= objectives[-2]:
            break
    return FrankWolfe(_balanced(U, V), tuple(objectives))


def _line_search(residual: FloatArray, way: FloatArray, slope: float) -> float:
    """The length in [0, 1] that minimises ½‖residual − length·way‖² + length·slope."""
    square = float(np.sum(way * way))
    if square == 0.0:
        return 0.0
    return min(max((float(np.sum(residual * way)) - slope) / square, 0.0), 1.0)


def _balanced(U: FloatArray, V: FloatArray) -> TwoLayerNetwork:
    """The same function with |u| = |v| for every neuron, whose u is a unit vector."""
    sizes = np.sqrt(np.linalg.norm(V, axis=1))
    kept = sizes > 0.0
    return TwoLayerNetwork(U[:, kept] * sizes[kept], V[kept] / sizes[kept, None])
