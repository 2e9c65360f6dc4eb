"""The witness of Theorem 10: weights w and a rounded factor L that leave a dominant remainder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.quadratic_form import (
    QuadraticForm,
    eliminate,
    largest_eigenvalue,
)

#: The points' factors are rounded to multiples of this, so that the kernel's integers stay short.
_GRID = 2.0**-60
#: The rows of L across, relative to the border's own scale.
_BORDER_GRID = 2.0**-52
_LARGEST_BORDER_WEIGHT = 2.0**-8


@dataclass(frozen=True, eq=False)
class PsdWitness:
    """kappa, and the arrays of the proof as `certnn.kernel.psd.PsdProof` describes them."""

    kappa: float
    weights: FloatArray
    L_points: FloatArray
    L_cross: FloatArray
    L_corner: FloatArray


def psd_witness(form: QuadraticForm, n: int, shift: float) -> PsdWitness | None:
    """Factor 2S in floats, with the smallest kappa that leaves `shift` on the unit diagonal.

    Returns None where the a-block is not definite. The result is a proposal: the kernel decides.
    """
    eliminated = eliminate(form, shift)
    if eliminated is None:
        return None
    q = eliminated.schur.shape[0]
    scale = max(largest_eigenvalue(eliminated.schur), np.finfo(float).tiny)
    grid = _BORDER_GRID * float(np.exp2(np.round(np.log2(scale) / 2.0)))
    weights = np.empty(n + q)
    cross, remainder, room = np.zeros((q, n)), np.zeros((q, n)), np.zeros(n)
    factors = tuple(_rounded(factor, _GRID) for factor in eliminated.factors)
    for batch, w, factor, solved in zip(
        form.batches, eliminated.scales, factors, eliminated.cross, strict=True
    ):
        place = batch.members.ravel()
        row = _rounded(solved, grid)
        exact = batch.borders * w[:, :, None] - np.matmul(
            factor.astype(np.longdouble), row.astype(np.longdouble)
        )
        weights[place] = w.ravel()
        cross[:, place] = row.reshape(-1, q).T
        left = np.abs(exact).astype(np.float64) + batch.doubt * w[:, :, None]
        remainder[:, place] = left.reshape(-1, q).T
        room[place] = 0.5 * shift * batch.members.shape[1]
    # The points' diagonals have little room for what rounding leaves across: a small weight on the
    # border makes its diagonal, that is kappa, pay for it.
    largest = float(np.min(room / np.maximum(np.sum(remainder, axis=0), np.finfo(float).tiny)))
    border_weight = min(_LARGEST_BORDER_WEIGHT / np.sqrt(scale), largest)
    border_weight = float(np.exp2(np.floor(np.log2(border_weight))))
    weights[n:] = border_weight
    # From the rounded rows, so that the corner absorbs their error; D cancels against them.
    wide = cross.astype(np.longdouble)
    across = wide @ wide.T
    schur = form.corner + across
    lost = float(np.max(np.sum(remainder, axis=1))) / (border_weight * scale)
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
    return PsdWitness(
        kappa=kappa,
        weights=weights,
        L_points=_triangles(form, factors),
        L_cross=border_weight * cross,
        L_corner=_rounded(corner_factor[np.tril_indices(q)], _BORDER_GRID) * unit,
    )


def _triangles(form: QuadraticForm, factors: tuple[FloatArray, ...]) -> FloatArray:
    """Lower triangles of the groups' factors, ordered by the groups' smallest members."""
    pieces: list[tuple[int, FloatArray]] = []
    for batch, factor in zip(form.batches, factors, strict=True):
        lower = np.tril_indices(batch.members.shape[1])
        rows = factor[:, lower[0], lower[1]]
        pieces += zip(batch.members[:, 0].tolist(), rows, strict=True)
    pieces.sort(key=lambda piece: piece[0])
    return np.concatenate([row for _, row in pieces])


def _rounded(values: FloatArray, grid: float) -> FloatArray:
    """To multiples of `grid`, a power of two."""
    rounded: FloatArray = np.round(values / grid) * grid
    return rounded
