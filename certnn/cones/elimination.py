"""Symmetric elimination over the integers: is a rational matrix positive semidefinite?"""

from __future__ import annotations

from fractions import Fraction
from math import lcm

from certnn.cones.matrix import SymmetricMatrix, Vector, dot, unit_vector


def integer_rows(matrix: SymmetricMatrix) -> tuple[list[list[int]], int]:
    """The smallest positive integer multiple of `matrix` that is integer, and the factor."""
    factor = lcm(*(entry.denominator for row in matrix.rows for entry in row))
    return [
        [entry.numerator * (factor // entry.denominator) for entry in row] for row in matrix.rows
    ], factor


def psd_rank(matrix: SymmetricMatrix) -> int | None:
    """The rank of `matrix` if it is positive semidefinite, else None (Theorem 22(a))."""
    pivots, failed = _eliminate(matrix)
    return len(pivots) if failed is None else None


def negative_direction(matrix: SymmetricMatrix) -> Vector | None:
    """A vector at which the quadratic form is negative, or None if there is none.

    The vector is the one of Theorem 22(b): supported on the pivots used so far and the one or two
    rows that failed.
    """
    pivots, failed = _eliminate(matrix)
    if failed is None:
        return None
    i, j = failed
    vector = _conjugate(matrix, pivots, i)
    value = matrix.form(vector)
    if value < 0:
        return vector
    other = _conjugate(matrix, pivots, j)  # the form vanishes at `vector`, and the product not
    cross = dot(other, matrix.times(vector))
    step = -(abs(matrix.form(other)) + 1) / (2 * cross)
    return tuple(step * x + y for x, y in zip(vector, other, strict=True))


def _eliminate(matrix: SymmetricMatrix) -> tuple[list[int], tuple[int, int] | None]:
    """The pivots, and where it failed: (i, i) negative pivot, (i, j) zero pivot with an entry."""
    rows, _ = integer_rows(matrix)
    order, previous = len(rows), 1
    pivots: list[int] = []
    for k in range(order):
        pivot_row = rows[k]
        pivot = pivot_row[k]
        if pivot < 0:
            return pivots, (k, k)
        if pivot == 0:
            for j in range(k + 1, order):
                if pivot_row[j] != 0:
                    return pivots, (k, j)
            continue
        for i in range(k + 1, order):
            row, factor = rows[i], pivot_row[i]
            for j in range(i, order):
                row[j] = (row[j] * pivot - factor * pivot_row[j]) // previous
        previous = pivot
        pivots.append(k)
    return pivots, None


def _conjugate(matrix: SymmetricMatrix, pivots: list[int], index: int) -> Vector:
    """The unit vector of `index`, made orthogonal in the form to the unit vectors of `pivots`."""
    vector = list(unit_vector(matrix.order, index))
    if pivots:
        solved = solve(
            [[matrix.rows[i][j] for j in pivots] for i in pivots],
            [-matrix.rows[i][index] for i in pivots],
        )
        assert solved is not None  # the pivot block is definite
        for i, value in zip(pivots, solved, strict=True):
            vector[i] = value
    return tuple(vector)


def solve(rows: list[list[Fraction]], right: list[Fraction]) -> Vector | None:
    """A solution of rows · x = right with free unknowns zero; None if there is none."""
    columns = len(rows[0])
    work, places = _reduced([[*row, value] for row, value in zip(rows, right, strict=True)])
    if columns in places:
        return None
    solution = [Fraction(0)] * columns
    for row, column in zip(work, places, strict=False):
        solution[column] = Fraction(row[columns], row[column])
    return tuple(solution)


def kernel(rows: list[list[Fraction]]) -> list[Vector]:
    """A basis of the vectors x with rows · x = 0; `rows` has at least one row."""
    columns = len(rows[0])
    work, places = _reduced(rows)
    basis = []
    for free in sorted(set(range(columns)) - set(places)):
        vector = list(unit_vector(columns, free))
        for row, column in zip(work, places, strict=False):
            vector[column] = Fraction(-row[free], row[column])
        basis.append(tuple(vector))
    return basis


def independent_columns(rows: list[list[Fraction]]) -> list[int]:
    """The first columns that are a basis of the column space."""
    return _reduced(rows)[1]


def _reduced(rows: list[list[Fraction]]) -> tuple[list[list[int]], list[int]]:
    """Integer multiples of the rows of the reduced echelon form, and the pivots' columns."""
    work: list[list[int]] = []
    for row in rows:
        factor = lcm(*(entry.denominator for entry in row))
        work.append([entry.numerator * (factor // entry.denominator) for entry in row])
    previous, places = 1, list[int]()
    for column in range(len(rows[0])):
        done = len(places)
        found = next((i for i in range(done, len(work)) if work[i][column]), None)
        if found is None:
            continue
        work[done], work[found] = work[found], work[done]
        pivot_row = work[done]
        pivot = pivot_row[column]
        for i, row_i in enumerate(work):
            if i != done:
                factor = row_i[column]
                work[i] = [
                    (a * pivot - factor * b) // previous
                    for a, b in zip(row_i, pivot_row, strict=True)
                ]
        previous = pivot
        places.append(column)
    return work, places
