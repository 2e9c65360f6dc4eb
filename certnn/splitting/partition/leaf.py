"""The proof of one cone in floats (Theorem 15); compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.splitting.cholesky import factorise
from certnn.training.compiled import inner

#: Witnesses are integers up to this.
LARGEST_WITNESS = 2.0**20
_ATTEMPTS = 3
#: A cone is not tried again if a row of the form at its witness is below this many −kappa².
_HOPELESS = 0.5
_LEAST_PIVOT = 1e-12
_POWER_STEPS = 6


class Scratch(NamedTuple):
    """Arrays that are written anew for every cone: k rays, c outputs."""

    form: FloatArray
    scaled: FloatArray
    factor: FloatArray
    error: FloatArray
    slope: FloatArray
    centred: FloatArray
    above: FloatArray
    below: FloatArray


@inner
def new_scratch(k: int, c: int) -> Scratch:
    """Scratch arrays for cones of k rays and c outputs."""
    return Scratch(
        np.zeros((k, k)),
        np.zeros((k, k)),
        np.zeros((k, k)),
        np.zeros(k),
        np.zeros(k),
        np.zeros((k, c)),
        np.zeros((k, c)),
        np.zeros((k, c)),
    )


@inner
def close_leaf(
    kappa: float,
    rays: FloatArray,
    norms: FloatArray,
    values: FloatArray,
    mixed: IndexArray,
    images: FloatArray,
    Z: FloatArray,
    w: FloatArray,
    margin: float,
    scratch: Scratch,
) -> bool:
    """Try to prove ‖Zᵀ(Xu)₊‖ ≤ kappa·‖u‖ on one cone.

    Parameters
    ----------
    kappa : float
    rays : array, shape (k, k)
        One ray a row.
    norms : array, shape (k,)
        Their lengths.
    values : array, shape (at least m, k)
        x_iᵀr for each of the points mixed and each ray.
    mixed : int array, shape (m,)
        The points whose values have both signs.
    images : array, shape (k, c)
        Zᵀ(Xr)₊ for each ray.
    Z : array, shape (n, c)
    w : array, shape (k,)
        On success the witness: positive integers, as floats.
    margin : float
        Room for rounding, here and in the rays: a share of kappa²‖r‖².
    scratch : Scratch

    Returns
    -------
    bool
        Whether the cone is proved. The error of each mixed point is chosen at w, and w then found
        for the form that results, so that both are tried a few times.
    """
    for j in range(w.size):
        w[j] = 1.0 / norms[j]
    for attempt in range(_ATTEMPTS):
        _quantise(w)
        _write_form(kappa, rays, values, mixed, images, Z, w, scratch)
        worst = _worst_row(scratch.form, margin * kappa * kappa, norms, w)
        if worst >= 0.0:
            return True
        if worst < -_HOPELESS * kappa * kappa:
            return False
        if attempt < _ATTEMPTS - 1 and not _better_witness(norms, w, attempt == 0, scratch):
            return False
    return False


@inner
def _quantise(w: FloatArray) -> None:
    largest = _largest(w)
    for j in range(w.size):
        w[j] = max(1.0, np.round(w[j] / largest * LARGEST_WITNESS))


@inner
def _largest(values: FloatArray) -> float:
    largest: float = values[0]
    for j in range(values.size):
        largest = max(largest, values[j])
    return largest


@inner
def _write_form(
    kappa: float,
    rays: FloatArray,
    values: FloatArray,
    mixed: IndexArray,
    images: FloatArray,
    Z: FloatArray,
    w: FloatArray,
    scratch: Scratch,
) -> None:
    """Q of Theorem 15, its lower triangle."""
    k, c = images.shape
    q, error, slope = scratch.form, scratch.error, scratch.slope
    centred, above, below = scratch.centred, scratch.above, scratch.below
    for j in range(k):
        for o in range(c):
            above[j, o] = 0.0
            below[j, o] = 0.0
    for place in range(mixed.size):
        i = mixed[place]
        _choose_error(values[place], w, error)
        for o in range(c):
            z = Z[i, o]
            for j in range(k):
                if z > 0.0:
                    above[j, o] += z * error[j]
                else:
                    below[j, o] -= z * error[j]
    for j in range(k):
        for o in range(c):
            centred[j, o] = images[j, o] - 0.5 * (above[j, o] - below[j, o])
    for j in range(k):
        for m in range(j + 1):
            total = 0.0
            for p in range(k):
                total += rays[j, p] * rays[m, p]
            total *= kappa * kappa
            for o in range(c):
                total -= images[j, o] * images[m, o]
                total -= 0.5 * (above[j, o] * below[m, o] + above[m, o] * below[j, o])
            q[j, m] = total
    for place in range(mixed.size):
        i = mixed[place]
        _choose_error(values[place], w, error)
        for j in range(k):
            rise = 0.0
            for o in range(c):
                rise += Z[i, o] * centred[j, o]
            slope[j] = max(0.0, -rise)
        for j in range(k):
            for m in range(j + 1):
                q[j, m] -= error[j] * slope[m] + error[m] * slope[j]


@inner
def _choose_error(values: FloatArray, w: FloatArray, error: FloatArray) -> None:
    """The positive or the negative parts of a point's activations, whichever is less at w."""
    up, down = 0.0, 0.0
    for j in range(w.size):
        if values[j] > 0.0:
            up += values[j] * w[j]
        else:
            down -= values[j] * w[j]
    sign = 1.0 if up <= down else -1.0
    for j in range(w.size):
        error[j] = max(0.0, sign * values[j])


