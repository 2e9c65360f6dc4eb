"""The cone of the neurons with one activation pattern: nearest points, and neurons that score.

In compiled code, as there are hundreds of cones with thousands of faces each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.training.compiled import compiled, copy, inner

#: Length of what is put below a working set's rows, a share of theirs: they may be dependent.
_RIDGE = 1e-15
#: A face is violated if by more than these shares of the point's and of the target's length.
_VIOLATED, _ROUNDING = 1e-12, 2e-15
#: Changes of the working set for each face that can be in it.
_CHANGES = 40
#: A further step of ascent has to gain this share.
_GAIN = 1e-6


@compiled
def nearest(
    G: FloatArray, target: FloatArray, multipliers: FloatArray, enough: float
) -> FloatArray:
    """The point of the cone {u : Gu ≥ 0} that is nearest to the target: target + Gᵀλ, λ ≥ 0.

    By nonnegative least squares over λ with a working set (Lawson and Hanson), which begins with
    the multipliers given; they are overwritten.

    Parameters
    ----------
    G : array, shape (n, D)
        Rows of length about one.
    target : array, shape (D,)
    multipliers : array, shape (n,)
        Nonnegative.
    enough : float
        Stop at a target + Gᵀλ that is as short as this, which need not be in the cone.

    Returns
    -------
    array, shape (D,)
        Up to rounding, or until too many changes of the working set.
    """
    n, columns = G.shape
    working = np.empty(n, np.int64)
    inside = np.zeros(n, np.bool_)
    size = 0
    for i in range(n):
        if multipliers[i] > 0.0:
            working[size] = i
            inside[i] = True
            size += 1
    rounding = _ROUNDING * _length(target)
    point = target.copy()
    known = size > 0
    for _ in range(_CHANGES * columns):
        if not known:
            _write_point(G, target, multipliers, working, size, point)
            length = _length(point)
            if length <= enough:
                break
            slack = G @ point
            worst, lowest = -1, -max(_VIOLATED * length, rounding)
            for i in range(n):
                if not inside[i] and slack[i] < lowest:
                    worst, lowest = i, slack[i]
            if worst < 0 or size == min(n, columns):
                break
            working[size] = worst
            inside[worst] = True
            size += 1
        known = False
        while size > 0:
            size, done = _equalise(G, target, multipliers, working, inside, size)
            if done:
                break
    _write_point(G, target, multipliers, working, size, point)
    return point


@inner
def _length(vector: FloatArray) -> float:
    square = 0.0
    for j in range(vector.size):
        square += vector[j] * vector[j]
    return math.sqrt(square)


@inner
def _write_point(
    G: FloatArray,
    target: FloatArray,
    multipliers: FloatArray,
    working: NDArray[np.int64],
    size: int,
    point: FloatArray,
) -> None:
    """The target and the rows of the working set times their multipliers."""
    copy(target, point)
    for j in range(size):
        for p in range(point.size):
            point[p] += multipliers[working[j]] * G[working[j], p]


@inner
def _equalise(
    G: FloatArray,
    target: FloatArray,
    multipliers: FloatArray,
    working: NDArray[np.int64],
    inside: NDArray[np.bool_],
    size: int,
) -> tuple[int, bool]:
    """One move towards the least squares solution over the working set, which may lose faces."""
    # By QR, because the normal equations hide half of the digits, and rows may be almost parallel.
    columns = G.shape[1]
    stack = np.zeros((columns + size, size))
    for j in range(size):
        for p in range(columns):
            stack[p, j] = G[working[j], p]
        stack[columns + j, j] = _RIDGE
    orthogonal, triangle = np.linalg.qr(stack)
    wanted = np.linalg.solve(triangle, -(target @ np.ascontiguousarray(orthogonal[:columns])))
    length, lowest = 1.0, 0
    for j in range(size):
        if wanted[j] < wanted[lowest]:
            lowest = j
        if wanted[j] <= 0.0:
            own = multipliers[working[j]]
            length = min(length, own / (own - wanted[j]) if own > 0.0 else 0.0)
    if wanted[lowest] > 0.0:
        for j in range(size):
            multipliers[working[j]] = wanted[j]
        return size, True
    left = 0
    for j in range(size):
        i = working[j]
        moved = multipliers[i] + length * (wanted[j] - multipliers[i])
        if wanted[j] <= 0.0 and moved <= 1e-14 * abs(wanted[j]):
            multipliers[i] = 0.0
            inside[i] = False
        else:
            multipliers[i] = moved
            working[left] = i
            left += 1
    if left == size:  # rounding: the face that is most wrong leaves
        i = working[lowest]
        multipliers[i] = 0.0
        inside[i] = False
        for j in range(lowest, size - 1):
            working[j] = working[j + 1]
        left = size - 1
    return left, False


@compiled
def ascend_in_cone(
    G: FloatArray, M: FloatArray, output: FloatArray, multipliers: FloatArray, steps: int
) -> tuple[float, FloatArray]:
    """A local maximum of ‖Mᵀu‖/‖u‖ over the cone, by turns in u and in the output direction.

    Parameters
    ----------
    G, multipliers
        As in `nearest`.
    M : array, shape (D, c)
    output : array, shape (c,)
        Where to start: u is the nearest point to M·output. Not zero.
    steps : int
        At most. One is exact for c = 1, where the output is 1 or −1.

    Returns
    -------
    float
        The score, 0.0 where the cone is too far from M·output.
    array, shape (D,)
        u, of length one; zeros where the score is zero.
    """
    best, found = 0.0, np.zeros(G.shape[1])
    size = _length(M.ravel())
    direction, length = np.empty(output.size), _length(output)
    for o in range(output.size):
        direction[o] = output[o] / length
    for _ in range(steps):
        point = nearest(G, M @ direction, multipliers, 0.0)
        length = _length(point)
        if length <= 1e-9 * size:
            break
        for j in range(point.size):
            point[j] /= length
        image = point @ M
        score = _length(image)
        if score <= best * (1.0 + _GAIN):
            break
        best, found = score, point
        for o in range(output.size):
            direction[o] = image[o] / score
    return best, found
