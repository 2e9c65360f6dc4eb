"""Upper bounds of logarithms and exponentials in integers (Theorem 40): all that is rounded.

They rest on 1 + t ≤ exp(t) alone. `log_above` for ratios up to 1 is, operation by operation,
``log_above`` in ``proofs/rocq/Logarithms.v``, so that both give the same integer.
"""

from __future__ import annotations

#: Numbers are integers in units of 2**-BITS.
BITS = 128
_ONE = 1 << 2 * BITS
#: Powers of two that bring a ratio of at least 2**-8191 between 1/2 and 1.
_HALVINGS = tuple(1 << level for level in reversed(range(13)))
#: Digits of a first guess at a logarithm, and the last of its terms.
_DIGITS = 64
_LAST = 39


def log_above(p: int, q: int) -> int:
    """An integer of at least 2**BITS·log(p/q), by less than 2**20 for a p/q of a float64's size.

    Parameters
    ----------
    p, q : int
        Positive.
    """
    doublings = 0
    while p > q:
        q, doublings = 2 * q, doublings + 1
    halvings = 0
    for count in _HALVINGS:
        if p << count <= q:
            p, halvings = p << count, halvings + count
    return _log_near_one(p, q) + doublings * _LOG_2_ABOVE - halvings * _LOG_2_BELOW


def _log_near_one(p: int, q: int) -> int:
    """As `log_above`, for p/q from 1/2 to 2.

    For any guess r, p/q = exp(r)·(p/q)/exp(r) ≤ exp(r + (p/q)/exp(r) − 1); what a guess is off by
    counts by its square alone. This one is by the series of artanh.
    """
    ratio = -((-p << 2 * BITS) // q)
    half = ((ratio - _ONE) << _DIGITS) // (ratio + _ONE)
    square = half * half >> _DIGITS
    series = 0
    for k in range(_LAST, 0, -2):
        series = (series * square >> _DIGITS) + (1 << _DIGITS) // k
    guess = half * series >> _DIGITS - 1 << BITS - _DIGITS
    return guess - (-ratio << BITS) // _exp_below(guess) - (1 << BITS)


def _exp_below(number: int) -> int:
    """An integer of at most 2**(2·BITS)·exp(number/2**BITS), for a number above -2**(2·BITS).

    It is the power of exponent 2**BITS of 1 + number/2**(2·BITS), by squarings rounded down.
    """
    power = _ONE + number
    for _ in range(BITS):
        power = power * power >> 2 * BITS
    return power


_LOG_2_BELOW = -_log_near_one(1, 2)
_LOG_2_ABOVE = _log_near_one(2, 1)


def exp_above(p: int, q: int) -> int:
    """An integer of at least 2**BITS·exp(−p/q), by less than 2**20, for p ≥ 0 and q > 0."""
    if p >= q * BITS:
        return 1
    return -((-1 << 3 * BITS) // _exp_below((p << BITS) // q))
