"""Is a symmetric integer matrix positive semidefinite? By a root in fixed point, in integers."""

from __future__ import annotations

from math import isqrt
from operator import mul

from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix
from certnn.kernel.exact import Rows

#: Bits after the point of the root; the shift is this share of the largest diagonal entry.
_BITS, _SHIFT = 128, 72


def is_positive_semidefinite(rows: Rows) -> bool:
    """Decide exactly, fast if the smallest eigenvalue is not below 2^−72 of the largest entry.

    Parameters
    ----------
    rows : list of lists of int
        Symmetric, of order 1 or more, with diagonal entries of about one size.

    Notes
    -----
    With R a root, in fixed point, of the matrix less a small multiple of the identity, the
    remainder 4^B·M − RRᵀ is diagonally dominant if all goes well, which proves it as in Theorem
    10(a). If not, elimination decides (Theorem 22).
    """
    root = _root(rows)
    if root is not None and _dominant(rows, root):
        return True
    return psd_rank(SymmetricMatrix.of(rows)) is not None


def _root(rows: Rows) -> Rows | None:
    shift = (max(row[i] for i, row in enumerate(rows)) << 2 * _BITS) >> _SHIFT
    root: Rows = []
    for i, row in enumerate(rows):
        own: list[int] = []
        for j in range(i):
            left = (row[j] << 2 * _BITS) - sum(map(mul, own, root[j]))
            own.append(left // root[j][j])
        square = (row[i] << 2 * _BITS) - shift - sum(x * x for x in own)
        if square <= 0:
            return None
        root.append([*own, isqrt(square) + 1])
    return root


def _dominant(rows: Rows, root: Rows) -> bool:
    """Whether each diagonal entry of 4^B·M − RRᵀ outweighs the others of its row."""
    order = len(rows)
    balance = [0] * order
    for i in range(order):
        for j in range(i + 1):
            # `map` ends with the shorter row: R is lower triangular.
            entry = (rows[i][j] << 2 * _BITS) - sum(map(mul, root[i], root[j]))
            if i == j:
                balance[i] += entry
            else:
                balance[i] -= abs(entry)
                balance[j] -= abs(entry)
    return min(balance) >= 0
