"""Rotations of a factor: WQ with QQᵀ = I has the same (WQ)(WQ)ᵀ = Λ."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.rounding.lifted_space import LiftedSpace

_ITERATIONS, _LEAST_GAIN = 300, 1e-5


def random_rotation(factor: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """WQ for a random k×R matrix Q of orthonormal rows, R = `count` or the k columns if more."""
    k = factor.shape[1]
    q, _ = np.linalg.qr(rng.standard_normal((max(count, k), k)))
    rotated: FloatArray = factor @ q.T
    return rotated


def rotated_to_complementarity(
    space: LiftedSpace,
    factor: FloatArray,
    count: int,
    rng: np.random.Generator,
    max_iterations: int = _ITERATIONS,
) -> FloatArray:
    """Turn a factor so that its columns are as nearly complementary as a rotation makes them.

    The nearest complementary columns, and the rotation nearest to these (Procrustes), in turn; so
    Groetzner and Dür ("A factorization method for completely positive matrices", 2020) look for
    nonnegative factors. The distance never grows, and if it reaches zero the columns are neurons
    and Λ is completely positive.

    Parameters
    ----------
    space : LiftedSpace
    factor : ndarray, shape (2n + columns + c, k)
        Columns with α − β = Xu, as in the factor of a moment matrix that has its range.
    count : int
        Number R of columns of the result, k if that is more.
    rng : numpy.random.Generator
        Draws the first rotation.
    max_iterations : int
        At most; it ends earlier when the distance hardly falls.

    Returns
    -------
    ndarray, shape (2n + columns + c, R)
    """
    current = random_rotation(factor, count, rng)
    distance = np.inf
    for _ in range(max_iterations):
        nearest = space.complementary(current)
        now = float(np.linalg.norm(current - nearest))
        if now >= (1.0 - _LEAST_GAIN) * distance:
            break
        distance = now
        left, _, right = np.linalg.svd(factor.T @ nearest, full_matrices=False)
        current = factor @ (left @ right)
    return current
