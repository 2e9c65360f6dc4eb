"""Rounds of the level cuts: solve, hand out the dual point, look for what it leaves violated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from certnn.budget import Budget
from certnn.certificates.cuts_point import CutsPoint, Slacks
from certnn.certificates.dual_point import Products
from certnn.errors import InputError, SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.cuts.ascent import Ascent
from certnn.relaxation.interior.cuts.original_point import original_point
from certnn.relaxation.interior.cuts.set_search import SetSearch, ViolatedForm
from certnn.relaxation.interior.cuts.slack_search import (
    Relation,
    neighbour_relations,
    violated_relations,
)
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_problem

#: Beyond this a round takes minutes.
_LARGEST_ORDER = 300
#: Products are added whose moment is below this share of the norms of their forms.
_VIOLATED = -1e-4
#: So many for each direction at a time, and so many times a round.
_PRODUCTS, _PRICINGS = 6.0, 4
#: New slacks a round for each direction, and for each target.
_SLACKS, _SAME_TARGET = 1.25, 2
#: New forms on sets a round for each direction.
_FORMS = 1.5
#: Relative gaps at which cuts are looked for: this share of the last rise, within limits; and the
#: gap of the last dual point.
_SHARE, _FINEST, _COARSEST, _LAST = 0.3, 1e-4, 3e-3, 1e-6
#: Rounds end when so many of them together have not raised the bound by this share.
_STALLS, _RISE = 5, 1e-4
#: A dual point is handed out when the bound has risen by this share.
_WORTH = 2e-3
#: What a search may cost a round, in units of the budget: at least this, or what the last solution
#: took.
_LEAST = 0.5
#: A search for slacks that finds none is half as long next time, down to this share.
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class CutFamilies:
    """What the rounds may add: slacks of sublinearity, and sets of so many points.

    Attributes
    ----------
    slacks : bool
    set_size : {0, 3, 4}
        0 for no sets. Of two points products say all, and above four Theorem 30 is not exact.

    Raises
    ------
    InputError
        If the size is another.
    """

    slacks: bool = True
    set_size: int = 4

    def __post_init__(self) -> None:
        if self.set_size not in (0, 3, 4):
            raise InputError("set_size", f"must be 0, 3 or 4, got {self.set_size!r}")


@dataclass(frozen=True, eq=False)
class CutsIterate:
    """One round's dual point.

    Attributes
    ----------
    point : CutsPoint
        For the rows of the original problem.
    bound : float
        The solver's value, in the units of the original; not proved yet.
    slacks, sets : int
        How many are in play.
    gap : float
        To the moment matrix's objective, as a share of it.
    """

    point: CutsPoint
    bound: float
    slacks: int
    sets: int
    gap: float


def cut_rounds(
    problem: TrainingProblem,
    budget: Budget,
    families: CutFamilies | None = None,
    seed: int = 0,
    known: Products | None = None,
) -> Iterator[CutsIterate]:
    """Solve the dual with more and more cuts, until these no longer help or the budget is over.

    Parameters
    ----------
    problem : TrainingProblem
    budget : Budget
    families : CutFamilies or None
        By default both, but slacks alone where u has two dimensions: sets add little there.
    seed : int
        Of the searches for cuts.
    known : Products or None
        Of the level dnn, over the directions, to begin with; None to find them first.

    Raises
    ------
    SolverError
        If the data are too badly scaled or too large, or the problem has another loss or a free or
        an output bias.
    """
    if not problem.is_plain:
        raise SolverError("the level cuts is for the half-squared loss and decayed hidden biases")
    if budget.over:
        return
    reduced = reduce_problem(problem)
    order = reduced.directions.count + reduced.rank + reduced.outputs
    if order > _LARGEST_ORDER:
        raise SolverError(
            f"the level cuts takes up to {_LARGEST_ORDER} directions of data, dimensions and "
            f"outputs together, here are {order}"
        )
    default = CutFamilies() if reduced.rank > 2 else CutFamilies(set_size=0)
    shown, best = -np.inf, None
    for iterate in _State(reduced, families or default, budget, seed).rounds(known):
        if shown == -np.inf or iterate.bound > shown + _WORTH * abs(shown):
            shown, best = iterate.bound, None
            yield iterate
        elif iterate.bound > (shown if best is None else best.bound):
            best = iterate
    if best is not None:
        yield best


class _State:
    """What is in play, over the directions of the reduced problem."""

    def __init__(
        self, reduced: ReducedProblem, families: CutFamilies, budget: Budget, seed: int
    ) -> None:
        self._budget = budget
        self._program = make_program(reduced)
        self._reduced, self._families, self._draws = reduced, families, seed
        self._slack_share = 1.0
        m = self._program.forms.points
        self._relations: list[Relation] = []
        self._forms: list[ViolatedForm] = []
        self._size = min(families.set_size, m)
        self._search = SetSearch(m, self._size, seed) if self._size > 2 else None

    def rounds(self, known: Products | None) -> Iterator[CutsIterate]:
        """A dual point for each round; the first is that of the level dnn."""
        budget = self._budget
        start = budget.now
        if not np.any(self._program.targets):
            nothing = self._program.nothing_to_fit()
            original = self._reduced.original_point(nothing.Z, nothing.products)
            none = np.zeros(0, dtype=np.int64)
            point = CutsPoint(
                original.Z, original.products, Slacks.of([]), none, none, np.zeros(0), ()
            )
            yield CutsIterate(point, nothing.bound, 0, 0, 0.0)
            return
        if known is None:
            for iterate in interior_point(self._reduced, budget, tolerance=_COARSEST):
                known = iterate.products
                if budget.over:
                    break
        ascent = Ascent(self._program, known, self._size, budget)
        ascent.solve(_COARSEST)
        bounds = [ascent.bound]
        while True:
            yield self._iterate(ascent)
            took = budget.now - start
            stalled = len(bounds) > _STALLS and (
                bounds[-1] < (1.0 + _RISE) * max(bounds[:-_STALLS])
            )
            cost = min(max(_LEAST, took), budget.left)
            if budget.over or stalled or not self._extend(ascent, cost):
                break
            start = budget.now
            for _ in range(_PRICINGS):
                ascent.solve(_COARSEST)
                if not self._add_products(ascent):
                    break
            rise = ascent.bound / max(bounds[-1], np.finfo(float).tiny) - 1.0
            ascent.solve(min(max(_SHARE * rise, _FINEST), _COARSEST))
            bounds.append(ascent.bound)
        ascent.solve(_LAST)
        yield self._iterate(ascent)

    def _extend(self, ascent: Ascent, cost: float) -> bool:
        """Drop what is not needed, and add what the moment matrix violates; whether any is."""
        before = ascent.constraints
        slacks, forms = ascent.drop()
        self._relations = [r for r, kept in zip(self._relations, slacks, strict=True) if kept]
        self._forms = [f for f, kept in zip(self._forms, forms, strict=True) if kept]
        if ascent.constraints is not before:
            ascent.solve(_COARSEST)
        values = ascent.form_values()
        m, rows = self._program.forms.points, self._program.forms.rows
        new: list[Relation] = []
        self._draws += 1
        if self._families.slacks:
            every = np.r_[: 2 * m, 2 * m + self._program.forms.outputs : values.shape[0]]
            sizes = np.sqrt(np.maximum(np.diag(values)[every], 1e-300))
            known = {relation.key for relation in self._relations}
            if rows.shape[1] == 2 and not known:
                new += neighbour_relations(rows)
                known |= {relation.key for relation in new}
            per_target = np.zeros(m, dtype=np.int64)
            moments = values[np.ix_(every, np.arange(2 * m))]
            for relation in violated_relations(
                rows, moments, sizes, self._slack_share * cost, self._budget, self._draws
            ):
                if sum(per_target) >= max(8, int(_SLACKS * m)):
                    break
                if relation.key not in known and per_target[relation.target] < _SAME_TARGET:
                    per_target[relation.target] += 1
                    new.append(relation)
            self._slack_share = 1.0 if new else max(0.5 * self._slack_share, _LEAST_SHARE)
        found: list[ViolatedForm] = []
        if self._search is not None:
            found = self._search.violated(
                values[: 2 * m, : 2 * m], max(4, int(_FORMS * m)), cost, self._budget
            )
        self._relations += new
        ascent.add_slacks(np.array([r.combination(m) for r in new]).reshape(-1, 2 * m))
        if not ascent.add_forms(found):
            return False
        self._forms += found
        added = self._add_products(ascent)
        return bool(new or found or added)

    def _add_products(self, ascent: Ascent) -> bool:
        """Add the products that are most negative for the size of their forms; whether any is."""
        m, old = self._program.forms.points, ascent.constraints
        values = ascent.form_values()
        norms = np.sqrt(np.maximum(np.diag(values), 1e-300))
        share = values / norms[:, None] / norms[None, :]
        allowed = np.triu(np.ones(share.shape, dtype=np.bool_), 1)
        allowed[:, 2 * m : 2 * m + self._program.forms.outputs] = False
        allowed[2 * m : 2 * m + self._program.forms.outputs] = False
        allowed[np.arange(m), np.arange(m) + m] = False
        allowed[old.pair_first, old.pair_second] = False
        first, second = np.nonzero(allowed & (share < _VIOLATED))
        order = np.argsort(share[first, second], kind="stable")[: max(8, int(_PRODUCTS * m))]
        return order.size > 0 and ascent.add_products(first[order], second[order])

    def _iterate(self, ascent: Ascent) -> CutsIterate:
        """Carry the dual point over to the original problem."""
        point = original_point(self._reduced, ascent, self._relations, self._forms)
        value = self._program.value_scale * ascent.bound
        return CutsIterate(point, value, len(self._relations), len(point.sets), ascent.gap)
