"""Cholesky factors and triangular systems of small matrices; compiled, without Python's lock."""

from __future__ import annotations

import numpy as np
from numba import njit

from certnn.arrays import FloatArray

#: Rows that are taken one by one, before what they add to the rest is taken at once.
_BLOCK = 32
#: Shares by which a diagonal is raised until floats take the matrix for definite.
SHIFTS = (0.0, 1e-14, 1e-12, 1e-10)


@njit(cache=True, nogil=True)
def factor(matrix: FloatArray) -> bool:
    """Put a lower Cholesky factor in place of the lower triangle of a matrix.

    Its diagonal is raised as little as floats ask for. Returns False if that is too much. The upper
    triangle is overwritten.
    """
    size = matrix.shape[0]
    diagonal = np.diag(matrix).copy()
    for i in range(size):
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


@njit(cache=True, nogil=True)
def _factored(matrix: FloatArray) -> bool:
    size = matrix.shape[0]
    for begin in range(0, size, _BLOCK):
        end = min(begin + _BLOCK, size)
        if begin:
            own = np.ascontiguousarray(matrix[begin:end, :begin])
            for first in range(begin, size, _BLOCK):
                last = min(first + _BLOCK, size)
                before = np.ascontiguousarray(matrix[first:last, :begin])
                change = before @ own.T
                for i in range(first, last):
                    for j in range(begin, min(i + 1, end)):
                        matrix[i, j] -= change[i - first, j - begin]
        for i in range(begin, size):
            for j in range(begin, min(i + 1, end)):
                value = matrix[i, j]
                for t in range(begin, j):
                    value -= matrix[i, t] * matrix[j, t]
                if i > j:
                    matrix[i, j] = value / matrix[j, j]
                elif value > 0.0:
                    matrix[i, i] = np.sqrt(value)
                else:
                    return False
    return True


@njit(cache=True, nogil=True)
def solve_lower(lower: FloatArray, right: FloatArray) -> None:
    """Overwrite a right side, shape (m, columns), with L⁻¹ of it."""
    for begin in range(0, right.shape[0], _BLOCK):
        end = min(begin + _BLOCK, right.shape[0])
        if begin:
            before = np.ascontiguousarray(lower[begin:end, :begin])
            right[begin:end] -= before @ right[:begin]
        for i in range(begin, end):
            for j in range(begin, i):
                weight = lower[i, j]
                for c in range(right.shape[1]):
                    right[i, c] -= weight * right[j, c]
            weight = 1.0 / lower[i, i]
            for c in range(right.shape[1]):
                right[i, c] *= weight


@njit(cache=True, nogil=True)
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
