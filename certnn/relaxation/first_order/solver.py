"""The rounds: a definite point from the level block, then splitting, with blends on the way."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from certnn.budget import Budget
from certnn.certificates.dual_point import Products
from certnn.errors import SolverError
from certnn.problem.losses import HALF_SQUARED
from certnn.relaxation.first_order.devices import precisions_on
from certnn.relaxation.first_order.dual_weights import DualWeights, Layout
from certnn.relaxation.first_order.form_blocks import Array, FormBlocks, namespace
from certnn.relaxation.first_order.metric import Metric
from certnn.relaxation.first_order.repair import repaired
from certnn.relaxation.first_order.splitting import Splitting
from certnn.relaxation.interior.block import block_points
from certnn.relaxation.interior.dense.links import first_point
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.iterates import DualIterate
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: Groups of the level block that comes first, and the gap at which it is left.
_GROUP, _BLOCK_GAP = 32, 0.01
#: The metric is that of the block point, moved by this share to this multiple of the first one.
_DEPTH, _INSIDE = 0.5, 0.9
#: ρ to begin with, in units of √p over what is proved.
_PENALTY = 1.25
#: Steps between attempts at a bound, and how many there are at most.
_STEPS, _ATTEMPTS = 25, 400
#: The best iterate so far is handed out every so many steps, so that the caller may end it.
_PULSE = 5
#: Nominal seconds of a step, and for each third power of its matrix's order; in double precision
#: they take so many times as long.
_A_STEP, _A_PRODUCT, _DOUBLE = 1e-3, 6e-10, 1.7
#: So many in a row of which none raises the bound by this share of the tolerance end the search.
_PATIENCE, _RISE = 60, 0.1
#: The largest primal residual at which the estimate counts, in units of the tolerance.
_FIT = 0.05
#: ρ is changed for the primal residual to be this share of the dual one.
_TILT = 0.3
#: It is left alone while it seems right to this factor, and after so many attempts.
_RIGHT, _LARGEST_CHANGE, _ADJUSTED = 2.0, 1.5, 100


def first_order(
    reduced: ReducedProblem,
    budget: Budget,
    *,
    tolerance: float = 1e-3,
    likes: Sequence[Array] | None = None,
    start: Products | None = None,
    begin: Sequence[DualIterate] | None = None,
) -> Iterator[DualIterate]:
    """Solve the dual of the relaxation over all products, at the cost of one eigh per step.

    Parameters
    ----------
    reduced : ReducedProblem
    budget : Budget
        The work is counted; when to end is the caller's choice.
    tolerance : float
        Stop at this relative gap to the estimate, or where bounds rise by far less.
    likes : sequence of array or None
        What the steps run in, one after another where that is not enough: arrays of the library and
        precision, on the device, as `precisions_on` has them; None for those of numpy. Bounds are
        worked out in numpy and double precision.
    start : Products or None
        Multipliers of a neighbouring problem with the same directions.
    begin : sequence of DualIterate or None
        Dual points of this problem, up to their scales, in place of those of the level block, of
        which a step takes long where there are many columns and outputs.

    Yields
    ------
    DualIterate
        Feasible in floats. First those that it begins with, which give the metric; then the best
        found by repairing points of the splitting, the same one again while there is no better.
        The estimate is the objective of moments that nearly fit; infinite before there are any.

    Raises
    ------
    SolverError
        If the data are too badly scaled for the first point, or a device fails, as where its memory
        is too small.
    """
    layout = Layout.of(reduced)
    program = layout.program
    if not np.any(program.targets):
        yield program.nothing_to_fit()
        return
    middle, value = _definite(layout, _linked(layout, start))
    best, told = middle, layout.iterate(middle, math.inf)
    yield told
    known = layout.decay is None and layout.loss == HALF_SQUARED  # to block
    groups = angular_groups(reduced.directions.units, _GROUP) if known and begin is None else []
    alone = len(groups) == 1  # then block has all products
    gap, closed = tolerance if alone else max(_BLOCK_GAP, tolerance), False
    firsts: Iterable[DualIterate] = begin or ()
    if groups and program.reg == reduced.reg:  # else it is beyond floats
        firsts = block_points(reduced, groups, budget, start=start, tolerance=gap)
    for iterate in firsts:
        found = layout.from_iterate(iterate)
        proof = layout.proved(found)
        closed = abs(iterate.estimate - iterate.bound) <= gap * abs(iterate.estimate)
        if proof.value > value:
            best, value = layout.rescaled(found, proof), proof.value
            told = replace(iterate, bound=program.value_scale * value)
        yield told
    if alone and closed:
        return
    try:
        inner = layout.point(middle.weights * _INSIDE)  # a best multiple is on the border
        form, long = best.blend(_DEPTH, inner).form, layout.long_column
        metric = Metric.of(program.forms.rows, form if long is None else long.roomy(form))
    except np.linalg.LinAlgError:
        return
    for like in likes or precisions_on(None):
        try:
            best, closed = yield from _by_splitting(layout, metric, best, budget, tolerance, like)
        except RuntimeError as error:
            if isinstance(like, np.ndarray):
                raise
            reason = str(error).partition("\n")[0]
            raise SolverError(f"the device of the first-order method failed: {reason}") from None
        if closed:
            return


def _by_splitting(
    layout: Layout,
    metric: Metric,
    best: DualWeights,
    budget: Budget,
    tolerance: float,
    like: Array,
) -> Generator[DualIterate, None, tuple[DualWeights, bool]]:
    """Iterates, and at the end the best point and whether it is within the tolerance."""
    order, value = layout.program.forms.order, layout.proved(best).value
    penalty = _PENALTY * math.sqrt(order) / max(value, np.finfo(float).tiny)
    splitting = Splitting(layout, metric, best, penalty, like)
    risen, told, cost = 0, layout.iterate(best, math.inf), step_cost(order)
    if like.dtype == namespace(like).float64:
        cost *= _DOUBLE
    for attempt in range(_ATTEMPTS):
        try:
            for step in range(_STEPS):
                if step % _PULSE == 0:
                    yield told
                splitting.step()
                budget.spend(cost)
            residuals, estimate = splitting.residuals(), splitting.primal_value()
            point = layout.point(layout.within(splitting.weights()))
            found, proof = repaired(layout, point, best)
        except np.linalg.LinAlgError:
            return best, False
        if proof.value > value:
            if proof.value > (1.0 + _RISE * tolerance) * value:
                risen = attempt
            best, value = found, proof.value
        told = replace(layout.iterate(best, estimate), moment=splitting.moment())
        yield told
        if attempt - risen > _PATIENCE:
            return best, False
        if abs(estimate - value) <= tolerance * value and residuals.primal <= _FIT * tolerance:
            return best, True
        if attempt < _ADJUSTED:
            ratio = math.sqrt(residuals.primal / max(_TILT * residuals.dual, 1e-300))
            if not 1.0 / _RIGHT < ratio < _RIGHT:
                change = min(max(ratio, 1.0 / _LARGEST_CHANGE), _LARGEST_CHANGE)
                splitting.set_penalty(splitting.penalty * change)
    return best, False


def step_cost(order: int) -> float:
    """Nominal seconds of a step in single precision on matrices of this order."""
    return _A_STEP + _A_PRODUCT * float(order) ** 3


def _linked(layout: Layout, start: Products | None) -> DualWeights:
    """A definite point from the nearest links, far from the border."""
    program = layout.program
    label = np.zeros(program.forms.points, dtype=np.int64)
    constraints, y = first_point(replace(program, targets=layout.start), label, start)
    q, m = program.forms.count, program.forms.points
    whole = np.zeros((q, q))
    whole[constraints.first, constraints.second] = y * constraints.weight
    whole = whole + whole.T
    a, b, v = slice(0, m), slice(m, 2 * m), slice(2 * m, q)
    pairs = ((a, a), (a, b), (b, b), (a, v), (b, v), (v, v))
    found = layout.point(FormBlocks(*(whole[pair].copy() for pair in pairs)))
    long = layout.long_column
    if long is None:
        return found
    return found.blend(0.5, layout.point(long.links(program.forms.outputs)))


def _definite(layout: Layout, point: DualWeights) -> tuple[DualWeights, float]:
    """The best rescaling of a definite point, and what it proves."""
    proof = layout.proved(point)
    if proof.fit_scale == 0.0:
        raise SolverError("the data are too badly scaled for the first-order method")
    return layout.rescaled(point, proof), proof.value
