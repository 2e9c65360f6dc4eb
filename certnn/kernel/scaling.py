"""From a dual point and a proved dual norm to a bound on the training objective (Theorem 3)."""

from __future__ import annotations

from fractions import Fraction

from certnn.kernel.exact import ExactMatrix, exact_matrix, inner
from certnn.kernel.instance import Instance


def bound_from_dual_norm(instance: Instance, Z: bytes, kappa: float) -> Fraction:
    """L(Z, kappa), exactly: a lower bound whenever kappa is at least the dual norm of Z.

    This is the value only; it becomes a `Bound` once a certificate proves that kappa is large
    enough.

    Parameters
    ----------
    instance : Instance
    Z : bytes
        Dual point, n×c little-endian doubles, row by row.
    kappa : float
        Positive; claimed to be at least max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖.
    """
    return scaled_bound(instance, exact_matrix(Z, instance.n, instance.c), kappa)


def scaled_bound(instance: Instance, dual: ExactMatrix, kappa: float) -> Fraction:
    """L = s⟨Z, Y⟩ − ½s²‖Z‖² with s = clip(⟨Z, Y⟩/‖Z‖², 0, reg/kappa), and 0 if Z = 0."""
    product, square = inner(dual, instance.targets()), inner(dual, dual)
    if square == 0 or product <= 0:
        return Fraction(0)
    scale = min(product / square, Fraction(instance.reg) / Fraction(kappa))
    return scale * product - scale * scale * square / 2
