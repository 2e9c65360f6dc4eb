"""What was proved and found over time, as a figure and as an SVG element."""

from __future__ import annotations

from matplotlib.figure import Figure

from certnn.report.data import GapReport
from certnn.report.svg import COLORS, add_legend, embedded, framed_axes, svg_document, svg_settings

_HEIGHT = 200.0  # points
_DESCRIPTION = "What was proved, and the objective of the best network, over time"
#: Seconds between which there is something to see, and the largest objective on an axis.
_SHORTEST, _LONGEST, _LARGEST = 1e-3, 1e9, 1e100


def history_svg(report: GapReport, width: float) -> str:
    """`history_figure` as an element of a page.

    Empty where there is no figure.

    Parameters
    ----------
    width : float
        In points.
    """
    with svg_settings(f"certnn history {width}"):
        figure = history_figure(report, width)
        return "" if figure is None else embedded(svg_document(figure), _DESCRIPTION)


def history_figure(report: GapReport, width: float) -> Figure | None:
    """The bound rising and the best objective falling, with what is open between them.

    None where nothing changed, or what is said cannot be shown on axes.

    Parameters
    ----------
    width : float
        In points.
    """
    moments = [
        (moment.seconds, moment.bound, moment.objective)
        for moment in report.history
        if moment.bound is not None and moment.objective is not None
    ]
    if len(moments) < 2:
        return None
    seconds, bounds, best = zip(*moments, strict=True)
    # A file may say anything; what an axis cannot show is not drawn.
    if min(*bounds, *best) < 0.0 or max(*bounds, *best) > _LARGEST:
        return None
    if not max(seconds) - min(seconds) > _SHORTEST or max(seconds) > _LONGEST:
        return None
    figure, axes = framed_axes(width, _HEIGHT, xlabel="seconds", ylabel="training objective")
    axes.fill_between(seconds, bounds, best, step="post", color=COLORS["gap-soft"], label="open")
    axes.step(seconds, best, where="post", color=COLORS["ink"], label="best network")
    axes.step(seconds, bounds, where="post", color=COLORS["proved"], label="proved")
    axes.set_ylim(bottom=0.0)
    add_legend(axes)
    return figure
