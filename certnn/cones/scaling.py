"""Powers of two that bring the diagonal of an exact matrix near one, and floats of the result."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.matrix import SymmetricMatrix, Vector


def power_of_two(value: Fraction) -> int:
    """The exponent e with 2ᵉ ≤ value < 2ᵉ⁺¹, or one less; `value` is positive."""
    return value.numerator.bit_length() - value.denominator.bit_length() - 1


def unit_scaling(matrix: SymmetricMatrix) -> Vector:
    """Positive factors d for which diag(d) · matrix · diag(d) has a diagonal between 1/2 and 4.

    A row without a positive diagonal entry has the factor that brings its largest entry there, once
    the other rows are scaled, or 1.
    """
    exponents = [
        -(power_of_two(row[i]) // 2) if row[i] > 0 else None for i, row in enumerate(matrix.rows)
    ]
    factors = []
    for row, exponent in zip(matrix.rows, exponents, strict=True):
        if exponent is None:
            sizes = [
                power_of_two(abs(entry)) + other
                for entry, other in zip(row, exponents, strict=True)
                if entry and other is not None
            ]
            exponent = -max(sizes, default=0)
        factors.append(Fraction(2) ** exponent)
    return tuple(factors)


def to_floats(matrix: SymmetricMatrix) -> FloatArray:
    """The entries rounded to float64; of a matrix scaled so that they are in range."""
    return np.array([[float(entry) for entry in row] for row in matrix.rows])


def rounded(value: float, bits: int) -> Fraction:
    """The nearest multiple of 2**-bits."""
    return Fraction(round(value * 2.0**bits), 1 << bits)


def rounded_matrix(values: FloatArray, bits: int) -> SymmetricMatrix:
    """The symmetric part, rounded to multiples of 2**-bits."""
    symmetric = 0.5 * (values + values.T)
    return SymmetricMatrix(tuple(tuple(rounded(float(v), bits) for v in row) for row in symmetric))
