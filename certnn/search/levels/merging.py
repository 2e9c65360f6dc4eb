"""All products within groups of points, which are merged two by two as long as time allows.

A group that is a small image of the whole, with its share of reg, is the relaxation of fewer points
with the same optimum a point, but for what more points would not let a network fit. So small groups
prove much soon, and two of them together begin where each has ended (Theorem 53). What they prove
together is judged as one form (Theorem 9), in which all share the moments of (u, v).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray, Products, summed
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.first_order import first_order, precisions_on, step_cost
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.reduced_problem import ReducedProblem
from certnn.search.groups.representative import representative_groups
from certnn.search.groups.tasks import Workers

#: Directions of the smallest groups, at most.
_SMALLEST = 128
#: Groups are merged at this relative gap to their estimates; the last ones end at the other.
_COARSE, _FINE = 0.1, 1e-3
#: Groups are merged where so many times the next round, as far as _COARSE, is affordable: else it
#: would end before it proves what these groups do at _FINE.
_ROUNDS_TO_FINE = 2.0
#: Directions of a group, at most.
_LARGEST = 2000
#: Share of what is left that is kept for certifying.
_KEPT = 0.1


@dataclass(frozen=True, eq=False)
class Group:
    """Some directions, with a dual point of their own.

    Attributes
    ----------
    chosen : int64 array
        Ascending.
    found : DualIterate or None
        Over these directions and the rows that have them, in the units of the whole; None before
        there is one.
    """

    chosen: IndexArray
    found: DualIterate | None = None


@dataclass(frozen=True, eq=False)
class _Task:
    reduced: ReducedProblem
    begin: DualIterate | None
    tolerance: float
    device: str | None


class MergedGroups:
    """The rounds, each with half as many groups as the one before.

    Parameters
    ----------
    problem : TrainingProblem
    reduced : ReducedProblem
        Of the same problem.
    budget : Budget
    seed : int
        Of the groups.
    device : str or None
        Of PyTorch, for steps of the first-order method; None for numpy.
    """

    def __init__(
        self,
        problem: TrainingProblem,
        reduced: ReducedProblem,
        budget: Budget,
        seed: int,
        device: str | None = None,
    ) -> None:
        self._reduced, self._budget, self._device = reduced, budget, device
        rows, m = reduced.directions.representative, reduced.directions.count
        count = 1
        while m / count > _SMALLEST:
            count *= 2
        images = problem.of_points(problem.X[rows], problem.Y[rows], problem.reg)
        self.groups = [Group(chosen) for chosen in representative_groups(images, count, seed)]

    @property
    def sets(self) -> list[IndexArray]:
        """The directions of each group."""
        return [group.chosen for group in self.groups]

    @property
    def points(self) -> tuple[DualIterate, ...]:
        """The dual points of those groups that have one."""
        return tuple(group.found for group in self.groups if group.found is not None)

    def rounds(self, workers: Workers) -> Iterator[DualIterate]:
        """A dual point of all directions after each round, until one group is left or no time is.

        Its bound is the sum of the groups', and what it proves is as a rule a little more.
        """
        budget, tolerance = self._budget, _COARSE
        while len(self.groups) > 1:
            began = budget.now
            self._solve(workers, tolerance)
            if len(self.points) < len(self.groups):
                return  # the time was over, or a process died again and again
            took = budget.now - began
            yield self._together()
            took *= self._longer()
            if budget.over or (tolerance == _FINE and not budget.affords(took)):
                return
            if tolerance == _COARSE and not budget.affords(_ROUNDS_TO_FINE * took):
                tolerance = _FINE
                continue
            pairs = zip(*(iter(self.groups),) * 2, strict=True)
            self.groups = [self._merged(pair) for pair in pairs]
            # A round that is begun again has to find its moments again: better a longer one.
            tolerance = _COARSE if budget.affords(took * (1.0 + self._longer())) else _FINE

    def _longer(self) -> float:
        """How much longer as many steps take of groups twice as large."""
        largest = max(chosen.size for chosen in self.sets)
        if 2 * largest > _LARGEST:
            return math.inf
        others = self._reduced.rank + self._reduced.outputs
        return 0.5 * step_cost(2 * largest + others) / step_cost(largest + others)

    def _solve(self, workers: Workers, tolerance: float) -> None:
        reg = self._reduced.reg / len(self.groups)
        tasks = [
            _Task(self._reduced.part(group.chosen, reg), group.found, tolerance, self._device)
            for group in self.groups
        ]
        limit = self._budget.part(1.0 - _KEPT)
        for number, found in workers.finished(_solved, tasks, limit, self._budget):
            self.groups[number] = replace(self.groups[number], found=found)

    def _together(self) -> DualIterate:
        """The dual point of all groups."""
        return self._joined(self.groups, np.arange(self._reduced.directions.count))

    def _merged(self, pair: tuple[Group, Group]) -> Group:
        chosen = np.sort(np.concatenate([group.chosen for group in pair]))
        # What both come to together is no estimate of what they prove as one.
        return Group(chosen, replace(self._joined(list(pair), chosen), estimate=math.inf))

    def _joined(self, groups: list[Group], chosen: IndexArray) -> DualIterate:
        """The dual point of some groups, over the directions that they have together."""
        label, m = self._reduced.directions.label, chosen.size
        Z, parts, bound, estimate = self._reduced.targets.copy(), [], 0.0, 0.0
        for group in groups:
            assert group.found is not None
            own, products = group.found, group.found.products
            Z[np.isin(label, group.chosen)] = own.Z
            place = np.searchsorted(chosen, group.chosen)
            place = np.concatenate([place, place + m])
            first, second = place[products.first], place[products.second]
            parts.append(Products(m, first, second, products.multiplier))
            bound, estimate = bound + own.bound, estimate + own.estimate
        rows = np.isin(label, chosen)
        if m == self._reduced.directions.count:
            rows[:] = True  # zero rows too
        return DualIterate(Z[rows], summed(parts), bound, estimate)


def _solved(task: _Task, budget: Budget) -> DualIterate | None:
    """The best dual point of a group; of a first one, though there be no time."""
    best, began = task.begin, budget.now
    begin = () if best is None else (best,)
    for found in first_order(task.reduced, budget, likes=precisions_on(task.device), begin=begin):
        if best is None or found.bound > best.bound:
            best = replace(found, moment=None)
        took, began = budget.now - began, budget.now
        # An estimate below what is proved is of moments that do not fit yet.
        near = -_FINE <= found.estimate / best.bound - 1.0 <= task.tolerance
        if near or not budget.affords(took):
            break
    return best
