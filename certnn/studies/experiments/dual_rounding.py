"""From the dual point of a relaxation to a network: its highest directions, then a group lasso.

Where a relaxation is tight, the neurons of an optimal network are directions u at which
‖Zᵀ(Xu)₊‖/|u| reaches reg, for the optimal dual point Z. Where it is not, the highest local maxima
are candidates. It needs no moment matrix, so that it goes with every level that scales.
"""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates import Certificate
from certnn.certificates.proved_dual_point import dual_point
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates, train_locally
from certnn.training.ascent import ascend

_STARTS, _MOST, _ANGLE = 400, 300, 1e-3


def round_dual_point(
    problem: TrainingProblem, certificate: Certificate, budget: Budget, seed: int = 0
) -> TwoLayerNetwork:
    """The best network whose neurons are maxima of the score of the dual point, then polished.

    Parameters
    ----------
    problem : TrainingProblem
    certificate : Certificate
        Of a lower bound of the problem.
    budget : Budget
    seed : int
        Of the starts of the search for maxima.
    """
    Z = dual_point_of(certificate, problem)
    space, rng = candidates.isotropic(problem), np.random.default_rng(seed)
    starts = [
        candidates.drawn(space, _STARTS, rng),
        candidates.data_rows(problem)[:, :_STARTS],
    ]
    directions, scores = ascend(problem, Z, np.hstack(starts), budget)
    kept = candidates.spread(space, directions, scores, _MOST, _ANGLE)
    # Small output weights along the gradient: where the group lasso over these directions begins.
    pull = np.maximum(problem.features @ kept, 0.0).T @ Z
    V = pull / max(float(np.sum(pull**2)), 1e-300) * problem.reg
    return train_locally(
        problem,
        budget,
        starts=(TwoLayerNetwork(kept, V),),
        max_rounds=0,
        seed=seed,
    ).network


def dual_point_of(certificate: Certificate, problem: TrainingProblem) -> FloatArray:
    """Z of a certificate of the problem, shape (n, c), in float64."""
    return np.ascontiguousarray(dual_point(certificate, (problem.n, problem.c))[0])
