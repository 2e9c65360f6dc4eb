"""Multipliers of a leaf as the file has them, float32, with every condition met; compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.splitting.phases.form import (
    ABSENT,
    ACTIVE,
    INACTIVE,
    OPEN,
    Direction,
    Node,
    add_constant_form,
    add_linear_form,
    definite,
)
from certnn.training.compiled import inner

#: Share by which multipliers are moved off the limits that rounding to float32 might cross.
_SAFE = 3e-7
#: What the form's diagonal has to spare, and the constraints relative to a point's weight.
_FORM_ROOM, _ROOM = 1e-9, 1e-14


class Units(NamedTuple):
    """What the file's multipliers are in units of: n points."""

    bound: float  # h
    linear: FloatArray  # (terms,) h/|x_i|
    square: FloatArray  # (terms,) h/|x_i|²
    ratios: FloatArray  # (terms,) the share of x_j in a pair's line, 1 but for rounding
    signs: IndexArray  # (n,) of the weights, exactly
    absent: FloatArray  # (n, 2) multipliers of the points left out, in the file's units


@inner
def write_leaf(
    direction: Direction,
    node: Node,
    phases: IndexArray,
    y: FloatArray,
    units: Units,
    written: NDArray[np.float32],
) -> int:
    """Round the multipliers and check what they then prove, with room for float64 rounding.

    Parameters
    ----------
    direction : Direction
    node : Node
    phases : int array, shape (n,)
    y : array
        Feasible multipliers that reach a bound a little below 1.
    units : Units
    written : float32 array
        Filled with the leaf's multipliers in the order of the file.

    Returns
    -------
    int
        How many they are, or −1 if rounding has spoilt the proof.
    """
    rounded = y.copy()
    written[0] = np.float32(y[1] * units.bound)
    rounded[0], rounded[1] = 1.0, written[0] / units.bound
    rest = node.needs.copy()
    # Pairs first: what the points have to add depends on them.
    after = 1
    for point in range(phases.size):
        after += _count(phases[point], units.signs[point])
    pairs = after
    for place in range(node.points, node.terms.size):
        term = node.terms[place]
        u, v = (1.0 - _SAFE) * y[2 + 3 * place], y[3 + 3 * place]
        _round_term(u, v, term, place, units, written, after, rounded)
        rest[node.up[place]] += rounded[2 + 3 * place]
        rest[node.down[place]] -= rounded[2 + 3 * place] * units.ratios[term]
        after += 2
    if not _write_points(node, phases, y, units, rest, rounded, written):
        return -1
    offset = 2 + 3 * node.terms.size
    for place in range(node.left.size):
        left, right = node.left[place], node.right[place]
        if left >= 0:
            unit = units.linear[left] * units.linear[right] / units.bound
            written[after] = np.float32(y[offset + place] * unit)
            rounded[offset + place] = written[after] / unit
            after += 1
    for place in range(node.terms.size):
        u, v = rounded[2 + 3 * place], rounded[3 + 3 * place]
        rounded[4 + 3 * place] = u * u / (16.0 * v)
    form = np.zeros((direction.points.shape[1] + 1, direction.points.shape[1] + 1))
    add_constant_form(node, form)
    add_linear_form(direction, node, rounded, form)
    for k in range(form.shape[0]):
        form[k, k] -= _FORM_ROOM
    for place in range(pairs):
        if not np.isfinite(written[place]):
            return -1
    return after if definite(form, np.zeros_like(form)) else -1


@inner
def _count(phase: int, sign: int) -> int:
    """How many multipliers a point has."""
    if phase == ABSENT:
        return 2 * abs(sign)
    return 1 if phase in (ACTIVE, INACTIVE) else 2


@inner
def _round_term(
    u: float,
    v: float,
    term: int,
    place: int,
    units: Units,
    written: NDArray[np.float32],
    at: int,
    rounded: FloatArray,
) -> None:
    written[at] = np.float32(u * units.linear[term])
    written[at + 1] = np.float32(v * units.square[term])
    rounded[2 + 3 * place] = written[at] / units.linear[term]
    rounded[3 + 3 * place] = written[at + 1] / units.square[term]
    if not (written[at] > 0.0 and written[at + 1] > 0.0):  # too small for float32: left out
        written[at] = written[at + 1] = np.float32(0.0)
        rounded[2 + 3 * place], rounded[3 + 3 * place] = 0.0, 1e-300


@inner
def _write_points(
    node: Node,
    phases: IndexArray,
    y: FloatArray,
    units: Units,
    rest: FloatArray,
    rounded: FloatArray,
    written: NDArray[np.float32],
) -> bool:
    """The multipliers of points; False if their constraints cannot be met."""
    at, place, single = 1, 0, 0
    offset = 2 + 3 * node.terms.size
    for point in range(phases.size):
        if phases[point] == ABSENT:
            if units.signs[point] != 0:
                written[at] = np.float32(units.absent[point, 0])
                written[at + 1] = np.float32(units.absent[point, 1])
        elif phases[point] in (ACTIVE, INACTIVE):
            written[at] = np.float32(y[offset + single] * units.linear[point])
            rounded[offset + single] = written[at] / units.linear[point]
            single += 1
        else:
            u, v = y[2 + 3 * place], y[3 + 3 * place]
            if phases[point] == OPEN:
                missing = _ROOM * abs(node.needs[node.up[place]]) - rest[node.up[place]]
                u = max(u, missing) * (1.0 + _SAFE)
                _round_term(u, v, point, place, units, written, at, rounded)
                if rounded[2 + 3 * place] < missing:
                    return False
            else:
                most = rest[node.down[place]]
                v = min(v, (0.5 - 4.0 * _SAFE) * most)
                u = max(u, v * (1.0 + _SAFE))
                u = min(u, most * (1.0 - _SAFE) - v * (1.0 + _SAFE))
                _round_term(u, v, point, place, units, written, at, rounded)
                u, v = rounded[2 + 3 * place], rounded[3 + 3 * place]
                v += 1e-9 * v
                if not (u >= v and most - u - v >= _ROOM * abs(node.needs[node.down[place]])):
                    return False
            place += 1
        at += _count(phases[point], units.signs[point])
    return True
