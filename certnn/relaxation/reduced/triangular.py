"""Triangular systems: with many right sides by numpy, which lets other threads run meanwhile."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray

#: Up to this order the factor is inverted: products are several times as fast as substitution.
_SMALL = 32


def solve_lower(factor: FloatArray, right: FloatArray) -> None:
    """Put factor⁻¹·right in place of `right`, shape (w, e); `factor` is lower triangular.

    Raises
    ------
    numpy.linalg.LinAlgError
        If there is a zero on its diagonal.
    """
    w = factor.shape[0]
    if w <= _SMALL:
        right[:] = np.linalg.inv(np.tril(factor)) @ right
        return
    half = w // 2
    solve_lower(factor[:half, :half], right[:half])
    right[half:] -= factor[half:, :half] @ right[:half]
    solve_lower(factor[half:, half:], right[half:])


def forward(factor: FloatArray, right: FloatArray) -> FloatArray:
    """factor⁻¹·right for a few right sides; `factor` is lower triangular."""
    solved = scipy.linalg.solve_triangular(factor, right, lower=True, check_finite=False)
    return np.asarray(solved)


def backward(factor: FloatArray, right: FloatArray) -> FloatArray:
    """factor⁻ᵀ·right for a few right sides."""
    solved = scipy.linalg.solve_triangular(factor, right, lower=True, trans="T", check_finite=False)
    return np.asarray(solved)
