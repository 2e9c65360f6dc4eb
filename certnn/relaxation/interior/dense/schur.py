"""The Schur complement of a Newton step: the work that grows fastest.

With products k = (i, j), l = (x, y) of forms and P, D the values of the primal matrix and of the
inverse of the dual one, its entry is

    ½ w_k w_l (P_ix D_jy + P_jx D_iy + P_iy D_jx + P_jy D_ix).
"""

from __future__ import annotations

from typing import Protocol

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.training.compiled import compiled


class SchurWriter(Protocol):
    """Writes the upper triangle, diagonal included, of the Schur complement to `out`."""

    def __call__(
        self,
        primal: FloatArray,
        dual: FloatArray,
        first: IndexArray,
        second: IndexArray,
        weight: FloatArray,
        out: FloatArray,
    ) -> None:
        """`primal` and `dual` are symmetric (q, q), the others (N,), `out` (N, N)."""


@compiled
def schur_compiled(
    primal: FloatArray,
    dual: FloatArray,
    first: IndexArray,
    second: IndexArray,
    weight: FloatArray,
    out: FloatArray,
) -> None:
    """Compiled by numba."""
    for k in range(first.size):
        pi, pj = primal[first[k]], primal[second[k]]
        di, dj = dual[first[k]], dual[second[k]]
        half = 0.5 * weight[k]
        for m in range(k, first.size):
            x, y = first[m], second[m]
            total = pi[x] * dj[y] + pj[x] * di[y] + pi[y] * dj[x] + pj[y] * di[x]
            out[k, m] = half * total * weight[m]
