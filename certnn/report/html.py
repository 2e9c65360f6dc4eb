"""The report as one self-contained HTML page: no script, no font, no request to anywhere."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import cycle
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from certnn.errors import printable
from certnn.report.consistency import contradictions
from certnn.report.data import GapReport
from certnn.report.history_plot import history_svg
from certnn.report.predictions_plot import line_says, prediction_svgs
from certnn.report.sandwich import sandwich_svg
from certnn.report.svg import COLORS
from certnn.report.table_cells import SHORT
from certnn.report.verdict import tiers, verdict
from certnn.report.wording import (
    byte_size,
    duration,
    excess_text,
    percent_down,
    percent_up,
    shown,
    shown_down,
    shown_up,
)

_LARGEST_DOWNLOAD = 1_000_000
#: Widths of plots, in points.
WIDE, NARROW = 640.0, 300.0


@dataclass(frozen=True)
class AttachedNetwork:
    """A file beside the page with the best network in the form of the one that was audited.

    Parameters
    ----------
    name : str
        The file's.
    load : str
        What loads it, in Python.
    """

    name: str
    load: str


def render_html(
    report: GapReport, best_network: bytes = b"", attached: AttachedNetwork | None = None
) -> str:
    """Return the page, to be written as UTF-8.

    An HTML document that loads nothing and shows every text of the report as text.

    Parameters
    ----------
    best_network : bytes
        Its .npz file, to be kept in the page for download; left out if empty or above a megabyte.
    attached : AttachedNetwork or None
        A file beside the page with that network, to be named.
    """
    # The plot's text and titles are escaped where it is made.
    return render(
        "gap_report.html",
        attached=attached,
        contradictions=contradictions(report),
        download=b64encode(best_network).decode() if len(best_network) <= _LARGEST_DOWNLOAD else "",
        excess={i: excess_text(f, report.lower_bound) for i, f in enumerate(report.solver_figures)},
        narrow_history=Markup(history_svg(report, NARROW)),
        narrow_plot=Markup(sandwich_svg(report, NARROW)),
        **_predictions(report),
        report=report,
        tiers=tiers(report),
        verdict=verdict(report),
        wide_history=Markup(history_svg(report, WIDE)),
        wide_plot=Markup(sandwich_svg(report, WIDE)),
    )


def _predictions(report: GapReport) -> dict[str, Any]:
    """What the template says of predictions; a report that was read has none."""
    if report.predictions is None:
        return {"predictions": (), "prediction_line": ""}
    plots = prediction_svgs(report.predictions, report.problem.loss)
    return {
        "predictions": [(name, Markup(plot)) for name, plot in plots],
        "prediction_line": line_says(report.problem.loss),
    }


def render(
    template: str,
    package: str = __package__,
    *,
    contradictions: Sequence[str] = (),
    command: str = "",
    **values: Any,
) -> str:
    """Fill in a template of this package or of another, which share frame, style and colours.

    Parameters
    ----------
    contradictions : sequence of str
        What is wrong with the figures, which the page says first.
    command : str
        What makes the page again; "" if that is not to be shown.
    **values
        What else the template names.
    """
    values |= {"contradictions": contradictions, "command": command}
    packages = dict.fromkeys((package, __package__))
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(name, "") for name in packages]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_on_one_line,
    )
    environment.filters |= {
        "bytes": byte_size,
        "duration": duration,
        "percent_down": percent_down,
        "percent_up": percent_up,
        "shortened": lambda text: printable(text, SHORT),
        "shown": lambda number: shown(Fraction(number)),
        "shown_down": shown_down,
        "shown_up": shown_up,
    }
    page = environment.get_template(template).render(colors=COLORS, **values)
    return re.sub("<table>.*?</table>", _labelled, page, flags=re.DOTALL)


def _labelled(table: re.Match[str]) -> str:
    """A table whose cells stand apart and know their heading, as a narrow page shows them."""
    headings = cycle(re.findall("<th(?: [^>]*)?>(.*?)</th>", table[0]))
    return re.sub("<td", lambda cell: f'\n{cell[0]} data-label="{next(headings)}"', table[0])


def _on_one_line(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value)
    return value
