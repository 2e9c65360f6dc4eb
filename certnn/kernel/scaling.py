"""From a dual point and a proved dual norm to a bound on the objective (Theorems 3, 37, 38)."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from functools import reduce
from operator import add

from certnn.kernel.exact import ExactMatrix, exact_matrix, inner
from certnn.kernel.instance import Instance
from certnn.kernel.losses import dual_value
from certnn.kernel.rejected import Rejected

#: What a free hidden bias costs: more than √(1 + 1/4096) (Theorem 41).
_STRETCH = 1 + Fraction(1, 1 << 13)


def bound_from_dual_norm(
    instance: Instance, Z: bytes, kappa: float, free_bias: bool = False
) -> Fraction:
    """L(Z, kappa): a lower bound whenever kappa is at least the dual norm of Z.

    This is the value only; it becomes a `Bound` once a certificate proves that kappa is large
    enough.

    Parameters
    ----------
    instance : Instance
    Z : bytes
        Dual point, n×c little-endian doubles, row by row.
    kappa : float
        Positive; claimed to be at least max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖.
    free_bias : bool
        Whether a free hidden bias is beside u there, rather than in it (Theorem 51).

    Raises
    ------
    Rejected
        If Z proves nothing: it is outside of the domain of the conjugate of the loss, or a bias is
        free and a column of Z does not sum to zero.
    """
    return scaled_bound(instance, exact_matrix(Z, instance.n, instance.c), kappa, free_bias)


def scaled_bound(
    instance: Instance, dual: ExactMatrix, kappa: float, free_bias: bool = False
) -> Fraction:
    """The value of `bound_from_dual_norm`.

    With `free_bias` kappa is of a free hidden bias itself, not of its column (Theorem 51).

    With σ = ‖Zᵀ1‖²/reg for a decayed output bias, and σ = 0 without one, it is for the half-squared
    loss L = s⟨Z, Y⟩ − ½s²(‖Z‖² + σ), where s = clip(⟨Z, Y⟩/(‖Z‖² + σ), 0, reg/kappa), and 0 if
    Z = 0; for others L = −ℓ*(−sZ) − ½s²σ, rounded down, but not below 0, where s is reg/kappa or
    min(1, reg/kappa), whichever gives more.

    Raises `Rejected` if a free bias wants columns of Z that sum to zero, and they do not.
    """
    largest = Fraction(instance.reg) / Fraction(kappa)
    if instance.hidden_bias == "free" and not free_bias:
        largest /= _STRETCH
    square = Fraction(0)
    if instance.balanced and any(map(any, _column_sums(dual).rows)):
        raise Rejected("a bias is free, and a column of the dual point does not sum to zero")
    if instance.output_bias is True:
        sums = _column_sums(dual)
        square = inner(sums, sums) / Fraction(instance.reg)
    if instance.loss == "half-squared":
        product, square = inner(dual, instance.targets()), square + inner(dual, dual)
        if square == 0 or product <= 0:
            return Fraction(0)
        scale = min(product / square, largest)
        return scale * product - scale * scale * square / 2

    def value(scale: Fraction) -> Fraction:
        conjugate = dual_value(instance.loss, instance.delta, dual, scale, instance.targets())
        return max(conjugate - scale * scale * square / 2, Fraction(0))

    best = value(min(Fraction(1), largest))
    if largest > 1:
        with suppress(Rejected):  # outside of the domain, where 1 may be inside
            best = max(best, value(largest))
    return best


def _column_sums(matrix: ExactMatrix) -> ExactMatrix:
    pieces = (([list(map(sum, zip(*p.rows, strict=True)))], p.exponent) for p in matrix.pieces())
    return reduce(add, (ExactMatrix(*piece) for piece in pieces))
