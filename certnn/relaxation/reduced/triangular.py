"""Triangular systems with many right sides, by numpy, which lets other threads run meanwhile."""

from __future__ import annotations

import numpy as np

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
