"""The same outputs from fewer neurons (Carathéodory's theorem)."""

from __future__ import annotations

import numpy as np
from scipy.linalg import qr, solve_triangular

from certnn.arrays import FloatArray


def recombined(
    A: FloatArray, images: FloatArray, weights: FloatArray, tolerance: float
) -> FloatArray:
    """Nonnegative weights with nearly the same Σ wₖ aₖsₖᵀ, and few that are not zero.

    At an optimum of the restricted problem every row of V is wₖsₖ, where sₖ is the direction of
    Zᵀaₖ, and the same residual is had from any nonnegative weights with the same sum. As long as
    the matrices aₖsₖᵀ are dependent, the weights can be moved along a dependence until one is
    zero. At most n·c remain, and Σ wₖ, the weight decay, does not grow.

    Parameters
    ----------
    A : ndarray, shape (n, k)
        Hidden activations, a column aₖ each.
    images : ndarray, shape (k, c)
        Unit vectors sₖ.
    weights : ndarray, shape (k,)
        Positive.
    tolerance : float
        A matrix counts as a combination of others if no more than this share of the largest is
        left of it.

    Returns
    -------
    ndarray, shape (k,)
        Nonnegative.
    """
    n, c, k = A.shape[0], images.shape[1], weights.size
    # One matrix a column. Their Gram matrix would be smaller, but hide half of the digits.
    matrices = (A[:, None, :] * (images.T * weights)[None, :, :]).reshape(n * c, k)
    triangle, order = qr(matrices, mode="r", pivoting=True)
    sizes = np.abs(np.diag(triangle))
    rank = int(np.sum(sizes > tolerance * sizes[0]))
    # One dependence a row, in units of the weights.
    dependences = np.zeros((k - rank, k))
    free = triangle[:rank, rank:]
    dependences[:, order[:rank]] = -solve_triangular(triangle[:rank, :rank], free).T
    dependences[np.arange(k - rank), order[rank:]] = 1.0
    shares = np.ones(weights.size)
    while dependences.shape[0] > 0:
        along, dependences = dependences[0], dependences[1:]
        if along @ weights > 0.0:
            along = -along
        falls = along < -1e-12 * np.max(np.abs(along))
        if not np.any(falls):
            continue
        steps = np.full(weights.size, np.inf)
        steps[falls] = shares[falls] / -along[falls]
        gone = int(np.argmin(steps))
        shares = np.maximum(shares + steps[gone] * along, 0.0)
        shares[gone] = 0.0
        dependences = dependences - np.outer(dependences[:, gone] / along[gone], along)
        dependences[:, gone] = 0.0
    return shares * weights
