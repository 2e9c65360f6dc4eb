"""Douglas–Rachford splitting (Eckstein and Bertsekas 1992) of the primal relaxation.

    min ½‖Λ_fv·λ − η‖² + ½tr(Λ_uu + Λ_vv)   over Λ ⪰ 0 with products ≥ 0 and a_i·b_i = 0

The moments L (in a `Metric`) and the products B of the forms are kept apart: L ⪰ 0 in one step,
signs and loss of B entry by entry in the same one, and B = values of L by least squares in the
other. What the first step takes away is the dual point: S ⪰ 0 and multipliers ≥ 0, which agree
with each other as far as the splitting has converged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray, as_numpy
from certnn.relaxation.first_order.dual_weights import DualWeights, Layout
from certnn.relaxation.first_order.fitting import fit_of
from certnn.relaxation.first_order.form_blocks import (
    Array,
    FormBlocks,
    FormMap,
    namespace,
    outer_blocks,
)
from certnn.relaxation.first_order.metric import Metric

#: Over-relaxation; 2 would no longer converge.
_RELAXATION = 1.9


@dataclass(frozen=True, eq=False)
class Residuals:
    """How far the halves disagree, relative to their sizes: as moments, and as dual points."""

    primal: float
    dual: float


class Splitting:
    """The iteration, in arrays of the library of `like`.

    Parameters
    ----------
    layout : Layout
    metric : Metric
    start : DualWeights
        What the dual point begins with; the moments begin with none.
    penalty : float
        ρ: larger makes moments, smaller makes the dual point agree sooner.
    like : array
        Of any library that follows the array API standard; arrays are made on its device.
    """

    def __init__(
        self, layout: Layout, metric: Metric, start: DualWeights, penalty: float, like: Array
    ) -> None:
        self._xp: Any = namespace(like)
        forms = layout.program.forms
        self._layout, self._metric = layout, metric

        def moved(array: FloatArray) -> Array:
            return self._xp.asarray(array, dtype=like.dtype, device=like.device)

        m, p = forms.points, forms.order
        self._map = FormMap(moved(forms.rows))
        self._P = moved(metric.transform)
        self._weights = outer_blocks(metric.form_weights, m).with_each(moved)
        self._damping = moved(1.0 / (1.0 + metric.normal[:, None] * metric.normal[None, :]))
        unit = np.ones(p)
        unit[forms.rank : forms.rank + m] = 0.0
        self._cost = moved(0.5 * (metric.transform * unit) @ metric.transform.T)
        self._fit = fit_of(layout, self._weights, moved)
        self._apart = moved(1.0 - np.eye(m))
        self.penalty = penalty
        form = metric.transform @ start.form @ metric.transform.T
        taken = start.weights.with_each(moved).with_each(lambda x, y: x / y, self._weights)
        self._moments = moved(form) * (-0.5 / penalty)
        self._products = taken * (-0.5 / penalty)
        self._steps: tuple[Array, FormBlocks] | None = None
        self._halves: tuple[Array, FormBlocks] | None = None

    def step(self) -> None:
        """One iteration.

        Raises
        ------
        numpy.linalg.LinAlgError
            If eigenvalues are not found.
        """
        moments, products = self._split()
        pull = self._map.matrix((products * 2.0 - self._products) * self._weights)
        pull = self._P @ pull @ self._P.T + (2.0 * moments - self._moments)
        agreed = (pull - self._cost / self.penalty) * self._damping
        agreed = 0.5 * (agreed + agreed.T)
        values = self._map.values(self._P.T @ agreed @ self._P) * self._weights
        self._steps = agreed - moments, values - products
        self._moments = self._moments + _RELAXATION * self._steps[0]
        self._products = self._products + self._steps[1] * _RELAXATION
        self._halves = None

    def set_penalty(self, penalty: float) -> None:
        """Change ρ; the moments and the dual point stay."""
        moments, products = self._split()
        ratio = self.penalty / penalty
        self._moments = moments + ratio * (self._moments - moments)
        self._products = products + (self._products - products) * ratio
        self.penalty = penalty

    def weights(self) -> FormBlocks:
        """The multipliers as weights of the products, in numpy."""
        _, products = self._split()
        taken = (products - self._products) * self._weights * (2.0 * self.penalty)
        return taken.with_each(_in_numpy)

    def moment(self) -> FloatArray:
        """Second moments of (u, s, v), positive semidefinite, in numpy."""
        moments, _ = self._split()
        return _in_numpy(self._P.T @ moments @ self._P)

    def residuals(self) -> Residuals:
        """Of the last step."""
        assert self._steps is not None
        xp, (moments, products) = self._xp, self._split()
        d1, d2 = self._steps
        image = self._map.values(self._P.T @ d1 @ self._P) * self._weights
        primal = (image - d2).square_sum()
        dual = float(xp.sum((d1 + self._P @ self._map.matrix(d2 * self._weights) @ self._P.T) ** 2))
        size = float(xp.sum(moments**2)) + products.square_sum()
        taken = float(xp.sum((self._moments - moments) ** 2))
        taken += (self._products - products).square_sum()
        tiny = float(np.finfo(float).tiny)
        return Residuals(
            float(np.sqrt(primal / max(size, tiny))), float(np.sqrt(dual / max(taken, tiny)))
        )

    def primal_value(self) -> float:
        """The objective of the moments, which are feasible only in the limit."""
        moments, products = self._split()
        return float(self._xp.sum(self._cost * moments)) + self._fit.value(products)

    def _split(self) -> tuple[Array, FormBlocks]:
        """The moments and products of the first step, which another ρ leaves as they are."""
        if self._halves is None:
            self._halves = self._nearest()
        return self._halves

    def _nearest(self) -> tuple[Array, FormBlocks]:
        xp, given = self._xp, self._products
        av, bv = self._fit.nearest(given, self.penalty)
        positive = (xp.where(x > 0.0, x, 0.0 * x) for x in (given.aa, given.ab, given.bb))
        aa, ab, bb = positive
        return _positive_part(self._moments), FormBlocks(aa, ab * self._apart, bb, av, bv, given.vv)


def _positive_part(matrix: Array) -> Array:
    """The nearest positive semidefinite matrix; its rank is small once the iteration is under way.

    Raises
    ------
    numpy.linalg.LinAlgError
        If eigenvalues are not found.
    """
    xp = namespace(matrix)
    if xp is np:
        values, vectors = scipy.linalg.eigh(
            matrix, subset_by_value=(0.0, np.inf), driver="evr", check_finite=False
        )
    else:
        # The standard has no name for the error; libraries with one of their own call it so.
        failed = getattr(xp.linalg, "LinAlgError", np.linalg.LinAlgError)
        try:
            values, vectors = xp.linalg.eigh(matrix)
        except failed as error:
            raise np.linalg.LinAlgError(str(error)) from None
        values = xp.clip(values, 0.0, None)  # all are kept, so that no device is waited for
    half = vectors * xp.sqrt(values)
    return half @ half.T


def _in_numpy(array: Array) -> FloatArray:
    return np.array(as_numpy(array), dtype=np.float64)
