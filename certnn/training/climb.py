"""Local maxima of the score ‖Zᵀ(Xu)₊‖/|u|, one direction after the other; compiled."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.training.compiled import compiled, inner, read_only

_POWER_STEPS = 8
#: A jump over many hyperplanes must gain this share; the walk that follows goes on without.
_LEAST_JUMP = 1e-3
_HALVINGS = 6
#: Shares of lengths below which there is no way to go.
_SHORTEST_STEP, _SHORTEST_DIRECTION, _DEPENDENT = 1e-7, 1e-9, 1e-9
#: A hyperplane is left if the score then grows faster than this, relative to the score.
_LEAST_SLOPE = 1e-6
_BISECTIONS = 40


class Walk(NamedTuple):
    """Where a walk is, and arrays to compute with: n points, d columns, c outputs."""

    values: FloatArray  # Xu
    change: FloatArray  # X·direction
    linear: FloatArray  # M, Zᵀ(Xu)₊ = Mu around u off the hyperplanes held
    held: IndexArray  # 1 for the points whose hyperplanes u is kept on
    points: IndexArray  # these points, the first of the array
    normals: FloatArray  # an orthonormal basis of their span, row by row
    direction: FloatArray
    spare: FloatArray
    image: FloatArray  # Mu
    start: FloatArray
    rate: FloatArray


def climb_all(
    X: FloatArray, Z: FloatArray, directions: FloatArray, scores: FloatArray, most_steps: int
) -> None:
    """Move every direction to a local maximum of its score, in place.

    On the cone where the signs of Xu do not change the score is ‖Mu‖/|u|. First u jumps towards
    the top singular vector of M as long as that gains; then it walks there, stops at the first
    maximum on its way, keeps to the hyperplane if it is on one where the score has a ridge, and
    leaves a hyperplane where that helps.

    Parameters
    ----------
    X : array, shape (n, d)
    Z : array, shape (n, c)
    directions : array, shape (k, d)
        Nonzero starts, one a row; unit vectors afterwards.
    scores : array, shape (k,)
        Filled with the scores.
    most_steps : int
        Steps of one walk.
    """
    _climb_all(read_only(X), read_only(Z), directions, scores, most_steps)


@compiled
def _climb_all(
    X: FloatArray, Z: FloatArray, directions: FloatArray, scores: FloatArray, most_steps: int
) -> None:
    n, d = X.shape
    c = Z.shape[1]
    walk = Walk(
        np.zeros(n),
        np.zeros(n),
        np.zeros((c, d)),
        np.zeros(n, np.int64),
        np.zeros(d, np.int64),
        np.zeros((d, d)),
        np.zeros(d),
        np.zeros(d),
        np.zeros(c),
        np.zeros(c),
        np.zeros(c),
    )
    for k in range(directions.shape[0]):
        scores[k] = _climb(X, Z, directions[k], walk, most_steps)


@inner
def _climb(X: FloatArray, Z: FloatArray, u: FloatArray, walk: Walk, most_steps: int) -> float:
    # Of a type: for a constant what is called with it would be compiled once more.
    count, usual, jumping = int(np.int64(0)), int(np.int64(_POWER_STEPS)), True
    powers = usual
    left, side = -1, 0.0  # the point whose hyperplane was left last, and to which side
    for i in range(X.shape[0]):
        walk.held[i] = 0
    _normalise(u)
    score = 0.0
    for step in range(most_steps):
        _product(X, u, walk.values)
        if left >= 0:
            walk.values[left] = side * 1e-300
        _linear_map(X, Z, walk)
        _product(walk.linear, u, walk.image)
        score = _length(walk.image)
        if score == 0.0 or step + 1 == most_steps:
            break
        rank = _span(X, walk, count)
        _head_uphill(u, powers, rank, walk)
        if _length(walk.direction) > _SHORTEST_DIRECTION and rank < u.size:
            _product(X, walk.direction, walk.change)
            if jumping:
                if _jump(Z, u, score, walk):
                    continue
                jumping = False
            stop, ridge = _first_maximum(Z, u, walk)
            if stop > _SHORTEST_STEP or ridge >= 0:
                for j in range(u.size):
                    u[j] += stop * walk.direction[j]
                if ridge >= 0 and count < u.size - 1:
                    walk.points[count] = ridge
                    walk.held[ridge] = 1
                    count += 1
                    rank = _span(X, walk, count)
                _project(walk.normals, rank, u)
                _normalise(u)
                left, powers = -1, usual
                continue
        if count == 0:
            break
        place, side = _worth_leaving(X, Z, u, score, count, walk)
        if place < 0:
            break
        left = walk.points[place]
        walk.held[left] = 0
        count -= 1
        for s in range(place, count):
            walk.points[s] = walk.points[s + 1]
        powers = 1  # along the gradient, which leads to the right side of the hyperplane
    # The score proper: the points held may be off their hyperplanes by rounding.
    _product(X, u, walk.values)
    for o in range(walk.image.size):
        walk.image[o] = 0.0
        for i in range(X.shape[0]):
            walk.image[o] += Z[i, o] * max(0.0, walk.values[i])
    return _length(walk.image)


@inner
def _length(vector: FloatArray) -> float:
    total = 0.0
    for j in range(vector.size):
        total += vector[j] * vector[j]
    return math.sqrt(total)


@inner
def _normalise(vector: FloatArray) -> None:
    length = _length(vector)
    for j in range(vector.size):
        vector[j] /= length


@inner
def _product(matrix: FloatArray, vector: FloatArray, result: FloatArray) -> None:
    for i in range(matrix.shape[0]):
        total = 0.0
        for j in range(vector.size):
            total += matrix[i, j] * vector[j]
        result[i] = total


@inner
def _project(normals: FloatArray, rank: int, vector: FloatArray) -> None:
    """Remove the components along the normals; twice, because once leaves rounding errors."""
    for _ in range(2):
        for s in range(rank):
            along = 0.0
            for j in range(vector.size):
                along += normals[s, j] * vector[j]
            for j in range(vector.size):
                vector[j] -= along * normals[s, j]


@inner
def _linear_map(X: FloatArray, Z: FloatArray, walk: Walk) -> None:
    linear = walk.linear
    for o in range(linear.shape[0]):
        for j in range(linear.shape[1]):
            linear[o, j] = 0.0
    for i in range(X.shape[0]):
        if walk.values[i] > 0.0 and walk.held[i] == 0:
            for o in range(linear.shape[0]):
                for j in range(linear.shape[1]):
                    linear[o, j] += Z[i, o] * X[i, j]


@inner
def _span(X: FloatArray, walk: Walk, count: int) -> int:
    """Gram–Schmidt over the points held; returns their rank."""
    rank = 0
    for s in range(count):
        for j in range(X.shape[1]):
            walk.spare[j] = X[walk.points[s], j]
        before = _length(walk.spare)
        _project(walk.normals, rank, walk.spare)
        after = _length(walk.spare)
        if after > _DEPENDENT * before:
            for j in range(X.shape[1]):
                walk.normals[rank, j] = walk.spare[j] / after
            rank += 1
    return rank


@inner
def _head_uphill(u: FloatArray, powers: int, rank: int, walk: Walk) -> None:
    """Direction from u to where some steps of the power method for MᵀM lead on the hyperplanes."""
    towards, linear = walk.direction, walk.linear
    for j in range(u.size):
        towards[j] = u[j]
    for _ in range(powers):
        for j in range(u.size):
            walk.spare[j] = 0.0
        for o in range(linear.shape[0]):
            value = 0.0
            for j in range(u.size):
                value += linear[o, j] * towards[j]
            for j in range(u.size):
                walk.spare[j] += value * linear[o, j]
        _project(walk.normals, rank, walk.spare)
        length = _length(walk.spare)
        if length == 0.0:
            break
        for j in range(u.size):
            towards[j] = walk.spare[j] / length
    for j in range(u.size):
        towards[j] -= u[j]
    _project(walk.normals, rank, towards)


@inner
def _jump(Z: FloatArray, u: FloatArray, score: float, walk: Walk) -> bool:
    """Go as far along the direction as gains, across whatever hyperplanes; moves u if any does."""
    share = 1.0
    for _ in range(_HALVINGS):
        square, norm = 0.0, 0.0
        for o in range(Z.shape[1]):
            total = 0.0
            for i in range(Z.shape[0]):
                total += Z[i, o] * max(0.0, walk.values[i] + share * walk.change[i])
            square += total * total
        for j in range(u.size):
            walk.spare[j] = u[j] + share * walk.direction[j]
            norm += walk.spare[j] * walk.spare[j]
        if square > score * score * (1.0 + _LEAST_JUMP) * norm:
            for j in range(u.size):
                u[j] = walk.spare[j]
            _normalise(u)
            return True
        share *= 0.5
    return False


@inner
def _first_maximum(Z: FloatArray, u: FloatArray, walk: Walk) -> tuple[float, int]:
    """Share of the direction to the first local maximum, and the point of its ridge or −1."""
    start, rate = walk.start, walk.rate
    _product(walk.linear, walk.direction, rate)
    for o in range(start.size):
        start[o] = walk.image[o]
    norms = _norms(u, walk.direction)
    if _slope(start, rate, 0.0, norms) <= 0.0:
        return 0.0, -1
    here, last = 0.0, -1.0
    while True:
        ahead, crossed = 1.0, -1
        for i in range(Z.shape[0]):
            if walk.held[i] == 0 and walk.values[i] * walk.change[i] < 0.0:
                share = -walk.values[i] / walk.change[i]
                if last < share < ahead:
                    ahead, crossed = share, i
        if _slope(start, rate, ahead, norms) < 0.0:
            low, high = here, ahead
            for _ in range(_BISECTIONS):
                middle = 0.5 * (low + high)
                if _slope(start, rate, middle, norms) > 0.0:
                    low = middle
                else:
                    high = middle
            return low, -1
        if crossed < 0:
            return 1.0, -1
        sign = -1.0 if walk.values[crossed] > 0.0 else 1.0
        for o in range(start.size):
            start[o] += sign * Z[crossed, o] * walk.values[crossed]
            rate[o] += sign * Z[crossed, o] * walk.change[crossed]
        here = last = ahead
        if _slope(start, rate, ahead, norms) <= 0.0:
            return ahead, crossed


@inner
def _norms(u: FloatArray, direction: FloatArray) -> tuple[float, float, float]:
    uu, ud, dd = 0.0, 0.0, 0.0
    for j in range(u.size):
        uu += u[j] * u[j]
        ud += u[j] * direction[j]
        dd += direction[j] * direction[j]
    return uu, ud, dd


@inner
def _slope(
    start: FloatArray, rate: FloatArray, share: float, norms: tuple[float, float, float]
) -> float:
    """The sign of the score's derivative along the direction, times something positive."""
    uu, ud, dd = norms
    square, along = 0.0, 0.0
    for o in range(start.size):
        value = start[o] + share * rate[o]
        square += value * value
        along += value * rate[o]
    return along * (uu + share * (2.0 * ud + share * dd)) - (ud + share * dd) * square


