"""Output weights for many candidate directions, and directions that climb to better places."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.ascent import ascend
from certnn.training.objective import training_objective
from certnn.training.restricted import RestrictedSolution, no_directions, solve_restricted
from certnn.training.scaling import scaled

#: Directions taken up at a time, and the least angle between them.
_ADDED, _ANGLE = 150, 1e-6
#: Stop where no candidate scores above reg by a larger share than this.
_TOLERANCE, _MOST_ROUNDS = 1e-3, 60
#: Accuracy of each restricted optimum, a share of how far the largest score is above reg.
_ACCURACY = 1e-3
#: Directions that climb at a time, and the share of the objective that is worth another time.
_CLIMBING, _LEAST_GAIN = 1000, 1e-4


class CandidateFit:
    """The group lasso over a growing set of hidden directions, by a working set.

    Parameters
    ----------
    problem : TrainingProblem
        Without an output bias or a free hidden one.
    directions : ndarray, shape (columns, k)
        Candidates, of any lengths; those that are zero are dropped.
    budget : Budget

    Attributes
    ----------
    network : TwoLayerNetwork
        The best so far; without neurons if no candidate is worth one.
    objective : float
        Its `training_objective`.
    """

    def __init__(self, problem: TrainingProblem, directions: FloatArray, budget: Budget) -> None:
        self._original, self._budget = problem, budget
        self._scaled = scaled(problem)
        self._problem = self._scaled.problem
        self._space = candidates.isotropic(self._problem)
        self._pool = candidates.unit(directions)
        self._solution: RestrictedSolution = no_directions(self._problem, None)
        self.network: TwoLayerNetwork = self._scaled.outward(self._solution.network)
        self.objective = training_objective(problem, self.network)
        self._fit()

    def climb(self, rounds: int) -> None:
        """Let candidates climb to where they score best against the residual, and fit again.

        Ends early where a round gains little, or where the budget is over.
        """
        for _ in range(rounds):
            before = self.objective
            if self._pool.shape[1] == 0 or self._budget.over:
                return
            Z = self._solution.residual
            order = np.argsort(-candidates.score(self._problem, Z, self._pool), kind="stable")
            starts = np.hstack([self._solution.directions, self._pool[:, order[:_CLIMBING]]])
            climbed, _ = ascend(self._problem, Z, starts, self._budget)
            self._pool = np.hstack([self._pool, climbed])
            self._fit()
            if self.objective > (1.0 - _LEAST_GAIN) * before:
                return

    def _fit(self) -> None:
        reg = self._problem.reg
        for _ in range(_MOST_ROUNDS):
            if self._budget.over:
                return
            scores = candidates.score(self._problem, self._solution.residual, self._pool)
            above = float(np.max(scores, initial=0.0)) / reg - 1.0
            if above <= _TOLERANCE:
                return
            good = scores > reg * (1.0 + 0.3 * _TOLERANCE)
            new = candidates.spread(self._space, self._pool[:, good], scores[good], _ADDED, _ANGLE)
            if new.shape[1] == 0:  # zero on all points up to rounding
                return
            self._solution = solve_restricted(
                self._problem,
                np.hstack([self._solution.directions, new]),
                np.concatenate([self._solution.lengths, np.zeros(new.shape[1])]),
                self._solution.objective,
                _ACCURACY * above,
                near=self._solution.residual,
                budget=self._budget,
            )
            network = self._scaled.outward(self._solution.network)
            value = training_objective(self._original, network)
            if value < self.objective:
                self.network, self.objective = network, value
