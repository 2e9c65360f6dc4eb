"""Errors that a user can act on."""

from __future__ import annotations


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


def shorten(text: object, longest: int = 80) -> str:
    """A stranger's text in one printable line of bounded length."""
    if isinstance(text, bytes):  # a name that is not UTF-8
        text = text.decode("utf-8", "replace")
    line = "".join(character if character.isprintable() else "?" for character in str(text))
    return line if len(line) <= longest else line[: longest - 1] + "…"
