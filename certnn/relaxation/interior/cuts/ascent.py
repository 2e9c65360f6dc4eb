"""The interior point method on a working set of products, slacks and forms on sets that grows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray, Products
from certnn.relaxation.interior.cuts.constraints import CutConstraints, make_cut_constraints
from certnn.relaxation.interior.cuts.set_search import ViolatedForm
from certnn.relaxation.interior.dense.factors import Factors, factorise, longest
from certnn.relaxation.interior.dense.figures import (
    best_multiple,
    centred,
    primal_figures,
    proved_kappa,
    required_factors,
)
from certnn.relaxation.interior.dense.links import first_point
from certnn.relaxation.interior.dense.newton import NewtonStep, State, average, step_cost
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.dense.schur import schur_compiled
from certnn.relaxation.interior.predictor_corrector import steps

#: Share of the way to the border of the cone at which new multipliers start.
_ROOM = 0.5
_FEASIBLE, _MOST_STEPS = 1e-7, 60
#: So many short steps in a row end the search.
_SHORT, _MOST_SHORT = 0.1, 6
#: Dropped are multipliers below this share of the largest, whose products or forms on sets are
#: above these shares of their size.
_IDLE, _PRODUCT_AWAY, _FORM_AWAY = 1e-3, 0.05, 0.005
#: But only once they are this share of all; shares of the inner point to try.
_MANY_IDLE, _INSIDE = 0.3, (0.03, 0.1, 0.3, 0.6)
_SHORTENINGS = 10


class Ascent:
    """A dual point that stays feasible while constraints are added and dropped.

    Attributes
    ----------
    constraints : CutConstraints
    state : State
    factors : Factors
        Of S.
    scale, bound : float
        The multiple of the dual point that proves most, and what it proves, in the program's units.
    gap : float
        To the moment matrix's objective, as a share of it; it means nothing while that matrix
        violates constraints in play.

    Parameters
    ----------
    program : Program
        With targets that are not all zero.
    known : Products or None
        The working set begins with these, or with neighbours alone.
    set_size : int
        Points of each set.
    budget : Budget
        Where it does not afford another step none is begun.

    Raises
    ------
    SolverError
        If the data are too badly scaled.
    """

    def __init__(
        self, program: Program, known: Products | None, set_size: int, budget: Budget
    ) -> None:
        self._budget = budget
        m = program.forms.points
        plain, y = first_point(program, np.zeros(m, dtype=np.int64), known)
        self._inner, self._inner_y = first_point(program, np.zeros(m, dtype=np.int64), None)
        k = max(set_size, 1)
        self.constraints = make_cut_constraints(
            program,
            np.zeros((0, 2 * m)),
            (plain.pair_first, plain.pair_second),
            np.zeros((0, k), dtype=np.int64),
            np.zeros((0, 2 * k * k)),
        )
        factors = required_factors(self.constraints, y)
        self._move(self.constraints, centred(self.constraints, y, factors), factors)

    def solve(self, tolerance: float) -> bool:
        """Steps to this relative gap; whether it was reached."""
        short = 0
        buffer = np.empty((self.state.y.size,) * 2)
        cost = step_cost(self.constraints.program.forms.order, buffer.shape[0])
        for step in steps(
            lambda: NewtonStep(
                self.constraints, self.state, self.factors, schur_compiled, buffer
            ).take(self._infeasible),
            self._budget,
            lambda: cost,
            _MOST_STEPS,
        ):
            self._move(self.constraints, step.state, step.factors)
            if self.gap <= tolerance and not self._infeasible:
                return True
            stuck = min(step.primal, step.dual) < _SHORT
            short = short + 1 if stuck else 0
            if short >= _MOST_SHORT:
                return False
        return False

    def _move(self, constraints: CutConstraints, state: State, factors: Factors) -> None:
        self.constraints, self.state, self.factors = constraints, state, factors
        estimate, residual = primal_figures(constraints, state)
        self._infeasible = residual > _FEASIBLE
        zeta = state.y[: constraints.fits]
        self.scale, self.bound = best_multiple(
            constraints.program, zeta, proved_kappa(constraints, factors)
        )
        self.gap = (estimate - self.bound) / max(abs(estimate), np.finfo(float).tiny)

    def form_values(self) -> FloatArray:
        """The moments of all forms with each other: a, b, v, and the slacks."""
        return self.constraints.program.forms.values(self.state.moment)

    def add_slacks(self, combinations: FloatArray) -> None:
        """Add slacks, which are in no product yet; shape (new, 2m)."""
        old = self.constraints
        self.constraints = make_cut_constraints(
            old.program,
            np.vstack([old.combinations, combinations]),
            (old.pair_first, old.pair_second),
            old.sets,
            old.coefficients,
        )

    def add_products(self, first: IndexArray, second: IndexArray) -> bool:
        """Add products of forms; False if floats do not bear it."""
        old = self.constraints
        larger = make_cut_constraints(
            old.program,
            old.combinations,
            (
                np.concatenate([old.pair_first, first]),
                np.concatenate([old.pair_second, second]),
            ),
            old.sets,
            old.coefficients,
        )
        before, after = old.first.size, larger.first.size
        added = np.zeros(self.state.y.size + first.size, dtype=np.bool_)
        added[before:after] = True
        return self._enter(larger, added)

    def add_forms(self, forms: list[ViolatedForm]) -> bool:
        """Add forms on sets; False if floats do not bear it."""
        if not forms:
            return True
        old = self.constraints
        larger = make_cut_constraints(
            old.program,
            old.combinations,
            (old.pair_first, old.pair_second),
            np.vstack([old.sets, *(form.points for form in forms)]),
            np.vstack([old.coefficients, *(form.form for form in forms)]),
        )
        added = np.zeros(self.state.y.size + len(forms), dtype=np.bool_)
        added[self.state.y.size :] = True
        return self._enter(larger, added)

    def _enter(self, larger: CutConstraints, added: NDArray[np.bool_]) -> bool:
        """Give the added multipliers positive values that leave S definite, and centre them."""
        state = self.state
        y = np.zeros(added.size)
        y[~added] = state.y
        dual = larger.program.forms.values(self.factors.inverse)
        direction = np.where(added, 1.0 / np.sqrt(larger.schur_diagonal(dual, dual)), 0.0)
        reach = longest(self.factors.root, -larger.combined(direction))
        mu = average(self.constraints, state, self.factors)
        share = _ROOM * min(reach, 1.0)
        for _ in range(_SHORTENINGS):
            candidate = y + share * direction
            factors = factorise(larger.dual_matrix(candidate))
            if factors is not None:
                break
            share *= 0.5
        else:
            return False
        signed = larger.signed
        slack = mu / candidate[signed:]
        slack[~added[signed:]] = state.slack
        self._move(larger, State(candidate, state.moment, slack), factors)
        return True

    def drop(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Drop what hardly counts, if it is much: which slacks and which forms on sets are kept.

        A multiplier can not just be set to zero, as S would not stay definite: what is left is
        mixed with a point well inside, and the search for the optimum begins anew from there.
        """
        old, state = self.constraints, self.state
        signed, n = old.signed, old.first.size
        multipliers = state.y[signed:]
        primal = self.form_values()
        size = np.sqrt(np.maximum(old.schur_diagonal(primal, primal)[signed:], 1e-300))
        share = multipliers * size / float(np.max(multipliers * size, initial=1e-300))
        away = np.where(np.arange(size.size) < n - signed, _PRODUCT_AWAY, _FORM_AWAY)
        idle = (state.slack > away * size) & (share < _IDLE)
        inner = self._inner
        q = old.program.forms.count
        keys = old.pair_first * q + old.pair_second
        idle[: keys.size] &= ~np.isin(keys, inner.pair_first * q + inner.pair_second)
        slacks = np.ones(old.combinations.shape[0], dtype=np.bool_)
        forms = np.ones(old.sets.shape[0], dtype=np.bool_)
        if np.count_nonzero(idle) < _MANY_IDLE * max(idle.size, 1):
            return slacks, forms
        kept = np.concatenate([np.ones(signed, dtype=np.bool_), ~idle])
        used = np.append(old.first[kept[:n]], old.second[kept[:n]])
        slacks = np.isin(np.arange(q - slacks.size, q), used)
        smaller = self._restricted(old, kept, np.flatnonzero(slacks))
        start = np.zeros(np.count_nonzero(kept))
        start[:signed] = self._inner_y[:signed]
        place = np.zeros((q, q), dtype=np.int64)
        place[smaller.pair_first, smaller.pair_second] = signed + np.arange(smaller.pair_first.size)
        start[place[inner.pair_first, inner.pair_second]] = self._inner_y[signed:]
        for share_inside in _INSIDE:
            y = (1.0 - share_inside) * state.y[kept] + share_inside * start
            factors = factorise(smaller.dual_matrix(y))
            if factors is not None:
                break
        else:
            return np.ones_like(slacks), forms
        self._move(smaller, centred(smaller, y, factors), factors)
        return slacks, kept[n:]

    @staticmethod
    def _restricted(
        old: CutConstraints, kept: NDArray[np.bool_], slacks: IndexArray
    ) -> CutConstraints:
        """With the kept multipliers and these slacks, which hold all that are in their products."""
        n, combinations = old.first.size, old.combinations
        q = old.program.forms.count - combinations.shape[0]
        place = np.zeros(old.program.forms.count, dtype=np.int64)
        place[:q] = np.arange(q)
        place[q + slacks] = q + np.arange(slacks.size)
        products, sets = kept[old.signed : n], kept[n:]
        return make_cut_constraints(
            old.program,
            combinations[slacks],
            (place[old.pair_first[products]], place[old.pair_second[products]]),
            old.sets[sets],
            old.coefficients[sets],
        )
