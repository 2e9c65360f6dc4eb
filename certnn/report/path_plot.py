"""The proved band of a regularisation path, on axes or as an SVG document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.report.sandwich import COLORS
from certnn.report.svg import svg_document, svg_settings

_BETWEEN = 8


def draw_path(
    axes: Axes,
    rows: Sequence[Mapping[str, Any]],
    band: Callable[[float], tuple[Fraction, Fraction]],
) -> None:
    """Draw the band between the curves below and above the optimum, over the weight decay.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
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
    axes.set(xscale="log", xlabel="reg", ylabel="training objective")
    axes.fill_between(regs, lower, upper, color=COLORS["gap-soft"], label="unknown")
    axes.plot(regs, lower, color=COLORS["proved"], label="proved: no network is below")
    axes.plot(regs, upper, color=COLORS["ink"], label="best network")
    for row in rows:
        axes.plot([row["reg"]], [row["lower_bound"]], "|", color=COLORS["proved"])
        axes.plot([row["reg"]], [row["objective"]], "D", markersize=4, color=COLORS["ink"])
    axes.legend(frameon=False)


def path_svg(
    rows: Sequence[Mapping[str, Any]], band: Callable[[float], tuple[Fraction, Fraction]]
) -> str:
    """Return what `draw_path` draws, of the same rows and band, as a document."""
    with svg_settings("certnn path"):
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        draw_path(figure.add_subplot(), rows, band)
        return svg_document(figure)
