"""Data and directions in the coordinates of the search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.splitting.phases.form import ABSENT, NEGATIVE, OPEN, Direction
from certnn.splitting.phases.pairs import Pairs, exact_signs, nearest_pairs
from certnn.splitting.phases.rounding import Units

#: Singular values below this share of the largest one are rounding.
_RANK = 1e-13
#: Points that together change no bound by more than this share of it are left out.
_ABSENT = 1e-13
#: Sizes of multipliers that float32 holds with all its bits, with room for what they grow to.
_SMALLEST, _LARGEST = 1e-25, 1e25


@dataclass(frozen=True, eq=False)
class Points:
    """The data points as unit vectors of the space that they span.

    Attributes
    ----------
    lengths : float64 array, shape (n,)
        Of the data's rows.
    units : float64 array, shape (n, r)
        The rows at length 1 in coordinates of an orthonormal basis; zero rows stay zero.
    basis : float64 array, shape (r, d)
        The basis of the span, one vector a row.
    signs : int64 array, shape (n, n)
        Of the products x_iᵀx_j, exactly.
    """

    lengths: FloatArray
    units: FloatArray
    basis: FloatArray
    signs: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Task:
    """What the search for one direction's phase tree works on.

    Attributes
    ----------
    direction : Direction
    units : Units
    phases : int64 array, shape (n,)
        Of the points before any is fixed.
    pairs : Pairs
    """

    direction: Direction
    units: Units
    phases: NDArray[np.int64]
    pairs: Pairs


def prepare_points(features: FloatArray) -> Points:
    """Bring the data to unit length, and to as few columns as they span.

    The multipliers of a proof for the projections prove the same for the points, because
    uᵀ(mu·I − A)u has mu·‖u‖² besides what depends on the projection.
    """
    lengths = np.linalg.norm(features, axis=1)
    nonzero = lengths > 0.0
    units = np.zeros_like(features)
    units[nonzero] = features[nonzero] / lengths[nonzero, None]
    _, singular, vectors = np.linalg.svd(units, full_matrices=False)
    basis = vectors[: max(1, int(np.sum(singular > _RANK * singular[0])))]
    return Points(lengths, units @ basis.T, basis, exact_signs(features, features))


def prepare_direction(
    points: Points,
    Z: FloatArray,
    ray: FloatArray,
    signs: NDArray[np.int64],
    bound: float,
    nearest: int,
) -> Task:
    """The task to prove Σ σ_i (x_iᵀu)₊ ≤ bound·‖u‖ for σ = Z·ray.

    Parameters
    ----------
    points : Points
    Z : array, shape (n, c)
    ray : array, shape (c,)
    signs : int array, shape (n,)
        Of σ, exactly.
    bound : float
    nearest : int
        Of `certnn.splitting.phases.pairs.nearest_pairs`.

    Raises
    ------
    SolverError
        If the multipliers would not be within the range of float32.
    """
    n = points.lengths.size
    sizes = np.abs(Z @ ray)
    weights = signs * sizes * points.lengths / bound
    absent = (signs == 0) | (np.abs(weights) <= _ABSENT / n)
    weights[absent] = 0.0
    lengths = np.where(absent, 1.0, points.lengths)
    pairs = nearest_pairs(points.units, lengths, np.sign(weights).astype(np.int64), nearest)
    first = np.concatenate([np.arange(n), pairs.first])
    linear, square = bound / lengths[first], bound / lengths[first] ** 2
    _require_range(bound, linear[~absent[first]], square[~absent[first]])
    # Of a point that is left out π is at least σ, and π²/16α a small share of the bound.
    high = np.where(signs > 0, 1.01 * sizes, 0.0)
    units = Units(
        bound,
        linear,
        square,
        np.concatenate([np.ones(n), pairs.ratio * lengths[pairs.second] / lengths[pairs.first]]),
        signs,
        np.column_stack([high, high**2 * n / (16.0 * _ABSENT * bound)]),
    )
    phases = np.where(weights > 0.0, OPEN, NEGATIVE)
    phases[absent] = ABSENT
    direction = _direction(points, weights, first, pairs, units.ratios[n:])
    return Task(direction, units, phases, pairs)


def _require_range(*multipliers: FloatArray | float) -> None:
    for values in multipliers:
        if np.any(np.asarray(values) < _SMALLEST) or np.any(np.asarray(values) > _LARGEST):
            raise SolverError("the data's scale is too far from 1 for multipliers in float32")


def _direction(
    points: Points,
    weights: FloatArray,
    first: NDArray[np.int64],
    pairs: Pairs,
    ratios: FloatArray,
) -> Direction:
    n = weights.size
    near, far = points.units[pairs.first], ratios[:, None] * points.units[pairs.second]
    return Direction(
        points.units,
        weights,
        np.concatenate([points.units, near - far]),
        np.concatenate([points.units, near - pairs.sign[:, None] * far]),
        first,
        np.concatenate([np.full(n, -1), pairs.second]),
        points.signs,
    )
