"""Training objective against iteration, with what is proved below it."""

from __future__ import annotations

from collections.abc import Sequence

from certnn.directed_rounding import rounded_down
from certnn.report.svg import (
    COLORS,
    add_legend,
    embedded,
    framed_axes,
    plot_text,
    svg_document,
    svg_settings,
)
from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.rows import Row

_SIZE = 330.0, 220.0  # points
_STYLES = ("-", "--", ":", "-.")


def objective_plot(rows: Sequence[Row], title: str) -> str:
    """An ``<svg>`` element of the methods that have a history; "" where none has.

    Parameters
    ----------
    rows : sequence of Row
        About one training problem.
    title : str
    """
    drawn = [row for row in rows if len(row.values.get("history", ())) > 1]
    if not drawn:
        return ""
    with svg_settings(f"certnn experiments {title}"):
        figure, axes = framed_axes(
            *_SIZE, xlabel="iteration", ylabel="training objective", yscale="log", title=title
        )
        axes.set_xscale("symlog", linthresh=1.0)
        for row, style in zip(drawn, _STYLES * len(drawn), strict=False):
            steps, objectives = zip(*row.values["history"], strict=True)
            axes.plot(steps, objectives, style, label=METHODS[row.cell["method"]].title)
        lower = drawn[0].lower
        if lower is not None and lower > 0:
            axes.axhline(
                rounded_down(lower),
                color=COLORS["proved"],
                linewidth=1.0,
                label=f"proved: no network is below ({plot_text(drawn[0].level)})",
            )
        for row in rows:
            if row.cell["method"] == "rounded" and row.objective is not None:
                label = METHODS["rounded"].title
                axes.axhline(float(row.objective), color=COLORS["muted"], linewidth=1, label=label)
        add_legend(axes)
        return embedded(svg_document(figure), f"Training objective against iteration: {title}")
