"""The proved band of a regularisation path, on axes or as an SVG document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.report.svg import COLORS, add_legend, framed_axes, svg_document, svg_settings

_BETWEEN, _MOST_TICKS = 8, 6
_HEIGHT = 288.0  # points


def draw_path(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    band: Callable[[float], tuple[Fraction, Fraction]],
) -> None:
    """Draw the band between the curves below and above the optimum, over the weight decay.

    Parameters
    ----------
    rows : sequence of dict
        `certnn.RegularisationPath.rows`.
    band : callable
        From a weight decay to what is proved of the optimum there: two exact numbers.
    """
    decays = [row["reg"] for row in rows]
    logarithms = np.log(decays)
    parts = [np.exp(np.linspace(a, b, _BETWEEN, endpoint=False)) for a, b in pairwise(logarithms)]
    regs = [float(reg) for reg in np.concatenate([*parts, decays[-1:]])]
    bands = [band(reg) for reg in regs]
    lower = [rounded_down(below) for below, _ in bands]
    upper = [rounded_up(above) for _, above in bands]
    named = decays[:: -(-len(decays) // _MOST_TICKS)]
    axes.set(xscale="log", xlabel="weight decay", ylabel="training objective")
    axes.set_xticks(named, [f"{reg:g}" for reg in named])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.fill_between(regs, lower, upper, color=COLORS["gap-soft"], label="unknown")
    axes.plot(regs, lower, color=COLORS["proved"], label="proved: no network is below")
    axes.plot(regs, upper, color=COLORS["ink"], label="best network")
    for row in rows:
        axes.plot([row["reg"]], [row["lower_bound"]], "|", color=COLORS["proved"])
        axes.plot([row["reg"]], [row["objective"]], "D", markersize=4, color=COLORS["ink"])
    add_legend(axes)


def path_svg(
    rows: Sequence[Mapping[str, Any]],
    band: Callable[[float], tuple[Fraction, Fraction]],
    width: float = 504.0,
) -> str:
    """Return what `draw_path` draws, of the same rows and band, as a document.

    Parameters
    ----------
    rows, band
        As for `draw_path`.
    width : float
        In points.
    """
    with svg_settings(f"certnn path {width}"):
        figure, axes = framed_axes(width, _HEIGHT)
        draw_path(axes, rows, band)
        return svg_document(figure)
