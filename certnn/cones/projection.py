"""Project a matrix on the completely positive cone, in floats, adding squares as needed."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.float_factors import FloatFactor, fit, lowest_points, random_start

#: A form is nearly copositive if its least value on the unit sphere is above minus this, relative.
_COPOSITIVE = 1e-6
#: An error below this, relative to a unit diagonal, counts as zero.
INSIDE = 1e-6
_ROUNDS = 12
#: Rounds in a row that may each gain less than a tenth.
_PATIENCE = 2
#: Points nearer than this in direction count as one.
_SAME = 1.0 - 1e-4


def project(
    target: FloatArray, generator: np.random.Generator, start: FloatArray | None = None
) -> FloatFactor:
    """The nearest HH' found to `target`, which has a diagonal near one.

    At the projection, HH' − target is copositive, and orthogonal to HH': where a local search still
    finds points at which it is negative, they become new columns.
    """
    order = target.shape[0]
    columns = random_start(target, 2 * order, generator) if start is None else start
    factor = fit(target, columns, pattern=False, tolerance=1e-7)
    stalled, best = 0, factor.error
    for _ in range(_ROUNDS):
        if factor.error < INSIDE or stalled == _PATIENCE:
            break
        points, values = lowest_points(-factor.residual, 4 * order, generator)
        size = float(np.max(np.abs(factor.residual)))
        points = distinct(points[values < -_COPOSITIVE * size], order)
        if points.shape[0] == 0:
            break
        columns = with_columns(factor.columns, points, -factor.residual)
        factor = fit(target, columns, pattern=False, tolerance=1e-9)
        stalled = 0 if factor.error < 0.9 * best else stalled + 1
        best = min(best, factor.error)
    return factor


def distinct(points: FloatArray, limit: int) -> FloatArray:
    """The first `limit` points, one a row and of unit length, of which no two are nearly equal."""
    kept: list[FloatArray] = []
    for point in points:
        if len(kept) == limit:
            break
        if all(float(point @ other) < _SAME for other in kept):
            kept.append(point)
    return np.array(kept).reshape(len(kept), points.shape[1])


def with_columns(columns: FloatArray, points: FloatArray, form: FloatArray) -> FloatArray:
    """H without empty columns, and with a column for each point, as the form is negative there."""
    useful = columns[:, np.max(columns, axis=0) > 1e-9]
    values = np.sum((points @ form) * points, axis=1)
    steps = np.sqrt(np.maximum(-values, 0.0) / max(points.shape[0], 2))
    return np.hstack([useful, (points * steps[:, None]).T])
