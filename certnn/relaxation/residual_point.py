"""A cheap dual point for any loss and any biases: the residual of a network."""

from __future__ import annotations

import time
from collections.abc import Sequence

from certnn.certificate.dual_point import DualPoint
from certnn.certificate.repair import shor_products
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem
from certnn.training import ColumnGeneration

_ROUNDS, _TOLERANCE = 6, 1e-2


def residual_point(
    problem: TrainingProblem, starts: Sequence[TwoLayerNetwork], deadline: float, seed: int
) -> DualPoint:
    """The residual after some rounds of training, with products aᵢ·bᵢ to prove its dual norm.

    Parameters
    ----------
    problem : TrainingProblem
    starts : sequence of TwoLayerNetwork
        Networks to begin with.
    deadline : float
        Time of `time.monotonic` after which no round is begun.
    seed : int
        Of the training.
    """
    generation = ColumnGeneration(problem, starts, seed)
    while generation.rounds < _ROUNDS and time.monotonic() < deadline:
        if generation.round(_TOLERANCE):
            break
    Z = generation.residual
    return DualPoint(Z, shor_products(problem.features, Z))
