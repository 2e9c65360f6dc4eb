"""Solution of definite linear systems; compiled."""

from __future__ import annotations

import math

import numpy as np

from certnn.arrays import FloatArray
from certnn.splitting.cholesky import substitute
from certnn.training.compiled import inner

#: Columns that are eliminated at once.
_BLOCK = 16
#: In place of a pivot that rounding has made negative; what is divided by it becomes zero.
_LARGE = 1e100


@inner
def eliminate(matrix: FloatArray, kept: int, right: FloatArray) -> None:
    """Solve a definite system in place.

    Parameters
    ----------
    matrix : array, shape (k, k)
        Its lower triangle. The block after the first rows is diagonal.
    kept : int
        Number of these rows.
    right : array, shape (m, k)
        Right sides, one a row; replaced by the solutions.
    """
    total, sides = matrix.shape[0], right.shape[0]
    below, shares = np.empty((total - kept, kept)), np.empty((total - kept, kept))
    for r in range(total - kept):
        inverse = 1.0 / matrix[kept + r, kept + r]
        for k in range(kept):
            below[r, k] = matrix[kept + r, k]
            shares[r, k] = matrix[kept + r, k] * inverse
        for side in range(sides):
            for k in range(kept):
                right[side, k] -= shares[r, k] * right[side, kept + r]
    system = np.dot(below.T, shares)
    for k in range(kept):
        for m in range(k + 1):
            system[k, m] = matrix[k, m] - system[k, m]
    _factorise(system)
    for side in range(sides):
        substitute(system, right[side])
        for r in range(total - kept):
            for k in range(kept):
                right[side, kept + r] -= below[r, k] * right[side, k]
            right[side, kept + r] /= matrix[kept + r, kept + r]


@inner
def _factorise(matrix: FloatArray) -> None:
    """Cholesky's method in blocks of columns, on and below the diagonal."""
    size = matrix.shape[0]
    column = np.empty(_BLOCK)
    for begin in range(0, size, _BLOCK):
        end = min(begin + _BLOCK, size)
        if begin > 0:
            done = matrix[begin:, :begin].copy()
            update = np.dot(done, done[: end - begin].T)
            for k in range(begin, size):
                for m in range(begin, min(k + 1, end)):
                    matrix[k, m] -= update[k - begin, m - begin]
        for pivot in range(begin, end):
            diagonal = matrix[pivot, pivot]
            root = math.sqrt(diagonal) if diagonal > 0.0 else _LARGE
            inverse = 1.0 / root
            matrix[pivot, pivot] = root
            for k in range(pivot + 1, end):
                matrix[k, pivot] *= inverse
                column[k - begin] = matrix[k, pivot]
            for k in range(pivot + 1, size):
                if k >= end:
                    matrix[k, pivot] *= inverse
                for m in range(pivot + 1, min(k + 1, end)):
                    matrix[k, m] -= matrix[k, pivot] * column[m - begin]
