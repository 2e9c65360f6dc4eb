"""Cholesky factors, and how far one can go within a cone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Factors:
    """A positive definite matrix RᵀR, its upper triangular factor R and its inverse."""

    matrix: FloatArray
    root: FloatArray
    inverse: FloatArray


def factorise(matrix: FloatArray) -> Factors | None:
    """The factors of a symmetric matrix; None where it is not positive definite in floats."""
    root = upper_root(matrix)
    if root is None:
        return None
    inverse, failed = scipy.linalg.lapack.dpotri(root, lower=0)
    if failed or not np.all(np.isfinite(inverse)):
        return None
    return Factors(matrix, root, np.triu(inverse) + np.triu(inverse, 1).T)


def upper_root(matrix: FloatArray) -> FloatArray | None:
    """R with RᵀR = matrix, or None."""
    root, failed = scipy.linalg.lapack.dpotrf(matrix, lower=0)
    return None if failed else np.asarray(root, dtype=np.float64)


def longest(root: FloatArray, change: FloatArray) -> float:
    """The largest α with RᵀR + α·change positive semidefinite; infinite if there is none."""
    half = scipy.linalg.solve_triangular(root, change, trans=1, check_finite=False)
    whole = scipy.linalg.solve_triangular(root, half.T, trans=1, check_finite=False)
    least = float(np.linalg.eigvalsh(symmetric(whole))[0])
    return float("inf") if least >= 0.0 else -1.0 / least


def symmetric(matrix: FloatArray) -> FloatArray:
    """½(matrix + matrixᵀ)."""
    return 0.5 * (matrix + matrix.T)
