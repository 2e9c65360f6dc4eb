"""The intervals of many points in one cell at once, as `certnn.kernel.cell_geometry` has them.

The same integers as `interval` of one point after another, in about half the time: the floats that
choose λ are those of the same operations in the same order, on several points side by side. Needs
numba; compiled.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Points side by side; their numbers stay in the cache of a core.
_TOGETHER = 32
#: 2²⁸ over each of the λ that are tried, in quarters of octaves.
_RATES = np.array([float(1 << 28) / float((4 + (m & 3)) << (m >> 2)) for m in range(4 * 36)])
#: A share of 2⁻³² is far above what floats are off by.
_ALMOST, _TRIES = 1 << 20, 3
#: So often an interval of 40 of them is halved until one is left.
_HALVINGS = 6

_Integers = NDArray[Any]
_Floats = NDArray[np.float64]


@njit(cache=True, nogil=True, error_model="numpy")
def write_intervals(
    points: _Integers,
    chosen: _Integers,
    low: _Integers,
    high: _Integers,
    free: int,
    signs: bool,
    found: _Integers,
) -> None:
    """Bounds below and above of x_iᵀy for the y of a box with |y| ≤ 1, of the chosen points i.

    Points have shape (m, k), low and high k numbers, and `found`, which is written, two rows of at
    least as many as are chosen. `free` is as in `cell_geometry`. With `signs` nothing counts but
    which of the bounds are negative.
    """
    k = low.size
    sphere = k - free
    columns = np.empty((sphere, _TOGETHER))
    halved = np.empty((2, 2, _TOGETHER), np.int64)
    beside, places = np.empty((2, _TOGETHER), np.int64), np.empty(_TOGETHER, np.int64)
    together = 0
    for place in range(chosen.size + 1):
        if place < chosen.size:
            x = points[chosen[place]]
            bottom, top, least, most, longest = 0, 0, 0, 0, 1
            for j in range(sphere):
                a, b = x[j] * low[j], x[j] * high[j]
                bottom += min(a, b)
                top += max(a, b)
                longest = max(longest, abs(x[j]))
            for j in range(sphere, k):
                a, b = x[j] * low[j], x[j] * high[j]
                least += min(a, b)
                most += max(a, b)
            bottom, top = (bottom + least) >> 26, -(-(top + most) >> 26)
            found[0, place], found[1, place] = bottom, top
            if bottom >= 0 or top <= 0:
                continue
            if signs and _takes_both(x, low, high, sphere, least, most):
                found[0, place], found[1, place] = -1, 1
                continue
            octave = math.frexp(float(longest))[1]
            for side in range(2):
                halved[side, 0, together] = 4 * max(0, octave - 6)
                halved[side, 1, together] = 4 * (octave + 4)
            for j in range(sphere):
                columns[j, together] = float(x[j])
            beside[0, together], beside[1, together] = least >> 26, -(-most >> 26)
            places[together] = place
            together += 1
        if together == _TOGETHER or place == chosen.size:
            _halve(columns, low, high, -1, halved[0], together)
            _halve(columns, low, high, 1, halved[1], together)
            for at in range(together):
                settled = places[at]
                x = points[chosen[settled]]
                below = beside[0, at] - _reach(x, low, high, sphere, -1, halved[0, 0, at])
                above = beside[1, at] + _reach(x, low, high, sphere, 1, halved[1, 0, at])
                found[0, settled] = max(found[0, settled], below)
                found[1, settled] = min(found[1, settled], above)
            together = 0


@njit(cache=True, nogil=True, error_model="numpy")
def _takes_both(
    x: _Integers, low: _Integers, high: _Integers, sphere: int, least: int, most: int
) -> bool:
    """Whether xᵀy is for certain of either sign in the box and the ball, so that both bounds are.

    False says nothing.
    """
    square = 1 / float(_ALMOST)
    for j in range(sphere):
        square += float(x[j]) * float(x[j])
    for sign in (-1, 1):
        beside = float(most if sign > 0 else least)
        rate = sign * float(1 << 26) / math.sqrt(square)
        for _ in range(_TRIES):
            length, value, size = float(0), beside, abs(beside)
            for j in range(sphere):
                y = min(max(float(x[j]) * rate, float(low[j])), float(high[j]))
                length += y * y
                value += float(x[j]) * y
                size += abs(float(x[j]) * y)
            if length <= float((1 << 52) - _ALMOST):
                break
            rate /= 4
        # The floats are off by far less than these shares.
        if length > float((1 << 52) - _ALMOST) or sign * value * float(_ALMOST) <= size:
            return False
    return True


@njit(cache=True, nogil=True, error_model="numpy")
def _halve(
    columns: _Floats, low: _Integers, high: _Integers, sign: int, ends: _Integers, size: int
) -> None:
    """Halve the intervals of λ until one is left, the first, where the length is at most 1."""
    first, last = ends
    rates, lengths = np.empty(_TOGETHER), np.empty(_TOGETHER)
    for _ in range(_HALVINGS):
        for at in range(size):
            rates[at] = sign * _RATES[(first[at] + last[at]) >> 1]
            lengths[at] = 0.0
        for j in range(columns.shape[0]):
            column, least, most = columns[j], float(low[j]), float(high[j])
            for at in range(size):
                y = min(max(column[at] * rates[at], least), most)
                lengths[at] += y * y
        for at in range(size):
            middle = (first[at] + last[at]) >> 1
            if first[at] < last[at]:
                if lengths[at] <= float(1 << 52):
                    last[at] = middle
                else:
                    first[at] = middle + 1


@njit(cache=True, nogil=True, error_model="numpy")
def _reach(x: _Integers, low: _Integers, high: _Integers, sphere: int, sign: int, rate: int) -> int:
    """λ/2 + Σ max (±x_j y_j − λ y_j²/2), as `interval` sums it up."""
    scale = ((4 + (rate & 3)) << (rate >> 2)) >> 2
    total, double, share = (scale + 1) >> 1, 2 * scale, 1 / float(2 * scale)
    for j in range(sphere):
        t = sign * x[j]
        if t << 26 <= scale * low[j]:
            total += -(-t * low[j] >> 26) - (scale * (low[j] * low[j] >> 26) >> 27)
        elif t << 26 >= scale * high[j]:
            total += -(-t * high[j] >> 26) - (scale * (high[j] * high[j] >> 26) >> 27)
        else:  # t² is below 2⁵³ and its share below 2²⁶: off by less than 1 in floats
            square = t * t
            quotient = int(float(square) * share)
            if quotient * double < square:
                quotient += 1
            elif (quotient - 1) * double >= square:
                quotient -= 1
            total += quotient
    return total
