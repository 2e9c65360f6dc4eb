"""What a solver says of its own result; shown beside the proofs, never one of them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

#: Names of the levels, from the weakest to the strongest.
LEVELS = ("shor", "block", "dnn", "cuts", "regions", "phases", "partition", "cells")


@dataclass(frozen=True)
class SolverFigure:
    """What a numerical solver printed for a relaxation: its word, not proved.

    Parameters
    ----------
    solver, version : str
        Which program.
    formulation : str
        What it was given; begins with the level (``"dnn, reduced"``).
    status : str
        How it says it ended, CVXPY's word (``"optimal"``, ``"optimal_inaccurate"``, ...).
    primal_value, dual_value : float or None
        The two values it printed. One that is not finite becomes None.
    seconds : float
        Its running time.
    settings : str
        Tolerances and limits it was given.
    """

    solver: str
    version: str
    formulation: str
    status: str
    primal_value: float | None
    dual_value: float | None
    seconds: float
    settings: str

    def __post_init__(self) -> None:
        for name in ("primal_value", "dual_value"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                object.__setattr__(self, name, None)

    @property
    def printed(self) -> float | None:
        """The larger of the two values: what a reader could take for a bound."""
        values = [v for v in (self.primal_value, self.dual_value) if v is not None]
        return max(values, default=None)

    @property
    def level(self) -> str | None:
        """The level that `formulation` begins with, with its size; None when it names none."""
        found = re.match(rf"({'|'.join(LEVELS)})(\([^)]*\))?(?![\w(])", self.formulation)
        return found.group() if found else None
