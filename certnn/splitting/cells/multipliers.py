"""Multipliers of a box and the sphere for a quadratic: the least bound that they prove."""

from __future__ import annotations

import math

import numpy as np

from certnn.arrays import FloatArray
from certnn.splitting.cholesky import factorise, substitute
from certnn.training.compiled import copy, inner

#: The first weight of the barrier, as a share of one for each coordinate, and how fast it falls.
_BARRIER, _FALL = 0.05, 0.25
_SHORTEST = 1e-6


@inner
def proved_maximum(
    squares: FloatArray,
    linear: FloatArray,
    constant: float,
    low: FloatArray,
    high: FloatArray,
    free: int,
    sides: FloatArray,
    sphere: float,
    target: float,
    steps: int,
) -> tuple[float, float]:
    """A bound of yᵀAy + bᵀy + c on the box and the sphere; Newton's method on the multipliers.

    That is c + μ − Σ ν l h + pᵀ(μE + diag ν − A)⁻¹p with 2p = b + ν(l + h), which is convex; E is
    the identity without the free coordinates.

    Parameters
    ----------
    squares : array, shape (k, k)
        A.
    linear : array, shape (k,)
        b.
    constant : float
        c.
    low, high : array, shape (k,)
        l and h.
    free : int
        So many last coordinates are not on the sphere.
    sides : array, shape (k,)
        ν > 0 to begin with; the best found is written.
    sphere : float
        μ to begin with; raised if it is too small.
    target : float
        What is good enough.
    steps : int

    Returns
    -------
    bound, sphere : float
        The best bound found, and its μ.
    """
    k = low.size
    factor, inverse = np.empty((k, k)), np.empty((k, k))
    mean, half = np.empty(k), np.empty(k)
    tried_factor, tried_mean, tried = np.empty((k, k)), np.empty(k), np.empty(k)
    hessian, step = np.empty((k + 1, k + 1)), np.empty(k + 1)
    best_sides = sides.copy()
    value = _bound(squares, linear, constant, low, high, free, sides, sphere, factor, mean, half)
    raised = 0.02
    while not value < math.inf and raised < 1e12:
        sphere += raised
        raised *= 1.5
        value = _bound(
            squares, linear, constant, low, high, free, sides, sphere, factor, mean, half
        )
    best, best_sphere, barrier = value, sphere, _BARRIER / (k + 1)
    for _ in range(steps):
        if not best > target:
            break
        for j in range(k):
            for m in range(k):
                half[m] = 1.0 if m == j else 0.0
            substitute(factor, half)
            copy(half, inverse[j])
        _write_newton(low, high, free, sides, mean, inverse, barrier, hessian, step)
        if not factorise(hessian, hessian, 0.0):
            break
        substitute(hessian, step)
        length = 1.0
        for j in range(k):
            if step[j] < 0.0:
                length = min(length, -0.9 * sides[j] / step[j])
        value = math.inf
        while length > _SHORTEST:
            for j in range(k):
                tried[j] = sides[j] + length * step[j]
            moved = sphere + length * step[k]
            value = _bound(
                *(squares, linear, constant, low, high, free, tried, moved),
                *(tried_factor, tried_mean, half),
            )
            if value < math.inf:
                break
            length *= 0.6
        if not value < math.inf:
            break
        copy(tried, sides)
        copy(tried_mean, mean)
        for j in range(k):
            copy(tried_factor[j], factor[j])
        sphere += length * step[k]
        if value < best:
            best, best_sphere = value, sphere
            copy(sides, best_sides)
        if length > 0.5:
            barrier *= _FALL
    copy(best_sides, sides)
    return best, best_sphere


@inner
def _bound(
    squares: FloatArray,
    linear: FloatArray,
    constant: float,
    low: FloatArray,
    high: FloatArray,
    free: int,
    sides: FloatArray,
    sphere: float,
    factor: FloatArray,
    mean: FloatArray,
    half: FloatArray,
) -> float:
    """The bound, or infinity; μE + diag ν − A's factor and the y of the maximum are written."""
    k = low.size
    for j in range(k):
        for m in range(j + 1):
            factor[j, m] = -squares[j, m]
        factor[j, j] += sides[j]
        if j < k - free:
            factor[j, j] += sphere
        half[j] = 0.5 * (linear[j] + sides[j] * (low[j] + high[j]))
        mean[j] = half[j]
    if not factorise(factor, factor, 0.0):
        return math.inf
    substitute(factor, mean)
    value = constant + sphere
    for j in range(k):
        value += half[j] * mean[j] - sides[j] * low[j] * high[j]
    return value


@inner
def _write_newton(
    low: FloatArray,
    high: FloatArray,
    free: int,
    sides: FloatArray,
    mean: FloatArray,
    inverse: FloatArray,
    barrier: float,
    hessian: FloatArray,
    step: FloatArray,
) -> None:
    """The Hessian, and the gradient negated, of the bound with its barrier."""
    k, curved = low.size, low.size - free
    length, trace, square, mass = 0.0, 0.0, 0.0, 0.0
    for j in range(k):
        carried, row = 0.0, 0.0
        for m in range(curved):
            carried += inverse[j, m] * mean[m]
            row += inverse[j, m] * inverse[j, m]
        shift = 0.5 * (low[j] + high[j]) - mean[j]
        if j < curved:
            length += mean[j] * mean[j]
            mass += mean[j] * carried
            trace += inverse[j, j]
            square += row
        slack = (low[j] + high[j] - mean[j]) * mean[j] - low[j] * high[j]
        step[j] = barrier / sides[j] + barrier * inverse[j, j] - slack
        for m in range(j + 1):
            other = 0.5 * (low[m] + high[m]) - mean[m]
            hessian[j, m] = inverse[j, m] * (2.0 * shift * other + barrier * inverse[j, m])
        hessian[j, j] += barrier / (sides[j] * sides[j])
        hessian[k, j] = -2.0 * shift * carried + barrier * row
    step[k] = length + barrier * trace - 1.0
    hessian[k, k] = 2.0 * mass + barrier * square
