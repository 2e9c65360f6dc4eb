"""Training by column generation: convex in the output weights, local search in the directions."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem
from certnn.training import candidates
from certnn.training.ascent import ascend, ascend_on_faces
from certnn.training.group_lasso import GroupLassoSolution, group_lasso
from certnn.training.merging import balanced, merged
from certnn.training.objective import training_objective
from certnn.training.polish import polish
from certnn.training.scaling import ScaledProblem, scaled

#: Most columns taken from the starts, and most added in a round.
_START_COLUMNS = 1000
_ROUND_COLUMNS = 100
#: Directions climbed at once, and the operations that one step of all of them may cost.
_CROWD, _SMALLEST_CROWD, _CROWD_WORK = 300, 30, 30_000_000
#: Searches of the faces around the best directions; none while some score is far above reg.
_DEPTH, _PLENTY = 3, 1.1
#: Directions only need to move a little between rounds; more iterations cost more than they gain.
_POLISH_ITERATIONS = 150
#: Share of a round's gain that may be given back for fewer columns, and attempts at that.
_SPARSITY_PRICE, _SPARSITY_TRIALS = 0.1, 2
#: Range of the angle that columns keep from each other, adapted to what it costs.
_WIDEST_ANGLE, _NARROWEST_ANGLE = 0.2, 1e-5


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """The best network found and what the search saw. Nothing here is a proof.

    Attributes
    ----------
    network : TwoLayerNetwork
        The best network in float64 arithmetic.
    objective : float
        Its `training_objective`.
    local_dual_norm : float
        Largest score ‖Zᵀ(Xu)₊‖/|u| that the local search found for the network's residual Z, as a
        multiple of reg. At a global optimum no direction scores above 1; a value near 1 here only
        says that this search found none.
    rounds : int
        Rounds of column generation.
    seconds : float
        Wall-clock time.
    converged : bool
        Whether the search ran out of directions to add before its time. Not a proof of optimality:
        the search is local, and only a certificate bounds the optimum.
    interrupted : bool
        Whether a KeyboardInterrupt ended the search.
    """

    network: TwoLayerNetwork
    objective: float
    local_dual_norm: float
    rounds: int
    seconds: float
    converged: bool
    interrupted: bool


def train(
    problem: TrainingProblem,
    *,
    starts: Sequence[TwoLayerNetwork] = (),
    time_limit: float = 60.0,
    tolerance: float = 1e-4,
    seed: int = 0,
    progress: Callable[[float, int], None] | None = None,
) -> TrainingResult:
    """Look for the best network of any width.

    Rounds alternate between the search for directions of high score and the group lasso over the
    directions found; then a polish over both layers moves the directions.

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    starts : sequence of TwoLayerNetwork
        Networks whose neurons join the columns; the result is never worse than any of them.
    time_limit : float
        Seconds of wall-clock time, honoured to about one round.
    tolerance : float
        The search has converged when no direction found scores above reg·(1 + tolerance).
    seed : int
        Seed of the search; the result depends on nothing else unless time runs out.
    progress : callable, optional
        Called as ``progress(objective, rounds)`` after every round with the best objective so far.

    Returns
    -------
    TrainingResult
        The best network met. A KeyboardInterrupt ends the search early and is not raised again.

    Raises
    ------
    InputError
        If a start's shapes are not those of the problem.
    """
    begun = time.monotonic()
    for start in starts:
        start.require_fits(problem)
    search = _Search(problem, starts, tolerance, seed, begun + time_limit)
    converged, interrupted = False, False
    with threadpool_limits(1):  # small matrices: on busy cores threads only wait
        try:
            search.begin()
            last = 0.0
            # A round that would end after the deadline is not begun.
            while not converged and (now := time.monotonic()) + last < search.deadline:
                converged = search.round()
                last = time.monotonic() - now
                if progress is not None:
                    progress(search.objective, search.rounds)
        except KeyboardInterrupt:
            interrupted = True
    return TrainingResult(
        network=search.best,
        objective=search.objective,
        local_dual_norm=search.local_dual_norm(),
        rounds=search.rounds,
        seconds=time.monotonic() - begun,
        converged=converged,
        interrupted=interrupted,
    )


class _Search:
    """The state of one training run; directions are unit columns in the scaled problem."""

    def __init__(
        self,
        problem: TrainingProblem,
        starts: Sequence[TwoLayerNetwork],
        tolerance: float,
        seed: int,
        deadline: float,
    ) -> None:
        self.original = problem
        self.starts = starts
        self.tolerance = tolerance
        self.deadline = deadline
        self.rounds = 0
        self.scaled: ScaledProblem = scaled(problem)
        self.problem = self.scaled.problem
        self.rng = np.random.default_rng(seed)
        self.space = candidates.isotropic(self.problem)
        d = problem.features.shape[1]
        self.best = TwoLayerNetwork(np.zeros((d, 0)), np.zeros((0, problem.c)))
        self.objective = problem.null_loss
        self.columns = np.zeros((d, 0))
        self.weights = np.zeros((0, problem.c))
        self.residual: FloatArray = self.problem.Y
        self.restricted = self.problem.null_loss
        self.angle = _WIDEST_ANGLE
        # One step of the ascent costs n·d·c operations a direction: fewer starts for large data.
        work = self.problem.n * self.problem.d * self.problem.c
        self.crowd = max(_SMALLEST_CROWD, min(_CROWD, _CROWD_WORK // work))
        self.quiet = 0
        self.effort = 1
        for start in starts:
            self._offer_original(start)

    def begin(self) -> None:
        """Polish the starts and solve over their neurons."""
        neurons = TwoLayerNetwork(self.columns, self.weights)
        for start in self.starts:
            better = polish(self.original, start, _POLISH_ITERATIONS, self.deadline)
            self._offer_original(better)
            for network in (start, better):
                inner = balanced(self.problem, self.scaled.inward(network))
                neurons = TwoLayerNetwork(
                    np.hstack([neurons.U, inner.U]), np.vstack([neurons.V, inner.V])
                )
        if neurons.width > 0:
            size = np.linalg.norm(neurons.V, axis=1)
            self.columns = candidates.unit(
                candidates.spread(self.space, neurons.U, size, _START_COLUMNS, _NARROWEST_ANGLE)
            )
            self._solve()

    def round(self) -> bool:
        """Add directions, solve, polish; True when the search finds nothing more to add."""
        self.rounds += 1
        found = self._directions()
        reg, scores = self.problem.reg, candidates.score(self.problem, self.residual, found)
        good = scores > reg * (1.0 + 0.5 * self.tolerance)
        highest = float(np.max(scores, initial=0.0))
        self.quiet = self.quiet + 1 if highest <= reg * (1.0 + self.tolerance) else 0
        self.effort = min(2 * self.effort, 8) if self.quiet else self.effort
        if self.quiet == 2:
            return True
        if np.any(good):
            new = self._spread(found[:, good], scores[good], _ROUND_COLUMNS)
            self.columns = np.hstack([self.columns, new])
            self._solve()
            self._polish()
        return False

    def local_dual_norm(self) -> float:
        """Largest score found for the best network's residual, relative to reg."""
        inner = self.scaled.inward(self.best)
        self.residual = self.problem.Y - inner.output(self.problem.features)
        scores = candidates.score(self.problem, self.residual, self._directions())
        return float(np.max(scores, initial=0.0)) / self.problem.reg

    def _directions(self) -> FloatArray:
        """Local maxima of the score, from many kinds of starts."""
        problem, Z, space = self.problem, self.residual, self.space
        count = max(50, min(4000, 40_000_000 // (problem.n * (problem.d + 1)))) * self.effort
        distinct = 4 * math.comb(problem.n, max(space.rank - 1, 0))
        pool = np.hstack(
            [
                self.columns,
                candidates.data_rows(problem),
                candidates.vertices(space, min(count, distinct), self.rng),
                candidates.gaussian(space, count, self.rng),
            ]
        )
        found = self._climbed(pool, self.crowd)
        for _ in range(_DEPTH):
            scores = candidates.score(problem, Z, found)
            late = time.monotonic() > self.deadline
            if late or np.max(scores, initial=0.0) > _PLENTY * problem.reg:
                break
            top = self._spread(found, scores, self.crowd // 3)
            found = np.hstack([found, self._climbed(self._around(top), self.crowd)])
        return found

    def _climbed(self, U: FloatArray, count: int) -> FloatArray:
        scores = candidates.score(self.problem, self.residual, U)
        return ascend(self.problem, self.residual, self._spread(U, scores, count))

    def _around(self, U: FloatArray) -> FloatArray:
        """Directions on the faces of the arrangement, of every dimension, that are close to U."""
        repeated = np.repeat(U, 10, axis=1)
        rank = self.space.rank
        vertex = candidates.near_points(self.space, repeated, max(rank - 1, 0), self.rng)
        around = [candidates.orthogonal(self.space, vertex)]
        for dimension in self.rng.permutation(np.arange(1, rank - 1))[:4]:
            points = candidates.near_points(self.space, repeated, int(dimension), self.rng)
            around.append(ascend_on_faces(self.problem, self.residual, repeated, points))
        return np.hstack(around)

    def _solve(self) -> None:
        """Solve over the columns, then over as few of them as do almost as well."""
        before, columns = self.restricted, self.columns
        solution = self._restrict(columns)
        weights = np.linalg.norm(solution.V, axis=1)
        gained = max(before - solution.objective, 0.0)
        for _ in range(_SPARSITY_TRIALS):
            fewer = candidates.spread(self.space, self.columns, weights, weights.size, self.angle)
            if fewer.shape[1] == columns.shape[1]:
                break
            trial = self._restrict(fewer)
            if trial.objective <= solution.objective + _SPARSITY_PRICE * gained:
                columns, solution = fewer, trial
                self.angle = min(2.0 * self.angle, _WIDEST_ANGLE)
                break
            self.angle = max(self.angle / 3.0, _NARROWEST_ANGLE)
        self._adopt(columns, solution)

    def _polish(self) -> None:
        """Let the directions move; the weights are then optimal for the new ones."""
        network = merged(self.problem, TwoLayerNetwork(self.columns, self.weights))
        better = polish(self.problem, network, _POLISH_ITERATIONS, self.deadline)
        self._offer(better)
        moved = candidates.unit(better.U)
        self._adopt(moved, self._restrict(moved))

    def _adopt(self, columns: FloatArray, solution: GroupLassoSolution) -> None:
        used = np.any(solution.V != 0.0, axis=1)
        self.columns, self.weights = columns[:, used], solution.V[used]
        self.residual, self.restricted = solution.residual, solution.objective
        self._offer(TwoLayerNetwork(self.columns, self.weights))

    def _restrict(self, columns: FloatArray) -> GroupLassoSolution:
        hidden = np.maximum(self.problem.features @ columns, 0.0)
        return group_lasso(hidden, self.problem.Y, self.problem.reg)

    def _spread(self, U: FloatArray, scores: FloatArray, count: int) -> FloatArray:
        return candidates.spread(self.space, U, scores, count, 0.3 * self.angle)

    def _offer(self, network: TwoLayerNetwork) -> None:
        self._offer_original(self.scaled.outward(network))

    def _offer_original(self, network: TwoLayerNetwork) -> None:
        value = training_objective(self.original, network)
        if value < self.objective:
            self.best, self.objective = network, value
