"""Training objective against iteration, with what is proved below it."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from certnn.directed_rounding import rounded_down
from certnn.report.sandwich import COLORS
from certnn.report.svg import plot_text, svg_element, svg_settings
from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.rows import Row

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
        figure = Figure(figsize=(6.0, 3.4), layout="constrained")
        axes = figure.add_subplot(
            xlabel="iteration", ylabel="training objective", yscale="log", title=title
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
        for text in axes.legend(frameon=False, fontsize=8).get_texts():
            text.set_parse_math(False)
        return svg_element(figure)
