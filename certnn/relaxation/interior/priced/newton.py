"""One predictor and corrector for all lifts.

Each clique's multipliers are eliminated by itself; what is left are equations in what the lifts
share, for `certnn.relaxation.interior.priced.elimination`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import thread_count
from certnn.relaxation.interior.block.cliques import Responses
from certnn.relaxation.interior.block.newton import Aim, CliqueStep, Direction
from certnn.relaxation.interior.priced.elimination import LiftEquations, eliminated
from certnn.relaxation.interior.priced.lift import Lift, ball_form
from certnn.relaxation.reduced.packing import Packing

#: Share of the way to the border of the cones that a step takes; the corrector aims no nearer than
#: this share of the mean product.
_SHARE, _LEAST_CENTRING = 0.95, 1e-4

_Given = TypeVar("_Given")
_Found = TypeVar("_Found")


class LiftStep:
    """The cliques of one lift, factored.

    Attributes
    ----------
    equations : LiftEquations
    """

    def __init__(self, lift: Lift, packing: Packing) -> None:
        coupling = np.zeros((packing.size, packing.size))
        steps = [CliqueStep.of(state, packing, coupling) for state in lift.states]
        if not np.all(np.isfinite(coupling)):
            raise np.linalg.LinAlgError("the equations are not finite")
        ball = packing.packed(ball_form(lift.states[0].share.shape[0]))
        self.equations = LiftEquations(lift.direction, coupling, ball, steps)
        own = lift.corner() - np.sum([state.share for state in lift.states], axis=0)
        self._drift = packing.packed(own)

    def aims(self, centre: float, affine: list[Direction] | None) -> list[Aim]:
        """What the step should reach."""
        return [
            step.aim(centre, None if affine is None else affine[i])
            for i, step in enumerate(self.equations.cliques)
        ]

    def right(self, aims: list[Aim], responses: int) -> tuple[FloatArray, FloatArray]:
        """Of the corner's equations, and the outputs, as long as the corner and ζ stay."""
        outputs, pull = np.zeros(responses), -self._drift
        for step, aim in zip(self.equations.cliques, aims, strict=True):
            outputs[step.state.clique.place] = step.given_moments(aim)
            pull = pull + step.pull(aim)
        return pull, outputs

    def directions(self, aims: list[Aim], omega: FloatArray, along: FloatArray) -> list[Direction]:
        """The steps of the cliques, for the new corner and a change of ζ·w."""
        return [
            step.direction(own, omega, along[step.state.clique.place])
            for step, own in zip(self.equations.cliques, aims, strict=True)
        ]

    def reach(self, ways: list[Direction]) -> tuple[float, float]:
        """How far primal and dual may go along them."""
        cliques = self.equations.cliques
        reach = [clique.reach(way) for clique, way in zip(cliques, ways, strict=True)]
        return min(one for one, _ in reach), min(other for _, other in reach)


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

        def factored(lift: Lift) -> LiftStep:
            return LiftStep(lift, packing)

        own = each(factored, lifts)
        shared = eliminated([step.equations for step in own], responses.weight, each)
        flat = [clique for step in own for clique in step.equations.cliques]
        gap, degree = sum(clique.gap() for clique in flat), sum(lift.degree for lift in lifts)

        def solve(
            centre: float, affine: list[list[Direction]] | None
        ) -> tuple[FloatArray, FloatArray, list[list[Direction]], float, float]:
            numbers = range(len(own))

            def aimed(number: int) -> tuple[list[Aim], FloatArray, FloatArray]:
                aims = own[number].aims(centre, None if affine is None else affine[number])
                return aims, *own[number].right(aims, responses.form.size)

            aims, pulls, outputs = zip(*each(aimed, numbers), strict=True)
            wanted = responses.target - zeta / responses.weight[:, None]
            for lift, output in zip(lifts, outputs, strict=True):
                wanted = wanted - np.outer(output, lift.direction)
            change = shared.solve(np.array(pulls), wanted)

            def ways(number: int) -> tuple[list[Direction], tuple[float, float]]:
                along = change.zeta @ lifts[number].direction
                found = own[number].directions(aims[number], change.corners[number], along)
                return found, own[number].reach(found)

            found, reach = zip(*each(ways, numbers), strict=True)
            primals, duals = zip(*reach, strict=True)
            return change.zeta, change.mu, list(found), min(primals), min(duals)

        _, _, affine, primal, dual = solve(0.0, None)
        primal, dual = min(1.0, primal), min(1.0, dual)
        after = sum(
            clique.gap_after(way, primal, dual)
            for clique, way in zip(flat, [way for ways in affine for way in ways], strict=True)
        )
        ratio = after / gap if after > 0.0 else 0.0
        centring = min(1.0, max(ratio**3, _LEAST_CENTRING)) * gap / degree
        change, mus, found, primal, dual = solve(centring, affine)
    primal, dual = min(1.0, _SHARE * primal), min(1.0, _SHARE * dual)
    for lift, mu, step, ways in zip(lifts, mus, own, found, strict=True):
        lift.mu += dual * float(mu)
        for clique, way in zip(step.equations.cliques, ways, strict=True):
            clique.move(way, primal, dual)
    return zeta + dual * change, gap / degree, primal
