"""A regularisation path as a table, for the terminal and for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

from rich.table import Table

from certnn.report.wording import duration, percent_up, shown_down, shown_up

COLUMNS = ("reg", "proved ≥", "best network", "gap ≤", "neurons", "level", "time")


def path_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """One row for each of `certnn.RegularisationPath.rows`."""
    table = Table(*COLUMNS)
    for cells in path_cells(rows):
        table.add_row(*cells)
    return table


def path_cells(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, ...]]:
    """The cells of each row, for `COLUMNS`."""
    for row in rows:
        yield (
            f"{row['reg']:g}",
            shown_down(Fraction(row["lower_bound_exact"])),
            shown_up(Fraction(row["objective_exact"])),
            percent_up(row["gap"]),
            str(row["width"]),
            row["level"],
            duration(row["seconds"]),
        )
