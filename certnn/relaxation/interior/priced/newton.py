"""One step for all lifts.

Each clique's multipliers are eliminated by itself; what is left are equations in what the lifts
share, for `certnn.relaxation.interior.priced.elimination`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import thread_count
from certnn.relaxation.interior.block.cliques import Responses
from certnn.relaxation.interior.block.joined import JoinedWay
from certnn.relaxation.interior.block.newton import Aim
from certnn.relaxation.interior.predictor_corrector import corrected_step
from certnn.relaxation.interior.priced.elimination import Each, Shared, eliminated
from certnn.relaxation.interior.priced.lift import Lift, LiftStep
from certnn.relaxation.reduced.packing import Packing

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


def take_step(
    lifts: list[Lift], responses: Responses, zeta: FloatArray, packing: Packing
) -> tuple[FloatArray, float, float]:
    """Move the lifts, and say the new ζ, μ before the step, and the primal step's length.

    Raises
    ------
    numpy.linalg.LinAlgError, FloatingPointError
        If floats are not enough for it.
    """
    with ThreadPoolExecutor(thread_count()) as pool:

        def each(do: Callable[[_Given], _Found], things: Sequence[_Given]) -> list[_Found]:
            def strictly(thing: _Given) -> _Found:
                with np.errstate(over="raise", invalid="raise", divide="raise"):
                    return do(thing)

            return list(pool.map(strictly, things))

        factored = each(lambda lift: LiftStep(lift, packing), lifts)
        system = _SharedSystem(factored, responses, zeta, each)
        step = corrected_step(system)
    shared = step.way.shared
    for lift, mu, own, way in zip(lifts, shared.mu, system.lifts, step.way.lifts, strict=True):
        lift.mu += step.dual * float(mu)
        own.move(way, step.primal, step.dual)
    return zeta + step.dual * shared.zeta, system.gap / system.degree, step.primal


@dataclass(frozen=True, eq=False)
class _Way:
    """The changes of what the lifts share, and the ways of their cliques."""

    shared: Shared
    lifts: list[JoinedWay]


class _SharedSystem:
    """All lifts and what they share, for a step."""

    share = 0.95
    corrections = 1
    cautious = False

    def __init__(
        self, lifts: list[LiftStep], responses: Responses, zeta: FloatArray, each: Each
    ) -> None:
        self.lifts, self._each = lifts, each
        self._wanted = responses.target - zeta / responses.weight[:, None]
        self._equations = eliminated(lifts, responses, zeta, each)
        self.gap = sum(lift.gap for lift in self.lifts)
        self.degree = sum(lift.degree for lift in self.lifts)

    def way(self, centre: float, before: _Way | None) -> _Way:
        """To products that are `centre`, with the second-order terms of a way before."""
        numbers = range(len(self.lifts))

        def aimed(number: int) -> tuple[list[Aim], FloatArray, FloatArray]:
            lift = self.lifts[number]
            aims, pull = lift.aims(centre, None if before is None else before.lifts[number])
            return aims, pull, lift.outputs(aims, len(self._wanted))

        aims, pulls, outputs = zip(*self._each(aimed, numbers), strict=True)
        wanted = self._wanted
        for lift, output in zip(self.lifts, outputs, strict=True):
            wanted = wanted - np.outer(output, lift.direction)
        shared = self._equations.solve(np.array(pulls), wanted)

        def moved(number: int) -> JoinedWay:
            return self.lifts[number].along(aims[number], shared.corners[number], shared.zeta)

        return _Way(shared, self._each(moved, numbers))

    def reach(self, way: _Way) -> tuple[float, float]:
        """How much of it primal and dual may take."""
        primal, dual = zip(*(own.reach for own in way.lifts), strict=True)
        return min(primal), min(dual)

    def gap_after(self, way: _Way, primal: float, dual: float) -> float:
        """The sum of the products after a step."""
        return sum(
            lift.gap_after(own, primal, dual)
            for lift, own in zip(self.lifts, way.lifts, strict=True)
        )
