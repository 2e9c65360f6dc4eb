"""The rounds: steps on the working set, then the products that the moment matrix violates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray, Products
from certnn.relaxation.interior.dense.constraints import Constraints
from certnn.relaxation.interior.dense.factors import factorise
from certnn.relaxation.interior.dense.figures import (
    centred,
    dual_iterate,
    primal_figures,
    relative_products,
    required_factors,
)
from certnn.relaxation.interior.dense.links import extended, first_point
from certnn.relaxation.interior.dense.newton import NewPoint, NewtonStep, average, step_cost
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.interior.dense.schur import SchurWriter, schur_compiled
from certnn.relaxation.interior.predictor_corrector import steps
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.neighbours import links_of
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: Relative gaps of the working set at which products are priced, before the tolerance itself.
_PRICE_AT = 0.3
#: A product is violated if it is below this share of the norms of its forms.
_VIOLATED = -1e-4
#: The links added at a time hold this many violated products for each direction.
_ADDED = 0.5
#: Fewer violated products than this for each direction wait until the gap has fallen by the factor.
_FEW, _FALLEN = 0.1, 0.3
#: Residuals of the primal constraints that count as none.
_FEASIBLE = 1e-8
#: So many short steps in a row, none of which raises the bound by this share, end the search.
_SHORT, _MOST_SHORT, _RISE, _MOST_STEPS = 0.1, 8, 1e-4, 500


def interior_point(
    reduced: ReducedProblem,
    budget: Budget,
    *,
    groups: list[IndexArray] | None = None,
    start: Products | None = None,
    tolerance: float = 1e-6,
    schur: SchurWriter = schur_compiled,
) -> Iterator[DualIterate]:
    """Solve the dual of the relaxation over a growing working set of products (Theorems 7, 8).

    Parameters
    ----------
    reduced : ReducedProblem
    budget : Budget
        The work is counted; where it does not afford another step they end.
    groups : list of int64 arrays or None
        Products are kept within these groups of directions; None for all products. The cost is
        that of all products.
    start : Products or None
        Multipliers of a neighbouring problem with the same directions; the working set begins with
        their products.
    tolerance : float
        Stop at this relative gap of the working set with no product violated.
    schur : SchurWriter
        Writes the matrix of the Newton equations.

    Yields
    ------
    DualIterate
        After each step, feasible in floats. The estimate is the moment matrix's objective, for
        the working set and up to its residuals: infinite while they are not small. It ends
        when the tolerance is reached or floats allow no further progress.
    """
    program = make_program(reduced)
    if not np.any(program.targets):
        yield program.nothing_to_fit()
        return
    label = np.zeros(program.forms.points, dtype=np.int64)
    for number, group in enumerate(groups or []):
        label[group] = number
    constraints, y = first_point(program, label, start)
    factors = required_factors(constraints, y)
    yield dual_iterate(constraints, y, factors, np.inf)[0]
    state = centred(constraints, y, factors)
    buffer = np.empty((y.size, y.size))
    infeasible, short, best, add_few_at = True, 0, 0.0, _FALLEN * _PRICE_AT

    def take() -> NewPoint:
        return NewtonStep(constraints, state, factors, schur, buffer).take(infeasible)

    order = program.forms.order
    taken = steps(take, budget, lambda: step_cost(order, state.y.size), _MOST_STEPS)
    for step in taken:
        state, factors = step.state, step.factors
        estimate, residual = primal_figures(constraints, state)
        infeasible = residual > _FEASIBLE
        iterate, bound = dual_iterate(
            constraints, state.y, factors, np.inf if infeasible else estimate
        )
        yield iterate
        stuck = min(step.primal, step.dual) < _SHORT and bound <= best * (1.0 + _RISE)
        short = short + 1 if stuck else 0
        best = max(best, bound)
        if short >= _MOST_SHORT:
            return
        gap = (estimate - bound) / max(abs(estimate), np.finfo(float).tiny)
        if gap > _PRICE_AT or (infeasible and step.primal < 0.9):
            continue
        first, second = _violated(constraints, state.moment, label)
        few = first.size < _FEW * program.forms.points
        if first.size and (gap <= add_few_at or not few):
            add_few_at = max(_FALLEN * gap, tolerance)
            links = links_of(first, second, program.forms.points)
            mu = average(constraints, state, factors)
            larger, candidate = extended(constraints, state, factors, links, mu)
            checked = factorise(larger.dual_matrix(candidate.y))
            if checked is None:
                return
            constraints, state, factors = larger, candidate, checked
            buffer = np.empty((state.y.size, state.y.size))
            infeasible = True
        elif gap <= tolerance and not (infeasible or first.size):
            return


def _violated(
    constraints: Constraints, moment: FloatArray, label: IndexArray
) -> tuple[IndexArray, IndexArray]:
    """The products that are most negative for their forms' size and not in the working set."""
    m = constraints.program.forms.points
    share = relative_products(constraints.program, moment)
    group = np.tile(label, 2)
    allowed = np.triu(group[:, None] == group[None, :], 1)
    allowed[np.arange(m), np.arange(m) + m] = False
    allowed[constraints.pair_first, constraints.pair_second] = False
    first, second = np.nonzero(allowed & (share < _VIOLATED))
    order = np.argsort(share[first, second], kind="stable")[: max(1, int(_ADDED * m))]
    return first[order], second[order]
