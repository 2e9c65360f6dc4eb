"""Steps of the interior point method on one leaf: how far to go, and to what target; compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from certnn.arrays import FloatArray
from certnn.splitting.phases.form import (
    Direction,
    Node,
    add_constant_form,
    add_linear_form,
    add_slacks,
    clear,
    clear_rows,
    definite,
)
from certnn.splitting.phases.newton import Dual, Step, new_step
from certnn.splitting.phases.scaling import invert_factor, write_scaling
from certnn.training.compiled import inner

#: Share of the way to the border that a step goes.
_SHARE = 0.95
_SHORTER, SHORTEST = 0.9, 1e-5


class Search(NamedTuple):
    """Where the method is on one node: v multipliers, order r, m rows."""

    y: FloatArray  # (v,)
    form: FloatArray  # (r, r) at y
    factor: FloatArray  # (r, r)
    slacks: FloatArray  # (m,)
    dual: Dual
    change: FloatArray  # (v,) of y
    form_change: FloatArray
    slacks_change: FloatArray
    dual_change: Dual
    scaling: FloatArray  # (r, r) W
    scratch: FloatArray  # (r, r)
    step: Step
    constraints: float  # the degree of the barrier


@inner
def _new_dual(order: int, terms: int, rows: int, singles: int) -> Dual:
    return Dual(np.zeros((order, order)), np.zeros((terms, 4)), np.zeros(rows), np.zeros(singles))


@inner
def new_search(direction: Direction, node: Node, y: FloatArray) -> Search:
    """Begin at strictly feasible multipliers, with what duals the barrier gives there."""
    order, rows = direction.points.shape[1] + 1, node.needs.size
    terms, singles = node.terms.size, node.left.size
    search = Search(
        y,
        np.zeros((order, order)),
        np.zeros((order, order)),
        np.zeros(rows),
        _new_dual(order, terms, rows, singles),
        np.zeros(y.size),
        np.zeros((order, order)),
        np.zeros(rows),
        _new_dual(order, terms, rows, singles),
        np.zeros((order, order)),
        np.zeros((order, order)),
        new_step(direction, node),
        float(order + rows + 3 * terms - node.points + node.opens + singles),
    )
    _evaluate(direction, node, search)
    return search


@inner
def begin(node: Node, search: Search) -> bool:
    """Set the duals to those of the barrier; False if the multipliers are not feasible."""
    if not definite(search.form, search.factor):
        return False
    invert_factor(search.factor, search.scratch)
    dual = search.dual.form
    _write_inverse(search.scratch, dual)
    # With this target the first entry is 1, as it has to be.
    target = 1.0 / dual[0, 0]
    for k in range(dual.shape[0]):
        for m in range(dual.shape[0]):
            dual[k, m] *= target
    _add_targets(node, search, search.dual, target)
    return True


@inner
def _write_inverse(inverse_factor: FloatArray, result: FloatArray) -> None:
    size = result.shape[0]
    for k in range(size):
        for m in range(k + 1):
            total = 0.0
            for p in range(k, size):
                total += inverse_factor[p, k] * inverse_factor[p, m]
            result[k, m] = result[m, k] = total


@inner
def _evaluate(direction: Direction, node: Node, search: Search) -> None:
    clear_rows(search.form)
    add_constant_form(node, search.form)
    add_linear_form(direction, node, search.y, search.form)
    for row in range(node.needs.size):
        search.slacks[row] = node.needs[row]
    add_slacks(node, search.y, search.slacks)


@inner
def prepare(search: Search) -> bool:
    """Write the scaling where the search is; False if the dual has lost its definiteness."""
    step, scaling = search.step, search.scaling
    invert_factor(search.factor, search.scratch)
    _write_inverse(search.scratch, step.inverse)
    if not write_scaling(search.factor, search.scratch, search.dual.form, step.root):
        return False
    clear_rows(scaling)
    for p in range(scaling.shape[0]):
        for k in range(scaling.shape[0]):
            for m in range(scaling.shape[0]):
                scaling[k, m] += step.root[p, k] * step.root[p, m]
    return True


@inner
def move(direction: Direction, node: Node, search: Search, forward: float, back: float) -> bool:
    """Go along the changes; False if rounding has made the form indefinite."""
    for k in range(search.y.size):
        search.y[k] += forward * search.change[k]
    _move_dual(search.dual, search.dual_change, back)
    _evaluate(direction, node, search)
    return definite(search.form, search.factor)


@inner
def _move_dual(dual: Dual, change: Dual, share: float) -> None:
    for k in range(dual.form.shape[0]):
        for m in range(dual.form.shape[0]):
            dual.form[k, m] += share * change.form[k, m]
    for place in range(dual.terms.shape[0]):
        for k in range(4):
            dual.terms[place, k] += share * change.terms[place, k]
    for row in range(dual.slacks.size):
        dual.slacks[row] += share * change.slacks[row]
    for place in range(dual.singles.size):
        dual.singles[place] += share * change.singles[place]


@inner
def gap(node: Node, search: Search) -> float:
    """Sum of the products of constraints and duals: how far the bound may still fall."""
    total, size = 0.0, search.form.shape[0]
    y, dual = search.y, search.dual
    for k in range(size):
        total += search.form[k, k] * dual.form[k, k]
        for m in range(k):
            total += 2.0 * search.form[k, m] * dual.form[k, m]
    for place in range(node.terms.size):
        u, v, gamma = y[2 + 3 * place], y[3 + 3 * place], y[4 + 3 * place]
        first, second = dual.terms[place, 0], dual.terms[place, 1]
        if node.up[place] < 0:
            total += (u - v) * first + v * second
        else:
            total += u * first + gamma * second + v * dual.terms[place, 3]
            total += 0.5 * u * dual.terms[place, 2]
    for row in range(search.slacks.size):
        total += search.slacks[row] * dual.slacks[row]
    for place in range(node.left.size):
        total += y[2 + 3 * node.terms.size + place] * dual.singles[place]
    return total


@inner
def _add_targets(node: Node, search: Search, result: Dual, target: float) -> None:
    """Add the duals whose products with the constraints are the target, but for the form's."""
    y = search.y
    for place in range(node.terms.size):
        u, v, gamma = y[2 + 3 * place], y[3 + 3 * place], y[4 + 3 * place]
        if node.up[place] < 0:
            result.terms[place, 0] += target / (u - v)
            result.terms[place, 1] += target / v
        else:
            share = target / (gamma * v - u * u / 16.0)
            result.terms[place, 0] += target / u
            result.terms[place, 1] += share * v
            result.terms[place, 2] -= share * 0.25 * u
            result.terms[place, 3] += share * gamma
    for row in range(node.needs.size):
        result.slacks[row] += target / search.slacks[row]
    for place in range(node.left.size):
        result.singles[place] += target / y[2 + 3 * node.terms.size + place]


