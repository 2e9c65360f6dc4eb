"""The largest score in the plane, in closed form: every arc between the data's hyperplanes.

The rays orthogonal to the data points cut the unit circle into arcs. On each of them the points
with (Xu)ᵢ > 0 are the same, so Zᵀ(Xu)₊ = Mu for one c × 2 matrix M: the score ‖Mu‖/|u| has its
largest value there at the top right singular vector of M, if the arc contains it, or at an end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import SolverError

#: The arrangement is small enough to be enumerated up to this many columns.
MOST_COLUMNS = 2
#: Two lines at a smaller angle, in radians, are the same up to rounding.
_SAME_LINE = 2e-15
#: A derivative below this share of what it is computed from is rounding.
_LEVEL = 1e-14
#: Normals of three lines that join the data with no weight, so that no arc is longer than π/3.
_SPOKES = np.array([[1.0, 0.0], [0.5, np.sqrt(0.75)], [-0.5, np.sqrt(0.75)]])
#: Most float64 numbers in one temporary array: 8 MB.
_BATCH_NUMBERS = 1_000_000


@dataclass(frozen=True, eq=False)
class ArcMaxima:
    """The local maxima of the score ‖Zᵀ(Xu)₊‖/|u|, best first.

    Attributes
    ----------
    directions : ndarray, shape (d, k)
        Unit vectors, one a column; at least one.
    scores : ndarray, shape (k,)
        Their scores. The first is the dual norm of Z, up to rounding.
    """

    directions: FloatArray
    scores: FloatArray


def arc_maxima(features: FloatArray, Z: FloatArray) -> ArcMaxima:
    """All local maxima of the score ‖Zᵀ(Xu)₊‖/|u|, if X has one or two columns.

    In the plane one direction of each stretch on which the score is constant, and none at which it
    is zero up to rounding; on a line both directions. If the score is zero everywhere, there is at
    least one direction all the same. Raises `SolverError` if d is neither 1 nor 2.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        The data points X, a row each; rows may be zero, repeated or parallel.
    Z : ndarray, shape (n, c)
    """
    d = features.shape[1]
    if d not in (1, 2):
        raise SolverError(f"the arcs of data are explicit in 1 or 2 dimensions, not in {d}")
    normals, weights, exponent = _unit_points(features, Z)
    directions = np.array([[1.0], [-1.0]]) if d == 1 else _plane_maxima(normals, weights)
    scores = _scores(normals, weights, directions)
    order = np.argsort(-scores, kind="stable")
    return ArcMaxima(directions[order].T, np.ldexp(scores[order], exponent))


def _unit_points(features: FloatArray, Z: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """xᵢ/|xᵢ| of the m nonzero points, |xᵢ|zᵢ over a power of two, and its exponent."""
    x, x_exponent = _scaled(features)
    z, z_exponent = _scaled(Z)
    lengths = np.abs(x[:, 0]) if x.shape[1] == 1 else np.hypot(x[:, 0], x[:, 1])
    nonzero = lengths > 0.0
    lengths = lengths[nonzero, None]
    weights, exponent = _scaled(z[nonzero] * lengths)
    return x[nonzero] / lengths, weights, x_exponent + z_exponent + exponent


def _scaled(matrix: FloatArray) -> tuple[FloatArray, int]:
    """The matrix over a power of two, so that squares neither overflow nor vanish; exact."""
    exponent = int(np.frexp(np.max(np.abs(matrix), initial=0.0))[1])
    return np.ldexp(matrix, -exponent), exponent


def _plane_maxima(normals: FloatArray, weights: FloatArray) -> FloatArray:
    """Unit directions of all local maxima, shape (k, 2), in no particular order; k ≥ 1."""
    begins, maps = _arcs(normals, weights)
    ends = np.concatenate([begins[1:], begins[:1]])
    first, last = _rise(begins, maps), _rise(ends, maps)
    sizes = np.linalg.norm(maps, axis=(1, 2))
    level = _LEVEL * np.max(sizes) * sizes
    # A stationary point at one end of an arc is a maximum or a minimum; the other end, less than
    # the right angle between such points away, tells which. If both are level, so is the arc.
    rises_first = np.where(np.abs(first) <= level, last, first) >= -level
    rises_last = np.where(np.abs(last) <= level, first, last) >= -level
    rises_next = np.concatenate([rises_first[1:], rises_first[:1]])
    # Where a rise ends, on an arc or at the ray between two, there is a maximum.
    inside = np.flatnonzero(rises_first & ~rises_last)
    at_end = np.flatnonzero(rises_last & ~rises_next)
    on_arcs = _top_directions(begins[inside], ends[inside], maps[inside])
    maxima = np.concatenate([on_arcs, ends[at_end]])
    # If there is none, the score is the same everywhere.
    return maxima if maxima.shape[0] > 0 else begins[:1]


def _arcs(normals: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where each arc of the circle begins, anticlockwise, shape (p, 2), and its Mᵀ, (p, 2, c)."""
    normals = np.concatenate([normals, _SPOKES])
    weights = np.concatenate([weights, np.zeros((_SPOKES.shape[0], weights.shape[1]))])
    # Turn all normals to the upper half-plane. Then the points whose normals were turned are active
    # just before the first ray (x₂, −x₁), and crossing the ray of any point adds its normal times
    # its weight to M: it becomes active or, if its normal was turned, ceases to be.
    turned = normals[:, 1] < np.where(normals[:, 0] < 0.0, _SAME_LINE, -_SAME_LINE)
    normals[turned] *= -1.0
    before = -(normals[turned].T @ weights[turned])
    order = np.argsort(np.arctan2(normals[:, 1], normals[:, 0]))
    normals, weights = normals[order], weights[order]
    sums = np.cumsum(normals[:, :, None] * weights[:, None, :], axis=0)
    distinct = np.append(_cross(normals[:-1], normals[1:]) > _SAME_LINE, True)
    first_half = sums[distinct]
    # Beyond half a turn the rays come again in the same order, and each takes back its term.
    second_half = sums[-1] - first_half
    rays = np.column_stack([normals[distinct, 1], -normals[distinct, 0]])
    return np.concatenate([rays, -rays]), np.concatenate([first_half, second_half]) + before


