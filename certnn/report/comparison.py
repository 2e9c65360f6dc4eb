"""Several gap reports side by side: what stands in each one's row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from certnn.report.data import GapReport
from certnn.report.table_cells import plain_cells, plain_table
from certnn.report.wording import duration, percent_up, shown_down, shown_up

if TYPE_CHECKING:
    from rich.table import Table

HEADINGS = (
    *("audit", "bound ≥", "the bound is", "given network", "best network", "gap ≤", "by", "time"),
)


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
    """A row for each report, for the terminal."""
    from rich.table import Table

    table = Table(caption=comparison_note(reports) or None)
    for heading in HEADINGS:
        table.add_column(heading, no_wrap=heading == "the bound is")
    for report in reports:
        table.add_row(*plain_cells(*comparison_row(report)))
    return table


def comparison_text(reports: Sequence[GapReport]) -> str:
    """The same in plain text, for where rich is not installed."""
    table = plain_table(HEADINGS, [comparison_row(report) for report in reports])
    return f"{table}\n{comparison_note(reports)}".strip()


def comparison_note(reports: Sequence[GapReport]) -> str:
    """What is not proved in these rows; "" if all is."""
    if all(report.all_proved for report in reports):
        return ""
    return "Of reports that were read, objectives and gaps are the report's word."


def comparison_row(report: GapReport) -> tuple[str, ...]:
    """A report's figures under `HEADINGS`."""
    given, best = report.network, report.best_network
    return (
        report.title,
        shown_down(report.lower_bound.fraction),
        bound_standing(report),
        "–" if given is None else shown_up(given.fraction),
        "–" if best is None else shown_up(best.fraction),
        "–" if report.gap is None or not report.consistent else percent_up(report.gap),
        report.lower_bound.level,
        duration(report.seconds),
    )
