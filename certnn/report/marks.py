"""The figures of a report as marks on one axis, for the plots of every view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from certnn.report.data import GapReport
from certnn.report.wording import shown, shown_down, shown_up

#: Plots compute with a few times what they show, in floats.
_FARTHEST = 1e300


@dataclass(frozen=True)
class Mark:
    """One figure on the axis of objectives.

    Parameters
    ----------
    kind : {"bound", "network", "word"}
        Proved lower bound, network evaluated exactly, or a solver's word.
    name : str
        What it is.
    value : float
        Where it lies.
    text : str
        The value in the safe rounding.
    main : bool
        Whether the verdict rests on it.
    """

    kind: Literal["bound", "network", "word"]
    name: str
    value: float
    text: str
    main: bool = False


def marks_of(report: GapReport) -> list[Mark]:
    """Return the marks of `report` by increasing value; a solver without a value has none."""
    lower = report.lower_bound
    bounds = [lower, *(bound for bound in report.bounds if bound != lower)]
    marks = [
        Mark("bound", f"{b.level} bound", on_axis(b.value), shown_down(b.fraction), b is lower)
        for b in bounds
    ]
    for name, network in (("given network", report.network), ("best network", report.best_network)):
        if network is not None:
            text = shown_up(network.fraction)
            marks.append(
                Mark("network", name, on_axis(network.objective), text, name == "given network")
            )
    for figure in report.solver_figures:
        if figure.printed is not None:
            name = f"{figure.solver}, {figure.formulation}"
            marks.append(
                Mark("word", name, on_axis(figure.printed), shown(Fraction(figure.printed)))
            )
    return sorted(marks, key=lambda mark: mark.value)


def on_axis(value: float) -> float:
    """Return where on the axis to draw a value: where it lies, unless that is beyond all scales."""
    return max(-_FARTHEST, min(value, _FARTHEST))


def axis_range(values: Sequence[float]) -> tuple[float, float]:
    """Return the two ends of an axis that shows `values` with room on both sides.

    It does not begin at 0, so that small gaps can be seen, and it is never negative where the
    values are not.

    Parameters
    ----------
    values : sequence of float
        At least one.
    """
    least, most = min(values), max(values)
    size = max(abs(least), abs(most))
    span = max(most - least, 1e-9 * size) or 1.0
    low = least - 0.3 * span
    if least >= 0:
        low = max(low, 0.0)
    return low, most + 0.15 * span