@inner
def head_for(direction: Direction, node: Node, search: Search, target: float) -> None:
    """Changes of y, of the constraints and of the duals for a target of their products."""
    step, change, dual, new = search.step, search.change, search.dual, search.dual_change
    for k in range(change.size):
        change[k] = step.affine[k] + target * step.centring[k]
    clear_rows(search.form_change)
    add_linear_form(direction, node, change, search.form_change)
    clear(search.slacks_change)
    add_slacks(node, change, search.slacks_change)
    clear_rows(new.terms)
    clear(new.slacks)
    clear(new.singles)
    _add_targets(node, search, new, target)
    _turned(search.scaling, search.form_change, search.scratch, new.form)
    for k in range(new.form.shape[0]):
        for m in range(new.form.shape[0]):
            new.form[k, m] = target * step.inverse[k, m] - dual.form[k, m] - new.form[k, m]
    y = search.y
    for place in range(node.terms.size):
        row = 2 + 3 * place
        u, v = y[row], y[row + 1]
        if node.up[place] < 0:
            first = (change[row] - change[row + 1]) / (u - v)
            new.terms[place, 0] -= dual.terms[place, 0] * (1.0 + first)
            new.terms[place, 1] -= dual.terms[place, 1] * (1.0 + change[row + 1] / v)
            continue
        new.terms[place, 0] -= dual.terms[place, 0] * (1.0 + change[row] / u)
        _add_pair_change(node, search, place)
    for row in range(node.needs.size):
        moved = 1.0 + search.slacks_change[row] / search.slacks[row]
        new.slacks[row] -= dual.slacks[row] * moved
    for place in range(node.left.size):
        row = 2 + 3 * node.terms.size + place
        new.singles[place] -= dual.singles[place] * (1.0 + change[row] / y[row])


