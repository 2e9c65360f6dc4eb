"""Matplotlib's figures as SVG text that is the same for the same figure, in the pages' colours."""

from __future__ import annotations

import io
import re
from contextlib import AbstractContextManager
from html import escape
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from certnn.errors import printable

#: Colours by their role; in the SVG each is a CSS variable of that name with this fall-back.
COLORS = {
    "ink": "#1b2430",
    "muted": "#5b6673",
    "line": "#c3cad3",
    "proved": "#0b6e4f",
    "proved-soft": "#cfe8dc",
    "gap-soft": "#f3e3bd",
    "known-soft": "#dde6f3",
    "word": "#a8480c",
}
#: Characters of a name.
_LONGEST = 24
_POINTS_AN_INCH = 72.0


def svg_settings(salt: str) -> AbstractContextManager[None]:
    """Settings under which to make a figure and its document: text stays text.

    Parameters
    ----------
    salt : str
        Names inside the document depend on it and on the figure alone.
    """
    settings: Any = {
        "font.family": ["sans-serif"],
        "path.simplify": False,
        "svg.fonttype": "none",
        "svg.hashsalt": salt,
        "text.usetex": False,
    }
    return matplotlib.rc_context(settings)


def plot_text(text: str) -> str:
    """Text in characters that every font has, cut to a bearable length."""
    plain = printable(text).encode("latin-1", "replace").decode("latin-1")
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 3] + "..."


def svg_document(figure: Figure) -> str:
    """The figure as an SVG document without date or origin."""
    canvas: Any = FigureCanvasSVG(figure)
    stream = io.StringIO()
    canvas.print_svg(stream, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return stream.getvalue()


def framed_axes(width: float, height: float, **settings: Any) -> tuple[Figure, Any]:
    """A figure of one plot without a background, in the pages' colours.

    Parameters
    ----------
    width, height : float
        In points.
    **settings
        Of the axes, such as ``xlabel``.
    """
    size = width / _POINTS_AN_INCH, height / _POINTS_AN_INCH
    figure = Figure(figsize=size, layout="constrained", facecolor="none")
    axes: Any = figure.add_subplot(facecolor="none", **settings)
    for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
        text.set_color(COLORS["muted"])
    axes.tick_params(which="both", colors=COLORS["muted"])
    axes.spines[:].set_color(COLORS["line"])
    return figure, axes


def add_legend(axes: Any) -> None:
    """The legend of such a plot, its names as they are."""
    for text in axes.legend(frameon=False, labelcolor=COLORS["ink"], fontsize=8).get_texts():
        text.set_parse_math(False)


def embedded(document: str, description: str) -> str:
    """Return the document's ``<svg>`` element, scalable, titled and coloured by CSS variables."""
    body = document[document.index("<svg") :]
    body = body[body.index(">") + 1 :]
    box = re.search(r'viewBox="([^"]*)"', document)
    assert box is not None
    title = escape(description, quote=True)
    for name, color in COLORS.items():
        body = body.replace(color, f"var(--{name}, {color})")
    return (
        f'<svg viewBox="{box[1]}" width="100%" role="img" aria-label="{title}">'
        f"<title>{title}</title>{body}"
    )
