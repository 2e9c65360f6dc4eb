"""Text from files and of errors, made safe to show in a terminal or on a page."""

from __future__ import annotations


def printable(text: str, most: int | None = None) -> str:
    """Return `text` on one line, with every character that cannot be printed replaced.

    File names and texts of files may hold escape sequences, marks that turn the direction of
    writing, or broken encodings.

    Parameters
    ----------
    text : str
    most : int or None
        Characters to show; the rest is cut off, which an ellipsis says.
    """
    if most is not None and len(text) > most:
        text = f"{text[: most - 1]}\u2026"
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)