@inner
def _add_pair_change(node: Node, search: Search, place: int) -> None:
    row = 2 + 3 * place
    p, q, s = search.change[row + 2], 0.25 * search.change[row], search.change[row + 1]
    a, b, c = search.step.pairs[place, 0], search.step.pairs[place, 1], search.step.pairs[place, 2]
    old, new = search.dual.terms[place], search.dual_change.terms[place]
    new[1] -= old[1] + (a * p + b * q) * a + (a * q + b * s) * b
    new[2] -= old[2] + (a * p + b * q) * b + (a * q + b * s) * c
    new[3] -= old[3] + (b * p + c * q) * b + (b * q + c * s) * c


@inner
def _turned(scaling: FloatArray, form: FloatArray, half: FloatArray, result: FloatArray) -> None:
    """scaling·form·scaling, where of the form the lower triangle is given."""
    size = form.shape[0]
    for k in range(size):
        for m in range(size):
            half[k, m] = 0.0
            for p in range(size):
                half[k, m] += scaling[k, p] * (form[p, m] if p >= m else form[m, p])
    for k in range(size):
        for m in range(k + 1):
            total = 0.0
            for p in range(size):
                total += half[k, p] * scaling[p, m]
            result[k, m] = result[m, k] = total


@inner
def longest_primal(node: Node, search: Search) -> float:
    """How far along the change the multipliers may go, at most 1."""
    y, change, longest = search.y, search.change, 1.0 / _SHARE
    for place in range(node.terms.size):
        row = 2 + 3 * place
        u, v, gamma = y[row], y[row + 1], y[row + 2]
        du, dv, dgamma = change[row], change[row + 1], change[row + 2]
        if node.up[place] < 0:
            longest = _shorter(u - v, du - dv, _shorter(v, dv, longest))
        else:
            longest = _shorter(u, du, longest)
            longest = _shorter_pair(gamma, 0.25 * u, v, dgamma, 0.25 * du, dv, longest)
    for row in range(search.slacks.size):
        longest = _shorter(search.slacks[row], search.slacks_change[row], longest)
    for k in range(2 + 3 * node.terms.size, y.size):
        longest = _shorter(y[k], change[k], longest)
    return _within_cone(search.form, search.form_change, search, longest)


@inner
def longest_dual(node: Node, search: Search) -> float:
    """The same for the duals."""
    dual, change, longest = search.dual, search.dual_change, 1.0 / _SHARE
    for place in range(node.terms.size):
        old, new = dual.terms[place], change.terms[place]
        longest = _shorter(old[0], new[0], longest)
        if node.up[place] < 0:
            longest = _shorter(old[1], new[1], longest)
        else:
            longest = _shorter_pair(old[1], old[2], old[3], new[1], new[2], new[3], longest)
    for row in range(dual.slacks.size):
        longest = _shorter(dual.slacks[row], change.slacks[row], longest)
    for place in range(dual.singles.size):
        longest = _shorter(dual.singles[place], change.singles[place], longest)
    return _within_cone(dual.form, change.form, search, longest)


@inner
def _shorter(value: float, change: float, longest: float) -> float:
    return -value / change if value + longest * change < 0.0 else longest


@inner
def _shorter_pair(
    a: float, b: float, c: float, da: float, db: float, dc: float, longest: float
) -> float:
    """The length at which [[a, b], [b, c]] ceases to be definite, if it is less."""
    square, slope, value = da * dc - db * db, a * dc + c * da - 2.0 * b * db, a * c - b * b
    under = slope * slope - 4.0 * square * value
    if under < 0.0:
        return longest
    # Of the two roots the one that cancels is computed from the other.
    half = -0.5 * (slope + math.copysign(math.sqrt(under), slope))
    for root in (half / square, value / half):
        if 0.0 < root < longest:
            longest = root
    return longest


@inner
def _within_cone(matrix: FloatArray, change: FloatArray, search: Search, longest: float) -> float:
    """A share of the longest length at which the matrix is definite."""
    size = matrix.shape[0]
    moved, factor = search.scratch, np.empty((size, size))
    while longest > SHORTEST:
        for k in range(size):
            for m in range(k + 1):
                moved[k, m] = matrix[k, m] + longest * change[k, m]
        if definite(moved, factor):
            break
        longest *= _SHORTER
    return min(1.0, _SHARE * longest)
