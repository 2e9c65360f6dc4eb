"""Shares of reg for groups of points, whose exact sum is at most reg (Theorem 53)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

#: A share changes by no more than this factor at once.
_MOST_CHANGED = 2.0
_LESS = 1.0 - 2.0**-50


def even_shares(reg: float, count: int) -> list[float]:
    """As many equal shares."""
    return _within(Fraction(reg), np.full(count, reg / count).tolist())


def moved_shares(shares: Sequence[float], slopes: Sequence[float]) -> list[float]:
    """Shares of the same sum, larger where the optimum rises faster with them.

    The sum of the optima is concave in the shares and largest where all slopes are the same
    (Theorem 53). A slope falls about as fast as its share rises, so that the share is multiplied by
    it, as in the method of exponentiated gradients (Kivinen and Warmuth, 1997).

    Parameters
    ----------
    shares : sequence of float
        Positive.
    slopes : sequence of float
        Of the optimum of each group by its share: ½(‖U‖² + ‖V‖²) of its best network.
    """
    mean = float(np.mean(slopes))
    if not mean > 0.0:
        return list(shares)
    change = np.clip(np.asarray(slopes) / mean, 1.0 / _MOST_CHANGED, _MOST_CHANGED)
    total, weights = sum(map(Fraction, shares)), np.asarray(shares) * change
    return _within(Fraction(total), (weights * (float(total) / np.sum(weights))).tolist())


def _within(total: Fraction, shares: list[float]) -> list[float]:
    while sum(map(Fraction, shares)) > total:
        shares = [_LESS * share for share in shares]
    return shares