@inner
def _worth_leaving(
    X: FloatArray, Z: FloatArray, u: FloatArray, score: float, count: int, walk: Walk
) -> tuple[int, float]:
    """Which hyperplane to leave, a place in `walk.points`, and to which side; −1 for none.

    With gradient Σ λ_i x_i over the points held, and g the unit image, u is a local maximum if
    0 ≤ λ_i ≤ −z_iᵀg for each: no side of any of the hyperplanes is uphill.
    """
    gradient = walk.direction
    for j in range(u.size):
        total = 0.0
        for o in range(walk.image.size):
            total += walk.linear[o, j] * walk.image[o]
        gradient[j] = total / score - score * u[j]
    gram, right = np.zeros((count, count)), np.zeros(count)
    for s in range(count):
        for j in range(u.size):
            right[s] += X[walk.points[s], j] * gradient[j]
            for other in range(count):
                gram[s, other] += X[walk.points[s], j] * X[walk.points[other], j]
    for s in range(count):
        gram[s, s] *= 1.0 + 1e-12  # dependent points
    multipliers = _solved(gram, right)
    steepest, place, side = _LEAST_SLOPE * score, -1, 0.0
    for s in range(count):
        length = math.sqrt(gram[s, s])
        rise = 0.0
        for o in range(walk.image.size):
            rise += Z[walk.points[s], o] * walk.image[o] / score
        if -multipliers[s] * length > steepest:
            steepest, place, side = -multipliers[s] * length, s, -1.0
        if (multipliers[s] + rise) * length > steepest:
            steepest, place, side = (multipliers[s] + rise) * length, s, 1.0
    return place, side


@inner
def _solved(gram: FloatArray, right: FloatArray) -> FloatArray:
    """The solution for a positive definite matrix, by elimination in place."""
    size = right.size
    for s in range(size):
        for row in range(s + 1, size):
            share = gram[row, s] / gram[s, s]
            for column in range(s, size):
                gram[row, column] -= share * gram[s, column]
            right[row] -= share * right[s]
    for s in range(size - 1, -1, -1):
        for column in range(s + 1, size):
            right[s] -= gram[s, column] * right[column]
        right[s] /= gram[s, s]
    return right
