"""Column generation: convex in the output weights, local search in the hidden directions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.dual_domain import feasible_dual_point
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.arcs import MOST_COLUMNS, arc_maxima
from certnn.training.ascent import ascend, walk_cost
from certnn.training.merging import balanced
from certnn.training.objective import training_objective
from certnn.training.polish import polish
from certnn.training.restricted import RestrictedSolution, no_directions, solve_restricted
from certnn.training.scaling import ScaledProblem, scaled

#: Most directions taken from networks at the start, and most added in a round.
_MOST_STARTS, _MOST_ADDED = 1000, 300
#: Fresh starts of a round: at most, at least, and the nominal seconds that their walks may cost.
_FRESH, _LEAST_FRESH, _FRESH_WORK = 300, 40, 1.5
#: Nominal seconds of a round besides.
_A_ROUND = 1e-3
#: Data points among the starts of the first round, for each fresh one.
_ROWS_FOR_A_START = 2
#: Rounds in a row that must find nothing before the search gives up, if nothing else is said, and
#: how many times the starts they have at most.
QUIET_ROUNDS, _MOST_EFFORT = 3, 8
#: Least angle between directions added, in radians, where Xu is isotropic.
_ANGLE = 1e-6
_POLISH_ITERATIONS = 150
#: Rounds without a gain of this share, or a smaller largest score, after which there is none.
_IDLE_ROUNDS, _LEAST_GAIN = 12, 1e-13
#: Accuracy of the restricted optimum, a share of how far the largest score is above reg, as long as
#: there are directions to take up.
_ACCURACY = 1e-3


class ColumnGeneration:
    """The restricted problem, grown by directions whose score is above reg.

    The score of a direction u is ‖Zᵀ(Xu)₊‖/|u| for the residual Z of the restricted optimum. If no
    direction scores above reg, that optimum is one of the training problem (Theorems 2 and 3).

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    starts : sequence of TwoLayerNetwork
        Networks whose neurons are directions to begin with.
    seed : int
        Of the starts of the local search.
    budget : Budget
        Looked at in every step; where it is over the rest of a round is left out.

    Attributes
    ----------
    best : TwoLayerNetwork
        The best network met in float64 arithmetic; never worse than any of the starts.
    objective : float
        Its `training_objective`.
    rounds : int
        Rounds so far.
    """

    def __init__(
        self,
        problem: TrainingProblem,
        budget: Budget,
        starts: Sequence[TwoLayerNetwork] = (),
        seed: int = 0,
    ) -> None:
        for start in starts:
            start.require_fits(problem)
        self._original, self._budget = problem, budget
        self._scaled: ScaledProblem = scaled(problem)
        self._problem = self._scaled.problem
        self._rng = np.random.default_rng(seed)
        self._space = candidates.isotropic(self._problem)
        self._solution: RestrictedSolution = no_directions(self._problem, self._scaled.bias_decay)
        self._quiet, self._effort, self._highest = 0, 1, np.inf
        self._lowest, self._idle = np.inf, 0
        self._accuracy = 0.0
        d = problem.inputs.shape[1]
        self.best = TwoLayerNetwork(np.zeros((d, 0)), np.zeros((0, problem.c)))
        self.objective = problem.null_loss
        self.rounds = 0
        self._offer(self._scaled.outward(self._solution.network))
        for start in starts:
            self._offer(start)
        self._begin(starts)

    @property
    def residual(self) -> FloatArray:
        """Z of the restricted optimum, shape (n, c), in the units of Y, exactly feasible."""
        Z = self._solution.residual * self._scaled.output_scale
        return feasible_dual_point(self._original, Z)

    @property
    def exact(self) -> bool:
        """Whether every round finds all directions that score above reg: for up to two columns."""
        return bool(self._original.features.shape[1] <= MOST_COLUMNS)

    @property
    def stalled(self) -> bool:
        """Whether neither the objective nor the largest score fell for some rounds: rounding."""
        return self._idle >= _IDLE_ROUNDS

    @property
    def highest(self) -> float:
        """Largest score found in the last round, a multiple of reg; inf before the first."""
        return self._highest

    def round(self, tolerance: float, quiet: int = QUIET_ROUNDS) -> bool:
        """Look for directions that score above reg·(1 + tolerance), and take them up.

        True if there seem to be none: after some rounds that found none, or at once where the
        search is exact. Never where the budget is over.

        Parameters
        ----------
        quiet : int
            Rounds in a row that must find none, with more and more starts.
        """
        self.rounds += 1
        self._budget.spend(_A_ROUND)
        found, scores = self._local_maxima()
        if self._budget.over and not np.any(scores > self._problem.reg * (1.0 + tolerance)):
            return False
        reg = self._problem.reg
        self._highest = float(np.max(scores, initial=0.0)) / reg
        self._idle = 0 if self._highest < self._lowest else self._idle + 1
        self._lowest = min(self._lowest, self._highest)
        if self._highest <= 1.0 + tolerance:
            if self._accuracy > tolerance:  # too coarse to tell
                self._solve(self._solution.directions[:, :0], tolerance)
                return False
            self._quiet += 1
            self._effort = min(2 * self._effort, _MOST_EFFORT)
            return self.exact or self._space.rank == 0 or self._quiet >= quiet
        self._quiet, self._effort = 0, 1
        good = scores > reg * (1.0 + 0.3 * tolerance)
        self._take_up(
            candidates.spread(self._space, found[:, good], scores[good], _MOST_ADDED, _ANGLE)
        )
        return False

    def add(self, directions: FloatArray) -> None:
        """Take up directions found elsewhere, shape (d, k), after ascent from each."""
        if directions.shape[1] > 0:
            found, scores = ascend(self._problem, self._solution.residual, directions, self._budget)
            self._highest = float(np.max(scores, initial=0.0)) / self._problem.reg
            self._quiet = 0
            self._take_up(candidates.spread(self._space, found, scores, _MOST_ADDED, _ANGLE))

    def polish(self, budget: Budget) -> None:
        """Let both layers of the best network move."""
        self._offer(polish(self._original, self.best, budget, _POLISH_ITERATIONS))

    def _begin(self, starts: Sequence[TwoLayerNetwork]) -> None:
        neurons = [balanced(self._problem, self._scaled.inward(start)) for start in starts]
        if sum(network.width for network in neurons) > 0:
            U = np.hstack([network.U for network in neurons])
            strength = np.linalg.norm(U, axis=0)
            self._take_up(candidates.spread(self._space, U, strength, _MOST_STARTS, _ANGLE))

    def _local_maxima(self) -> tuple[FloatArray, FloatArray]:
        problem, Z, space = self._problem, self._solution.residual, self._space
        if self.exact:
            maxima = arc_maxima(problem.features, Z)
            return maxima.directions, maxima.scores
        affordable = int(_FRESH_WORK / walk_cost(problem))
        fresh = self._effort * max(_LEAST_FRESH, min(_FRESH, affordable))
        kinds = [self._solution.directions, candidates.drawn(space, fresh, self._rng)]
        if self.rounds == 1:
            rows = candidates.data_rows(problem)
            kinds.append(rows[:, :: -(-rows.shape[1] // (_ROWS_FOR_A_START * fresh)) or 1])
        return ascend(problem, Z, np.hstack(kinds), self._budget)

    def _take_up(self, directions: FloatArray) -> None:
        self._solve(directions, _ACCURACY * max(self._highest - 1.0, 0.0))

    def _solve(self, directions: FloatArray, accuracy: float) -> None:
        self._accuracy = accuracy
        guess = np.concatenate([self._solution.lengths, np.zeros(directions.shape[1])])
        self._solution = solve_restricted(
            self._problem,
            np.hstack([self._solution.directions, candidates.unit(directions)]),
            guess,
            self._solution.objective,
            accuracy,
            self._scaled.bias_decay,
            self._solution.residual,
            self._budget,
        )
        self._offer(self._scaled.outward(self._solution.network))

    def _offer(self, network: TwoLayerNetwork) -> None:
        value = training_objective(self._original, network)
        if value < self.objective * (1.0 - _LEAST_GAIN):
            self._idle = 0
        if value < self.objective:
            self.best, self.objective = network, value
