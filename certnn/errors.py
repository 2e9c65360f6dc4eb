"""Errors that a user can act on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
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

    Examples
    --------
    >>> import certnn
    >>> certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=-1)
    Traceback (most recent call last):
        ...
    certnn.errors.InputError: reg: must be positive and finite, got -1.0
    """

    def __init__(self, argument: str, reason: str) -> None:
        self.argument = argument
        self.reason = reason
        super().__init__(f"{argument}: {reason}")

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it gets from a process to another."""
        return type(self), (self.argument, self.reason)


class SolverError(RuntimeError):
    """A solver ended without a point that can be used; the message says which and why."""


def positive_number(argument: str, value: Any) -> float:
    """The value as a float; raises `InputError` if it is not a positive finite number."""
    try:
        if isinstance(value, bool | str | bytes):  # which float takes too
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(argument, f"must be a number, got {shorten(repr(value))}") from None
    if not 0.0 < number < math.inf:
        raise InputError(argument, f"must be positive and finite, got {number!r}")
    return number


def printable(text: object, longest: int | None = None) -> str:
    """Text from files and of errors on one line, every character that cannot be printed replaced.

    File names and texts of files may hold escape sequences, marks that turn the direction of
    writing, or broken encodings.

    Parameters
    ----------
    text : object
        Shown as `str` does, bytes as UTF-8.
    longest : int or None
        Characters to show; the rest is cut off, which an ellipsis says.
    """
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    if longest is not None and len(shown) > longest:
        shown = f"{shown[: longest - 1]}…"
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in shown)


def shorten(text: object) -> str:
    """A stranger's text as an error quotes it: in one short printable line."""
    return printable(text, 80)


@contextmanager
def refused(argument: str, what: str, advice: str = "") -> Iterator[None]:
    """Make an `InputError` of whatever other people's code raises within it."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:  # anything may go wrong in it
        reason = shorten(f"{type(error).__name__}: {error}")
        raise InputError(argument, f"{what} ({reason}){advice}") from None


def require_seed(seed: object) -> None:
    """Refuse what NumPy takes for no seed.

    Raises `InputError` if it is not a whole number from 0 on.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise InputError("seed", f"must be a whole number, not negative, got {seed!r:.40}")


def whole_number(argument: str, value: object) -> int:
    """The value as a whole number from 1 on; raises `InputError` if it is none."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(argument, f"must be a whole number, at least 1, got {value!r:.40}")
    return int(value)
