"""Moments m and M of a neuron in a cell: the barrier of where they lie, and steps that stay there.

The barrier is log det [[1, mᵀ], [m, M]] + Σ_j log E (y_j − l_j)(h_j − y_j), times its weight. M is
flat: its entries a ≥ b row by row.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.splitting.cholesky import factorise, substitute
from certnn.training.compiled import inner

#: What a step must leave of the distance to a side, and what it goes of the way to the border.
_LEAST_SHARE, _BACK = 0.05, 0.9


@inner
def at(a: int, b: int) -> int:
    """Place of the pair a ≥ b."""
    return a * (a + 1) // 2 + b


@inner
def write_inverse(
    mean: FloatArray, flat: FloatArray, moments: FloatArray, inverse: FloatArray
) -> bool:
    """The inverse of [[1, mᵀ], [m, M]]; its factor is left in `moments`."""
    if not _moments_factorised(mean, flat, moments):
        return False
    for a in range(mean.size + 1):
        for b in range(mean.size + 1):
            inverse[a, b] = 1.0 if a == b else 0.0
        substitute(moments, inverse[a])
    return True


@inner
def _moments_factorised(mean: FloatArray, flat: FloatArray, moments: FloatArray) -> bool:
    moments[0, 0] = 1.0
    for a in range(mean.size):
        moments[a + 1, 0] = mean[a]
        for b in range(a + 1):
            moments[a + 1, b + 1] = flat[at(a, b)]
    return bool(factorise(moments, moments, 0.0))


@inner
def write_gradient(
    slope: FloatArray,
    form: FloatArray,
    ends: FloatArray,
    sides: FloatArray,
    inverse: FloatArray,
    barrier: float,
    twice: FloatArray,
    gradient: FloatArray,
) -> None:
    """The derivatives of the value, which are b and A of the quadratics, and of the barriers."""
    k = slope.size
    for a in range(k):
        gradient[a] = slope[a] + 2.0 * barrier * inverse[a + 1, 0] + sides[a] * ends[a]
        for b in range(a + 1):
            entry = form[a, b] + barrier * inverse[a + 1, b + 1]
            gradient[k + at(a, b)] = twice[at(a, b)] * entry
        gradient[k + at(a, a)] -= sides[a]


@inner
def write_hessian(
    points: FloatArray,
    products: FloatArray,
    bends: FloatArray,
    ends: FloatArray,
    slack: FloatArray,
    inverse: FloatArray,
    barrier: float,
    twice: FloatArray,
    hessian: FloatArray,
) -> None:
    """Minus the second derivatives of the value and the barriers; the lower triangle."""
    (m, k), pairs = points.shape, products.shape[1]
    # Most minorants have no second derivatives, and most majorants only those by s.
    # Half as many digits, which take half the time, are enough for a Hessian.
    squares, by_both = np.empty((m, pairs), np.float32), np.empty((m, pairs))
    lines, by_m = np.empty((m, k)), np.empty((m, k))
    bent, both = 0, 0
    for i in range(m):
        if bends[0, i] > 0.0:
            root = math.sqrt(bends[0, i])
            for t in range(pairs):
                squares[bent, t] = np.float32(root * products[i, t])
            bent += 1
        if bends[2, i] != 0.0:
            for t in range(pairs):
                by_both[both, t] = bends[1, i] * products[i, t]
            for a in range(k):
                lines[both, a], by_m[both, a] = points[i, a], bends[2, i] * points[i, a]
            both += 1
    of_s = np.dot(squares[:bent].T, squares[:bent])
    of_both, of_m = np.dot(by_both[:both].T, lines[:both]), np.dot(by_m[:both].T, lines[:both])
    for t in range(pairs):
        for b in range(k):
            hessian[k + t, b] = twice[t] * of_both[t, b]
        for u in range(t + 1):
            hessian[k + t, k + u] = twice[t] * twice[u] * of_s[t, u]
    for a in range(k):
        for b in range(a + 1):
            entry = inverse[0, 0] * inverse[a + 1, b + 1] + inverse[0, b + 1] * inverse[a + 1, 0]
            hessian[a, b] = of_m[a, b] + 2.0 * barrier * entry
        weight = barrier / (slack[a] * slack[a])
        hessian[a, a] += weight * ends[a] * ends[a]
        hessian[k + at(a, a), a] -= weight * ends[a]
        hessian[k + at(a, a), k + at(a, a)] += weight
    for a in range(k):
        for b in range(a + 1):
            t = at(a, b)
            for c in range(k):
                entry = inverse[0, a + 1] * inverse[b + 1, c + 1]
                entry += inverse[0, b + 1] * inverse[a + 1, c + 1]
                hessian[k + t, c] += barrier * twice[t] * entry
            for c in range(a + 1):
                for e in range(c + 1):
                    u = at(c, e)
                    if u > t:
                        break
                    entry = inverse[a + 1, c + 1] * inverse[b + 1, e + 1]
                    entry += inverse[a + 1, e + 1] * inverse[b + 1, c + 1]
                    hessian[k + t, k + u] += 0.5 * barrier * twice[t] * twice[u] * entry
    least = 0.0
    for a in range(k + pairs):
        least += hessian[a, a]
    for a in range(k + pairs):
        hessian[a, a] += 1e-13 * least / (k + pairs)


@inner
def longest_step(
    mean: FloatArray,
    flat: FloatArray,
    low: FloatArray,
    high: FloatArray,
    slack: FloatArray,
    step: FloatArray,
    moments: FloatArray,
) -> float:
    """A length at which the step stays inside; 0 if there is none."""
    k, length = mean.size, 1.0
    moved_mean, moved_flat = np.empty(k), np.empty(flat.size)
    while length > 1e-6:
        inside = True
        for a in range(k):
            t = at(a, a)
            moved = (low[a] + high[a]) * (mean[a] + length * step[a]) - low[a] * high[a]
            inside = inside and moved - flat[t] - length * step[k + t] > _LEAST_SHARE * slack[a]
        for a in range(k):
            moved_mean[a] = mean[a] + length * step[a]
        for t in range(flat.size):
            moved_flat[t] = flat[t] + length * step[k + t]
        if inside and _moments_factorised(moved_mean, moved_flat, moments):
            return length if length == 1.0 else _BACK * length
        length *= 0.6
    return 0.0


@inner
def write_moments(
    barrier: float, mean: FloatArray, square: FloatArray, out: NDArray[np.float32]
) -> None:
    """Write the weight of the barrier, m and M flat, to be gone on from."""
    k = mean.size
    out[0] = np.float32(barrier)
    for a in range(k):
        out[1 + a] = np.float32(mean[a])
        for b in range(a + 1):
            out[1 + k + at(a, b)] = np.float32(square[a, b])


@inner
def moments_read(
    stored: NDArray[np.float32],
    low: FloatArray,
    high: FloatArray,
    mean: FloatArray,
    square: FloatArray,
) -> bool:
    """Read m and M; False, and nothing is changed, where rounding has put them outside."""
    k = mean.size
    flat, moments = np.empty(k * (k + 1) // 2), np.empty((k + 1, k + 1))
    means = np.empty(k)
    for a in range(k):
        means[a] = stored[1 + a]
    for t in range(flat.size):
        flat[t] = stored[1 + k + t]
    for a in range(k):
        if not (low[a] + high[a]) * means[a] - flat[at(a, a)] > low[a] * high[a]:
            return False
    if not _moments_factorised(means, flat, moments):
        return False
    for a in range(k):
        mean[a] = means[a]
        for b in range(a + 1):
            square[a, b] = square[b, a] = flat[at(a, b)]
    return True