@inner
def _worst_row(q: FloatArray, room: float, norms: FloatArray, w: FloatArray) -> float:
    """The least of Q′w, row by row, over ‖r_j‖²w_j; Q′ is Q without positive off-diagonals."""
    worst = math.inf
    for j in range(w.size):
        total = q[j, j] * w[j]
        for m in range(w.size):
            if m != j:
                entry = q[j, m] if m < j else q[m, j]
                total += min(0.0, entry) * w[m]
        worst = min(worst, total / (norms[j] * norms[j] * w[j]) - room)
    return worst


@inner
def _better_witness(norms: FloatArray, w: FloatArray, may_be_rough: bool, scratch: Scratch) -> bool:
    """w = Q'⁻¹1 where Q' is definite; else, if allowed, about the direction of its least value."""
    k = w.size
    scaled, factor, x = scratch.scaled, scratch.factor, scratch.slope
    for j in range(k):
        for m in range(j + 1):
            entry = scratch.form[j, m] / (norms[j] * norms[m])
            scaled[j, m] = entry if j == m else min(0.0, entry)
            scaled[m, j] = scaled[j, m]
    definite = factorise(scaled, factor, _LEAST_PIVOT)
    if not definite and not may_be_rough:
        return False
    for j in range(k):
        x[j] = 1.0
    if definite:
        for j in range(k):
            for m in range(j):
                x[j] -= factor[j, m] * x[m]
            x[j] /= factor[j, j]
        for j in range(k - 1, -1, -1):
            for m in range(j + 1, k):
                x[j] -= factor[m, j] * x[m]
            x[j] /= factor[j, j]
    else:
        _power_steps(scaled, x, scratch.error)
    largest = _largest(x)
    if not largest > 0.0:
        return False
    for j in range(k):
        w[j] = max(x[j] / largest, 1e-4) / norms[j]
    return True


@inner
def _power_steps(matrix: FloatArray, x: FloatArray, y: FloatArray) -> None:
    """A few steps of the power method for the least eigenvalue, kept nonnegative."""
    top = 0.0
    for j in range(x.size):
        top = max(top, matrix[j, j])
    for _ in range(_POWER_STEPS):
        for j in range(x.size):
            y[j] = 1.001 * top * x[j]
            for m in range(x.size):
                y[j] -= matrix[j, m] * x[m]
            y[j] = max(0.0, y[j])
        largest = _largest(y)
        if not largest > 0.0:
            return
        for j in range(x.size):
            x[j] = y[j] / largest
