"""Cliques that share a corner Ω, and the equations that a step leaves for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.interior.block.newton import Aim, CliqueStep, Direction
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.reduced.packing import Packing


@dataclass(frozen=True, eq=False)
class JoinedWay:
    """The new Ω (packed), the ways of the cliques, and how much of them both sides may take."""

    corner: FloatArray
    cliques: list[Direction]
    reach: tuple[float, float]


class JoinedCliques:
    """The cliques, factored, whose shares should add up to a corner, shape (q, q).

    `coupling`, shape (packed, packed), is the matrix of the equations for Ω, of which the lower
    triangle is right. Raises `numpy.linalg.LinAlgError` if floats are not enough for it.
    """

    def __init__(self, states: Sequence[CliqueState], corner: FloatArray, packing: Packing) -> None:
        self.coupling = np.zeros((packing.size, packing.size))
        self.cliques = [CliqueStep(state, packing, self.coupling) for state in states]
        if not np.all(np.isfinite(self.coupling)):
            raise np.linalg.LinAlgError("the equations are not finite")
        self._drift = packing.packed(corner - np.sum([state.share for state in states], axis=0))
        self.gap = sum(clique.gap for clique in self.cliques)
        self.degree = float(sum(state.slack.size + state.X.shape[0] for state in states))

    def aims(self, centre: float, before: JoinedWay | None) -> tuple[list[Aim], FloatArray]:
        """What the cliques should reach, and the right side for Ω where nothing given changes."""
        ways = [None] * len(self.cliques) if before is None else before.cliques
        aims = [clique.aim(centre, way) for clique, way in zip(self.cliques, ways, strict=True)]
        pulls = [clique.pull(aim) for clique, aim in zip(self.cliques, aims, strict=True)]
        return aims, np.sum(pulls, axis=0) - self._drift

    def to(self, aims: list[Aim], corner: FloatArray, given: Sequence[FloatArray]) -> JoinedWay:
        """The ways to a new Ω (packed), for changes of what is given to the cliques."""
        ways = [
            clique.direction(aim, corner, change)
            for clique, aim, change in zip(self.cliques, aims, given, strict=True)
        ]
        primal, dual = zip(
            *(clique.reach(way) for clique, way in zip(self.cliques, ways, strict=True)),
            strict=True,
        )
        return JoinedWay(corner, ways, (min(primal), min(dual)))

    def gap_after(self, way: JoinedWay, primal: float, dual: float) -> float:
        """The gap after a step."""
        return sum(
            clique.gap_after(own, primal, dual)
            for clique, own in zip(self.cliques, way.cliques, strict=True)
        )

    def move(self, way: JoinedWay, primal: float, dual: float) -> None:
        """Take a step."""
        for clique, own in zip(self.cliques, way.cliques, strict=True):
            clique.move(own, primal, dual)
