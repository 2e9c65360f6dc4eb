"""Outputs of networks against the targets, an SVG element for each network."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.report.predictions import Predictions
from certnn.report.svg import (
    COLORS,
    add_legend,
    embedded,
    framed_axes,
    plot_text,
    svg_document,
    svg_settings,
)

_WIDTH, _HEIGHT = 300.0, 240.0  # points
_ROOM, _ROOM_ASIDE = 0.05, 0.2
#: Of the first and the second output.
_COLORS = ("ink", "word")
_DOT = 3.5
#: Targets of so few values lie in columns, which are drawn this wide of the room there is.
_FEW, _SPREAD = 10, 0.3
#: No larger number is drawn.
_LARGEST = 1e100
_FITTED = ("half-squared", "huber")


def prediction_svgs(predictions: Predictions, loss: str) -> list[tuple[str, str]]:
    """What each network is called, and its outputs against the targets, all on the same axes.

    Parameters
    ----------
    loss : str
        Of the outputs. A prediction is right on the diagonal where the loss is of a difference;
        elsewhere a line tells the signs apart.
    """
    everything = np.concatenate([found for _, found in predictions.outputs])
    if not np.all(np.abs([*everything.flat, *predictions.targets.flat]) < _LARGEST):
        return []
    across, up = _span(predictions.targets, _ROOM_ASIDE), _span(everything, _ROOM)
    drawn = []
    for name, outputs in predictions.outputs:
        with svg_settings(f"certnn predictions {name}"):
            names = {"xlabel": "target", "ylabel": "output"}
            _, axes = framed_axes(_WIDTH, _HEIGHT, **names, xlim=across, ylim=up)
            if loss.startswith(_FITTED):
                axes.axline((0.0, 0.0), slope=1.0, color=COLORS["proved"], linewidth=0.8)
            else:
                axes.axhline(0.0, color=COLORS["line"], linewidth=0.8)
            for k, column in enumerate(outputs.T):
                label = plot_text(predictions.names[k]) if predictions.names else None
                dots = _dots(_spread(predictions.targets[:, k], k, outputs.shape[1]), column)
                style = {"color": COLORS[_COLORS[k]], "linewidth": _DOT, "alpha": 0.55}
                axes.plot(*dots, solid_capstyle="round", label=label, **style)
            if predictions.names:
                add_legend(axes)
            description = f"Outputs of the {name} against the targets"
            drawn.append((name, embedded(svg_document(axes.figure), description)))
    return drawn


def line_says(loss: str) -> str:
    """What the line in these pictures tells."""
    if loss.startswith(_FITTED):
        return "On the line they are right."
    return "The line tells the signs apart."


def _spread(targets: FloatArray, output: int, outputs: int) -> FloatArray:
    """The targets, those of a few values side by side, so that points do not hide each other."""
    values = np.unique(targets)
    if not 1 < len(values) <= _FEW:
        return targets
    width = _SPREAD * np.diff(values).min() / outputs
    golden = np.arange(len(targets)) * 0.618034 % 1.0
    found: FloatArray = targets + width * (golden - 0.5 + output - 0.5 * (outputs - 1))
    return found


def _dots(across: FloatArray, up: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One line of many pieces without length: far shorter in a file than a marker each."""
    gap = np.full(len(up), np.nan)
    return np.stack([across, across, gap], 1).ravel(), np.stack([up, up, gap], 1).ravel()


def _span(numbers: FloatArray, share: float) -> tuple[float, float]:
    """The least and the largest, with a share of room."""
    least, most = float(numbers.min()), float(numbers.max())
    room = share * (most - least) or 0.5 * max(abs(most), 1e-9)
    return least - room, most + room
