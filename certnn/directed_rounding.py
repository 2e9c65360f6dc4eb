"""Floats rounded in a stated direction from an exact number."""

from __future__ import annotations

import math
from fractions import Fraction


def rounded_up(number: Fraction) -> float:
    """Return the smallest float that is not below `number`; infinity beyond the largest."""
    try:
        nearest = float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.nextafter(math.inf, 0.0)
    return nearest if Fraction(nearest) >= number else math.nextafter(nearest, math.inf)


def rounded_down(number: Fraction) -> float:
    """Return the largest float that is not above `number`; −infinity below the smallest."""
    return -rounded_up(-number)
