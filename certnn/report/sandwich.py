"""The sandwich plot: what is proved above the axis, a solver's word below it, as SVG text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from certnn.errors import printable
from certnn.report.data import GapReport
from certnn.report.labels import Label, place_labels
from certnn.report.marks import Mark, axis_range, marks_of, on_axis
from certnn.report.svg import COLORS, embedded, plot_text, svg_document, svg_settings

_FONT = 9.0  # points, as are all lengths here
_CHARACTER = 0.58 * _FONT  # a little more than the mean width in common sans-serif fonts
_ROW = 27.0
_POLE = 8.0
_BAR = 26.0
_MARGIN = 14.0


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float
    width: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return _MARGIN + share * (self.width - 2 * _MARGIN)


def sandwich_svg(report: GapReport, width: float = 620.0) -> str:
    """Return the plot as one ``<svg>`` element without outside references.

    The element: text kept as text, colours as CSS variables, the same for the same report.

    Parameters
    ----------
    width : float
        Width in points at which the 9-point labels are laid out; the SVG itself scales.
    """
    with svg_settings(f"certnn {width}"):
        document = svg_document(sandwich_figure(report, width))
    return embedded(document, _description(report))


def sandwich_figure(report: GapReport, width: float) -> Figure:
    """Return the plot as a Matplotlib figure whose one axes is measured in points.

    Parameters
    ----------
    width : float
        Width in points.
    """
    marks = marks_of(report)
    scale = _Scale(*axis_range([mark.value for mark in marks]), width)
    proved = [mark for mark in marks if mark.kind != "word"]
    words = [mark for mark in marks if mark.kind == "word"]
    above = _places(proved, scale)
    below = _places(words, scale)
    bottom = 44.0 + (_side_height(below) + 8.0 if words else 0.0)
    height = bottom + _BAR + _side_height(above) + 16.0
    figure = Figure(figsize=(width / 72, height / 72), dpi=72, facecolor="none")
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(0, height), facecolor="none")
    axes.set_axis_off()
    _draw_bar(axes, report, scale, bottom)
    for mark, place in zip(proved, above, strict=True):
        _draw_flag(axes, mark, place, bottom + _BAR, 1.0)
    for mark, place in zip(words, below, strict=True):
        _draw_flag(axes, mark, place, bottom, -1.0)
    source = "in exact arithmetic" if report.all_proved else "as the report says"
    _write(axes, _MARGIN, height - 11, source, "proved", weight="bold")
    if words:
        _write(axes, _MARGIN, 42, "solver's word, not proved", "word", weight="bold")
    _draw_ticks(axes, scale, 36.0)
    return figure


def _places(marks: Sequence[Mark], scale: _Scale) -> list[Label]:
    widths = [
        max(len(plot_text(mark.name)), len(mark.text)) * _CHARACTER * (1.06 if mark.main else 1) + 8
        for mark in marks
    ]
    return place_labels([scale(mark.value) for mark in marks], widths, scale.width - 2)


def _side_height(places: Sequence[Label]) -> float:
    return _POLE + _ROW * (1 + max((place.row for place in places), default=-1)) + 2


def _draw_bar(axes: Any, report: GapReport, scale: _Scale, bottom: float) -> None:
    lower = scale(on_axis(report.lower_bound.value))
    networks = [
        on_axis(f.objective) for f in (report.network, report.best_network) if f is not None
    ]
    upper = scale(min(networks)) if networks else scale.width - _MARGIN
    left, right = _MARGIN, scale.width - _MARGIN
    known = "proved" if report.is_proved(report.lower_bound) else "not checked"
    if not report.consistent:
        known = "in doubt"
    for start, stop, color, text in (
        (left, lower, "proved-soft", f"impossible: {known}"),
        (lower, upper, "gap-soft", "unknown"),
        (max(upper, lower), right, "known-soft", "networks exist"),
    ):
        if stop <= start:
            continue
        rectangle = [(start, bottom), (stop, bottom), (stop, bottom + _BAR), (start, bottom + _BAR)]
        axes.fill(*zip(*rectangle, strict=True), color=COLORS[color], linewidth=0)
        if len(text) * _CHARACTER + 6 <= stop - start:
            middle = (start + stop) / 2
            _write(axes, middle, bottom + _BAR / 2 - 3, text, "ink", ha="center")
    axes.plot([lower, lower], [bottom, bottom + _BAR], color=COLORS["proved"], linewidth=2.5)


def _draw_flag(axes: Any, mark: Mark, place: Label, edge: float, side: float) -> None:
    color = "word" if mark.kind == "word" else "ink" if mark.kind == "network" else "proved"
    end = edge + side * (_POLE + _ROW * (place.row + 1) - 4)
    axes.plot([place.position] * 2, [edge, end], color=COLORS[color], linewidth=0.8)
    axes.plot(
        [place.position],
        [edge],
        marker={"bound": "|", "network": "D", "word": "o"}[mark.kind],
        markersize=7,
        markerfacecolor="none" if mark.kind == "word" else COLORS[color],
        markeredgecolor=COLORS[color],
        linestyle="none",
    )
    low = min(end, end - side * (_ROW - 4))
    leftward = place.start < place.position
    x, ha = (place.position - 4, "right") if leftward else (place.position + 4, "left")
    if place.start < place.position < place.stop:
        x, ha = place.start + 4, "left"
    weight = "bold" if mark.main else "normal"
    _write(axes, x, low + 13, plot_text(mark.name), color, ha=ha, weight=weight)
    _write(axes, x, low + 2, mark.text, color, ha=ha, weight=weight)


def _draw_ticks(axes: Any, scale: _Scale, height: float) -> None:
    axes.plot([_MARGIN, scale.width - _MARGIN], [height] * 2, color=COLORS["line"], linewidth=0.8)
    locator = MaxNLocator(4 if scale.width < 400 else 8, steps=[1, 2, 5, 10])
    ticks = [float(t) for t in locator.tick_values(scale.low, scale.high)]
    for tick, text in zip(ticks, _tick_texts(ticks), strict=True):
        if scale.low <= tick <= scale.high:
            axes.plot([scale(tick)] * 2, [height, height - 4], color=COLORS["line"], linewidth=0.8)
            _write(axes, scale(tick), height - 14, text, "muted", ha="center")
    _write(axes, _MARGIN, 5, "training objective", "muted")


def _tick_texts(ticks: Sequence[float]) -> list[str]:
    """Return the ticks with as many digits as their step needs."""
    step, most = ticks[1] - ticks[0], max(abs(tick) for tick in ticks)
    decimals = -math.floor(math.log10(step) + 1e-9)
    if 1e-4 <= most < 1e6:
        return [f"{tick:.{max(decimals, 0)}f}" for tick in ticks]
    digits = max(1, math.floor(math.log10(most)) + decimals + 1)
    return [f"{tick:.{digits}g}" for tick in ticks]


def _write(axes: Any, x: float, y: float, text: str, color: str, **settings: Any) -> None:
    axes.text(x, y, text, color=COLORS[color], fontsize=_FONT, parse_math=False, **settings)


def _description(report: GapReport) -> str:
    parts = [f"{printable(mark.name)} {mark.text}" for mark in marks_of(report)]
    return "Training objective, from left to right: " + ", ".join(parts)