def _rise(directions: FloatArray, maps: FloatArray) -> FloatArray:
    """Half the derivative of ‖Mu‖² by the angle, for one u and Mᵀ an arc."""
    frames = np.empty((directions.shape[0], 2, 2))
    frames[:, 0] = directions
    frames[:, 1, 0] = -directions[:, 1]
    frames[:, 1, 1] = directions[:, 0]
    images = frames @ maps
    rise: FloatArray = np.sum(images[:, 0] * images[:, 1], axis=1)
    return rise


def _top_directions(begins: FloatArray, ends: FloatArray, maps: FloatArray) -> FloatArray:
    """The unit vector on each arc at which ‖Mu‖ has its maximum, of the arcs that have one inside.

    The rises at both ends are far above rounding, so that rounding does not carry it off the arc.
    """
    grams = maps @ np.swapaxes(maps, 1, 2)
    angles = 0.5 * np.arctan2(2.0 * grams[:, 0, 1], grams[:, 0, 0] - grams[:, 1, 1])
    top = np.column_stack([np.cos(angles), np.sin(angles)])
    top[np.sum(top * (begins + ends), axis=1) < 0.0] *= -1.0
    return top


def _cross(u: FloatArray, v: FloatArray) -> FloatArray:
    crosses: FloatArray = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    return crosses


def _scores(normals: FloatArray, weights: FloatArray, directions: FloatArray) -> FloatArray:
    """The score of every row of `directions`, afresh: the sums over arcs gather rounding errors."""
    scores = np.empty(directions.shape[0])
    size = max(1, _BATCH_NUMBERS // max(1, normals.shape[0]))
    for start in range(0, scores.size, size):
        part = slice(start, start + size)
        active = np.maximum(directions[part] @ normals.T, 0.0)
        scores[part] = np.linalg.norm(active @ weights, axis=1)
    return scores
