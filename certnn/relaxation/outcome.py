"""What a solver hands back: its own figures, never proved, and its dual point."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.certificate.dual_point import DualPoint
from certnn.relaxation.solver_figure import SolverFigure


@dataclass(frozen=True)
class SolverOutcome:
    """A solver's figures and dual point; the point is None where it gave none."""

    figure: SolverFigure
    point: DualPoint | None
