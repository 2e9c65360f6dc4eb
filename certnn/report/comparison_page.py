"""Several gap reports side by side, as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from certnn.errors import InputError
from certnn.report.comparison import bound_standing, same_problem
from certnn.report.consistency import contradictions
from certnn.report.data import GapReport
from certnn.report.html import render
from certnn.report.sandwich import sandwich_svg
from certnn.report.verdict import verdict

_WIDTH = 300.0  # points
#: Tells these pages from others.
MARK = '<meta name="generator" content="certnn report">'


def render_comparison(reports: Sequence[GapReport]) -> str:
    """Return the page, to be written as UTF-8.

    Raises `InputError` if there is none.

    Parameters
    ----------
    reports : sequence of GapReport
        At least one, in the order to show.
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
        mark=Markup(MARK),
    )
