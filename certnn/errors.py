"""Errors that a user can act on."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any


class InputError(ValueError):
    """Something that the user gave cannot be used; the message names the argument.

    Parameters
    ----------
    argument : str
        Name of the argument at fault, as the user knows it (``"X"``, ``"reg"``, a file name).
    reason : str
        What is wrong with it, in one line.
    """

    def __init__(self, argument: str, reason: str) -> None:
        self.argument = argument
        self.reason = reason
        super().__init__(f"{argument}: {reason}")


class SolverError(RuntimeError):
    """A solver ended without a point that can be used; the message says which and why."""


def positive_number(argument: str, value: Any) -> float:
    """The value as a float.

    Raises
    ------
    InputError
        If it is not a positive finite number.
    """
    try:
        if isinstance(value, bool | str | bytes):  # which float takes too
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(argument, f"must be a number, got {shorten(repr(value))}") from None
    if not 0.0 < number < math.inf:
        raise InputError(argument, f"must be positive and finite, got {number!r}")
    return number


def shorten(text: object, longest: int = 80) -> str:
    """A stranger's text in one printable line of bounded length."""
    if isinstance(text, bytes):  # a name that is not UTF-8
        text = text.decode("utf-8", "replace")
    line = "".join(character if character.isprintable() else "?" for character in str(text))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def require_seed(seed: object) -> None:
    """Refuse what NumPy takes for no seed.

    Raises
    ------
    InputError
        If it is not a whole number from 0 on.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise InputError("seed", f"must be a whole number, not negative, got {seed!r:.40}")
