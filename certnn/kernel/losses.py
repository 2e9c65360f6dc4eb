"""Losses and their conjugates (Theorem 39): exact, but for logarithms, which are bounded safely.

Targets are any numbers for half-squared and huber, ±1 for hinge, squared-hinge and logistic, each
output by itself, and nonnegative weights of the classes for softmax.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from certnn.kernel.enclosures import BITS, exp_above, log_above
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.rejected import Rejected

LOSSES: Final = ("half-squared", "huber", "hinge", "squared-hinge", "logistic", "softmax")
_UNIT = Fraction(1, 1 << BITS)


def targets_fit(loss: str, targets: Iterable[float]) -> bool:
    """Whether the targets are such as the loss needs."""
    if loss in ("hinge", "squared-hinge", "logistic"):
        return all(target in (1, -1) for target in targets)
    return loss != "softmax" or all(target >= 0 for target in targets)


def loss_above(loss: str, delta: float, outputs: ExactMatrix, targets: ExactMatrix) -> Fraction:
    """The loss of outputs, summed over the points: exact, or for logistic and softmax rounded up.

    `delta` is where the loss huber turns linear; outputs and targets are n×c.
    """
    total = Fraction(0)
    for f, y in zip(_fractions(outputs), _fractions(targets), strict=True):
        if loss == "softmax":
            total += _softmax_above(f, y)
        else:
            terms = zip(f, y, strict=True)
            total += sum(_term_above(loss, Fraction(delta), s, t) for s, t in terms)
    return total


def dual_value(
    loss: str, delta: float, dual: ExactMatrix, scale: Fraction, targets: ExactMatrix
) -> Fraction:
    """−ℓ*(−W) for W = scale·Z, n×c: exact, or for logistic and softmax rounded down.

    Raises `Rejected` if the conjugate is infinite there.
    """
    total = Fraction(0)
    for z, y in zip(_fractions(dual), _fractions(targets), strict=True):
        w = [scale * entry for entry in z]
        if loss == "softmax":
            total += _softmax_dual(w, y)
        else:
            total += sum(_dual_term(loss, Fraction(delta), s, t) for s, t in zip(w, y, strict=True))
    return total


def _term_above(loss: str, delta: Fraction, f: Fraction, y: Fraction) -> Fraction:
    if loss == "huber":
        size = abs(f - y)
        return size * size / 2 if size <= delta else delta * size - delta * delta / 2
    if loss == "half-squared":
        return (f - y) ** 2 / 2
    margin = y * f
    if loss == "logistic":
        rest = exp_above(abs(margin).numerator, margin.denominator)
        return max(-margin, Fraction(0)) + log_above((1 << BITS) + rest, 1 << BITS) * _UNIT
    short = max(1 - margin, Fraction(0))
    return short if loss == "hinge" else short * short / 2


def _softmax_above(f: list[Fraction], y: list[Fraction]) -> Fraction:
    top = max(f)
    powers = sum(exp_above((top - t).numerator, (top - t).denominator) for t in f)
    return sum(y) * (top + log_above(powers, 1 << BITS) * _UNIT) - sum(
        s * t for s, t in zip(y, f, strict=True)
    )


def _dual_term(loss: str, delta: Fraction, w: Fraction, y: Fraction) -> Fraction:
    if loss in ("half-squared", "huber"):
        if loss == "huber" and abs(w) > delta:
            raise Rejected("an entry of the dual point is above delta")
        return w * y - w * w / 2
    p = w * y
    if p < 0 or (p > 1 and loss != "squared-hinge"):
        raise Rejected("an entry of the dual point is outside of what the loss allows")
    if loss == "hinge":
        return p
    return p - p * p / 2 if loss == "squared-hinge" else _entropy_below([p, 1 - p], Fraction(1))


def _softmax_dual(w: list[Fraction], y: list[Fraction]) -> Fraction:
    q = [t - s for s, t in zip(w, y, strict=True)]
    if sum(w) != 0 or min(q) < 0:
        raise Rejected("a row of the dual point is outside of what the loss allows")
    return _entropy_below(q, sum(y, Fraction(0)))


def _entropy_below(q: list[Fraction], total: Fraction) -> Fraction:
    """At most −Σ q log(q/total), for q ≥ 0 of that total."""
    ratios = [(part, part / total) for part in q if 0 < part < total]
    logs = (min(log_above(ratio.numerator, ratio.denominator), 0) for _, ratio in ratios)
    terms = (part * log for (part, _), log in zip(ratios, logs, strict=True))
    return -sum(terms, Fraction(0)) * _UNIT


def _fractions(matrix: ExactMatrix) -> Iterable[list[Fraction]]:
    for piece in matrix.pieces():
        unit = Fraction(2) ** piece.exponent
        yield from ([entry * unit for entry in row] for row in piece.rows)
