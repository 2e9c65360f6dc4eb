"""The level lifts: a lift for each direction of the outputs, products in small groups of points."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.certificates.directions import Cover, cover
from certnn.certificates.regions_certify import certify_regions
from certnn.errors import SolverError
from certnn.problem.losses import HALF_SQUARED
from certnn.relaxation.interior.lifts import STEPS, GroupedLifts, LiftsIterate, RunCost
from certnn.relaxation.interior.priced import PricedIterate, PricedLifts
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_by_rows
from certnn.relaxation.streamed import STREAMED_STEPS, StreamedIterate, StreamedLifts
from certnn.search.levels.level import Context
from certnn.search.levels.rising import Rising
from certnn.splitting.cells.proof import MOST_COLUMNS

#: By the number of outputs, sizes of groups and spreads of the outputs' cover, cheapest first: of
#: each point alone, where that can be streamed, and of others.
_ALONE = {1: ((1, 1.5),), 2: ((1, 1.5), (1, 1.09)), 3: ((1, 1.5), (1, 1.3))}
_CHOICES = {
    1: ((4, 1.5), (10, 1.5), (20, 1.5), (40, 1.5)),
    2: ((4, 1.5), (40, 1.5), (4, 1.09), (10, 1.09), (10, 1.02), (20, 1.02), (40, 1.09), (40, 1.02)),
    3: ((4, 1.5), (4, 1.3), (10, 1.3), (10, 1.1), (40, 1.3), (40, 1.1)),
}
#: The same where only what has sum zero counts, so that the outputs have one dimension fewer.
_CENTRED = {
    2: tuple((size, 1.5) for size, _ in _CHOICES[1]),
    3: ((4, 1.3), (10, 1.3), (10, 1.1), (20, 1.1)),
}
#: Share of what is left of a limit that the first run may be forecast to take if there is a choice;
#: nominal seconds where there is no limit.
_FIRST, _WITHOUT_LIMIT = 0.15, 60.0
#: The same where no other level proves much and it is this or nothing: it is certified as it rises,
#: and nominal seconds are those of a slow machine; and where much of it is the proof, at the end.
_OR_NOTHING, _LAST = 1.6, 0.9
#: From so many columns on products may be priced: moments are too many there, and no cells follow
#: that would prove more.
_PRICED_FROM = MOST_COLUMNS + 1
#: Steps of a run with priced products that it has to be forecast to have time for: after so many it
#: proves more than what is cheaper, and it is certified as it rises.
_PRICED_STEPS = 14
#: Points are streamed where they have so many directions a point, or so many in all that groups
#: take long: taken each alone, points of one line would be fitted as if they had nothing in common.
_OWN_DIRECTIONS, _MANY_DIRECTIONS = 0.5, 2000
#: Bytes that a run may take if nobody asked for its size.
_MOST_MEMORY = 1.5e9
_STREAMED = "Newton on sums over points"
_GROUPED, _PRICED = "interior point on groups", "interior point with priced products"


@dataclass(frozen=True)
class Lifts:
    """Products within groups of points, with norms, for each direction of outputs (Theorem 48).

    Attributes
    ----------
    size : int
        Points of a group, at most; 0 for whatever the budget allows, first few and then more.
    share : float
        Of what is left of a limit, what a run may be forecast to take.
    """

    size: int = 0
    share: float = 0.7
    trains = False

    def __str__(self) -> str:
        return f"lifts({self.size})" if self.size else "lifts"

    def proofs(self, context: Context) -> Iterator[Certified]:
        """Bounds as they rise, of one choice of groups and directions after another.

        Raises
        ------
        SolverError
            If the problem has too many outputs, there is not enough time, or floats are not enough
            for it.
        """
        problem, budget = context.problem, context.budget
        if problem.c not in _CHOICES:
            raise SolverError(f"it is for up to {max(_CHOICES)} outputs")
        plain = problem.is_plain
        choices = (_CENTRED if problem.centred else _CHOICES)[problem.c]
        if plain:
            choices = (*_ALONE[problem.c], *choices)
        if self.size:
            spreads = sorted({spread for _, spread in choices}, reverse=True)
            choices = tuple((self.size, spread) for spread in spreads)
        covers = {spread: cover(problem.c, spread, budget) for _, spread in choices}
        if problem.centred:
            covers = {spread: of.centred() for spread, of in covers.items()}
        waiting = [_Choice(context, size, covers[spread]) for size, spread in choices]
        runs, pace = 0, 1.0
        while waiting:
            shares: tuple[float, ...] = (self.share,)
            if runs == 0:
                shares = (min(_FIRST, self.share), self.share, _LAST if plain else _OR_NOTHING)
            chosen = _next(waiting, budget, shares, pace)
            if chosen is None and self.size and runs == 0:
                chosen = 0  # it was asked for
            if chosen is None:
                break
            begun, choice = time.monotonic(), waiting[chosen]
            yield from self._run(context, choice)
            if budget.seconds_left is not None:  # else nothing may depend on the machine
                pace = min((time.monotonic() - begun) / choice.seconds, 1.0)
            runs, waiting = runs + 1, waiting[chosen + 1 :]
        if runs == 0:
            raise SolverError("it would take longer than the time left")

    def _run(self, context: Context, choice: _Choice) -> Iterator[Certified]:
        started, solver = time.monotonic(), choice.solver
        about = context.about(self) | {"solver": solver}

        def prove(iterate: _Iterate) -> Certified:
            return certify_regions(context.problem, iterate.point, about)

        run = Rising(context, str(self), prove, choice.cost.proof)
        try:
            yield from run.proofs(choice.points())
        finally:
            if run.highest is not None:
                settings = f"groups of {choice.size}, {len(choice.cover.rays)} directions"
                seconds, last = time.monotonic() - started, run.highest
                context.note_solver(self, solver, last.bound, last.gap, seconds, settings)


_Iterate = LiftsIterate | PricedIterate | StreamedIterate


@dataclass(frozen=True, eq=False)
class _Choice:
    context: Context
    size: int
    cover: Cover

    @cached_property
    def _reduced(self) -> ReducedProblem:
        problem = self.context.problem
        return self.context.reduced if problem.is_plain else reduce_by_rows(problem)

    @cached_property
    def _costs(self) -> dict[str, RunCost]:
        """Of the methods that there are for it."""
        problem, count = self.context.problem, self.context.directions.count
        own = count >= min(_OWN_DIRECTIONS * problem.n, _MANY_DIRECTIONS)
        if self.size == 1 and problem.is_plain and own:
            columns = problem.features.shape[1]
            return {_STREAMED: StreamedLifts.cost(problem.n, columns, self.cover)}
        costs = {_GROUPED: GroupedLifts.cost(self._reduced, self.cover, self.size)}
        if problem.loss == HALF_SQUARED and self._reduced.rank >= _PRICED_FROM:
            costs[_PRICED] = PricedLifts.cost(self._reduced, self.cover, self.size)
        return costs

    @cached_property
    def solver(self) -> str:
        """The method whose steps take least."""
        return min(self._costs, key=lambda method: self._costs[method].step)

    @property
    def cost(self) -> RunCost:
        """What a run takes."""
        return self._costs[self.solver]

    @property
    def seconds(self) -> float:
        """Nominal seconds of a run, or of as much of it as is worth it, and its proof."""
        steps = {_STREAMED: STREAMED_STEPS, _PRICED: _PRICED_STEPS, _GROUPED: STEPS}[self.solver]
        return steps * self.cost.step + self.cost.proof

    def points(self) -> Iterator[_Iterate]:
        """Of the method."""
        context = self.context
        if self.solver == _STREAMED:
            lifts = StreamedLifts(context.chunks, context.problem.reg, self.cover, context.budget)
            return lifts.points()
        method = PricedLifts if self.solver == _PRICED else GroupedLifts
        return method(self._reduced, self.cover, self.size, context.budget).points()


def _next(
    waiting: list[_Choice], budget: Budget, shares: tuple[float, ...], pace: float
) -> int | None:
    """The last of those that a share of the budget affords; of the first share that affords any.

    A nominal second takes `pace` seconds, as a run before has shown.
    """
    left = budget.left if budget.limited else _WITHOUT_LIMIT
    for share in shares:
        affordable = [
            k
            for k, one in enumerate(waiting)
            if pace * one.seconds <= share * left and one.cost.memory <= _MOST_MEMORY
        ]
        if affordable:
            return affordable[-1]
    return None
