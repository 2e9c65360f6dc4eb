"""Nesterov and Todd's scaling of a pair of definite matrices; compiled."""

from __future__ import annotations

import math

import numpy as np

from certnn.arrays import FloatArray
from certnn.training.compiled import inner

_SWEEPS = 12


@inner
def invert_factor(factor: FloatArray, inverse: FloatArray) -> None:
    """Inverse of a lower triangular matrix."""
    for column in range(factor.shape[0]):
        for p in range(column):
            inverse[p, column] = 0.0
        for p in range(column, factor.shape[0]):
            total = 1.0 if p == column else 0.0
            for q in range(column, p):
                total -= factor[p, q] * inverse[q, column]
            inverse[p, column] = total / factor[p, p]


@inner
def write_scaling(
    factor: FloatArray, inverse: FloatArray, dual: FloatArray, root: FloatArray
) -> bool:
    """Write a `root` with root·S·rootᵀ = (rootᵀ)⁻¹·X·root⁻¹ for S = factor·factorᵀ and X = dual.

    Parameters
    ----------
    factor, inverse : array, shape (r, r)
        Lower triangular.
    dual : array, shape (r, r)
        Symmetric.
    root : array, shape (r, r)

    Returns
    -------
    bool
        False if X is not positive definite, up to rounding.
    """
    size = factor.shape[0]
    inner, vectors = np.zeros((size, size)), np.zeros((size, size))
    half = np.zeros((size, size))
    for k in range(size):
        for m in range(size):
            for p in range(m, size):
                half[k, m] += dual[k, p] * factor[p, m]
    for k in range(size):
        for m in range(size):
            for p in range(k, size):
                inner[k, m] += factor[p, k] * half[p, m]
    _diagonalise(inner, vectors)
    for k in range(size):
        if not inner[k, k] > 0.0:
            return False
        weight = math.sqrt(math.sqrt(inner[k, k]))
        for m in range(size):
            root[k, m] = 0.0
            for p in range(m, size):
                root[k, m] += weight * vectors[p, k] * inverse[p, m]
    return True


@inner
def _diagonalise(matrix: FloatArray, vectors: FloatArray) -> None:
    """Jacobi's method: eigenvalues on the diagonal, eigenvectors as columns."""
    size = matrix.shape[0]
    for k in range(size):
        for m in range(size):
            vectors[k, m] = 1.0 if k == m else 0.0
    for _ in range(_SWEEPS):
        turned = False
        for k in range(size):
            for m in range(k + 1, size):
                across = matrix[k, m]
                if across * across <= 1e-20 * abs(matrix[k, k] * matrix[m, m]):
                    continue
                turned = True
                slope = (matrix[m, m] - matrix[k, k]) / (2.0 * across)
                tangent = math.copysign(1.0, slope) / (abs(slope) + math.hypot(1.0, slope))
                cosine = 1.0 / math.hypot(1.0, tangent)
                sine = cosine * tangent
                for p in range(size):
                    left, right = matrix[p, k], matrix[p, m]
                    matrix[p, k] = cosine * left - sine * right
                    matrix[p, m] = sine * left + cosine * right
                    left, right = vectors[p, k], vectors[p, m]
                    vectors[p, k] = cosine * left - sine * right
                    vectors[p, m] = sine * left + cosine * right
                for p in range(size):
                    left, right = matrix[k, p], matrix[m, p]
                    matrix[k, p] = cosine * left - sine * right
                    matrix[m, p] = sine * left + cosine * right
        if not turned:
            return


@inner
def scaled_pair(
    a: float, b: float, c: float, dual_a: float, dual_b: float, dual_c: float
) -> tuple[float, float, float]:
    """The symmetric W of order two with W·T·W = P for T = [[a, b], [b, c]] and P likewise."""
    root = math.sqrt(a)
    below, last = b / root, math.sqrt(c - b * b / a)
    # W = L⁻ᵀ(LᵀPL)^½L⁻¹ for T = LLᵀ; the square root has a closed form.
    inner_a = root * root * dual_a + 2.0 * root * below * dual_b + below * below * dual_c
    inner_b = last * (root * dual_b + below * dual_c)
    inner_c = last * last * dual_c
    determinant = math.sqrt(inner_a * inner_c - inner_b * inner_b)
    share = 1.0 / math.sqrt(inner_a + inner_c + 2.0 * determinant)
    inner_a, inner_b, inner_c = inner_a + determinant, inner_b, inner_c + determinant
    turn = below / (root * last)
    first = inner_a / (root * root) - 2.0 * turn / root * inner_b + turn * turn * inner_c
    second = inner_b / (root * last) - turn / last * inner_c
    return share * first, share * second, share * inner_c / (last * last)
