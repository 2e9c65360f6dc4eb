"""What a solver hands back: its own figures, never proved, and its dual point."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import DualPoint
from certnn.problem.solver_figure import SolverFigure


@dataclass(frozen=True, eq=False)
class SolverOutcome:
    """A solver's figures and dual point; the point is None where it gave none.

    Attributes
    ----------
    figure : SolverFigure
    point : DualPoint or None
    moment : float64 array or None
        Of the reduced model with one group: its second moments of (t, a, v), the solver's word.
    """

    figure: SolverFigure
    point: DualPoint | None
    moment: FloatArray | None = None
