"""Rounds of the level regions: solve, hand out the dual point, add products, split regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds, cover
from certnn.certificates.regions_point import RegionsPoint
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.dense.program import Program, make_program
from certnn.relaxation.interior.regions.ascent import JointAscent, Snapshot, inner_point
from certnn.relaxation.interior.regions.lift import Lift
from certnn.relaxation.interior.regions.newton import fits_of
from certnn.relaxation.interior.regions.original import Original
from certnn.relaxation.interior.regions.pricing import violated
from certnn.relaxation.interior.regions.splitting import best_splits
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_problem

#: Beyond this a round takes minutes.
_LARGEST_ORDER = 300
#: How far the cover of the outputs may overestimate a dual norm, by their number: 16 directions in
#: the plane, and above that as few as there are with cones of halved angles.
_SPREAD = {1: 1.5, 2: 1.02, 3: 1.3}
#: Relative gaps at which products are priced, and those of a round's last dual point.
_PRICE_AT, _FINE, _LAST = 3e-2, 1e-3, 1e-5
#: So many times a round are products priced; a round ends where that raises the bound by less than
#: this share, and all end where so many rounds do.
_PRICINGS, _RISE, _STALLS = 8, 3e-4, 2


@dataclass(frozen=True, eq=False)
class RegionsIterate:
    """One round's dual point.

    Attributes
    ----------
    point : RegionsPoint
        For the rows of the original problem.
    bound : float
        The solver's value, in the units of the original; not proved yet.
    lifts : int
        How many are in play.
    gap : float
        To the moment matrices' objective, as a share of it.
    """

    point: RegionsPoint
    bound: float
    lifts: int
    gap: float


def region_rounds(
    problem: TrainingProblem, budget: Budget, regions: int, seed: int = 0
) -> Iterator[RegionsIterate]:
    """Solve the joint dual of all lifts, split regions, and so on until the budget is over.

    Parameters
    ----------
    problem : TrainingProblem
    budget : Budget
    regions : int
        Most regions for each direction of the outputs; 0 for any number.
    seed : int
        Of random neurons, with which the solver starts.

    Raises
    ------
    SolverError
        If the data are too badly scaled or too large, there are more than three outputs, or the
        problem has another loss or a free or an output bias.
    """
    if not problem.is_plain:
        raise SolverError(
            "the level regions is for the half-squared loss and decayed hidden biases"
        )
    if problem.c not in _SPREAD:
        raise SolverError(f"the level regions takes up to {max(_SPREAD)} outputs")
    reduced = reduce_problem(problem)
    order = reduced.directions.count + reduced.rank + 1
    if order > _LARGEST_ORDER:
        raise SolverError(
            f"the level regions takes up to {_LARGEST_ORDER - 1} directions of data and "
            f"dimensions together, here are {order - 1}"
        )
    yield from _State(reduced, budget, seed).rounds(regions or np.iinfo(np.int64).max)


class _State:
    """The lifts and the trees of their regions."""

    def __init__(self, reduced: ReducedProblem, budget: Budget, seed: int) -> None:
        self._budget = budget
        self._reduced, self._program, self._seed = reduced, make_program(reduced), seed
        self._cover = cover(reduced.outputs, _SPREAD[reduced.outputs], budget)
        self._carried = Original(reduced, self._program, self._cover)
        self._trees = [[-1] for _ in self._cover.rays]

    def rounds(self, most: int) -> Iterator[RegionsIterate]:
        """A dual point of each round, and one within a round whenever products were priced."""
        lifts = _first_lifts(self._program, self._cover, self._budget)
        if not np.any(self._program.targets):
            yield self._nothing_to_fit(lifts)
            return
        ascent = JointAscent(self._program, lifts, self._budget, self._seed)
        reached: list[float] = []
        while True:
            best = self._round(ascent)
            yield self._iterate(best)
            reached.append(best.bound)
            if len(reached) > _STALLS and max(reached) < (1.0 + _RISE) * reached[-1 - _STALLS]:
                break
            chosen = best_splits(
                ascent.lifts,
                [own.moment for own in ascent.state.lifts],
                [fits_of(self._program, o.direction, ascent.state.zeta) for o in ascent.lifts],
                ascent.narrow(),
                most,
            )
            if not chosen or self._budget.over:
                break
            self._split(ascent.lifts, chosen)
            ascent.split(chosen)
        if ascent.solve(_LAST):
            yield self._iterate(ascent.snapshot)

    def _round(self, ascent: JointAscent) -> Snapshot:
        """Solve and price in turn, loosely at first; the best dual point at the end."""
        last, fine = -np.inf, False
        best = ascent.snapshot
        for _ in range(_PRICINGS):
            ascent.solve(_FINE if fine else _PRICE_AT)
            best = max(best, ascent.snapshot, key=lambda shot: shot.bound)
            if self._budget.over:
                break
            found = [
                violated(lift, own.moment)
                for lift, own in zip(ascent.lifts, ascent.state.lifts, strict=True)
            ]
            none = not any(new.first.size for new in found)
            stalled = ascent.bound < (1.0 + (_RISE if fine else _PRICE_AT)) * last
            if fine and (none or stalled):
                break
            last, fine = max(last, ascent.bound), fine or none or stalled
            if not none:
                ascent.renew(found)
        else:
            ascent.solve(_FINE)
            best = max(best, ascent.snapshot, key=lambda shot: shot.bound)
        return best

    def _split(self, lifts: tuple[Lift, ...], chosen: dict[int, int]) -> None:
        """Put the splits into the trees; lifts are in the order of the trees' leaves."""
        representative = self._reduced.directions.representative
        number = 0
        for tree in self._trees:
            grown = []
            for node in tree:
                point = chosen.get(number) if node < 0 else None
                grown += [node] if point is None else [int(representative[point]), -1, -1]
                number += node < 0
            tree[:] = grown
        assert number == len(lifts)

    def _iterate(self, shot: Snapshot) -> RegionsIterate:
        ys = [own.y for own in shot.state.lifts]
        point = self._carried.point(self._trees, shot.lifts, shot.state.zeta, ys)
        value = self._program.value_scale * shot.bound
        return RegionsIterate(point, value, len(shot.lifts), shot.gap)

    def _nothing_to_fit(self, lifts: tuple[Lift, ...]) -> RegionsIterate:
        ys = [inner_point(lift) for lift in lifts]
        point = self._carried.point(self._trees, lifts, self._program.targets, ys)
        return RegionsIterate(
            point, self._program.value_scale * self._program.lost, len(lifts), 0.0
        )


def _first_lifts(program: Program, of: Cover, budget: Budget) -> tuple[Lift, ...]:
    """A lift for each direction, all points mixed and no pairs."""
    none, (m, r) = np.zeros(0, dtype=np.int64), program.forms.rows.shape
    heights = bounds(of, 1.0, budget) / of.lengths
    return tuple(
        Lift(
            rows=program.forms.rows,
            direction=ray / length,
            bound=float(height),
            signs=np.zeros(m, dtype=np.int8),
            rays=np.zeros((0, r)),
            first=none,
            second=none,
        )
        for ray, length, height in zip(of.rays, of.lengths, heights, strict=True)
    )
