"""Upper bounds of logarithms and exponentials in integers (Theorem 40): all that is rounded.

Numbers are integers in units of 2**-BITS.
"""

from __future__ import annotations

#: Precision of the bounds.
BITS = 128
_ONE = 1 << BITS
#: Terms of the series of atanh at up to 1/3, and how far at most its sum is below, in units.
_TERMS = 44
_SLACK = 3 * _TERMS + 1
#: Last term, of even number, of the series of exp at up to 1/2.
_LAST = 28


def log_above(p: int, q: int) -> int:
    """An integer of at least 2**BITS·log(p/q), by less than 2**20 for a p/q of a float64's size.

    Parameters
    ----------
    p, q : int
        Positive.
    """
    powers = p.bit_length() - q.bit_length()  # of two, so that p/q is between 1/2 and 2 without
    p, q = p << max(-powers, 0), q << max(powers, 0)
    log_2 = 2 * _atanh_below(1, 3)
    bound = powers * log_2 + max(powers, 0) * 2 * _SLACK
    if p >= q:
        return bound + 2 * _atanh_below(p - q, p + q) + 2 * _SLACK
    return bound - 2 * _atanh_below(q - p, p + q)


def _atanh_below(p: int, q: int) -> int:
    """An integer of at most 2**BITS·atanh(p/q), and above that less _SLACK, if 0 ≤ 3p ≤ q."""
    power = (p << BITS) // q
    square = (power * power) >> BITS
    total = 0
    for k in range(1, 2 * _TERMS, 2):
        total += power // k
        power = (power * square) >> BITS
    return total


def exp_above(p: int, q: int) -> int:
    """An integer of at least 2**BITS·exp(−p/q), by less than 2**20, for p ≥ 0 and q > 0."""
    if p >= q * BITS:
        return 1
    halvings = (2 * p // q).bit_length()  # after them p/q is at most 1/2
    small = (p << BITS) // (q << halvings)
    above = below = total = _ONE
    for k in range(1, _LAST + 1):
        above, below = -((-above * small) // (k * _ONE)), below * small // (k * _ONE)
        total += -below if k % 2 else above
    for _ in range(halvings):
        total = -((-total * total) >> BITS)
    return total
