"""Dual points that rise, certified now and then and at the end."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from certnn.budget import Budget
from certnn.certificates import Certified
from certnn.errors import SolverError
from certnn.search.levels.level import Context

#: A bound is certified on the way if it is the best and has risen by this share, and if certifying
#: takes no more than this share of what was spent since the last one, of which a second is the
#: least.
_RISE, _SHARE, _LEAST = 0.02, 0.2, 1.0
#: What to keep for certifying at the end, in units of what it took before.
_KEPT = 1.5


class _Iterate(Protocol):
    @property
    def bound(self) -> float:
        """What the solver says that it would prove."""


_Point = TypeVar("_Point", bound=_Iterate)


class Rising(Generic[_Point]):
    """One run of a solver.

    Parameters
    ----------
    context : Context
    name : str
        Of the level.
    prove : callable
        From a dual point to its certificate, checked.
    proving : float
        Nominal seconds that it takes.
    budget : Budget or None
        A part of the context's, for this run; None for all of it.

    Attributes
    ----------
    highest : dual point or None
        The one of the highest bound.
    """

    def __init__(
        self,
        context: Context,
        name: str,
        prove: Callable[[_Point], Certified],
        proving: float,
        budget: Budget | None = None,
    ) -> None:
        self._context, self._name, self._prove = context, name, prove
        self._budget = budget or context.budget
        self._nominal = self._cost = proving
        self._proved = -math.inf
        self._since = self._budget.now
        self.highest: _Point | None = None

    def proofs(self, iterates: Iterator[_Point]) -> Iterator[Certified]:
        """Certify what the solver finds.

        Raises
        ------
        SolverError
            If it finds nothing, or nothing that there is time to certify and that is better than
            what is proved.
        """
        context, budget, began = self._context, self._budget, self._budget.now
        for iterate in iterates:
            step = budget.now - began
            if self.highest is None or iterate.bound > self.highest.bound:
                self.highest = iterate
            highest = self.highest
            context.tell(f"{self._name}: {highest.bound:.6g} to be proved")
            if context.is_enough(highest.bound) or not budget.affords(step + _KEPT * self._cost):
                break
            spent = budget.now - self._since
            if self._is_worth(highest.bound) and spent > max(self._cost / _SHARE, _LEAST):
                yield self._proof(highest)
            began = budget.now
        if self.highest is None:
            raise SolverError("the solver found no dual point")
        bound = self.highest.bound
        if bound <= self._proved:
            return
        # What is no better than another level's bound is certified for comparison alone.
        if self._is_best(bound) or budget.affords(self._cost):
            yield self._proof(self.highest)
        elif self._proved == -math.inf:
            raise SolverError("in the time left it would prove less than is proved")

    def _is_best(self, bound: float) -> bool:
        best = self._context.best
        return best is None or bound > best.bound.rounded

    def _is_worth(self, bound: float) -> bool:
        """Whether it is better than what is proved, by enough."""
        if not self._is_best(bound):
            return False
        return self._proved == -math.inf or bound > self._proved + _RISE * abs(self._proved)

    def _proof(self, iterate: _Point) -> Certified:
        budget = self._budget
        self._proved, start = iterate.bound, budget.now
        self._context.tell(f"{self._name}: proving")
        found = self._prove(iterate)
        budget.spend(self._nominal)
        self._since = budget.now
        self._cost = self._since - start
        return found
