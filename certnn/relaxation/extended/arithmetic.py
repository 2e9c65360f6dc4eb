"""Symmetric positive definite matrices in floats and in mpmath, behind one interface."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from operator import mul
from typing import Any, Protocol

import numpy as np
import scipy.linalg
from mpmath import MPContext
from mpmath.libmp import from_man_exp, to_fixed
from numpy.typing import NDArray

from certnn.arrays import FloatArray

#: Of floats, or objects that are mpmath numbers.
Numbers = NDArray[Any]


class Root(Protocol):
    """A triangular factor R of a positive definite matrix RRᵀ."""

    def solve(self, right: Numbers) -> Numbers:
        """The inverse of the matrix times a vector (N,)."""

    def inverse(self) -> Numbers:
        """The inverse of the matrix."""

    def relative(self, change: Numbers) -> FloatArray:
        """R⁻¹ · change · R⁻ᵀ for a symmetric matrix, rounded to floats."""


class Arithmetic(Protocol):
    """How arrays of numbers are made and factored."""

    def array(self, values: Numbers) -> Numbers:
        """The same numbers, as arrays of this arithmetic."""

    def root(self, matrix: Numbers) -> Root | None:
        """A factor, or None where the matrix is not positive definite at this precision."""


class FloatArithmetic:
    """float64 and LAPACK."""

    def array(self, values: Numbers) -> Numbers:
        """Rounded to float64."""
        return np.array(values, dtype=np.float64)

    def root(self, matrix: Numbers) -> Root | None:
        """Of a symmetric matrix, scaled to unit diagonal before it is factored."""
        diagonal = np.diag(matrix)
        if not np.all(diagonal > 0.0):
            return None
        scale = 1.0 / np.sqrt(diagonal)
        lower, failed = scipy.linalg.lapack.dpotrf(
            matrix * scale[:, None] * scale[None, :], lower=1, clean=1
        )
        return None if failed else _FloatRoot(lower, scale)


class _FloatRoot:
    """Of diag(scale) · matrix · diag(scale)."""

    def __init__(self, lower: FloatArray, scale: FloatArray) -> None:
        self._lower, self._scale = lower, scale

    def solve(self, right: Numbers) -> Numbers:
        scaled = scipy.linalg.cho_solve((self._lower, True), self._scale * right)
        return np.asarray(self._scale * scaled)

    def inverse(self) -> Numbers:
        inverse = scipy.linalg.cho_solve((self._lower, True), np.diag(self._scale))
        inverse *= self._scale[:, None]
        return np.asarray(0.5 * (inverse + inverse.T))

    def relative(self, change: Numbers) -> FloatArray:
        scaled = change * self._scale[:, None] * self._scale[None, :]
        half = scipy.linalg.solve_triangular(self._lower, scaled, lower=True)
        whole = scipy.linalg.solve_triangular(self._lower, half.T, lower=True)
        return np.asarray(0.5 * (whole + whole.T))


class ExtendedArithmetic:
    """mpmath numbers of a fixed number of bits; factors are integers in fixed point.

    Parameters
    ----------
    bits : int
        Of the mantissas, and after the point.
    """

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self._context = MPContext()
        self._context.prec = bits

    def array(self, values: Numbers) -> Numbers:
        """Floats, integers and fractions, correctly rounded."""
        flat = [self._number(value) for value in np.asarray(values, dtype=object).ravel()]
        result = np.empty(len(flat), dtype=object)
        result[:] = flat
        return result.reshape(np.shape(values))

    def _number(self, value: Any) -> Any:
        if hasattr(value, "denominator"):
            return self._context.mpf(int(value.numerator)) / int(value.denominator)
        return self._context.mpf(value)

    def root(self, matrix: Numbers) -> FixedRoot | None:
        """Of a symmetric matrix, scaled by powers of two to diagonal entries in [1, 4)."""
        return self.root_with_room(matrix, self.bits)

    def root_with_room(self, matrix: Numbers, room: int) -> FixedRoot | None:
        """The same, of the scaled matrix less 2**−room times the identity."""
        less = 1 << (2 * self.bits - room)
        exponents = []
        for entry in np.diag(matrix):
            if entry <= 0:
                return None
            exponents.append((self.magnitude(entry) - 1) // 2)
        lower: list[list[int]] = []
        for i, row in enumerate(matrix):
            own: list[int] = []
            for j in range(i):
                left = self.fixed(row[j], -exponents[i] - exponents[j]) << self.bits
                own.append((left - sum(map(mul, own, lower[j]))) // lower[j][j])
            square = self.fixed(row[i], -2 * exponents[i]) << self.bits
            square -= less + sum(entry * entry for entry in own)
            if square <= 0:
                return None
            lower.append([*own, isqrt(square)])
        return FixedRoot(self, lower, exponents)

    def magnitude(self, number: Any) -> int:
        """The e with 2**(e−1) ≤ |number| < 2**e, for a number that is not zero."""
        return int(self._context.mag(number))

    def fixed(self, number: Any, exponent: int) -> int:
        """number · 2**(exponent + bits), as an integer."""
        return int(to_fixed(number._mpf_, exponent + self.bits))

    def floating(self, integers: Sequence[int], exponents: Sequence[int]) -> Numbers:
        """The numbers integer · 2**(exponent − bits)."""
        make = self._context.make_mpf
        result = np.empty(len(integers), dtype=object)
        for place, (integer, exponent) in enumerate(zip(integers, exponents, strict=True)):
            result[place] = make(from_man_exp(integer, exponent - self.bits, self.bits, "n"))
        return result


class FixedRoot:
    """Of the matrix whose entry (i, j) is divided by 2**(exponents[i] + exponents[j]).

    Attributes
    ----------
    lower : list of lists of int
        The rows of R up to the diagonal, times 2**bits.
    exponents : list of int
    """

    def __init__(
        self, arithmetic: ExtendedArithmetic, lower: list[list[int]], exponents: list[int]
    ) -> None:
        self._arithmetic, self.lower, self.exponents = arithmetic, lower, exponents
        order = range(len(lower))
        self._columns = [[lower[i][j] for i in order[j + 1 :]] for j in order]

    def solve(self, right: Numbers) -> Numbers:
        unit = max(self._arithmetic.magnitude(x) for x in right if x) if any(right) else 0
        scaled = [
            self._arithmetic.fixed(x, -unit - e) for x, e in zip(right, self.exponents, strict=True)
        ]
        solution = self._backward(self._forward(scaled))
        return self._arithmetic.floating(solution, [unit - e for e in self.exponents])

    def inverse(self) -> Numbers:
        order = len(self.lower)
        rows = np.empty((order, order), dtype=object)
        one = 1 << self._arithmetic.bits
        for i, e in enumerate(self.exponents):
            column = self._backward(self._forward([one if j == i else 0 for j in range(order)]))
            rows[i] = self._arithmetic.floating(column, [-e - f for f in self.exponents])
        return (rows + rows.T) / 2

    def relative(self, change: Numbers) -> FloatArray:
        half = [
            self._forward(
                [
                    self._arithmetic.fixed(x, -e - f)
                    for x, f in zip(row, self.exponents, strict=True)
                ]
            )
            for row, e in zip(change, self.exponents, strict=True)
        ]
        whole = [self._forward(list(column)) for column in zip(*half, strict=True)]
        unit = 1 << self._arithmetic.bits
        result = np.array([[entry / unit for entry in row] for row in whole])
        return np.asarray(0.5 * (result + result.T))

    def _forward(self, right: list[int]) -> list[int]:
        solved: list[int] = []
        for row, entry in zip(self.lower, right, strict=True):
            left = (entry << self._arithmetic.bits) - sum(map(mul, solved, row))
            solved.append(left // row[-1])
        return solved

    def _backward(self, right: list[int]) -> list[int]:
        solved: list[int] = []  # the last unknown first
        for i in reversed(range(len(right))):
            column = reversed(self._columns[i])
            left = (right[i] << self._arithmetic.bits) - sum(map(mul, solved, column))
            solved.append(left // self.lower[i][i])
        return solved[::-1]
