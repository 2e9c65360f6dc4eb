"""Cells of terminal tables."""

from __future__ import annotations

from rich.text import Text

from certnn.errors import printable

#: Characters of a title or a name where it stands beside others.
SHORT = 120


def plain_cells(*cells: str) -> tuple[Text, ...]:
    """Texts of files as text: without markup and control characters, and of bounded length."""
    return tuple(Text(printable(cell, SHORT)) for cell in cells)
