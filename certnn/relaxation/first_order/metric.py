"""Coordinates in which a definite dual point is the identity: the preconditioner of the splitting.

With P·S·Pᵀ = I and weights d_f = 1/|P·f| of the forms, the map L ↦ (d_f d_g·fᵀPᵀLPg) is well
conditioned, and P is turned so that its normal equations are diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.relaxation.first_order.form_blocks import FormBlocks, FormMap, outer_blocks


@dataclass(frozen=True, eq=False)
class Metric:
    """The coordinates that a definite S gives.

    Attributes
    ----------
    transform : float64 array, shape (p, p)
        P.
    form_weights : float64 array, shape (2m + c,)
        d.
    normal : float64 array, shape (p,)
        Eigenvalues h of Σ d_f²·(Pf)(Pf)ᵀ, which is diagonal.
    """

    transform: FloatArray
    form_weights: FloatArray
    normal: FloatArray

    @classmethod
    def of(cls, rows: FloatArray, form: FloatArray) -> Metric:
        """The metric of S = `form` over (u, s, v), for directions `rows`.

        Raises
        ------
        numpy.linalg.LinAlgError
            If S is not positive definite in floats.
        """
        forms = FormMap(rows)
        root = np.linalg.cholesky(form)
        P = scipy.linalg.solve_triangular(root, np.eye(form.shape[0]), lower=True)
        inverse = forms.values(P.T @ P)
        squares = [np.diagonal(block) for block in (inverse.aa, inverse.bb, inverse.vv)]
        weights = 1.0 / np.sqrt(np.concatenate(squares))
        normal, turn = np.linalg.eigh(P @ forms.matrix(_diagonal(weights**2, rows)) @ P.T)
        return cls(turn.T @ P, weights, normal)


def _diagonal(values: FloatArray, rows: FloatArray) -> FormBlocks:
    m = rows.shape[0]
    a, b, v = values[:m], values[m : 2 * m], values[2 * m :]
    zero = outer_blocks(np.zeros(values.size), m)
    return FormBlocks(np.diag(a), zero.ab, np.diag(b), zero.av, zero.bv, np.diag(v))
