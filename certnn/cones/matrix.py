"""Symmetric matrices of rational numbers. Standard library only: the exact checker uses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

Vector = tuple[Fraction, ...]


def dot(one: Iterable[Fraction | int], other: Iterable[Fraction]) -> Fraction:
    """The inner product of two vectors of one length."""
    return sum((a * b for a, b in zip(one, other, strict=True) if a and b), Fraction(0))


def unit_vector(order: int, index: int) -> Vector:
    """The unit vector."""
    return tuple(Fraction(int(i == index)) for i in range(order))


@dataclass(frozen=True)
class SymmetricMatrix:
    """A symmetric matrix of rational numbers.

    Parameters
    ----------
    rows : tuple of tuples of Fraction, shape (order, order)
        All entries; the order is at least 1.

    Raises
    ------
    ValueError
        If `rows` is not a square symmetric array of fractions. What a user gives goes through
        `certnn.cones.exact_input.exact_matrix`, which says what is wrong with it.
    """

    rows: tuple[Vector, ...]

    def __post_init__(self) -> None:
        order = len(self.rows)
        if order == 0 or any(len(row) != order for row in self.rows):
            raise ValueError("not a square matrix of order 1 or more")
        if not all(type(entry) is Fraction for row in self.rows for entry in row):
            raise ValueError("not a matrix of fractions")
        if any(self.rows[i][j] != self.rows[j][i] for i in range(order) for j in range(i)):
            raise ValueError("not symmetric")

    @classmethod
    def of(cls, rows: Iterable[Iterable[int | Fraction]]) -> SymmetricMatrix:
        """The matrix with these entries."""
        return cls(tuple(tuple(Fraction(entry) for entry in row) for row in rows))

    @property
    def order(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def restricted(self, indices: Sequence[int]) -> SymmetricMatrix:
        """The principal submatrix of these rows and columns, in this order."""
        return SymmetricMatrix(tuple(tuple(self.rows[i][j] for j in indices) for i in indices))

    def scaled(self, factors: Sequence[Fraction]) -> SymmetricMatrix:
        """diag(factors) · self · diag(factors)."""
        return SymmetricMatrix(
            tuple(
                tuple(p * entry * q for entry, q in zip(row, factors, strict=True))
                for p, row in zip(factors, self.rows, strict=True)
            )
        )

    def plus(self, other: SymmetricMatrix, factor: Fraction | int = 1) -> SymmetricMatrix:
        """self + factor · other."""
        return SymmetricMatrix(
            tuple(
                tuple(a + factor * b for a, b in zip(row, other_row, strict=True))
                for row, other_row in zip(self.rows, other.rows, strict=True)
            )
        )

    def times(self, vector: Sequence[Fraction]) -> Vector:
        """The product with a vector."""
        return tuple(dot(row, vector) for row in self.rows)

    def form(self, vector: Sequence[Fraction]) -> Fraction:
        """The quadratic form at a vector."""
        return dot(vector, self.times(vector))

    def inner(self, other: SymmetricMatrix) -> Fraction:
        """The trace inner product."""
        return sum(map(dot, self.rows, other.rows), Fraction(0))

    def negative_entry(self) -> tuple[int, int] | None:
        """The place (i ≤ j) of a negative entry, if there is one."""
        for i, row in enumerate(self.rows):
            for j in range(i, self.order):
                if row[j] < 0:
                    return i, j
        return None

    def is_nonnegative(self) -> bool:
        """Whether no entry is negative."""
        return self.negative_entry() is None
