"""Cholesky factors and triangular systems of small matrices; compiled, without Python's lock."""

from __future__ import annotations

import numpy as np
from numba import njit

from certnn.arrays import FloatArray
from certnn.training.compiled import compiled, inner

#: Shares by which a diagonal is raised until floats take the matrix for definite.
SHIFTS = (0.0, 1e-14, 1e-12, 1e-10)


@compiled
def factor(matrix: FloatArray) -> bool:
    """Put a lower Cholesky factor in place of the lower triangle of a matrix.

    Its diagonal is raised as little as floats ask for. Returns False if that is too much. The upper
    triangle is overwritten.
    """
    size = matrix.shape[0]
    diagonal = np.empty(size)
    for i in range(size):
        diagonal[i] = matrix[i, i]
        for j in range(i):
            matrix[j, i] = matrix[i, j]
    for shift in SHIFTS:
        for i in range(size):
            matrix[i, i] = (1.0 + shift) * diagonal[i]
            for j in range(i):
                matrix[i, j] = matrix[j, i]
        if _factored(matrix):
            return True
    return False


# Sums may be in any order, so that they are taken several terms at once.
@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def _factored(matrix: FloatArray) -> bool:
    for i in range(matrix.shape[0]):
        for j in range(i + 1):
            value = matrix[i, j]
            for t in range(j):
                value -= matrix[i, t] * matrix[j, t]
            if i > j:
                matrix[i, j] = value / matrix[j, j]
            elif value > 0.0:
                matrix[i, i] = np.sqrt(value)
            else:
                return False
    return True


@compiled
def solve_lower(lower: FloatArray, right: FloatArray) -> None:
    """Overwrite a right side, shape (m, columns), with L⁻¹ of it."""
    columns = right.shape[1]
    for i in range(right.shape[0]):
        for first in range(0, i - i % 4, 4):  # four at once: a row is read and written less often
            a, b = lower[i, first], lower[i, first + 1]
            c, d = lower[i, first + 2], lower[i, first + 3]
            for t in range(columns):
                right[i, t] -= (
                    a * right[first, t]
                    + b * right[first + 1, t]
                    + c * right[first + 2, t]
                    + d * right[first + 3, t]
                )
        for j in range(i - i % 4, i):
            a = lower[i, j]
            for t in range(columns):
                right[i, t] -= a * right[j, t]
        a = 1.0 / lower[i, i]
        for t in range(columns):
            right[i, t] *= a


@inner
def solve_upper(lower: FloatArray, right: FloatArray) -> None:
    """Overwrite a right side, shape (m, columns), with L⁻ᵀ of it."""
    for i in range(right.shape[0] - 1, -1, -1):
        for t in range(right.shape[1]):
            right[i, t] /= lower[i, i]
        for j in range(i):
            for t in range(right.shape[1]):
                right[j, t] -= lower[i, j] * right[i, t]


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def solve_both(lower: FloatArray, right: FloatArray) -> None:
    """Overwrite each right side, shape (ℓ, g, m), with (LLᵀ)⁻¹ of it."""
    for lift in range(lower.shape[0]):
        for group in range(lower.shape[1]):
            own, found = lower[lift, group], right[lift, group]
            for i in range(found.size):
                value = found[i]
                for j in range(i):
                    value -= own[i, j] * found[j]
                found[i] = value / own[i, i]
            for i in range(found.size - 1, -1, -1):
                found[i] /= own[i, i]
                for j in range(i):
                    found[j] -= own[i, j] * found[i]
