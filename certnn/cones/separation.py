"""A copositive matrix that separates a matrix from the completely positive cone (Theorem 26)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.certificates import Copositive, NotCopositive
from certnn.cones.copositive import copositivity
from certnn.cones.matrix import SymmetricMatrix, Vector
from certnn.cones.scaling import rounded_matrix, to_floats

#: Shares of the room between the form and the hyperplane that are added to its diagonal.
_SHARES = (0.5, 0.1, 0.9)
#: Finer roundings than this are not worth it: the form is known to fewer digits.
_MOST_BITS = 44


def separate(
    matrix: SymmetricMatrix,
    indices: Sequence[int],
    scaling: Vector,
    form: FloatArray,
    max_nodes: int,
) -> Copositive | Vector | None:
    """Turn an approximate separator of a principal submatrix into an exact one of the matrix.

    Parameters
    ----------
    matrix : SymmetricMatrix
        The whole matrix.
    indices : sequence of int
        Rows of the submatrix.
    scaling : Vector
        Positive factors, one for each of `indices`: `form` is about the scaled submatrix.
    form : float64 array
        Nearly copositive, with a negative inner product with the scaled submatrix.
    max_nodes : int
        For the proof that it is copositive.

    Returns
    -------
    Copositive, Vector or None
        The separator; or a point, in the scaled coordinates of `indices`, at which the form is
        negative however much of the room is used; or None.
    """
    part = matrix.restricted(indices).scaled(scaling)
    floats = to_floats(part)
    form = form / np.max(np.abs(form))
    room = -float(np.sum(form * floats)) / float(np.trace(floats))
    if room <= 0.0:
        return None
    point: Vector | None = None
    for share in _SHARES:
        bits = int(np.ceil(np.log2(4.0 * part.order / (room * min(share, 1.0 - share)))))
        if bits > _MOST_BITS:
            continue
        exact = rounded_matrix(form + share * room * np.eye(part.order), max(bits, 2))
        if exact.inner(part) >= 0:
            continue
        whole = _embedded(exact.scaled(scaling), indices, matrix.order)
        verdict = copositivity(whole, max_nodes=max_nodes)
        if isinstance(verdict, Copositive):
            return verdict
        if isinstance(verdict, NotCopositive):
            entries = (verdict.certificate[i] for i in indices)
            point = tuple(x * d for x, d in zip(entries, scaling, strict=True))
    return point


def _embedded(part: SymmetricMatrix, indices: Sequence[int], order: int) -> SymmetricMatrix:
    """The matrix with zero rows and columns at the indices that it lacks."""
    rows = [[Fraction(0)] * order for _ in range(order)]
    for i, row in zip(indices, part.rows, strict=True):
        for j, entry in zip(indices, row, strict=True):
            rows[i][j] = entry
    return SymmetricMatrix.of(rows)
