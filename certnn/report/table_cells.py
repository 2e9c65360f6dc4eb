"""Cells of terminal tables, and a table that needs nothing but them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from certnn.errors import printable

if TYPE_CHECKING:
    from rich.text import Text

#: Characters of a title or a name where it stands beside others.
SHORT = 120


def plain_cells(*cells: str) -> tuple[Text, ...]:
    """Texts of files as text: without markup and control characters, and of bounded length."""
    from rich.text import Text

    return tuple(Text(printable(cell, SHORT)) for cell in cells)


def plain_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same in columns of plain text, where rich is not installed."""
    lines = [list(headings), *([printable(cell, SHORT) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = (map(str.ljust, line, widths) for line in lines)
    return "\n".join("  ".join(cells).rstrip() for cells in padded)
