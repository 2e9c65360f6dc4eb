"""The gaps of all runs beside their weight decays, where neighbours are joined."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

from matplotlib.figure import Figure

from certnn.report.svg import COLORS, svg_document, svg_settings
from certnn.search.forecast import LEAST_GAP, MOST_GAP

from .cliffs import Jump
from .design import BIASES, LOSSES
from .runs import MeasuredAudit

_SIZE = 8.0, 6.4  # inches
_TICKS = (0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99)


def gap_plot(runs: Sequence[MeasuredAudit], all_jumps: Sequence[Jump], cliffs: int) -> str:
    """An SVG document: a plot for each loss and biases.

    Parameters
    ----------
    runs : sequence of MeasuredAudit
    all_jumps : sequence of Jump
        Neighbours, the furthest from what most do first.
    cliffs : int
        How many of them, from the first on, are drawn as cliffs.
    """
    with svg_settings("certnn gaps"):
        figure = Figure(figsize=_SIZE, layout="constrained", facecolor="white")
        grid: Any = figure.subplots(2, 2, sharex=True, sharey=True)
        settings = list(product(LOSSES, BIASES))
        for axes, (loss, biases) in zip(grid.ravel(), settings, strict=True):
            axes.set(xscale="log", yscale="logit", title=f"{loss}, biases {biases}")
            axes.set_ylim(0.8 * LEAST_GAP, 1.0 - 0.8 * (1.0 - MOST_GAP))
            axes.set_yticks(_TICKS, [f"{100 * tick:g} %" for tick in _TICKS])
            axes.set_yticks([], minor=True)
            here = [run for run in runs if (run.loss, run.biases) == (loss, biases)]
            for k, jump in enumerate(all_jumps):
                if jump.easier in here:
                    _join(axes, jump, k < cliffs)
            seconds = sorted({run.traits.seconds for run in here})
            for marker, one in zip("o^s", seconds, strict=False):
                found = [run for run in here if run.traits.seconds == one]
                decays, gaps = [run.traits.decay for run in found], [*map(_shown, found)]
                axes.plot(decays, gaps, marker, color=COLORS["proved"], ms=3, label=f"{one:g} s")
            for run in {run.setting: run for run in here}.values():
                place = run.traits.decay, _shown(run)
                axes.annotate(run.data, place, (3.0, 3.0), textcoords="offset points", fontsize=6)
            if here:
                axes.legend(frameon=False, fontsize=8)
        figure.supxlabel("weight decay, a share of the largest useful one")
        figure.supylabel("proved gap")
        return svg_document(figure)


def _join(axes: Any, jump: Jump, is_cliff: bool) -> None:
    ends = jump.easier, jump.harder
    color, width = (COLORS["word"], 1.8) if is_cliff else (COLORS["line"], 0.8)
    decays = [run.traits.decay for run in ends]
    axes.plot(decays, [*map(_shown, ends)], color=color, linewidth=width, zorder=1)


def _shown(run: MeasuredAudit) -> float:
    return min(max(run.gap, LEAST_GAP), MOST_GAP)
