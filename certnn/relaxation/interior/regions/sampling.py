"""Moments of random neurons of a lift: they satisfy most constraints strictly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.relaxation.interior.regions.lift import Lift

#: Draws at a time, how many neurons are enough, and how many times to draw at most.
_DRAWS, _ENOUGH, _TIMES = 4000, 1000, 64
#: What ρ is as a multiple of |u|, for a strict inequality between the two.
_LONGER = 1.05
#: Signs that so few have are rare, and how much a_i and b_i grow there.
_RARE, _APART = 0.02, 0.2


def random_directions(lift: Lift, rng: np.random.Generator) -> FloatArray:
    """Unit vectors u in the lift's region, shape (k, r), perhaps none.

    Half of them are drawn so that u is isotropic, half so that Xu is.
    """
    r = lift.rank
    _, singular, basis = np.linalg.svd(lift.rows, full_matrices=False)
    shape = basis.T / np.maximum(singular, 1e-3 * singular[0])
    fixed = np.flatnonzero(lift.signs)
    found = np.zeros((0, r))
    for _ in range(_TIMES):
        u = rng.standard_normal((_DRAWS, r))
        u[_DRAWS // 2 :] = u[_DRAWS // 2 :] @ shape.T
        u = u[np.all(u @ lift.rows[fixed].T * lift.signs[fixed] > 0.0, axis=1)]
        found = np.vstack([found, u / np.linalg.norm(u, axis=1, keepdims=True)])
        if found.shape[0] >= _ENOUGH:
            break
    return found


def rare_signs(lift: Lift, directions: FloatArray) -> NDArray[np.bool_]:
    """The mixed points at which nearly all directions have the same sign."""
    active = np.mean(directions @ lift.rows[lift.mixed].T > 0.0, axis=0)
    rare: NDArray[np.bool_] = np.minimum(active, 1.0 - active) < _RARE
    return rare


def random_moment(lift: Lift, directions: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The mean of zzᵀ over neurons of these directions, with L(ρ²) = 1.

    Where signs are rare, a_i and b_i are both made larger, or the moments were nearly singular.
    """
    count = directions.shape[0]
    halves = 0.5 * np.abs(directions @ lift.rows[lift.mixed].T)
    rare = rare_signs(lift, directions)
    apart = rng.exponential(size=(count, np.count_nonzero(rare)))
    halves[:, rare] += _APART * np.mean(halves[:, rare], axis=0) * apart
    z = np.hstack([np.full((count, 1), _LONGER), directions, halves])
    moment: FloatArray = z.T @ z / (count * _LONGER**2)
    return moment
