"""Whether a symmetric matrix of integers is positive definite."""

from __future__ import annotations

from math import isqrt
from operator import mul

from certnn.kernel.exact import Rows
from certnn.kernel.work import Work


def positive_definite(S: Rows, work: Work) -> bool:
    """Whether it is: by rounded integers where these suffice, and else by its leading minors.

    Raises
    ------
    Rejected
        If the minors are needed, and too long for the work that is left.
    """
    order = len(S)
    if any(row[i] <= 0 for i, row in enumerate(S)):
        return False
    work.spend(order**3 // 3, 256)
    return _surely_definite(S) or _by_minors(S, work)


def _surely_definite(S: Rows) -> bool:
    """Whether a rounded Cholesky factor proves it, as in nearly all cases (Theorem 20).

    The diagonal is positive.
    """
    scales = [(128 - row[i].bit_length()) // 2 for i, row in enumerate(S)]
    shift = len(S) << 65
    factor: Rows = []
    for i, row in enumerate(S):
        new: list[int] = []
        for j in range(i):
            entry = _shifted(row[j], scales[i] + scales[j])
            new.append((entry - sum(map(mul, new, factor[j]))) // factor[j][j])
            if abs(new[-1]) >> 65:  # its square is above the pivot, and what follows may be long
                return False
        pivot = _shifted(row[i], 2 * scales[i]) - shift - sum(x * x for x in new)
        if pivot <= 0:
            return False
        factor.append([*new, isqrt(pivot)])
    return True


def _shifted(number: int, bits: int) -> int:
    """The number times 2**bits, rounded down."""
    return number << bits if bits >= 0 else number >> -bits


def _by_minors(S: Rows, work: Work) -> bool:
    """Whether all leading principal minors are positive, by Bareiss elimination."""
    rows, previous, order = [list(row) for row in S], 1, len(S)
    longest = max((abs(entry).bit_length() for row in S for entry in row), default=0)
    longest += order.bit_length()  # so that minors of order k have at most k times as many bits
    for k, row in enumerate(rows):
        if row[k] <= 0:
            return False
        work.spend(3 * (order - k) ** 2, 2 * (k + 1) * longest)
        for other in rows[k + 1 :]:
            lead = other[k]
            for j in range(k, order):  # the division is exact: these are minors
                other[j] = (other[j] * row[k] - lead * row[j]) // previous
        previous = row[k]
    return True
