"""One predictor-corrector for all interior points, and the loop of its steps.

What is unknown, how it is eliminated and which cones there are is a system's own. The order of a
step is not (S. Mehrotra, 1992): a way to the border of the cones tells how much of the products
that vanish at an optimum a step takes away, and then ways aim at what is left of them, with the
second-order terms of the way before.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import SolverError

#: A way is corrected again where that made its step longer by this.
_LONGER = 1.05
#: Ways aim no nearer than at this share of the mean product.
_LEAST_CENTRING = 1e-4

_Way = TypeVar("_Way")
_Found = TypeVar("_Found")


class System(Protocol[_Way]):
    """The linear equations at a primal-dual point, factored."""

    share: float  # of the way to the border of the cones, what a step takes
    corrections: int  # ways that are corrected by the one before, at most
    cautious: bool  # whether ways aim less near where the border is, as on a working set that grows
    gap: float  # the sum of all products that vanish at an optimum
    degree: float  # how many there are

    def way(self, centre: float, before: _Way | None) -> _Way:
        """To products that are `centre`, with the second-order terms of a way before."""
        ...

    def reach(self, way: _Way) -> tuple[float, float]:
        """How much of it primal and dual may take before they are at the border of the cones."""
        ...

    def gap_after(self, way: _Way, primal: float, dual: float) -> float:
        """The gap where primal and dual take so much of it."""
        ...


@dataclass(frozen=True, eq=False)
class Step(Generic[_Way]):
    """A way, and how much of it primal and dual take, at most 1."""

    way: _Way
    primal: float
    dual: float

    @property
    def length(self) -> float:
        """Their geometric mean."""
        return math.sqrt(self.primal * self.dual)


def corrected_step(system: System[_Way], keep_products: bool = False) -> Step[_Way]:
    """The longest step of those that are found; it keeps the mean product if that is asked for."""
    way = system.way(0.0, None)
    border = _step(system, way, system.share if system.cautious else 1.0)
    left = system.gap_after(way, border.primal, border.dual) / system.gap
    power = 3.0 * min(border.primal, border.dual) ** 2 if system.cautious else 3.0
    centring = max(left, 0.0) ** max(power, 1.0)
    centring = 1.0 if keep_products else min(max(centring, _LEAST_CENTRING), 1.0)
    centre = system.gap / system.degree * centring
    best = Step(way, 0.0, 0.0)
    for _ in range(system.corrections):
        way, before = system.way(centre, way), best.length
        step = _step(system, way, system.share)
        if step.length > best.length:
            best = step
        if min(step.primal, step.dual) >= 1.0 or step.length <= _LONGER * before:
            break
    return best


def _step(system: System[_Way], way: _Way, share: float) -> Step[_Way]:
    primal, dual = (min(1.0, share * reach) for reach in system.reach(way))
    return Step(way, primal, dual)


def reach_of_numbers(own: FloatArray, change: FloatArray) -> float:
    """How far positive numbers may go along a change before one of them is zero."""
    least = float(np.min(change / own, initial=0.0))
    return -1.0 / least if least < 0.0 else math.inf


def steps(
    take: Callable[[], _Found], budget: Budget, cost: Callable[[], float], most: int
) -> Iterator[_Found]:
    """What one step after another gives, each of which costs so many nominal seconds.

    They end after the most, where the budget does not afford what the last one took, and where
    floats are not enough for another.
    """
    took = 0.0
    for _ in range(most):
        if not budget.affords(took):
            return
        began = budget.now
        budget.spend(cost())
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                found = take()
        except (np.linalg.LinAlgError, FloatingPointError, SolverError):
            return
        took = budget.now - began
        yield found
