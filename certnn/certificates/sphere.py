"""The largest value of a quadratic form on the unit sphere, a free bias beside it or not."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray

#: Halvings of an interval until floats cannot tell its ends apart.
_HALVINGS = 100
#: The multiplier of a free bias is that far above the least, in powers of two of the form's size.
_POWERS, _TOLERANCE = 40.0, 1e-2


def largest_on_sphere(form: FloatArray) -> tuple[float, float]:
    """The largest value of a quadratic form in (1, u) over |u| = 1, and the multiplier of |u|².

    By the S-lemma it is the least h for which h − form − μ(1 − |u|²) is nonnegative with the
    second number as μ.
    """
    values, vectors = np.linalg.eigh(form[1:, 1:])
    linear = vectors.T @ form[1:, 0]
    low, high = float(values[-1]), float(values[-1]) + float(np.linalg.norm(linear))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if np.sum((linear / (middle - values)) ** 2) > 1.0:
            low = middle
        else:
            high = middle
    if high <= values[-1]:  # no linear part
        return float(form[0, 0]) + high, high
    return float(form[0, 0]) + high + float(np.sum(linear**2 / (high - values))), high


def least_height(form: FloatArray, nu: float | None) -> tuple[float, float]:
    """The least h with hρ² − form − μ(ρ² − |u|²) nonnegative, and that μ.

    Parameters
    ----------
    form : float64 array, shape (q, q)
        Over (ρ, u) and, with a free bias, g.
    nu : float or None
        With a free bias, of −ν(ρ² − g²), which the form has besides. Where it is too small for any
        h, h is infinite.
    """
    if nu is None:
        return largest_on_sphere(form)
    pivot, across = nu - form[-1, -1], form[:-1, -1]
    if pivot <= 0.0:
        return np.inf, 0.0
    h, mu = largest_on_sphere(form[:-1, :-1] + np.outer(across, across) / pivot)
    return h + nu, mu


def best_of_bias(form: FloatArray) -> float:
    """The ν > 0 for which `least_height` gives the least, about."""
    from scipy.optimize import minimize_scalar

    least, size = max(float(form[-1, -1]), 0.0), float(np.max(np.abs(form))) or 1.0
    with np.errstate(all="ignore"):
        found = minimize_scalar(
            lambda power: least_height(form, least + size * 2.0**power)[0],
            bounds=(-_POWERS, 1.0),
            method="bounded",
            options={"xatol": _TOLERANCE},
        )
    return least + size * float(2.0 ** float(found.x))
