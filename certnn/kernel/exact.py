"""Exact matrices: integers times one power of two. Floats are such numbers, so nothing is rounded."""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
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

    def with_exponent(self, exponent: int) -> ExactMatrix:
        """The same matrix written with a smaller exponent."""
        return ExactMatrix(shifted(self.rows, self.exponent - exponent), exponent)


def _doubles(data: bytes) -> array[float]:
    numbers = array("d", data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def all_finite(data: bytes) -> bool:
    """Whether little-endian IEEE doubles are all finite."""
    return all(map(isfinite, _doubles(data)))


def exact_floats(data: bytes) -> tuple[list[int], int]:
    """Read little-endian IEEE doubles as integers times one power of two.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    if not all_finite(data):
        raise ValueError("a number is not finite")
    ratios = [x.as_integer_ratio() for x in _doubles(data)]  # the denominators are powers of two
    bits = max((q.bit_length() for _, q in ratios), default=1)
    return [p << (bits - q.bit_length()) for p, q in ratios], 1 - bits


def exact_scalar(number: float) -> tuple[int, int]:
    """A finite float as (integer, exponent)."""
    numerator, denominator = number.as_integer_ratio()
    return numerator, 1 - denominator.bit_length()


def exact_matrix(data: bytes, rows: int, columns: int) -> ExactMatrix:
    """Read `rows` × `columns` little-endian doubles, row by row."""
    entries, exponent = exact_floats(data)
    if len(entries) != rows * columns:
        raise ValueError(f"{len(entries)} numbers where {rows}x{columns} are needed")
    return ExactMatrix([entries[i * columns : (i + 1) * columns] for i in range(rows)], exponent)


def shifted(rows: Rows, bits: int) -> Rows:
    """`rows` times 2**bits, bits >= 0."""
    return rows if bits == 0 else [[entry << bits for entry in row] for row in rows]


def transposed(rows: Rows) -> Rows:
    """The transpose of a matrix with at least one row."""
    return [list(column) for column in zip(*rows, strict=True)]


def inner(left: Rows, right: Rows) -> int:
    """The sum of all products of corresponding entries."""
    return sum(sum(map(mul, a, b)) for a, b in zip(left, right, strict=True))


def flint_available() -> bool:
    """Whether python-flint is installed."""
    return find_spec("flint") is not None


def times_transpose(left: Rows, right: Rows, backend: Backend) -> Rows:
    """left · rightᵀ, exactly; the backend changes the speed and nothing else."""
    if not left or not right:
        return [[] for _ in left]
    work = len(left) * len(right) * len(left[0])
    if backend == "python" or work < _SMALL or (backend == "auto" and not flint_available()):
        return [[sum(map(mul, row, other)) for other in right] for row in left]
    matrix = import_module("flint").fmpz_mat
    product = matrix(left) * matrix(right).transpose()
    return [[int(entry) for entry in row] for row in product.tolist()]
