"""The unknowns of M in lifts, and the Hessian of all groups in them alone; compiled.

It depends on the groups through sums of products of two entries, which come first.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.training.compiled import compiled, inner


@inner
def bilinear(
    x: FloatArray,
    y: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    out: FloatArray,
) -> None:
    """What (0, x)ᵀM(0, y) is of M's entries."""
    for t in range(corner_row.size):
        r, c = corner_row[t] - 1, corner_column[t] - 1
        if r < 0:
            out[t] = 0.0
        else:
            out[t] = x[r] * y[c] + (x[c] * y[r] if r != c else 0.0)


@compiled
def add_corner(
    squares: FloatArray,
    norms: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    whole: FloatArray,
) -> None:
    """Add to the lower triangle over M's unknowns what the matrices and the norms of b are of them.

    Parameters
    ----------
    squares, norms : float64 arrays, shape (entries, entries)
        Sums over the groups of V_rc·V_r′c′, and over the points of N_rc·y_r′·y_c′ with y = (0, x).
    corner_row, corner_column : int64 arrays
    whole : float64 array
    """
    q = corner_row[-1] + 1
    place = np.empty((q, q), dtype=np.int64)
    for s in range(corner_row.size):
        place[corner_row[s], corner_column[s]] = place[corner_column[s], corner_row[s]] = s
    for s in range(corner_row.size):
        r, c = corner_row[s], corner_column[s]
        size = 1.0 if r == c else 2.0
        for t in range(s + 1):
            p, o = corner_row[t], corner_column[t]
            rp, ro, cp, co = place[r, p], place[r, o], place[c, p], place[c, o]
            other = 0.5 if p == o else 1.0
            value = size * other * (squares[rp, co] + squares[ro, cp]) + norms[rp, co]
            if p != o:
                value += norms[ro, cp]
            if r != c:
                value += norms[cp, ro]
                if p != o:
                    value += norms[co, rp]
            whole[s, t] += value


def corner_entries(order: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of M's unknowns."""
    row, column = np.triu_indices(order)
    return row.astype(np.int64), column.astype(np.int64)
