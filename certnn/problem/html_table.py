"""Small HTML tables, for notebooks: every text is shown as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from certnn.errors import printable

#: Characters of a cell.
_LONGEST = 300


def html_table(
    caption: str, rows: Iterable[Sequence[object]], header: Sequence[object] = ()
) -> str:
    """A table without style or script.

    Parameters
    ----------
    rows : iterable of sequences
        Cells, shown as `str` has them.
    header : sequence
        Heads of the columns, if they have any.
    """
    lines = [_row("th", header)] if header else []
    lines += [_row("td", row) for row in rows]
    return f"<table><caption>{_text(caption)}</caption>{''.join(lines)}</table>"


def _row(tag: str, cells: Sequence[object]) -> str:
    return f"<tr>{''.join(f'<{tag}>{_text(cell)}</{tag}>' for cell in cells)}</tr>"


def _text(cell: object) -> str:
    return escape(printable(cell, _LONGEST))
