"""Cholesky's method for small matrices in compiled code."""

from __future__ import annotations

import math

from certnn.arrays import FloatArray
from certnn.training.compiled import inner


@inner
def factorise(matrix: FloatArray, factor: FloatArray, least: float) -> bool:
    """Write the factor of a matrix's lower triangle.

    Parameters
    ----------
    matrix, factor : array, shape (k, k)
    least : float
        A pivot must be more than this share of the diagonal entry that it comes from.

    Returns
    -------
    bool
        False if the matrix is not positive definite.
    """
    for j in range(matrix.shape[0]):
        for m in range(j + 1):
            total = matrix[j, m]
            for p in range(m):
                total -= factor[j, p] * factor[m, p]
            if m < j:
                factor[j, m] = total / factor[m, m]
            elif total > least * abs(matrix[j, j]):
                factor[j, j] = math.sqrt(total)
            else:
                return False
    return True


@inner
def substitute(factor: FloatArray, right: FloatArray) -> None:
    """Write the solution of the system with this factor over its right-hand side.

    Parameters
    ----------
    factor : array, shape (k, k)
    right : array, shape (at least k,)
        Of which the first k count.
    """
    size = factor.shape[0]
    for k in range(size):
        total = right[k]
        for m in range(k):
            total -= factor[k, m] * right[m]
        right[k] = total / factor[k, k]
    for k in range(size - 1, -1, -1):
        right[k] /= factor[k, k]
        for m in range(k):
            right[m] -= factor[k, m] * right[k]
