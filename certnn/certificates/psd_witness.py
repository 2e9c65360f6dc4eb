"""The witness of Theorem 10: weights w and a rounded factor L that leave a dominant remainder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.certificates.quadratic_form import (
    QuadraticForm,
    eliminate,
    eliminate_batch,
    largest_eigenvalue,
)

#: The points' factors are rounded to multiples of this, so that the kernel's integers stay short.
_GRID = 2.0**-60
#: The rows of L across, relative to the border's own scale.
_BORDER_GRID = 2.0**-52
_LARGEST_BORDER_WEIGHT = 2.0**-8
#: Columns that are in extended precision at a time.
_PIECE = 1 << 15


@dataclass(frozen=True, eq=False)
class PsdWitness:
    """kappa, and the arrays of the proof as the kernel's ``FORMAT.md`` describes them."""

    kappa: float
    weights: FloatArray
    L_points: FloatArray
    L_cross: FloatArray
    L_corner: FloatArray


def psd_witness(form: QuadraticForm, n: int, shift: float) -> PsdWitness | None:
    """Factor 2S in floats, with the smallest kappa that leaves `shift` on the unit diagonal.

    Returns None where the a-block is not definite. The result is a proposal: the kernel decides.
    """
    rough = eliminate(form, shift)
    if rough is None:
        return None
    q = rough.shape[0]
    scale = max(largest_eigenvalue(rough), np.finfo(float).tiny)
    grid = _BORDER_GRID * float(np.exp2(np.round(np.log2(scale) / 2.0)))
    weights, cross = np.empty(n + q), np.zeros((q, n))
    largest, border_rest = np.inf, np.zeros(q)
    triangles: list[tuple[IndexArray, FloatArray]] = []
    for batch in form.batches:
        eliminated = eliminate_batch(batch, shift)
        if eliminated is None:
            return None
        place, w = batch.members.ravel(), eliminated.scales
        factor, row = _rounded(eliminated.factors, _GRID), _rounded(eliminated.cross, grid)
        exact = batch.borders * w[:, :, None] - np.matmul(
            factor.astype(np.longdouble), row.astype(np.longdouble)
        )
        weights[place] = w.ravel()
        cross[:, place] = row.reshape(-1, q).T
        left = np.abs(exact).astype(np.float64) + batch.doubt * w[:, :, None]
        rest, room = left.reshape(-1, q).T, 0.5 * shift * batch.members.shape[1]
        border_rest += np.sum(rest, axis=1)
        of_points = np.maximum(np.sum(rest, axis=0), np.finfo(float).tiny)
        largest = min(largest, room / float(np.max(of_points)))
        lower = np.tril_indices(batch.members.shape[1])
        triangles.append((batch.members[:, 0], factor[:, lower[0], lower[1]]))
    # The points' diagonals have little room for what rounding leaves across: a small weight on the
    # border makes its diagonal, that is kappa, pay for it.
    border_weight = min(_LARGEST_BORDER_WEIGHT / np.sqrt(scale), largest)
    border_weight = float(np.exp2(np.floor(np.log2(border_weight))))
    weights[n:] = border_weight
    # From the rounded rows, so that the corner absorbs their error; D cancels against them.
    across = np.zeros((q, q), dtype=np.longdouble)
    for begin in range(0, n, _PIECE):
        wide = cross[:, begin : begin + _PIECE].astype(np.longdouble)
        across += wide @ wide.T
    schur = form.corner + across
    lost = float(np.max(border_rest)) / (border_weight * scale)
    cancelled = n * float(np.finfo(np.longdouble).eps) * float(np.max(np.diag(across))) / scale
    slack = 2.0 * lost + cancelled + 64.0 * q * float(np.finfo(float).eps)
    kappa = max(largest_eigenvalue((schur / scale).astype(np.float64)), 0.0) * scale
    kappa += 4.0 * slack * scale
    corner = (np.longdouble(kappa) * np.eye(q) - schur).astype(np.float64)
    try:
        corner_factor = np.linalg.cholesky(corner / scale - slack * np.eye(q))
    except np.linalg.LinAlgError:
        return None
    unit = border_weight * np.sqrt(scale)
    cross *= border_weight
    return PsdWitness(
        kappa=kappa,
        weights=weights,
        L_points=_in_order(triangles, n),
        L_cross=cross,
        L_corner=_rounded(corner_factor[np.tril_indices(q)], _BORDER_GRID) * unit,
    )


def _in_order(triangles: list[tuple[IndexArray, FloatArray]], n: int) -> FloatArray:
    """Lower triangles of groups, a row each, one after the other by the groups' smallest members.

    With each array of them are those members.
    """
    length = np.zeros(n, dtype=np.int64)
    for first, rows in triangles:
        length[first] = rows.shape[1]
    start = np.cumsum(length) - length
    result = np.empty(int(np.sum(length)))
    for first, rows in triangles:
        result[start[first][:, None] + np.arange(rows.shape[1])] = rows
    return result


def _rounded(values: FloatArray, grid: float) -> FloatArray:
    """To multiples of `grid`, a power of two."""
    rounded: FloatArray = np.round(values / grid) * grid
    return rounded
