"""The Hessian of one group in one lift, assembled from those of its cones; compiled."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray


@njit(cache=True, nogil=True)
def assemble(
    psd: FloatArray,
    aa: FloatArray,
    ab: FloatArray,
    bb: FloatArray,
    norm_a: FloatArray,
    norm_b: FloatArray,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    whole: FloatArray,
) -> None:
    """Fill the lower triangle of `whole` over Q, A above its diagonal, and M.

    The arguments before `rows` are those of one group and lift of a `Scaling`; M's unknowns are its
    entries (corner_row, corner_column), above its diagonal and on it.
    """
    k, q = rows.shape[0], rows.shape[1] + 1
    _add_matrix(psd, rows, corner_row, corner_column, whole)
    begin = q * k + k * (k - 1) // 2
    for j in range(k):
        for p in range(q):
            for s in range(p + 1):
                whole[p * k + j, s * k + j] += norm_a[j, p, s] + norm_b[j, p, s]
        _add_norm_of_corner(norm_b[j], rows[j], j, k, begin, corner_row, corner_column, whole)
    place, value = np.empty(q, dtype=np.int64), np.empty(q)
    table = np.zeros((aa.size, whole.shape[0]))  # of each E[b_i b_j], times the root of its weight
    number = pair = 0
    for i in range(k):
        for j in range(k):
            if i == j:
                continue
            low, high = min(i, j), max(i, j)
            product = q * k + low * (2 * k - low - 1) // 2 + high - low - 1
            for p in range(1, q):  # E[a_i b_j] = E[a_i a_j] − x_jᵀE[a_i u]
                place[p - 1], value[p - 1] = p * k + i, -rows[j, p - 1]
            place[q - 1], value[q - 1] = product, 1.0
            for s in range(q):
                for t in range(s + 1):
                    whole[place[s], place[t]] += ab[number] * value[s] * value[t]
            number += 1
            if i > j:
                continue
            whole[product, product] += aa[pair]
            root = np.sqrt(bb[pair])
            table[pair, product] = root
            for p in range(1, q):  # E[b_i b_j] = E[a_i b_j] − x_iᵀE[a_j u] + x_iᵀE[uuᵀ]x_j
                table[pair, p * k + i] = -root * rows[j, p - 1]
                table[pair, p * k + j] = -root * rows[i, p - 1]
            for t in range(corner_row.size):
                r, c = corner_row[t] - 1, corner_column[t] - 1
                if r >= 0:
                    twice = rows[i, c] * rows[j, r] if r != c else 0.0
                    table[pair, begin + t] = root * (rows[i, r] * rows[j, c] + twice)
            pair += 1
    whole += table.T @ table


@njit(cache=True, nogil=True)
def _add_matrix(
    psd: FloatArray,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    whole: FloatArray,
) -> None:
    """⟨E, psd·E′·psd⟩ for the entries E of [M, Q; Qᵀ, A]."""
    k, q, n = rows.shape[0], rows.shape[1] + 1, whole.shape[0]
    row, column = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    t = 0
    for p in range(q):
        for i in range(k):
            row[t], column[t] = p, q + i
            t += 1
    for i in range(k):
        for j in range(i + 1, k):
            row[t], column[t] = q + i, q + j
            t += 1
    for s in range(corner_row.size):
        row[t], column[t] = corner_row[s], corner_column[s]
        t += 1
    for s in range(n):
        r, c = row[s], column[s]
        size = 1.0 if r == c else 2.0
        for t in range(s + 1):
            other = 0.5 if row[t] == column[t] else 1.0
            product = psd[r, row[t]] * psd[c, column[t]] + psd[r, column[t]] * psd[c, row[t]]
            whole[s, t] = size * other * product
    # A_ii = x_iᵀE[a_i u], so that these unknowns have a diagonal entry too.
    for i in range(k):
        a = q + i
        for s in range(n):
            r, c = row[s], column[s]
            both = psd[a, r] * psd[a, c] * (1.0 if r == c else 2.0)
            for p in range(1, q):
                own = p * k + i
                if own <= s:
                    whole[s, own] += rows[i, p - 1] * both
                if s <= own:
                    whole[own, s] += rows[i, p - 1] * both
        for j in range(k):
            square = psd[a, q + j] ** 2
            for p in range(1, q):
                for s in range(1, q):
                    own, other = p * k + i, s * k + j
                    if other <= own:
                        whole[own, other] += rows[i, p - 1] * rows[j, s - 1] * square


@njit(cache=True, nogil=True)
def _add_norm_of_corner(
    norm: FloatArray,
    x: FloatArray,
    j: int,
    k: int,
    begin: int,
    corner_row: IndexArray,
    corner_column: IndexArray,
    whole: FloatArray,
) -> None:
    """Of E[b_j(ρ, u)] = E[a_j(ρ, u)] − M(0, x_j) what concerns M."""
    q, count = norm.shape[0], corner_row.size
    # Entry t of M moves entry r by xc, and if it is off the diagonal entry c by xr.
    moved = np.zeros((count, q))
    for t in range(count):
        r, c = corner_row[t], corner_column[t]
        if c > 0:
            moved[t, r] += x[c - 1]
        if r != c and r > 0:
            moved[t, c] += x[r - 1]
    product = moved @ norm
    for t in range(count):
        for p in range(q):
            whole[begin + t, p * k + j] -= product[t, p]
        for s in range(t + 1):
            r, c = corner_row[s], corner_column[s]
            value = product[t, r] * moved[s, r]
            if r != c:
                value += product[t, c] * moved[s, c]
            whole[begin + t, begin + s] += value


def corner_entries(order: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of M's unknowns."""
    row, column = np.triu_indices(order)
    return row.astype(np.int64), column.astype(np.int64)
