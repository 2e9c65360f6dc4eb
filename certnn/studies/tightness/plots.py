"""Ratio of each level against the size of a problem or its weight decay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import Any

from matplotlib.ticker import NullFormatter

from certnn.report.svg import add_legend, embedded, framed_axes, svg_document, svg_settings
from certnn.studies.sweep import Outcome

#: What ratios are drawn against.
AXES = ("n", "d", "c", "reg")
#: A ratio above 1 is contradictory; it is drawn outside of the plot.
_OFF = 2.0
_SIZE = 330.0, 220.0  # points
_STYLES = ("-o", "--s", ":^", "-.D", "-v", "--x", ":P", "-.*", "-<")


def along(outcomes: Sequence[Outcome], axis: str) -> list[Outcome]:
    """Those of which there are others, of the same family, that differ along this axis alone.

    Parameters
    ----------
    axis : str
        One of `AXES`. Seeds may differ too.
    """
    groups: dict[tuple[Any, ...], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        cell = outcome.cell
        key = (cell["family"], *(cell[name] for name in AXES if name != axis))
        groups[key].append(outcome)
    several = (group for group in groups.values() if len({one.cell[axis] for one in group}) > 1)
    return [outcome for group in several for outcome in group]


def ratio_plot(outcomes: Sequence[Outcome], axis: str) -> str:
    """An ``<svg>`` element, medians joined and the range shaded; "" where the axis has one value.

    Problems are drawn that differ from others along the axis alone.

    Parameters
    ----------
    axis : str
        One of `AXES`.
    """
    ratios: dict[str, dict[float, list[float]]] = defaultdict(lambda: defaultdict(list))
    for outcome in along(outcomes, axis):
        levels = (outcome.values or {"levels": {}})["levels"]
        for level in outcome.cell["levels"]:
            found = levels.get(level, {})
            if "ratio" in found:
                ratios[level][outcome.cell[axis]].append(min(found["ratio"], _OFF))
    values = sorted({value for level in ratios.values() for value in level})
    if len(values) < 2:
        return ""
    with svg_settings(f"certnn tightness {axis}"):
        ratio = "proved bound / best network"
        figure, axes = framed_axes(*_SIZE, xlabel=axis, ylabel=ratio, ylim=(0, 1.03))
        if axis == "reg":
            axes.set_xscale("log")
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.xaxis.set_minor_formatter(NullFormatter())
        for (level, found), style in zip(ratios.items(), _STYLES * len(ratios), strict=False):
            places = sorted(found)
            (line,) = axes.plot(
                places, [median(found[place]) for place in places], style, label=level, markersize=5
            )
            axes.fill_between(
                places,
                [min(found[place]) for place in places],
                [max(found[place]) for place in places],
                color=line.get_color(),
                alpha=0.12,
                linewidth=0,
            )
        add_legend(axes)
        return embedded(svg_document(figure), f"{ratio}, by level, against {axis}")
