"""Matplotlib's figures as SVG text that is the same for the same figure."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from certnn.errors import printable

#: Characters of a name.
_LONGEST = 24


def svg_settings(salt: str) -> AbstractContextManager[None]:
    """Settings under which to make a figure and its document: text stays text.

    Parameters
    ----------
    salt : str
        Names inside the document depend on it and on the figure alone.
    """
    settings: Any = {
        "font.family": ["sans-serif"],
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


def svg_element(figure: Figure) -> str:
    """The same without what comes before its ``<svg>`` element: to be put into a page."""
    document = svg_document(figure)
    return document[document.index("<svg") :]
