"""The proved band of a regularisation path, as an SVG document."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from certnn.report.sandwich import COLORS
from certnn.report.svg import svg_document, svg_settings
from certnn.rounding import rounded_down, rounded_up

if TYPE_CHECKING:
    from certnn.path import RegularisationPath

_BETWEEN = 8


def path_svg(path: RegularisationPath) -> str:
    """Return the band between the curves below and above the optimum, over the weight decay."""
    logarithms = np.log(path.regs)
    parts = [np.exp(np.linspace(a, b, _BETWEEN, endpoint=False)) for a, b in pairwise(logarithms)]
    regs = [float(reg) for reg in np.concatenate([*parts, path.regs[-1:]])]
    bands = [path.band(reg) for reg in regs]
    lower = [rounded_down(band.lower) for band in bands]
    upper = [rounded_up(band.upper) for band in bands]
    with svg_settings("certnn path"):
        figure = Figure(figsize=(7.0, 4.0), layout="constrained")
        axes = figure.add_subplot(xscale="log", xlabel="reg", ylabel="training objective")
        axes.fill_between(regs, lower, upper, color=COLORS["gap-soft"], label="unknown")
        axes.plot(regs, lower, color=COLORS["proved"], label="proved: no network is below")
        axes.plot(regs, upper, color=COLORS["ink"], label="best network")
        for result, reg in zip(path.results, path.regs, strict=True):
            axes.plot([reg], [result.lower.value], "|", color=COLORS["proved"])
            axes.plot([reg], [result.objective.rounded], "D", markersize=4, color=COLORS["ink"])
        axes.legend(frameon=False)
        return svg_document(figure)
