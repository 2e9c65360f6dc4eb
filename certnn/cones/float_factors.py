"""Approximate nonnegative factorization HH' in floats, and projection on the cone of all such.

Nothing here is proved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from certnn.arrays import FloatArray

#: A form is nearly copositive if its least value on the unit sphere is above minus this, relative.
_COPOSITIVE = 1e-6
#: An error below this, relative to a unit diagonal, counts as zero.
INSIDE = 1e-6
_ROUNDS = 12
#: Rounds in a row that may each gain less than a tenth.
_PATIENCE = 2
#: Points nearer than this in direction count as one.
_SAME = 1.0 - 1e-4


@dataclass(frozen=True, eq=False)
class FloatFactor:
    """H ≥ 0, shape (order, k), and target − HH'."""

    columns: FloatArray
    residual: FloatArray

    @property
    def error(self) -> float:
        """Largest absolute row sum of the residual."""
        return float(np.max(np.sum(np.abs(self.residual), axis=1)))


def fit(target: FloatArray, start: FloatArray, *, pattern: bool, tolerance: float) -> FloatFactor:
    """Minimise ‖target − HH'‖² over H ≥ 0 from `start`, shape (order, k).

    With `pattern`, zeros of the target are made zeros of HH' exactly. The gradient is to
    be below `tolerance`.
    """
    columns = _descend(target, start, np.ones(start.shape, dtype=bool), tolerance)
    if pattern:
        mask = _clique_mask(columns, target > 0.0)
        columns = _descend(target, np.where(mask, columns, 0.0), mask, tolerance)
    return FloatFactor(columns, target - columns @ columns.T)


def _descend(
    target: FloatArray, start: FloatArray, mask: NDArray[np.bool_], tolerance: float
) -> FloatArray:
    free = np.flatnonzero(mask)
    shape = start.shape

    def loss(values: FloatArray) -> tuple[float, FloatArray]:
        columns = np.zeros(mask.size)
        columns[free] = values
        square = columns.reshape(shape)
        difference = square @ square.T - target
        gradient = 4.0 * (difference @ square)
        return float(np.sum(difference * difference)), gradient.ravel()[free]

    found = minimize(
        loss,
        start.ravel()[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None)] * free.size,
        options={"maxiter": 3000, "maxfun": 4000, "ftol": 0.0, "gtol": tolerance, "maxcor": 25},
    )
    columns = np.zeros(mask.size)
    columns[free] = found.x
    return columns.reshape(shape)


def _clique_mask(columns: FloatArray, edges: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which entries may stay, so that each column's support is a clique of the support graph."""
    mask = columns > 0.0
    for k in range(columns.shape[1]):
        kept: list[int] = []
        for i in np.argsort(-columns[:, k]):
            fits = all(edges[i, j] for j in kept)
            mask[i, k] = fits and columns[i, k] > 0.0
            if mask[i, k]:
                kept.append(int(i))
    return mask


def random_start(target: FloatArray, count: int, generator: np.random.Generator) -> FloatArray:
    """Columns whose squares add up to about the target's size."""
    order = target.shape[0]
    start = generator.random((order, count)) * np.sqrt(np.diag(target))[:, None]
    start *= generator.random((order, count)) < 0.6
    size = np.sqrt(np.sum(target * target) / max(np.sum((start @ start.T) ** 2), 1e-300))
    scaled: FloatArray = start * np.sqrt(size)
    return scaled


def lowest_points(
    form: FloatArray, count: int, generator: np.random.Generator, sweeps: int = 60
) -> tuple[FloatArray, FloatArray]:
    """Local minima of x'Wx over x ≥ 0, |x| = 1, by projected power steps; the least first.

    Returns
    -------
    points : float64 array, shape (found, order)
    values : float64 array, shape (found,)
    """
    order = form.shape[0]
    starts = np.vstack([np.eye(order), generator.random((count, order)) ** 3])
    points = starts / np.linalg.norm(starts, axis=1)[:, None]
    shift = float(np.max(np.sum(np.abs(form), axis=1))) * 0.6
    for _ in range(sweeps):
        points = np.maximum(shift * points - points @ form, 0.0)
        points /= np.maximum(np.linalg.norm(points, axis=1), np.finfo(float).tiny)[:, None]
    values = np.sum((points @ form) * points, axis=1)
    best = np.argsort(values)
    return points[best], values[best]


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
