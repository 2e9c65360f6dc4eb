"""The quadratics and multipliers of a cell: Newton's method on the moments of a neuron in it.

What the quadratics can prove at best is the largest Σ σ_i φ_i(m_i, s_i) over moments m = E y and
M = E yyᵀ with M ⪰ mmᵀ, tr M = 1 (without the free coordinates) and E (y_j − l_j)(h_j − y_j) ≥ 0,
where φ_i is the least majorant or largest minorant for the moments m_i = x_iᵀm and s_i = x_iᵀMx_i.
It is concave; where it is above what is wanted no multipliers will do, and on the way to it the
quadratics of every step are tried. Where less is wanted later, the method goes on from there.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from certnn.arrays import FloatArray
from certnn.kernel.cell_filter import point_majorant, point_minorant
from certnn.splitting.cells.moments import (
    at,
    longest_step,
    write_gradient,
    write_hessian,
    write_inverse,
)
from certnn.splitting.cells.multipliers import proved_maximum
from certnn.splitting.cells.quadratics import (
    BY_M,
    BY_MM,
    BY_S,
    BY_SM,
    BY_SS,
    VALUE,
    write_majorant,
    write_minorant,
)
from certnn.splitting.cholesky import factorise, substitute
from certnn.training.compiled import copy, inner

PROVED, NOT_PROVABLE, UNDECIDED = range(3)

#: The first weight of the barrier, as a share of one for each variable, and how fast it falls.
_BARRIER, _FALL = 0.5, 0.2
#: How near to its path a step has to be before the barrier falls, in units of its weight.
_NEAR = 2.0
#: Minorants are mixed where they are this near to each other, as a share of the interval.
_ROOM = 0.02
_STEPS, _INNER_STEPS, _ROUNDED_STEPS = 14, 8, 12
#: Room for rounding the multipliers to 32 bits.
_TARGET, _ROUNDED_TARGET = 1.0 - 1e-5, 1.0 - 2e-6
#: What of that a level has for it, and for rounding them once more; of 1 and what they are worth.
#: Levels are units, and positive.
_ROUNDED, _AGAIN, _LEAST = 5e-7, 3e-7, 0.01


class Mixed(NamedTuple):
    """Σ σ_i (x_iᵀy)₊ over the mixed points of a box, and gᵀy of the others.

    Attributes
    ----------
    points : array, shape (m, k)
        x_i.
    products : array, shape (m, k(k + 1)/2)
        x_ia x_ib for a ≥ b.
    weights : array, shape (m,)
        σ_i.
    lows, highs : array, shape (m,)
        The interval of x_iᵀy.
    linear : array, shape (k,)
        g.
    """

    points: FloatArray
    products: FloatArray
    weights: FloatArray
    lows: FloatArray
    highs: FloatArray
    linear: FloatArray


@inner
def close_cell(
    mixed: Mixed,
    low: FloatArray,
    high: FloatArray,
    wide_low: FloatArray,
    wide_high: FloatArray,
    free: int,
    barrier: float,
    mean: FloatArray,
    square: FloatArray,
    codes: FloatArray,
    multipliers: FloatArray,
) -> tuple[int, float, float]:
    """Prove Σ σ_i (x_iᵀy)₊ + gᵀy ≤ 1 in a box, or find out that it cannot be.

    Parameters
    ----------
    mixed : Mixed
    low, high : array, shape (k,)
        The box.
    wide_low, wide_high : array, shape (k,)
        The same, or a larger one if the sphere hardly meets it.
    free : int
        So many last coordinates of y are no part of its length.
    barrier : float
        Its weight to begin with; 0 for that of moments from nowhere.
    mean, square : array, shape (k,) and (k, k)
        Moments to begin with, strictly inside; the last ones are written.
    codes : array, shape (m,)
        Of the quadratics if all is proved: integers. Until then what they are made from.
    multipliers : array, shape (k + 1,)
        Of the sides and of the sphere, in units of the level; written if all is proved, rounded to
        32 bits.

    Returns
    -------
    status : int
        PROVED, NOT_PROVABLE or UNDECIDED.
    level : float
        What is proved in place of 1 if all is, with room to round the multipliers up once more.
    barrier : float
        The weight with which to go on from the last moments.
    """
    k, pairs = low.size, mixed.products.shape[1]
    size = k + pairs
    if not barrier > 0.0:
        barrier = _BARRIER / (2 * k + 1)
    flat, twice, doubled = np.empty(pairs), np.empty(pairs), np.empty(pairs)
    moments, inverse = np.empty((k + 1, k + 1)), np.empty((k + 1, k + 1))
    gradient, hessian = np.empty(size), np.empty((size, size))
    step, normal = np.empty(size), np.empty(size)
    ends, slack = np.empty(k), np.empty(k)
    form, slope, sides = np.empty((k, k)), np.empty(k), np.empty(k)
    bends = np.empty((3, mixed.weights.size))
    trace = np.zeros(size)
    for a in range(k):
        ends[a] = wide_low[a] + wide_high[a]
        for b in range(a + 1):
            twice[at(a, b)] = 1.0 if a == b else 2.0
        if a < k - free:
            trace[k + at(a, a)] = 1.0
    for _ in range(_STEPS):
        for a in range(k):
            for b in range(a + 1):
                flat[at(a, b)] = square[a, b]
                doubled[at(a, b)] = flat[at(a, b)] * twice[at(a, b)]
        if not write_inverse(mean, flat, moments, inverse):
            return UNDECIDED, math.inf, barrier
        value, constant = _write_value(mixed, mean, doubled, slope, form, bends, codes)
        if value > 1.0:
            return NOT_PROVABLE, math.inf, barrier
        for a in range(k):
            slack[a] = ends[a] * mean[a] - square[a, a]
            slack[a] -= wide_low[a] * wide_high[a]
            sides[a] = barrier / slack[a]
        write_gradient(slope, form, ends, sides, inverse, barrier, twice, gradient)
        write_hessian(
            *(mixed.points, mixed.products, bends, ends, slack),
            *(inverse, barrier, twice, hessian),
        )
        if not factorise(hessian, hessian, 0.0):
            return UNDECIDED, math.inf, barrier
        copy(gradient, step)
        copy(trace, normal)
        substitute(hessian, step)
        substitute(hessian, normal)
        sphere = np.dot(trace, step) / np.dot(trace, normal)
        bound, found = proved_maximum(
            *(form, slope, constant, wide_low, wide_high, free),
            *(sides, sphere, _TARGET, _INNER_STEPS),
        )
        level = math.inf
        if bound <= _TARGET:
            level = _rounded_level(mixed, low, high, free, codes, sides, found, multipliers)
        decrease = 0.0
        for a in range(size):
            step[a] -= sphere * normal[a]
            decrease += step[a] * gradient[a]
        length = longest_step(mean, flat, wide_low, wide_high, slack, step, moments)
        if length == 0.0 and level > 1.0:
            return UNDECIDED, math.inf, barrier
        for a in range(k):
            mean[a] += length * step[a]
            for b in range(a + 1):
                square[a, b] += length * step[k + at(a, b)]
                square[b, a] = square[a, b]
        if length == 1.0 and decrease < _NEAR * barrier:
            barrier *= _FALL
        if level <= 1.0:
            return PROVED, level, barrier
    return UNDECIDED, math.inf, barrier


@inner
def _write_value(
    mixed: Mixed,
    mean: FloatArray,
    doubled: FloatArray,
    slope: FloatArray,
    form: FloatArray,
    bends: FloatArray,
    codes: FloatArray,
) -> tuple[float, float]:
    """The value at these moments; b, A and c of the quadratics, and the second derivatives.

    Of a minorant its code is written, of a majorant its τ or ρ.
    """
    lows, highs = mixed.lows, mixed.highs
    firsts, seconds = np.dot(mixed.points, mean), np.dot(mixed.products, doubled)
    out, shares = np.empty(6), np.empty(3)
    value, constant = np.dot(mixed.linear, mean), 0.0
    for i in range(lows.size):
        weight, m = mixed.weights[i], firsts[i]
        s = max(seconds[i], m * m * (1.0 + 1e-12) + 1e-300)
        if weight > 0.0:
            codes[i] = write_majorant(m, s, lows[i], highs[i], out)
            constant += weight * (out[VALUE] - out[BY_S] * s - out[BY_M] * m)
        else:
            room = _ROOM * (highs[i] - lows[i])
            write_minorant(m, s, lows[i], highs[i], room, out, shares)
            slopes = np.rint(15.0 * shares[1])
            codes[i] = 16.0 * slopes + min(np.rint(15.0 * shares[2]), 15.0 - slopes)
        value += weight * out[VALUE]
        bends[0, i], bends[1, i] = -weight * out[BY_SS], -weight * out[BY_SM]
        bends[2, i] = -weight * out[BY_MM]
        firsts[i], seconds[i] = weight * out[BY_M], weight * out[BY_S]
    _write_sums(mixed, firsts, seconds, slope, form)
    return value, constant


@inner
def _write_sums(
    mixed: Mixed, firsts: FloatArray, seconds: FloatArray, slope: FloatArray, form: FloatArray
) -> None:
    """b and A of the quadratics whose linear and second coefficients these are."""
    first, total = np.dot(firsts, mixed.points), np.dot(seconds, mixed.products)
    for a in range(slope.size):
        slope[a] = mixed.linear[a] + first[a]
        for b in range(a + 1):
            form[a, b] = form[b, a] = total[at(a, b)]


@inner
def _rounded_level(
    mixed: Mixed,
    low: FloatArray,
    high: FloatArray,
    free: int,
    codes: FloatArray,
    sides: FloatArray,
    sphere: float,
    multipliers: FloatArray,
) -> float:
    """What the quadratics that the codes name prove, with multipliers of 32 bits; or infinity."""
    k, scale, unit = low.size, 1.0 / (1 << 60), 1.0 / (1 << 26)
    weights, lows, highs = mixed.weights, mixed.lows, mixed.highs
    firsts, seconds, constant = np.empty(weights.size), np.empty(weights.size), 0.0
    for i in range(weights.size):
        bottom, top = int(lows[i] / unit), int(highs[i] / unit)
        if weights[i] > 0.0:
            octaves = math.log2(codes[i] / min(highs[i], -lows[i]))
            codes[i] = min(max(128.0 + np.rint(8.0 * octaves), 0.0), 255.0)
            a, b, c = point_majorant(int(codes[i]), bottom, top)
            constant += weights[i] * (c * unit)
        else:
            a, b = point_minorant(int(codes[i]), bottom, top)
        firsts[i], seconds[i] = weights[i] * (b * scale), weights[i] * (a * scale / unit)
    form, slope = np.empty((k, k)), np.empty(k)
    _write_sums(mixed, firsts, seconds, slope, form)
    bound, sphere = proved_maximum(
        *(form, slope, constant, low, high, free),
        *(sides, sphere, _ROUNDED_TARGET, _ROUNDED_STEPS),
    )
    if not bound <= _ROUNDED_TARGET:
        return math.inf
    # Rounded up, the multiplier of a side takes its share of (h − l)²/4 at most, which is where
    # (y − l)(h − y) is largest, and the form of y only grows.
    matrix, worth = np.empty((k + 1, k + 1)), 1.0 + abs(sphere)
    for a in range(k):
        worth += 0.25 * sides[a] * (high[a] - low[a]) ** 2
    level = max(bound + (_ROUNDED + _AGAIN) * worth, _LEAST)
    if level > 1.0:
        return math.inf
    multipliers[k] = np.float32(sphere / level * (1.0 + 1e-7))
    sphere = level * multipliers[k]
    corner = level - constant - sphere
    for a in range(k):
        multipliers[a] = np.float32(sides[a] / level)
        side = level * multipliers[a]
        corner += side * low[a] * high[a]
        matrix[a + 1, 0] = -0.5 * (slope[a] + side * (low[a] + high[a]))
        for b in range(a + 1):
            matrix[a + 1, b + 1] = -form[a, b]
        matrix[a + 1, a + 1] += side
        if a < k - free:
            matrix[a + 1, a + 1] += sphere
    matrix[0, 0] = corner - _AGAIN * worth
    return level if factorise(matrix, matrix, 1e-13) else math.inf
