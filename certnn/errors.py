"""Errors that a user can act on."""

from __future__ import annotations

from numbers import Integral


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


def require_seed(seed: object) -> None:
    """Refuse what NumPy takes for no seed.

    Raises
    ------
    InputError
        If it is not a whole number from 0 on.
    """
    if not isinstance(seed, Integral) or seed < 0:
        raise InputError("seed", f"must be a whole number, not negative, got {seed!r:.40}")
