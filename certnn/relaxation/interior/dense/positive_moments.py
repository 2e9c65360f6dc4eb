"""Moment matrices all of whose products are positive, on the way of the interior point method.

`interior_point` leaves products alone that are negative by less than a tolerance, since only its
dual side is a bound. Here the working set grows until none is negative, so that the primal side
can be made exactly feasible.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.relaxation.interior.dense.constraints import Constraints
from certnn.relaxation.interior.dense.factors import factorise, upper_root
from certnn.relaxation.interior.dense.figures import (
    centred,
    dual_iterate,
    primal_figures,
    relative_products,
    required_factors,
)
from certnn.relaxation.interior.dense.forms import Forms
from certnn.relaxation.interior.dense.links import extended, first_point
from certnn.relaxation.interior.dense.newton import NewtonStep, average, step_cost
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.dense.schur import schur_compiled
from certnn.relaxation.reduced.neighbours import links_of

#: Products are added from this relative gap on, those below this share of their forms' norms.
_PRICE_AT, _VIOLATED = 0.3, -1e-4
#: From this gap on every negative product is added.
_ALL_FROM = 1e-3
#: So many products for each direction at a time, before and after.
_ADDED, _ADDED_LATE = 0.5, 3.0
_FEASIBLE, _MOST_STEPS = 1e-8, 200
#: Shares of a positive matrix that are mixed with one that is not.
_LEAST_MIX, _MORE_MIX, _MOST_MIX = 1e-6, 2.0, 0.5


def positive_moments(
    program: Program, budget: Budget, tolerance: float = 1e-8
) -> Iterator[FloatArray]:
    """Solve the relaxation, and hand out the moment matrices that are feasible up to rounding.

    Parameters
    ----------
    program : Program
        With targets that are not all zero.
    budget : Budget
        The work is counted; when to end is the caller's choice.
    tolerance : float
        Stop at this relative gap.

    Yields
    ------
    float64 array, shape (r + m + c, r + m + c)
        Of the variables (u, s, v): positive definite, all products positive, and the products
        a_i·b_i zero up to rounding. The objective falls, though not in every step.

    Raises
    ------
    SolverError
        If the data are too badly scaled.
    """
    label = np.zeros(program.forms.points, dtype=np.int64)
    constraints, y = first_point(program, label, None)
    factors = required_factors(constraints, y)
    state, infeasible = centred(constraints, y, factors), True
    best: FloatArray | None = None
    for _ in range(_MOST_STEPS):
        budget.spend(step_cost(program.forms.order, state.y.size))
        buffer = np.empty((state.y.size, state.y.size))
        try:
            step = NewtonStep(constraints, state, factors, schur_compiled, buffer).take(infeasible)
        except SolverError:
            return
        state, factors = step.state, step.factors
        estimate, residual = primal_figures(constraints, state)
        infeasible = residual > _FEASIBLE
        moment = _inside(program.forms, _balanced(program.forms, state.moment), best)
        if moment is not None:
            best = moment
            yield moment
        _, bound = dual_iterate(constraints, state.y, factors, estimate)
        gap = (estimate - bound) / estimate
        if gap > _PRICE_AT or (infeasible and step.primal < 0.9):
            continue
        first, second = _violated(constraints, state.moment, gap)
        if first.size:
            links = links_of(first, second, program.forms.points)
            mu = average(constraints, state, factors)
            constraints, state = extended(constraints, state, factors, links, mu)
            checked = factorise(constraints.dual_matrix(state.y))
            if checked is None:
                return
            factors, infeasible = checked, True
        elif gap <= tolerance and not infeasible:
            return


def _balanced(forms: Forms, moment: FloatArray) -> FloatArray:
    """The matrix with what L(a_i b_i) is off zero taken out.

    The correction Σ y_i L·A_i·L, with A_i the matrix of a_i·b_i, is the smallest in the metric in
    which L is the identity, so that it does little harm where L is nearly singular.
    """
    m = forms.points
    values = forms.values(moment)[: 2 * m, : 2 * m]
    aa, ab, bb = values[:m, :m], values[:m, m:], values[m:, m:]
    y = np.linalg.lstsq(0.5 * (aa * bb + ab * ab.T), -np.diag(ab), rcond=None)[0]
    weights = np.zeros((forms.count, forms.count))
    weights[np.arange(m), np.arange(m) + m] = 0.5 * y
    balanced = moment + moment @ forms.matrix(weights + weights.T) @ moment
    return 0.5 * (balanced + balanced.T)


def _inside(forms: Forms, moment: FloatArray, known: FloatArray | None) -> FloatArray | None:
    """The matrix itself, if it is positive in every respect, or a mixture with one that is.

    As little of the known one as will do; None if nothing near the matrix will.
    """
    pairs = _others(forms.points)
    values = forms.values(moment)[: 2 * forms.points, : 2 * forms.points][pairs]
    if np.min(values, initial=np.inf) > 0.0 and upper_root(moment) is not None:
        return moment
    if known is None:
        return None
    there = forms.values(known)[: 2 * forms.points, : 2 * forms.points][pairs]
    low = values <= 0.0
    share = max(float(np.max(-values[low] / (there[low] - values[low]), initial=0.0)), _LEAST_MIX)
    while (share := _MORE_MIX * share) < _MOST_MIX:
        mixed = (1.0 - share) * moment + share * known
        if upper_root(mixed) is not None:
            return mixed
    return None


def _others(m: int) -> tuple[IndexArray, IndexArray]:
    """The products of different forms but for a_i·b_i."""
    first, second = np.triu_indices(2 * m, 1)
    kept = second != first + m
    return first[kept], second[kept]


def _violated(
    constraints: Constraints, moment: FloatArray, gap: float
) -> tuple[IndexArray, IndexArray]:
    """The products that are most negative for their forms' size and not in the working set."""
    m = constraints.program.forms.points
    share = relative_products(constraints.program, moment)
    share[constraints.pair_first, constraints.pair_second] = 0.0
    first, second = _others(m)
    late = gap <= _ALL_FROM
    below = share[first, second] < (0.0 if late else _VIOLATED)
    first, second = first[below], second[below]
    most = max(1, int((_ADDED_LATE if late else _ADDED) * m))
    order = np.argsort(share[first, second], kind="stable")[:most]
    return first[order], second[order]
