"""The witness of Theorem 10: weights w and a factor L, rounded so that the remainder is dominant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificate.quadratic_form import (
    Elimination,
    QuadraticForm,
    eliminate,
    largest_eigenvalue,
)

#: L is rounded to multiples of 2⁻⁶⁰, so that the kernel's integers stay short.
_GRID = 2.0**60
_BORDER_BITS = 8


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
    # A small weight on the border lets its diagonal, not the points', pay for rounding across.
    border_weight = float(np.exp2(-np.round(np.log2(scale) / 2.0) - _BORDER_BITS))
    weights = np.full(n + q, border_weight)
    cross = np.zeros((q, n))
    for batch, w, solved in zip(form.batches, eliminated.scales, eliminated.cross, strict=True):
        weights[batch.members] = w
        cross[:, batch.members.ravel()] = border_weight * solved.reshape(-1, q).T
    cross = _rounded(cross)
    # From the rounded rows, so that the corner absorbs their error.
    wide = cross.astype(np.longdouble)
    squares = form.corner * np.longdouble(border_weight) ** 2 + wide @ wide.T
    unit = scale * border_weight**2
    slack = 64.0 * shift * n * 2.0**_BORDER_BITS
    kappa = largest_eigenvalue(squares.astype(np.float64) / unit) * scale * (1.0 + 4.0 * slack)
    corner = np.longdouble(kappa) * np.longdouble(border_weight) ** 2 * np.eye(q) - squares
    try:
        corner_factor = np.linalg.cholesky(corner.astype(np.float64) - slack * unit * np.eye(q))
    except np.linalg.LinAlgError:
        return None
    return PsdWitness(
        kappa=kappa,
        weights=weights,
        L_points=_rounded(_triangles(form, eliminated)),
        L_cross=cross,
        L_corner=_rounded(corner_factor[np.tril_indices(q)]),
    )


def _triangles(form: QuadraticForm, eliminated: Elimination) -> FloatArray:
    """Lower triangles of the groups' factors, ordered by the groups' smallest members."""
    pieces: list[tuple[int, FloatArray]] = []
    for batch, factors in zip(form.batches, eliminated.factors, strict=True):
        lower = np.tril_indices(batch.members.shape[1])
        rows = factors[:, lower[0], lower[1]]
        pieces += zip(batch.members[:, 0].tolist(), rows, strict=True)
    pieces.sort(key=lambda piece: piece[0])
    return np.concatenate([row for _, row in pieces])


def _rounded(values: FloatArray) -> FloatArray:
    rounded: FloatArray = np.round(values * _GRID) / _GRID
    return rounded
