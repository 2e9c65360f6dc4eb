"""Exact matrices: integers times one power of two. Floats are such numbers: no rounding."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from math import isfinite
from operator import mul
from typing import Literal

Rows = list[list[int]]
Backend = Literal["auto", "python", "flint"]

#: Products with fewer integer multiplications than this are not worth a conversion to FLINT.
_SMALL = 20_000


@dataclass(frozen=True)
class ExactMatrix:
    """The matrix with entries ``rows[i][j] * 2**exponent``."""

    rows: Rows
    exponent: int

    def at(self, exponent: int) -> Rows:
        """The rows for a smaller exponent."""
        bits = self.exponent - exponent
        return self.rows if bits == 0 else [[entry << bits for entry in row] for row in self.rows]

    def taken(self, indices: Iterable[int]) -> ExactMatrix:
        """Some of the rows."""
        return ExactMatrix([self.rows[i] for i in indices], self.exponent)

    def transposed(self) -> ExactMatrix:
        """The transpose of a matrix with at least one row."""
        return ExactMatrix([list(column) for column in zip(*self.rows, strict=True)], self.exponent)

    def negated(self) -> ExactMatrix:
        """The matrix times −1."""
        return ExactMatrix([[-entry for entry in row] for row in self.rows], self.exponent)

    def rescaled(self, left: Sequence[int], right: Sequence[int], exponent: int) -> ExactMatrix:
        """diag(left) · self · diag(right) · 2**exponent."""
        rows = [
            [p * entry * q for entry, q in zip(row, right, strict=True)]
            for p, row in zip(left, self.rows, strict=True)
        ]
        return ExactMatrix(rows, self.exponent + exponent)

    def __add__(self, other: ExactMatrix) -> ExactMatrix:
        common = min(self.exponent, other.exponent)
        rows = [
            [a + b for a, b in zip(row, other_row, strict=True)]
            for row, other_row in zip(self.at(common), other.at(common), strict=True)
        ]
        return ExactMatrix(rows, common)

    def __sub__(self, other: ExactMatrix) -> ExactMatrix:
        return self + other.negated()

    def beside(self, other: ExactMatrix) -> ExactMatrix:
        """[self, other]: the columns of the one, then those of the other."""
        common = min(self.exponent, other.exponent)
        pairs = zip(self.at(common), other.at(common), strict=True)
        return ExactMatrix([left + right for left, right in pairs], common)


def all_finite(data: bytes) -> bool:
    """Whether little-endian IEEE doubles are all finite."""
    return all(map(isfinite, _doubles(data)))


def exact_matrix(data: bytes, rows: int, columns: int) -> ExactMatrix:
    """Read `rows` × `columns` little-endian IEEE doubles, row by row.

    Raises
    ------
    ValueError
        If they are more or fewer, or one is not finite.
    """
    if rows < 0 or columns < 0 or len(data) != 8 * rows * columns:
        raise ValueError(f"{len(data)} bytes where {rows}x{columns} numbers of 8 are needed")
    if not all_finite(data):
        raise ValueError("a number is not finite")
    ratios = [x.as_integer_ratio() for x in _doubles(data)]  # the denominators are powers of two
    bits = max((q.bit_length() for _, q in ratios), default=1)
    entries = [p << (bits - q.bit_length()) for p, q in ratios]
    return ExactMatrix([entries[i * columns : (i + 1) * columns] for i in range(rows)], 1 - bits)


def _doubles(data: bytes) -> array[float]:
    numbers = array("d", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def inner(left: ExactMatrix, right: ExactMatrix) -> Fraction:
    """The sum of all products of corresponding entries."""
    pairs = zip(left.rows, right.rows, strict=True)
    integer = sum(a * b for p, q in pairs for a, b in zip(p, q, strict=True))
    return Fraction(integer) * Fraction(2) ** (left.exponent + right.exponent)


def flint_available() -> bool:
    """Whether python-flint is installed."""
    return find_spec("flint") is not None


def times_transpose(left: ExactMatrix, right: ExactMatrix, backend: Backend) -> ExactMatrix:
    """left · rightᵀ, exactly; the backend changes the speed and nothing else."""
    exponent = left.exponent + right.exponent
    work = len(left.rows) * len(right.rows) * len(left.rows[0])
    if backend == "python" or work < _SMALL or (backend == "auto" and not flint_available()):
        rows = [[sum(map(mul, row, other)) for other in right.rows] for row in left.rows]
        return ExactMatrix(rows, exponent)
    matrix = import_module("flint").fmpz_mat
    product = matrix(left.rows) * matrix(right.rows).transpose()
    return ExactMatrix([[int(entry) for entry in row] for row in product.tolist()], exponent)
