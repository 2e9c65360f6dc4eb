"""How all views write numbers: rounded in the safe direction, in a few digits."""

from __future__ import annotations

import decimal
from fractions import Fraction

from certnn.problem.solver_figure import SolverFigure
from certnn.report.figures import ProvedBound, excess_over

_PLAIN_EXPONENTS = range(-4, 9)  # outside, scientific notation


def shown(number: Fraction, digits: int = 6) -> str:
    """Return `number` with `digits` significant digits, rounded to nearest."""
    return _decimal(number, digits, decimal.ROUND_HALF_EVEN)


def shown_down(number: Fraction, digits: int = 6) -> str:
    """Return `number` with `digits` significant digits, rounded down: for lower bounds."""
    return _decimal(number, digits, decimal.ROUND_FLOOR)


def shown_up(number: Fraction, digits: int = 6) -> str:
    """Return `number` with `digits` significant digits, rounded up: for objectives and gaps."""
    return _decimal(number, digits, decimal.ROUND_CEILING)


def contrast(said: object, found: object) -> str:
    """What is said, and what it should be; of floats that look the same, how far they are apart."""
    if not isinstance(said, float) or not isinstance(found, float):
        return f"{said!r:.80}, not {found!r:.80}"
    return f"{said:.6g}, not {found:.6g} (they differ by {abs(said - found):.2g})"


def percent_down(share: float) -> str:
    """Return `share` in percent, three significant digits, rounded down."""
    return f"{shown_down(100 * Fraction(share), 3)} %"


def percent_up(share: float) -> str:
    """Return `share` in percent, three significant digits, rounded up; more where it is nearly 1.

    A share below 1 is never shown as 100 %.
    """
    exact = 100 * Fraction(share)
    enough = (k for k in range(3, 20) if exact >= 100 or Fraction(shown_up(exact, k)) < 100)
    return f"{shown_up(exact, next(enough, 3))} %"


def excess_text(figure: SolverFigure, bound: ProvedBound) -> str:
    """Return by how much a solver's printed value exceeds what is proved."""
    if figure.printed is None:
        return "no value"
    if Fraction(figure.printed) <= bound.fraction:
        return "not above the lower bound"
    excess = excess_over(figure, bound)
    if excess is None:
        return "not a bound: the lower bound is 0"
    return f"not a bound: {shown(100 * Fraction(excess), 3)} % above the lower bound"


def duration(seconds: float) -> str:
    """Return a running time as a person would say it."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def byte_size(count: int) -> str:
    """Return a file size in decimal units."""
    if count < 1000:
        return f"{count} bytes"
    if count < 999_500:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1e6:,.1f} MB"


def _decimal(number: Fraction, digits: int, rounding: str) -> str:
    exact = decimal.Context(prec=digits, rounding=rounding)
    quotient = exact.divide(decimal.Decimal(number.numerator), decimal.Decimal(number.denominator))
    if quotient == 0:
        return "0"
    exponent = quotient.adjusted()
    if exponent not in _PLAIN_EXPONENTS:
        return f"{quotient:.{digits - 1}e}"
    if exponent >= digits:
        return _decimal(number, exponent + 1, rounding)
    return format(quotient.quantize(decimal.Decimal((0, (1,), exponent - digits + 1))), "f")
