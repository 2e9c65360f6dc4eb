"""Several gap reports side by side, as one self-contained HTML page and as a terminal table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import Markup
from rich.table import Table

from certnn.atomic_files import read_bytes
from certnn.errors import InputError
from certnn.report.consistency import contradictions
from certnn.report.data import GapReport
from certnn.report.html import render
from certnn.report.sandwich import sandwich_svg
from certnn.report.table_cells import plain_cells
from certnn.report.verdict import verdict
from certnn.report.wording import duration, percent_up, shown_down, shown_up

_WIDTH = 300.0  # points
#: Tells these pages from others.
_MARK = '<meta name="generator" content="certnn report">'
_LARGEST = 500_000_000


def render_comparison(reports: Sequence[GapReport]) -> str:
    """Return the page, to be written as UTF-8.

    Parameters
    ----------
    reports : sequence of GapReport
        At least one, in the order to show.

    Raises
    ------
    InputError
        If there is none.
    """
    if not reports:
        raise InputError("reports", "is empty")
    plots = [Markup(sandwich_svg(report, _WIDTH)) for report in reports]
    standings = map(bound_standing, reports)
    return render(
        "comparison.html",
        all_proved=all(report.all_proved for report in reports),
        lines_of=contradictions,
        entries=list(zip(reports, map(verdict, reports), standings, plots, strict=True)),
        same_problem=same_problem(reports),
        mark=Markup(_MARK),
    )


def require_comparison(path: Path) -> None:
    """Refuse a file that is no such page.

    Raises
    ------
    InputError
        If it is none or cannot be read.
    """
    if _MARK.encode() not in read_bytes(path, _LARGEST):
        raise InputError(str(path), "is not a page of certnn report")


def same_problem(reports: Sequence[GapReport]) -> bool:
    """Whether all reports are about one training problem, so that objectives can be compared."""
    problems = (report.problem for report in reports)
    return len({(said.data_sha256, said.reg, said.text) for said in problems}) == 1


def bound_standing(report: GapReport) -> str:
    """What the lower bound of a report is, in a word or two."""
    if not report.consistent:
        return "CONTRADICTION"
    return "proved" if report.is_proved(report.lower_bound) else "report's word"


def comparison_table(reports: Sequence[GapReport]) -> Table:
    """The same figures for the terminal, one row a report."""
    table = Table("audit", "bound ≥")
    table.add_column("the bound is", no_wrap=True)
    for name in ("given network", "best network", "gap ≤", "by", "time"):
        table.add_column(name)
    if not all(report.all_proved for report in reports):
        table.caption = "Of reports that were read, objectives and gaps are the report's word."
    for report in reports:
        given, best = report.network, report.best_network
        cells = (
            report.title,
            shown_down(report.lower_bound.fraction),
            bound_standing(report),
            "–" if given is None else shown_up(given.fraction),
            "–" if best is None else shown_up(best.fraction),
            "–" if report.gap is None or not report.consistent else percent_up(report.gap),
            report.lower_bound.level,
            duration(report.seconds),
        )
        table.add_row(*plain_cells(*cells))
    return table
