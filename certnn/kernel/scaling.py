"""From a dual point and a proved dual norm to a bound on the training objective (Theorem 3)."""

from __future__ import annotations

from fractions import Fraction

from certnn.kernel.exact import ExactMatrix, exact_matrix, inner
from certnn.kernel.instance import Instance


def bound_from_dual_norm(instance: Instance, Z: bytes, kappa: float) -> Fraction:
    """L(Z, kappa), exactly: a lower bound whenever kappa is at least the dual norm of Z.

    L = s⟨Z, Y⟩ − ½s²‖Z‖² with s = clip(⟨Z, Y⟩/‖Z‖², 0, reg/kappa), Theorem 3. This is the value
    only; it becomes a `Bound` once a certificate proves that kappa is large enough.

    Parameters
    ----------
    instance : Instance
    Z : bytes
        Dual point, n×c little-endian doubles, row by row.
    kappa : float
        Positive; claimed to be at least max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖.
    """
    dual = exact_matrix(Z, instance.n, instance.c)
    return scaled_value(instance, dual, Fraction(instance.reg) / Fraction(kappa))


def scaled_value(instance: Instance, dual: ExactMatrix, largest_scale: Fraction) -> Fraction:
    """max over 0 ≤ s ≤ `largest_scale` of s⟨Z, Y⟩ − ½s²‖Z‖²."""
    targets = instance.targets()
    product = _dyadic(inner(dual.rows, targets.rows), dual.exponent + targets.exponent)
    square = _dyadic(inner(dual.rows, dual.rows), 2 * dual.exponent)
    if square == 0 or product <= 0:
        return Fraction(0)
    scale = min(product / square, largest_scale)
    return scale * product - scale * scale * square / 2


def _dyadic(integer: int, exponent: int) -> Fraction:
    return Fraction(integer) * Fraction(2) ** exponent
