"""Exact matrices: integers times one power of two. Floats are such numbers: no rounding."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from itertools import chain
from math import isfinite
from operator import mul
from typing import Any, Literal

Rows = list[list[int]]
Backend = Literal["auto", "python", "flint"]

#: Products with fewer integer multiplications than this are not worth a conversion to FLINT.
_SMALL = 20_000
#: Rows that are made integers at a time where not all are needed at once.
_PIECE = 4096


@dataclass(frozen=True)
class ExactMatrix:
    """The matrix with entries ``rows[i][j] * 2**exponent``."""

    rows: Rows
    exponent: int

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.rows)

    @property
    def width(self) -> int:
        """The number of columns; there has to be a row."""
        return len(self.rows[0])

    @cached_property
    def bits(self) -> int:
        """Length of its longest integer."""
        return longest(chain.from_iterable(self.rows))

    def at(self, exponent: int) -> Rows:
        """The rows for a smaller exponent."""
        bits = self.exponent - exponent
        return self.rows if bits == 0 else [[entry << bits for entry in row] for row in self.rows]

    def taken(self, indices: Iterable[int]) -> ExactMatrix:
        """Some of the rows."""
        return ExactMatrix([self.rows[i] for i in indices], self.exponent)

    def pieces(self) -> Iterator[ExactMatrix]:
        """The rows in order, so many at a time that their integers take little memory."""
        for start in range(0, self.height, _PIECE):
            yield self.taken(range(start, min(start + _PIECE, self.height)))

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

    def widened(self, before: int, after: int) -> ExactMatrix:
        """With so many columns of zeros before and after its own."""
        return ExactMatrix([[0] * before + row + [0] * after for row in self.rows], self.exponent)

    def above(self, other: ExactMatrix) -> ExactMatrix:
        """The rows of the one, then those of the other."""
        common = min(self.exponent, other.exponent)
        return ExactMatrix(self.at(common) + other.at(common), common)


def all_finite(data: bytes) -> bool:
    """Whether little-endian IEEE doubles are all finite."""
    return all(map(isfinite, stored(data, "d")))


class StoredMatrix(ExactMatrix):
    """Doubles that become integers where they are asked for: all at once, or some of the rows.

    Entry (i, j) is ``numbers[i * row_step + j * column_step]``.
    """

    def __init__(
        self, numbers: Sequence[float], shape: tuple[int, int], row_step: int, column_step: int
    ) -> None:
        vars(self).update(_numbers=numbers, _shape=shape, _steps=(row_step, column_step))

    _numbers: Sequence[float]
    _shape: tuple[int, int]
    _steps: tuple[int, int]

    @cached_property
    def _whole(self) -> ExactMatrix:
        return self.taken(range(self.height))

    @property
    def rows(self) -> Rows:
        """All rows."""
        return self._whole.rows

    @property
    def exponent(self) -> int:
        """That of all rows."""
        return self._whole.exponent

    @property
    def height(self) -> int:
        """The number of rows, of which none is read."""
        return self._shape[0]

    @property
    def width(self) -> int:
        """The number of columns, of which none is read."""
        return self._shape[1]

    @cached_property
    def bits(self) -> int:
        """Length of its longest integer; of many rows some at a time."""
        if self.height <= _PIECE:
            return longest(chain.from_iterable(self.rows))
        ends = [(p.exponent, p.exponent + p.bits) for p in self.pieces()]
        return max((high for _, high in ends), default=0) - min((low for low, _ in ends), default=0)

    def taken(self, indices: Iterable[int]) -> ExactMatrix:
        """Some of the rows."""
        (height, width), (row_step, column_step) = self._shape, self._steps
        places, numbers, ends = range(height), self._numbers, width * column_step
        starts = [places[i] * row_step for i in indices]
        doubles = (x for start in starts for x in numbers[start : start + ends : column_step])
        ratios = [x.as_integer_ratio() for x in doubles]  # q is a power of two
        bits = max([q for _, q in ratios], default=1).bit_length()
        entries = [p << (bits - q.bit_length()) for p, q in ratios]
        rows = [entries[k * width : (k + 1) * width] for k in range(len(starts))]
        return ExactMatrix(rows, 1 - bits)

    def transposed(self) -> ExactMatrix:
        """The transpose."""
        return StoredMatrix(self._numbers, self._shape[::-1], *self._steps[::-1])


def exact_matrix(data: bytes, rows: int, columns: int) -> ExactMatrix:
    """Read `rows` × `columns` little-endian IEEE doubles, row by row.

    Raises `ValueError` if they are more or fewer, or one is not finite.
    """
    if rows < 0 or columns < 0 or len(data) != 8 * rows * columns:
        raise ValueError(f"{len(data)} bytes where {rows}x{columns} numbers of 8 are needed")
    if not all_finite(data):
        raise ValueError("a number is not finite")
    return StoredMatrix(stored(data, "d"), (rows, columns), columns, 1)


def stored_column(numbers: Sequence[float]) -> ExactMatrix:
    """One column of doubles."""
    return StoredMatrix(numbers, (len(numbers), 1), 1, 1)


def stored(data: bytes, code: str) -> Sequence[Any]:
    """Little-endian numbers of the type that an ``array(code)`` has."""
    if sys.byteorder == "little":
        return memoryview(data).cast(code)  # type: ignore[call-overload, no-any-return]
    numbers = array(code, data)
    numbers.byteswap()
    return numbers


def integers(numbers: Sequence[float], least: int = 0) -> tuple[list[int], int]:
    """The numbers in units of ``2**-bits``, and bits, which is at least `least`."""
    sizes = (number.as_integer_ratio()[1].bit_length() for number in numbers)  # powers of two
    bits = max(least, max(sizes, default=1) - 1)
    ratios = (number.as_integer_ratio() for number in numbers)
    return [p << bits + 1 - q.bit_length() for p, q in ratios], bits


def longest(numbers: Iterable[int]) -> int:
    """Length of the longest of some integers."""
    return max(map(int.bit_length, numbers), default=0)


def columns_of(rows: Rows, count: int) -> Rows:
    """The transpose of a matrix with `count` columns and perhaps no row."""
    return [[row[k] for row in rows] for k in range(count)]


def diagonal(entries: Sequence[int], exponent: int) -> ExactMatrix:
    """The diagonal matrix with these entries, in units of 2**exponent."""
    size = range(len(entries))
    return ExactMatrix([[t * (p == q) for q in size] for p, t in enumerate(entries)], exponent)


def multiple_of_unit(number: float, size: int) -> ExactMatrix:
    """The number times the unit matrix."""
    (entry,), bits = integers([number])
    return diagonal([entry] * size, -bits)


def inner(left: ExactMatrix, right: ExactMatrix) -> Fraction:
    """The sum of all products of corresponding entries."""
    total = Fraction(0)
    for own, other in zip(left.pieces(), right.pieces(), strict=True):
        pairs = zip(own.rows, other.rows, strict=True)
        integer = sum(a * b for p, q in pairs for a, b in zip(p, q, strict=True))
        total += Fraction(integer) * Fraction(2) ** (own.exponent + other.exponent)
    return total


def flint_available() -> bool:
    """Whether python-flint is installed."""
    return find_spec("flint") is not None


def times_transpose(left: ExactMatrix, right: ExactMatrix, backend: Backend) -> ExactMatrix:
    """left · rightᵀ, exactly; the backend changes the speed and nothing else."""
    exponent = left.exponent + right.exponent
    work = len(right.rows) * sum(map(len, left.rows))
    if backend == "python" or work <= _SMALL or (backend == "auto" and not flint_available()):
        none = [0] * len(right.rows)
        rows = [
            [sum(map(mul, row, other)) for other in right.rows] if any(row) else none[:]
            for row in left.rows
        ]
        return ExactMatrix(rows, exponent)
    matrix = import_module("flint").fmpz_mat
    product = matrix(left.rows) * matrix(right.rows).transpose()
    return ExactMatrix([[int(entry) for entry in row] for row in product.tolist()], exponent)
