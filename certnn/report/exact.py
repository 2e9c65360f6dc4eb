"""Exact numbers as text."""

from __future__ import annotations

import re
from fractions import Fraction

from certnn.errors import InputError

_PATTERN = re.compile(r"-?[0-9]+(/[0-9]+)?")


def parse_exact(field: str, text: str) -> Fraction:
    """Return the number written as ``"p/q"`` (or ``"p"``), two decimal integers.

    Raises `InputError` if `text` has another form, or q is 0.

    Parameters
    ----------
    field : str
        Name of the field, for the error message.
    text : str
        The number.
    """
    if not _PATTERN.fullmatch(text):
        raise InputError(field, f"must be an exact number written p/q, got {text[:40]!r}")
    try:
        return Fraction(text)
    except (ZeroDivisionError, ValueError):  # ValueError: more digits than Python converts
        raise InputError(field, "has a zero denominator or too many digits") from None
