"""From an approximate factorization in floats to an exact one (Theorem 25).

Two ways. With slack: what rounding leaves over, A − HH', is absorbed by a remainder that is
nonnegative and diagonally dominant. By recognition: columns that a float factorization approximates
are guessed as vectors of small integers, and their weights solved for exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, gcd

import numpy as np
from scipy.linalg import qr
from scipy.optimize import nnls

from certnn.arrays import FloatArray
from certnn.cones.certificates import Term
from certnn.cones.elimination import kernel, solve
from certnn.cones.explicit_sums import dominant_terms
from certnn.cones.matrix import SymmetricMatrix, Vector, dot, unit_vector
from certnn.cones.scaling import rounded, to_floats

#: Bits after the point of rounded columns.
_BITS = 40
#: What the largest entry of a column of integers may be.
_SIZES = np.arange(1, 400)
_TOLERANCES = (0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5)


@dataclass(frozen=True, eq=False)
class Frame:
    """A = C·inner·C' with C ≥ 0: the space in which rounding may move.

    Attributes
    ----------
    basis : tuple of Vector
        The columns of C: unit vectors for a regular matrix, else independent columns of A, scaled.
    inner : SymmetricMatrix
        Regular; A itself if C is the identity.
    """

    basis: tuple[Vector, ...]
    inner: SymmetricMatrix

    def columns(self) -> FloatArray:
        """C in floats, shape (order, rank)."""
        return np.array([[float(x) for x in column] for column in self.basis]).T


def make_frame(matrix: SymmetricMatrix, rank: int) -> Frame:
    """The frame of a well scaled psd matrix of this rank."""
    order = matrix.order
    if rank == order:
        return Frame(tuple(unit_vector(order, j) for j in range(order)), matrix)
    pivots = [int(i) for i in qr(to_floats(matrix), pivoting=True, mode="r")[1][:rank]]
    block = [[matrix.rows[i][j] for j in pivots] for i in pivots]
    inverse = []
    for k in range(rank):
        column = solve(block, list(unit_vector(rank, k)))
        assert column is not None  # the pivots' block is regular
        inverse.append(column)
    return Frame(tuple(matrix.rows[i] for i in pivots), SymmetricMatrix(tuple(inverse)))


def repair_with_slack(frame: Frame, coordinates: FloatArray) -> list[Term] | None:
    """Terms of A from columns y, shape (rank, k), of which the squares add up to a bit less.

    Columns C·y that have a negative entry are moved inwards. What is left, inner − YY', has to be
    nonnegative and diagonally dominant, after a positive diagonal scaling.
    """
    rank = frame.inner.order
    inwards = [Fraction(1)] * rank  # the columns of C are nonnegative, and none of its rows is zero
    towards = _combined(frame, inwards)
    left = [list(row) for row in frame.inner.rows]
    terms = []
    for k in range(coordinates.shape[1]):
        y = [rounded(float(value), _BITS) for value in coordinates[:, k]]
        vector = _combined(frame, y)
        if not any(y):
            continue
        short = max(-h / t for h, t in zip(vector, towards, strict=True))
        if short > 0:
            move = Fraction(ceil(short * 2**_BITS), 2**_BITS)
            y = [value + move for value in y]
            vector = _combined(frame, y)
        terms.append(Term(Fraction(1), vector))
        for i in range(rank):
            if y[i]:
                for j in range(rank):
                    left[i][j] -= y[i] * y[j]
    remainder = dominant_terms(SymmetricMatrix.of(left))
    if remainder is None:
        return None
    absorbed = [Term(term.weight, _combined(frame, term.vector)) for term in remainder]
    return terms + absorbed


def _combined(frame: Frame, coordinates: Iterable[Fraction]) -> Vector:
    """C·y."""
    total = [Fraction(0)] * len(frame.basis[0])
    for y, column in zip(coordinates, frame.basis, strict=True):
        if y:
            for i, value in enumerate(column):
                total[i] += y * value
    return tuple(total)


def repair_by_recognition(matrix: SymmetricMatrix, directions: FloatArray) -> list[Term] | None:
    """Terms of A whose vectors are small integers near some directions, shape (k, order)."""
    rows = [list(row) for row in matrix.rows]
    null = kernel(rows)
    candidates = sorted(
        {
            vector
            for direction in directions
            for vector in _recognised(direction)
            if all(dot(vector, zero) == 0 for zero in null) and _fits(matrix, vector)
        }
    )
    if not candidates:
        return None
    upper = np.triu_indices(matrix.order)
    squares = np.array(
        [np.outer(v, v)[upper] for v in (np.array(c, dtype=float) for c in candidates)]
    ).T
    sizes = np.linalg.norm(squares, axis=0)
    weights, _ = nnls(squares / sizes, to_floats(matrix)[upper])
    used = [c for c, w in zip(candidates, weights, strict=True) if w > 1e-9 * np.max(weights)]
    if not used:
        return None
    places = list(zip(*(index.tolist() for index in upper), strict=True))
    exact = solve(
        [[Fraction(c[i] * c[j]) for c in used] for i, j in places],
        [matrix.rows[i][j] for i, j in places],
    )
    if exact is None or min(exact) < 0:
        return None
    return [
        Term(weight, tuple(Fraction(x) for x in vector))
        for weight, vector in zip(exact, used, strict=True)
        if weight
    ]


def _recognised(direction: FloatArray) -> Iterable[tuple[int, ...]]:
    """For each tolerance the smallest vector of integers that is so near to a direction."""
    largest = float(np.max(direction))
    if largest <= 0.0:
        return
    multiples = np.outer(_SIZES, direction / largest)
    integers = np.rint(multiples)
    errors = np.max(np.abs(multiples - integers), axis=1) / _SIZES
    for tolerance in _TOLERANCES:
        near = np.flatnonzero(errors <= tolerance)
        if near.size:
            vector = [int(value) for value in integers[near[0]]]
            common = gcd(*vector)
            yield tuple(value // common for value in vector)


def _fits(matrix: SymmetricMatrix, vector: tuple[int, ...]) -> bool:
    """Whether the square of `vector` is zero where the matrix is."""
    support = [i for i, value in enumerate(vector) if value]
    return all(matrix.rows[i][j] > 0 for i in support for j in support)
