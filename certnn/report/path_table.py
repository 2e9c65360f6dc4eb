"""A regularisation path as a table: for the terminal, and its cells for pages and notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from rich.table import Table

from certnn.report.wording import duration, percent_up, shown_down, shown_up

HEADINGS = ("reg", "proved ≥", "best network", "gap ≤", "neurons", "level", "time")


def path_table(rows: Iterable[Mapping[str, Any]]) -> Table:
    """One row for each of `certnn.RegularisationPath.rows`."""
    table = Table(*HEADINGS)
    for row in rows:
        table.add_row(*path_cells(row))
    return table


def path_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    """One of `certnn.RegularisationPath.rows` under `HEADINGS`."""
    return (
        f"{row['reg']:g}",
        shown_down(Fraction(row["lower_bound_exact"])),
        shown_up(Fraction(row["objective_exact"])),
        percent_up(row["gap"]),
        str(row["width"]),
        row["level"],
        duration(row["seconds"]),
    )
