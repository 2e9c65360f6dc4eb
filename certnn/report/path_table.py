"""A regularisation path as a table for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table

from certnn.report.wording import duration, percent_up, shown_down, shown_up

if TYPE_CHECKING:
    from certnn.path import RegularisationPath


def path_table(path: RegularisationPath) -> Table:
    """One row for each weight decay."""
    table = Table("reg", "proved ≥", "best network", "gap ≤", "neurons", "level", "time")
    for reg, result in zip(path.regs, path.results, strict=True):
        table.add_row(
            f"{reg:g}",
            shown_down(result.lower.bound.value),
            shown_up(result.objective.value),
            percent_up(result.gap),
            str(result.network.width),
            result.lower.level,
            duration(result.seconds),
        )
    return table
