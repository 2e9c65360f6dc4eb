"""Moments of random neurons of a lift: they satisfy every constraint, most of them strictly."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.regions.lift import Lift

#: Draws at a time, how many neurons are enough, and how many times to draw at most.
_DRAWS, _ENOUGH, _TIMES = 4000, 1000, 64


def random_moment(lift: Lift, rng: np.random.Generator) -> FloatArray | None:
    """The mean of zzᵀ over neurons in the lift's region, with L(ρ²) = 1; None if none was found.

    Half of them are drawn so that u is isotropic, half so that Xu is.
    """
    r = lift.rank
    _, singular, basis = np.linalg.svd(lift.rows, full_matrices=False)
    shape = basis.T / np.maximum(singular, 1e-3 * singular[0])
    fixed = np.flatnonzero(lift.signs)
    found, count = np.zeros((0, r)), 0
    for _ in range(_TIMES):
        u = rng.standard_normal((_DRAWS, r))
        u[_DRAWS // 2 :] = u[_DRAWS // 2 :] @ shape.T
        inside = np.all(u @ lift.rows[fixed].T * lift.signs[fixed] > 0.0, axis=1)
        u = u[inside]
        found = np.vstack([found, u / np.linalg.norm(u, axis=1, keepdims=True)])
        count = found.shape[0]
        if count >= _ENOUGH:
            break
    if count == 0:
        return None
    halves = 0.5 * np.abs(found @ lift.rows[lift.mixed].T)
    z = np.hstack([np.ones((count, 1)), found, halves])
    moment: FloatArray = z.T @ z / count
    return moment
