"""What a run of lifts takes, by whichever method."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RunCost:
    """What a run takes, forecast from sizes alone.

    Attributes
    ----------
    step, proof : float
        Nominal seconds of a step, and of certifying.
    memory : float
        Bytes of the factors and of the matrices of a step, about.
    """

    step: float
    proof: float
    memory: float
