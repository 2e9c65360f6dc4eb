"""A regularisation path as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from markupsafe import Markup

from certnn.report.html import NARROW, WIDE, render
from certnn.report.path_plot import path_svg
from certnn.report.path_table import HEADINGS, path_cells
from certnn.report.problem_summary import ProblemSummary
from certnn.report.svg import embedded

_DESCRIPTION = "What is proved of the optimum, and the best networks, against weight decay"


def render_path(
    rows: Sequence[Mapping[str, Any]],
    band: Callable[[float], tuple[Fraction, Fraction]],
    problem: ProblemSummary,
    interrupted: bool,
) -> str:
    """Return the page, to be written as UTF-8.

    Parameters
    ----------
    rows, band
        As for `certnn.report.path_plot.path_svg`.
    problem : ProblemSummary
        Its weight decay plays no part.
    interrupted : bool
        Whether smaller weight decays are missing.
    """
    wide, narrow = (
        Markup(embedded(path_svg(rows, band, width), _DESCRIPTION)) for width in (WIDE, NARROW)
    )
    return render(
        "path.html",
        headings=HEADINGS,
        interrupted=interrupted,
        narrow_plot=narrow,
        problem=problem,
        rows=[path_cells(row) for row in rows],
        wide_plot=wide,
    )
