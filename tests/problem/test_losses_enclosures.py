"""Theorem 40: logarithms and exponentials in integers, against two other implementations."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import flint
from hypothesis import example, given
from hypothesis import strategies as st

from certnn.kernel.enclosures import BITS, exp_above, log_above

positive = st.one_of(st.integers(1, 1000), st.integers(1, 2**200))
#: Digits of the reference, which rounds correctly to the last one.
DIGITS = 400


def in_units(value):
    """2**BITS times a decimal, exactly, and a bound of what it may be off by its last digit."""
    exact = Fraction(value) * 2**BITS
    return exact, abs(exact) / 10 ** (DIGITS - 2) + Fraction(1, 10 ** (DIGITS - 50))


@given(positive, positive)
@example(1, 1)
@example(2, 1)
@example(1, 2)
@example(2**100 - 1, 2**100)
@example(2**100 + 1, 2**100)
@example(1, 2**1074)
@example(2**1024 - 1, 1)
def test_logarithm_is_above_by_little(p, q):
    with localcontext(prec=DIGITS):
        true, off = in_units((Decimal(p) / Decimal(q)).ln())
    bound = log_above(p, q)
    assert true - off <= bound < true + off + 2**20


@given(positive, positive, positive)
def test_a_ratio_need_not_be_in_lowest_terms(p, q, k):
    """The extracted checker does not reduce it, and has to find the same."""
    assert log_above(k * p, k * q) == log_above(p, q)


@given(st.one_of(st.integers(0, 10**6), st.integers(0, 2**200)), positive)
@example(0, 1)
@example(BITS, 1)
@example(BITS * 1000 - 1, 1000)
@example(1, 2)
@example(1, 2**300)
def test_exponential_is_above_by_little(p, q):
    bound = exp_above(p, q)
    if p > 1000 * q:
        assert bound == 1
        return
    with localcontext(prec=DIGITS):
        true, off = in_units((-Decimal(p) / Decimal(q)).exp())
    assert true - off <= bound < true + off + 2**20


@given(positive, positive)
def test_against_ball_arithmetic(p, q):
    before = flint.ctx.prec
    flint.ctx.prec = 600
    try:
        ball = flint.arb(flint.fmpq(p, q)).log() * flint.arb(2) ** BITS
        above = flint.arb(log_above(p, q)) - ball
        assert above >= 0
        assert above < 2**20
    finally:
        flint.ctx.prec = before
