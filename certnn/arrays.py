"""Validation of arrays that come from the user."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.errors import InputError

FloatArray = NDArray[np.float64]

#: Largest and smallest scale of data whose squares stay well inside float64.
LARGEST_SCALE = 1e100
SMALLEST_SCALE = 1e-100


def frozen_matrix(name: str, value: Any, smallest: float = SMALLEST_SCALE) -> FloatArray:
    """Return `value` as a read-only float64 matrix that holds exactly the same numbers.

    Parameters
    ----------
    name : str
        The argument's name, for the error message.
    value : array_like, shape (rows, columns)
        Real numbers. Integers, booleans and shorter floats are converted; a number that float64
        cannot hold exactly is refused rather than rounded.
    smallest : float
        What its largest magnitude must be at least, unless it is zero.

    Raises
    ------
    InputError
        If `value` is not a matrix of finite real numbers, each exactly a float64, or if its largest
        magnitude is outside [smallest, 1e100] (zero is allowed).
    """
    try:
        given = np.asarray(value)
    except (ValueError, TypeError, OverflowError):
        raise InputError(name, "is not a rectangular array of numbers") from None
    if given.ndim != 2:
        raise InputError(name, f"must be a matrix (two dimensions), got shape {given.shape}")
    if given.dtype.kind not in "fiub":
        raise InputError(name, f"must hold real numbers, got dtype {given.dtype}")
    with np.errstate(over="ignore"):
        matrix = np.array(given, dtype=np.float64, order="C") + 0.0  # turns -0.0 into 0.0
    if not np.all(np.isfinite(matrix)):
        raise InputError(name, "has NaN or infinite entries")
    if given.dtype.itemsize >= 8 and given.dtype != np.float64 and not _same(given, matrix):
        raise InputError(name, f"has entries that float64 cannot hold exactly ({given.dtype})")
    scale = float(np.max(np.abs(matrix), initial=0.0))
    if scale != 0.0 and not smallest <= scale <= LARGEST_SCALE:
        raise InputError(
            name, f"has largest magnitude {scale:.3g}; rescale to within {smallest:g}..1e100"
        )
    matrix.setflags(write=False)
    return matrix


def _same(given: NDArray[Any], matrix: FloatArray) -> bool:
    if given.dtype.kind in "iu":
        return all(int(m) == int(g) for m, g in zip(matrix.flat, given.flat, strict=True))
    return bool(np.all(matrix.astype(given.dtype) == given))
