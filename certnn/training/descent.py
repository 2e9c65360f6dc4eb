"""Descent from random networks: soon good, where column generation takes longer to be better."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.polish import polish
from certnn.training.scaling import scaled

#: Size of the outputs to begin with, a share of that of the targets.
_FIRST_OUTPUT = 0.1


def descend(
    problem: TrainingProblem,
    budget: Budget,
    seed: int = 0,
    widths: Sequence[int] = (40, 80, 120),
    iterations: int = 300,
) -> list[TwoLayerNetwork]:
    """Networks trained by L-BFGS from random weights, one of each width.

    None of them where every row of X is zero.

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    budget : Budget
        Each takes an equal part of what is left of it.
    seed : int
        Of the weights; the result depends on nothing else unless time runs out.
    iterations : int
        Of L-BFGS from each, at most.
    """
    rng, inner = np.random.default_rng(seed), scaled(problem)
    space = candidates.isotropic(inner.problem)
    if space.rank == 0:
        return []
    found = []
    for number, width in enumerate(widths):
        U = candidates.drawn(space, width, rng)
        V = rng.standard_normal((U.shape[1], problem.c))
        output = np.linalg.norm(np.maximum(inner.problem.features @ U, 0.0) @ V)
        size = _FIRST_OUTPUT * np.linalg.norm(inner.problem.Y) / max(float(output), 1e-300)
        bias = None if inner.bias_decay is None else np.zeros(problem.c)
        start = TwoLayerNetwork(U * np.sqrt(size), V * np.sqrt(size), bias)
        part = budget.part(1.0 / (len(widths) - number))
        found.append(polish(problem, inner.outward(start), part, iterations))
    return found
