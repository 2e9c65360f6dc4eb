"""Symmetric matrices as a user gives them, turned into exact rationals."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np

from certnn.cones.matrix import SymmetricMatrix
from certnn.errors import InputError

#: Above this order exact elimination takes minutes.
LARGEST_ORDER = 400


def exact_matrix(name: str, value: Any) -> SymmetricMatrix:
    """Return `value` as an exact symmetric matrix.

    Raises `InputError` if `value` is not a square array of finite real numbers, is not exactly
    symmetric, is empty or is of an order above `LARGEST_ORDER`.

    Parameters
    ----------
    name : str
        The argument's name, for the error message.
    value : SymmetricMatrix, or array_like of shape (order, order)
        Integers, fractions, or floats; a float stands for the dyadic rational that it is.
    """
    if isinstance(value, SymmetricMatrix):
        rows = value.rows
    else:
        if isinstance(value, np.ndarray) and value.ndim != 2:
            raise InputError(name, f"must be a matrix (two dimensions), got shape {value.shape}")
        try:
            listed = [list(row) for row in value]
        except TypeError:
            raise InputError(name, "is not a square array of numbers") from None
        if len(listed) > LARGEST_ORDER:
            raise InputError(
                name, f"is of order {len(listed)}; at most {LARGEST_ORDER} is supported"
            )
        rows = tuple(tuple(_fraction(name, entry) for entry in row) for row in listed)
    order = len(rows)
    if order == 0:
        raise InputError(name, "is empty")
    if any(len(row) != order for row in rows):
        raise InputError(name, f"must be square, got {order} rows, the first of {len(rows[0])}")
    for i in range(order):
        for j in range(i):
            if rows[i][j] != rows[j][i]:
                raise InputError(name, f"is not symmetric: entries ({j}, {i}) and ({i}, {j})")
    return SymmetricMatrix(rows)


def _fraction(name: str, entry: Any) -> Fraction:
    if isinstance(entry, np.generic):
        entry = entry.item()  # of a long double, the long double again
    if isinstance(entry, bool | Integral):
        return Fraction(int(entry))
    if isinstance(entry, Rational):
        return Fraction(int(entry.numerator), int(entry.denominator))
    if isinstance(entry, float):
        if not isfinite(entry):
            raise InputError(name, "has NaN or infinite entries")
        return Fraction(entry)
    if isinstance(entry, np.longdouble | Real):
        raise InputError(name, f"has entries that are not exact float64 ({type(entry).__name__})")
    raise InputError(name, f"must hold real numbers, got {type(entry).__name__}")
