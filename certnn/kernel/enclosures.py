"""Upper bounds of logarithms and exponentials in integers (Theorem 40): all that is rounded.

They rest on 1 + t ≤ exp(t). For ratios up to 1 ``proofs/rocq/Logarithms.v`` has the same steps,
and so the same bounds.
"""

from __future__ import annotations

#: Numbers are in units of 2**-BITS, or of the square of that.
BITS = 128
_ONE = 1 << 2 * BITS
#: Digits of a guess at a logarithm, its terms, and powers of two that bring ratios close to 1.
_DIGITS = 64
_ODD_NUMBERS = range(39, 0, -2)
_HALVINGS = tuple(1 << level for level in reversed(range(13)))


def log_above(p: int, q: int) -> int:
    """An integer of at least 2**BITS·log(p/q), by less than 2**20 for a float64's p/q > 0."""
    bound = 0
    while p > q:
        q, bound = 2 * q, bound + _LOG_2_ABOVE
    for halvings in _HALVINGS:
        if p << halvings <= q:
            p, bound = p << halvings, bound - halvings * _LOG_2_BELOW
    return bound + _log_near_one(p, q)


def _log_near_one(p: int, q: int) -> int:
    """As `log_above`, for p/q from 1/2 to 2: a guess, by artanh, that Newton's step makes safe."""
    ratio = -((-p << 2 * BITS) // q)
    half = ((ratio - _ONE) << _DIGITS) // (ratio + _ONE)
    square = half * half >> _DIGITS
    series = 0
    for k in _ODD_NUMBERS:
        series = (series * square >> _DIGITS) + (1 << _DIGITS) // k
    guess = half * series >> _DIGITS - 1 << BITS - _DIGITS
    return guess - (-ratio << BITS) // _exp_below(guess) - (1 << BITS)


def _exp_below(number: int) -> int:
    """An integer of at most 2**(2·BITS)·exp(number/2**BITS), by squarings rounded down."""
    power = _ONE + number
    for _ in range(BITS):
        power = power * power >> 2 * BITS
    return power


_LOG_2_BELOW, _LOG_2_ABOVE = -_log_near_one(1, 2), _log_near_one(2, 1)


def exp_above(p: int, q: int) -> int:
    """An integer of at least 2**BITS·exp(−p/q), by less than 2**20, for p ≥ 0 and q > 0."""
    if p >= q * BITS:
        return 1
    return -((-1 << 3 * BITS) // _exp_below((p << BITS) // q))
