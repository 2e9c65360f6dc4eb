"""How much of the optimum a level proves."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.certificates.proved import require_lower
from certnn.directed_rounding import rounded_down
from certnn.errors import InputError
from certnn.kernel import Bound


@dataclass(frozen=True)
class Tightness:
    """How close a level's bound comes to the optimum, proved from both sides.

    Raises `InputError` if they are not bounds of these kinds on one problem.

    Attributes
    ----------
    lower : Bound
        What the level proves.
    objective : Bound
        Of the best network known, which is at or above the optimum.
    """

    level: str
    lower: Bound
    objective: Bound

    def __post_init__(self) -> None:
        require_lower("lower", self.lower, self.objective.instance)
        if self.objective.kind != "upper":
            raise InputError("objective", "must be that of a network")

    @property
    def ratio(self) -> float:
        """lower/objective, rounded down: the bound is at least this share of the optimum."""
        if self.objective.value == 0:
            return 1.0
        return rounded_down(self.lower.value / self.objective.value)
