"""Repair of an approximate dual point, so that a finite kappa can be proved for it (Theorem 11)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import DualPoint, Products, summed
from certnn.certificates.quadratic_form import eliminate, largest_eigenvalue, quadratic_form
from certnn.errors import SolverError

_GRID = 10.0 ** np.arange(-13.0, 0.0)
_HUGE = 2.0**200


@dataclass(frozen=True, eq=False)
class RepairedPoint:
    """A dual point for which `kappa` is (up to float rounding) a bound on the dual norm."""

    point: DualPoint
    kappa: float


def repair(features: FloatArray, point: DualPoint, shift: float) -> RepairedPoint:
    """Find the cheapest change of the multipliers that makes the form definite; Z stays.

    Two families are searched: the a priori bound ‖a‖² ≤ ‖Xu‖² with a small weight, and a blend with
    the Shor multipliers of Z; the end of the second is the pure Shor form, which is always finite.
    Raises `SolverError` if the data are too badly scaled for float64.

    Parameters
    ----------
    features : float64 array, shape (n, columns)
    point : DualPoint
        Finite; of any accuracy.
    shift : float
        As in `certnn.certificates.quadratic_form.eliminate`.
    """
    shor = shor_products(features, point.Z)
    prior = _prior_products(features, shor)

    def with_prior(weight: float) -> Products:
        return summed([point.products, prior.scaled(weight)])

    def with_shor(weight: float) -> Products:
        return summed([point.products.scaled(1.0 - weight), shor.scaled(weight)])

    best = _balanced(features, DualPoint(point.Z, shor), shift)
    if best is None:
        raise SolverError("the data are too badly scaled for float64")
    plain = _balanced(features, point, shift)
    if plain is not None and plain.kappa < best.kappa:
        best = plain
    if plain is not None and bool(np.all(point.products.sign_is_free)):
        return best  # a Shor form that is definite already
    for family in (with_prior, with_shor):
        best = _search(features, point.Z, family, shift, best)
    return best


def _search(
    features: FloatArray,
    Z: FloatArray,
    family: Callable[[float], Products],
    shift: float,
    best: RepairedPoint,
) -> RepairedPoint:
    weights: list[float] = list(_GRID)
    for _ in range(2):  # the grid of decades, then around its best
        found = [(w, _balanced(features, DualPoint(Z, family(w)), shift)) for w in weights]
        usable = [(w, r) for w, r in found if r is not None]
        if not usable:
            return best
        weight, result = min(usable, key=lambda item: item[1].kappa)
        if result.kappa < best.kappa:
            best = result
        weights = [weight * f for f in (0.2, 0.5, 2.0, 5.0) if weight * f < 1.0]
    return best


def _balanced(features: FloatArray, point: DualPoint, shift: float) -> RepairedPoint | None:
    """The smallest kappa over a common factor of the multipliers, which trades u against v."""
    schur, columns = eliminate(quadratic_form(features, point), shift), features.shape[1]
    if schur is None:
        return None
    top = largest_eigenvalue(schur[:columns, :columns])
    bottom = largest_eigenvalue(schur[columns:, columns:])
    if top <= 0.0:  # no point sees u (X = 0): any multiple of the multipliers will do
        return RepairedPoint(DualPoint(point.Z, point.products.scaled(_HUGE)), bottom / _HUGE)
    if bottom <= 0.0:
        return RepairedPoint(point, largest_eigenvalue(schur))
    middle = 0.5 * float(np.log(bottom / top))

    def kappa(log_factor: float) -> float:
        half = np.exp(0.5 * log_factor)
        weight = np.concatenate(
            [np.full(columns, half), np.full(schur.shape[0] - columns, 1 / half)]
        )
        return largest_eigenvalue(schur * weight[:, None] * weight[None, :])

    from scipy.optimize import minimize_scalar

    search = minimize_scalar(
        kappa, bounds=(middle - 2.0, middle + 2.0), method="bounded", options={"xatol": 1e-6}
    )
    factor, value = float(np.exp(search.x)), float(search.fun)
    same = largest_eigenvalue(schur)
    if same <= value:
        return RepairedPoint(point, same)
    return RepairedPoint(DualPoint(point.Z, point.products.scaled(factor)), value)


def shor_products(features: FloatArray, Z: FloatArray) -> Products:
    """Multipliers −t of the products a_i·b_i, with t_i = ‖z_i‖/‖x_i‖ (Theorem 12).

    This t balances ‖√t_i x_i‖ with ‖z_i/√t_i‖. A zero row has a_i = 0, so that a huge t costs
    nothing; a zero z_i needs only some positive t.
    """
    x, z = np.linalg.norm(features, axis=1), np.linalg.norm(Z, axis=1)
    x_top, z_top = float(np.max(x)), float(np.max(z))
    if x_top == 0.0 or z_top == 0.0:
        return Products.vanishing(np.full(x.size, -(z_top if z_top > 0.0 else 1.0)))
    x = np.where(x > 0.0, x, x_top)
    t = np.where(features.any(axis=1), np.maximum(z, 1e-8 * z_top) / x, 2.0**50 * z_top / x_top)
    return Products.vanishing(-t)


def _prior_products(features: FloatArray, shor: Products) -> Products:
    """b_i² − 2a_i·b_i = (x_iᵀu)² − a_i² ≥ 0 on real neurons, weighted like the Shor multipliers."""
    n = features.shape[0]
    weight = np.where(features.any(axis=1), -shor.multiplier, 0.0)
    points = np.arange(n)
    return Products(
        n,
        np.concatenate([points, points + n]),
        np.concatenate([points + n, points + n]),
        np.concatenate([-2.0 * weight, weight]),
    )
