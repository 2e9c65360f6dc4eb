"""A cheap dual point for any loss and any biases: the residual of a network."""

from __future__ import annotations

from collections.abc import Sequence

from certnn.budget import Budget
from certnn.certificates.dual_point import DualPoint
from certnn.certificates.repair import shor_products
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import ColumnGeneration

_ROUNDS, _TOLERANCE = 6, 1e-2


def residual_point(
    problem: TrainingProblem, starts: Sequence[TwoLayerNetwork], budget: Budget, seed: int
) -> DualPoint:
    """The residual after some rounds of training, with products aᵢ·bᵢ to prove its dual norm.

    Parameters
    ----------
    starts : sequence of TwoLayerNetwork
        Networks to begin with.
    budget : Budget
        Where it is over no round is begun.
    seed : int
        Of the training.
    """
    generation = ColumnGeneration(problem, budget, starts, seed)
    while generation.rounds < _ROUNDS and not budget.over:
        if generation.round(_TOLERANCE):
            break
    Z = generation.residual
    return DualPoint(Z, shor_products(problem.features, Z))
