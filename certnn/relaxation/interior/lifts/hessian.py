"""The Hessians of groups in lifts, assembled from those of their cones; compiled.

Its unknowns are Q row by row, A above its diagonal, and M. What concerns M alone is in
`certnn.relaxation.interior.lifts.corner`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.lifts.corner import bilinear
from certnn.relaxation.interior.lifts.triangular import factor, solve_lower, solve_upper
from certnn.training.compiled import compiled, inner


class ConeHessians(NamedTuple):
    """Those of a `Scaling`: arrays of shape (ℓ, g, ...), or without these axes of one of them."""

    psd: FloatArray
    aa: FloatArray
    ab: FloatArray
    bb: FloatArray
    norm_a: FloatArray
    norm_b: FloatArray


@compiled
def eliminate(
    cones: ConeHessians,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    groups: IndexArray,
    lengths: FloatArray,
    factors: FloatArray,
    across: FloatArray,
    fitted: FloatArray,
) -> bool:
    """Factor the Hessians of some groups in all lifts, and solve with their borders.

    Parameters
    ----------
    cones : ConeHessians
        Of all lifts and groups.
    rows : float64 array, shape (g, k, r)
    corner_row, corner_column : int64 arrays
        M's unknowns are these entries of it, above its diagonal and on it.
    groups : int64 array, shape (s,)
    lengths : float64 array, shape (g, fits)
        Fit f is so many times E[ρ a_i], i = f mod k.
    factors : float64 array, shape (ℓ, g, unknowns, unknowns)
        L is put into the lower triangles.
    across, fitted : float64 arrays, shape (ℓ, s, unknowns, entries or fits)
        L⁻¹ times the borders with M and with the fits is put there; s may be larger.

    Returns
    -------
    bool
        False if floats are not enough for a factor.
    """
    k, border = rows.shape[1], np.empty((across.shape[3], across.shape[2]))
    for lift in range(across.shape[0]):
        for place in range(groups.size):
            group = groups[place]
            assemble(
                ConeHessians(
                    cones.psd[lift, group],
                    cones.aa[lift, group],
                    cones.ab[lift, group],
                    cones.bb[lift, group],
                    cones.norm_a[lift, group],
                    cones.norm_b[lift, group],
                ),
                rows[group],
                corner_row,
                corner_column,
                factors[lift, group],
                border,
            )
            for i in range(border.shape[1]):
                for t in range(border.shape[0]):
                    across[lift, place, i, t] = border[t, i]
                for fit in range(lengths.shape[1]):
                    fitted[lift, place, i, fit] = lengths[group, fit] if i == fit % k else 0.0
            if not factor(factors[lift, group]):
                return False
            solve_lower(factors[lift, group], across[lift, place])
            solve_lower(factors[lift, group], fitted[lift, place])
    return True


@compiled
def finish(factors: FloatArray, fitted: FloatArray, groups: IndexArray) -> None:
    """Overwrite L⁻¹ times the borders with the fits, of `eliminate`, with L⁻ᵀ of that."""
    for lift in range(factors.shape[0]):
        for place in range(groups.size):
            solve_upper(factors[lift, groups[place]], fitted[lift, place])


@compiled
def assemble(
    cones: ConeHessians,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    own: FloatArray,
    across: FloatArray,
) -> None:
    """Fill the lower triangle of `own` over Q and A, and `across`, a row for each unknown of M.

    The Hessians of the cones are those of one group and lift.
    """
    _add_matrix_to_own(cones.psd, rows, own)
    _add_matrix_across(cones.psd, rows, corner_row, corner_column, across)
    k, q = rows.shape[0], rows.shape[1] + 1
    for j in range(k):
        for p in range(q):
            for s in range(p + 1):
                own[p * k + j, s * k + j] += cones.norm_a[j, p, s] + cones.norm_b[j, p, s]
    _add_norms_across(cones.norm_b, rows, corner_row, corner_column, across)
    _add_ab(cones.ab, rows, own)
    _add_bb(cones.aa, cones.bb, rows, corner_row, corner_column, own, across)


@inner
def _add_matrix_to_own(psd: FloatArray, rows: FloatArray, own: FloatArray) -> None:
    """⟨E, psd·E′·psd⟩ for the entries E of Q and of A, which has x_iᵀE[a_i u] on its diagonal."""
    k, q = rows.shape[0], rows.shape[1] + 1
    for p in range(q):
        for i in range(k):
            s, a = p * k + i, q + i
            for r in range(p + 1):
                for j in range(k):
                    product = psd[p, r] * psd[a, q + j] + psd[p, q + j] * psd[a, r]
                    own[s, r * k + j] = 2.0 * product
    s = q * k
    for i in range(k):
        for j in range(i + 1, k):
            a, b = q + i, q + j
            for r in range(q):
                for c in range(k):
                    product = psd[a, r] * psd[b, q + c] + psd[a, q + c] * psd[b, r]
                    own[s, r * k + c] = 2.0 * product
            t = q * k
            for r in range(i + 1):
                for c in range(r + 1, k):
                    product = psd[a, q + r] * psd[b, q + c] + psd[a, q + c] * psd[b, q + r]
                    own[s, t] = 2.0 * product  # past s it is above the diagonal, and not read
                    t += 1
            for r in range(1, q):
                for c in range(k):
                    own[s, r * k + c] += 2.0 * rows[c, r - 1] * psd[q + c, a] * psd[q + c, b]
            s += 1
    for p in range(q):
        for i in range(k):
            s, a = p * k + i, q + i
            x = rows[i, p - 1] if p > 0 else 0.0
            for r in range(p + 1):
                for j in range(k):
                    b = q + j
                    y = rows[j, r - 1] if r > 0 else 0.0
                    own[s, r * k + j] += 2.0 * y * psd[b, p] * psd[b, a]
                    own[s, r * k + j] += 2.0 * x * psd[a, r] * psd[a, b]
                    own[s, r * k + j] += x * y * psd[a, b] ** 2


@inner
def _add_matrix_across(
    psd: FloatArray,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    across: FloatArray,
) -> None:
    k, q = rows.shape[0], rows.shape[1] + 1
    for s in range(corner_row.size):
        r, c = corner_row[s], corner_column[s]
        size = 1.0 if r == c else 2.0
        for p in range(q):
            for i in range(k):
                product = psd[r, p] * psd[c, q + i] + psd[r, q + i] * psd[c, p]
                if p > 0:
                    product += rows[i, p - 1] * psd[r, q + i] * psd[c, q + i]
                across[s, p * k + i] = size * product
        t = q * k
        for i in range(k):
            for j in range(i + 1, k):
                product = psd[r, q + i] * psd[c, q + j] + psd[r, q + j] * psd[c, q + i]
                across[s, t] = size * product
                t += 1


@inner
def _add_norms_across(
    norm_b: FloatArray,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    across: FloatArray,
) -> None:
    """Of E[b_j(ρ, u)] = E[a_j(ρ, u)] − M(0, x_j) what is of a_j and M."""
    k, q = rows.shape[0], rows.shape[1] + 1
    for s in range(corner_row.size):
        r, c = corner_row[s], corner_column[s]
        for j in range(k):  # M's entry moves entry r by x_c, and if it is off the diagonal c by x_r
            if c > 0:
                for p in range(q):
                    across[s, p * k + j] -= rows[j, c - 1] * norm_b[j, r, p]
            if r != c and r > 0:
                for p in range(q):
                    across[s, p * k + j] -= rows[j, r - 1] * norm_b[j, c, p]


@inner
def _add_ab(ab: FloatArray, rows: FloatArray, own: FloatArray) -> None:
    """Of E[a_i b_j] = E[a_i a_j] − x_jᵀE[a_i u]."""
    k, q = rows.shape[0], rows.shape[1] + 1
    number = 0
    for i in range(k):
        for j in range(k):
            if i == j:
                continue
            weight = ab[number]
            pair = q * k + _pair(min(i, j), max(i, j), k)
            own[pair, pair] += weight
            for p in range(1, q):
                own[pair, p * k + i] -= weight * rows[j, p - 1]
                for s in range(1, p + 1):
                    own[p * k + i, s * k + i] += weight * rows[j, p - 1] * rows[j, s - 1]
            number += 1


@inner
def _add_bb(
    aa: FloatArray,
    bb: FloatArray,
    rows: FloatArray,
    corner_row: IndexArray,
    corner_column: IndexArray,
    own: FloatArray,
    across: FloatArray,
) -> None:
    """Of E[a_i a_j], and of E[b_i b_j] = E[a_i b_j] − x_iᵀE[a_j u] + x_iᵀE[uuᵀ]x_j."""
    k, q = rows.shape[0], rows.shape[1] + 1
    entries, number = corner_row.size, 0
    moved, weighted, product = np.empty(entries), np.zeros((entries, k, k)), np.empty(q - 1)
    for i in range(k):
        for j in range(i + 1, k):
            weight = bb[number]
            pair = q * k + number
            own[pair, pair] += aa[number] + weight
            for p in range(1, q):
                x, y = weight * rows[i, p - 1], weight * rows[j, p - 1]
                own[pair, p * k + i] -= y
                own[pair, p * k + j] -= x
                for s in range(1, p + 1):
                    own[p * k + i, s * k + i] += y * rows[j, s - 1]
                    own[p * k + j, s * k + j] += x * rows[i, s - 1]
                    own[p * k + j, s * k + i] += x * rows[j, s - 1]
                    if s < p:
                        own[p * k + i, s * k + j] += y * rows[i, s - 1]
            bilinear(rows[i], rows[j], corner_row, corner_column, moved)
            for t in range(entries):
                across[t, pair] += weight * moved[t]
                weighted[t, i, j] = weighted[t, j, i] = weight * moved[t]
            number += 1
    for t in range(entries):
        for i in range(k):
            for p in range(q - 1):
                product[p] = 0.0
            for j in range(k):
                for p in range(q - 1):
                    product[p] += weighted[t, i, j] * rows[j, p]
            for p in range(1, q):
                across[t, p * k + i] -= product[p - 1]


@inner
def _pair(i: int, j: int, k: int) -> int:
    """The number of i < j."""
    return i * (2 * k - i - 1) // 2 + j - i - 1
