"""The training problem restricted to given hidden directions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem
from certnn.training.group_lasso import group_lasso, refined_group_lasso
from certnn.training.recombination import recombined

#: What counts as dependent when neurons are joined, tried in this order.
_DEPENDENT = (1e-6, 1e-8, 1e-10, 1e-12)
#: Share of a gain that may be given back for fewer neurons.
_PRICE = 0.1
#: Gap of the group lasso for a unit of accuracy, a share of the null loss, and its range.
_GAP, _COARSEST, _FINEST = 1e-5, 1e-6, 1e-12


@dataclass(frozen=True, eq=False)
class RestrictedSolution:
    """The optimum over networks whose neurons have some of given directions.

    Attributes
    ----------
    directions : ndarray, shape (d, k)
        Unit vectors: those that are used.
    V : ndarray, shape (k, c)
        Their output weights, no row zero.
    residual : ndarray, shape (n, c)
        Z = Y − (XU)₊V at the optimum.
    objective : float
        ½‖Z‖²_F + reg Σ‖Vₖ‖.
    """

    directions: FloatArray
    V: FloatArray
    residual: FloatArray
    objective: float

    @property
    def network(self) -> TwoLayerNetwork:
        """The neurons with |u| = |v|, whose training objective is `objective`."""
        root = np.sqrt(np.linalg.norm(self.V, axis=1))
        return TwoLayerNetwork(self.directions * root, self.V / root[:, None])

    @property
    def lengths(self) -> FloatArray:
        """‖Vₖ‖, shape (k,)."""
        lengths: FloatArray = np.linalg.norm(self.V, axis=1)
        return lengths


def no_directions(problem: TrainingProblem) -> RestrictedSolution:
    """The solution without neurons."""
    return RestrictedSolution(
        np.zeros((problem.features.shape[1], 0)),
        np.zeros((0, problem.c)),
        problem.Y,
        problem.null_loss,
    )


def solve_restricted(
    problem: TrainingProblem,
    directions: FloatArray,
    guess: FloatArray,
    worse_than: float,
    accuracy: float,
) -> RestrictedSolution:
    """Solve the group lasso over the directions, and drop those that are not needed.

    Parameters
    ----------
    problem : TrainingProblem
    directions : ndarray, shape (d, k)
        Unit vectors.
    guess : ndarray, shape (k,)
        About the lengths of the output weights; zeros if nothing is known.
    worse_than : float
        An objective known to be above the optimum; a small share of the gain may be given back
        for fewer neurons.
    accuracy : float
        How much the scores may differ from those at the exact optimum, roughly, as a share of reg.
    """
    if directions.shape[1] == 0:
        return no_directions(problem)
    hidden = np.maximum(problem.features @ directions, 0.0)
    tolerance = min(max(_GAP * accuracy, _FINEST), _COARSEST)
    solution = group_lasso(hidden, problem.Y, problem.reg, tolerance, guess)
    used = np.any(solution.V != 0.0, axis=1)
    if not np.any(used):
        return no_directions(problem)
    directions, hidden, V = directions[:, used], hidden[:, used], solution.V[used]
    lengths = np.linalg.norm(V, axis=1)
    images, allowed = V / lengths[:, None], _PRICE * (worse_than - solution.objective)
    for dependent in _DEPENDENT:
        fewer = recombined(hidden, images, lengths, dependent)
        kept = fewer > 0.0
        refined = refined_group_lasso(
            hidden[:, kept], problem.Y, problem.reg, fewer[kept], accuracy
        )
        if refined.objective - solution.objective <= allowed:
            alive = np.any(refined.V != 0.0, axis=1)
            return RestrictedSolution(
                directions[:, kept][:, alive],
                refined.V[alive],
                refined.residual,
                refined.objective,
            )
    return RestrictedSolution(directions, V, solution.residual, solution.objective)
