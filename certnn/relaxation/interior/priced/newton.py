"""One predictor and corrector for all lifts.

Each clique's multipliers are eliminated by itself, and then each lift's corner Ω with its μ, which
the constraint tr Ω_uu = Ω_ρρ goes with; what is left are equations in ζ. That is much less than to
eliminate ζ first, which joins the corners of all lifts: these have d²/2 entries each.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.budget import thread_count
from certnn.relaxation.interior.block.cliques import Responses
from certnn.relaxation.interior.block.newton import Aim, CliqueStep, Direction
from certnn.relaxation.interior.priced.lift import Lift, ball_form
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.reduced.triangular import solve_lower

#: Share of the way to the border of the cones that a step takes; the corrector aims no nearer than
#: this share of the mean product.
_SHARE, _LEAST_CENTRING = 0.95, 1e-4

_Found = TypeVar("_Found")


class LiftStep:
    """The equations of one lift, factored.

    Attributes
    ----------
    of_zeta : float64 array, shape (p, p)
        What its outputs change with ζ·w.
    """

    def __init__(self, lift: Lift, responses: int, packing: Packing) -> None:
        self._lift, self._packing = lift, packing
        coupling = np.zeros((packing.size, packing.size))
        self.steps = [CliqueStep.of(state, packing, coupling) for state in lift.states]
        if not np.all(np.isfinite(coupling)):
            raise np.linalg.LinAlgError("the equations are not finite")
        self._factor = np.asarray(np.linalg.cholesky(coupling), dtype=np.float64)
        self.of_zeta = np.zeros((responses, responses))
        across = np.zeros((packing.size, responses))
        for step in self.steps:
            place = step.state.clique.place
            self.of_zeta[np.ix_(place, place)] = step.given_own
            across[:, place] = step.given_corner.T
        ball = packing.packed(ball_form(lift.states[0].share.shape[0]))
        self._ball = self._half(ball)
        solve_lower(self._factor, across)
        self._across = across
        within = self._less_ball(self._across)
        self.of_zeta += within.T @ within
        own = lift.corner() - np.sum([state.share for state in lift.states], axis=0)
        self._drift = packing.packed(own)

    def _half(self, right: FloatArray) -> FloatArray:
        solved = scipy.linalg.solve_triangular(self._factor, right, lower=True, check_finite=False)
        return np.asarray(solved)

    def _less_ball(self, half: FloatArray) -> FloatArray:
        """Without what tr Ω_uu = Ω_ρρ forbids."""
        unit = self._ball / np.linalg.norm(self._ball)
        return half - np.multiply.outer(unit, unit @ half)

    def right(self, centre: float, affine: list[Direction] | None) -> LiftAim:
        """What the step should reach, and its outputs as long as ζ stays."""
        aims = [
            step.aim(centre, None if affine is None else affine[i])
            for i, step in enumerate(self.steps)
        ]
        outputs, pull = np.zeros(self._across.shape[1]), -self._drift
        for step, aim in zip(self.steps, aims, strict=True):
            outputs[step.state.clique.place] += step.given_moments(aim)
            pull = pull + step.pull(aim)
        half = self._half(pull)
        return LiftAim(aims, half, outputs + self._across.T @ self._less_ball(half))

    def directions(self, aim: LiftAim, zeta: FloatArray) -> tuple[float, list[Direction]]:
        """The change of μ and the steps of the cliques, for a change of ζ·w."""
        half = aim.half + self._across @ zeta
        mu = float(self._ball @ half) / float(self._ball @ self._ball)
        omega = scipy.linalg.solve_triangular(
            self._factor, half - mu * self._ball, lower=True, trans="T", check_finite=False
        )
        return mu, [
            step.direction(own, omega, zeta[step.state.clique.place])
            for step, own in zip(self.steps, aim.cliques, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class LiftAim:
    """Where the cliques of a lift go, the right side for Ω over its factor, and the outputs."""

    cliques: list[Aim]
    half: FloatArray
    outputs: FloatArray


def take_step(
    lifts: list[Lift], responses: Responses, zeta: FloatArray, packing: Packing
) -> tuple[FloatArray, float, float]:
    """Move the lifts, and say the new ζ, μ before the step, and the primal step's length.

    Raises
    ------
    numpy.linalg.LinAlgError, FloatingPointError
        If floats are not enough for it.
    """
    with ThreadPoolExecutor(min(thread_count(), len(lifts))) as pool:

        def each(of_lift: Callable[[int], _Found]) -> list[_Found]:
            def strictly(number: int) -> _Found:
                with np.errstate(over="raise", invalid="raise", divide="raise"):
                    return of_lift(number)

            return list(pool.map(strictly, range(len(lifts))))

        own = each(lambda number: LiftStep(lifts[number], responses.form.size, packing))
        curvature = 1.0 / responses.weight[:, None]
        whole = np.diag(np.repeat(curvature, zeta.shape[1]))
        for lift, step in zip(lifts, own, strict=True):
            whole += np.kron(step.of_zeta, np.outer(lift.direction, lift.direction))
        factor = scipy.linalg.cho_factor(whole, lower=True, check_finite=False)
        flat = [clique for step in own for clique in step.steps]
        gap, degree = sum(clique.gap() for clique in flat), sum(lift.degree for lift in lifts)

        def solve(
            centre: float, affine: list[list[Direction]] | None
        ) -> tuple[FloatArray, list[float], list[list[Direction]], float, float]:
            def right(number: int) -> LiftAim:
                return own[number].right(centre, None if affine is None else affine[number])

            aims = each(right)
            wanted = responses.target - curvature * zeta
            for lift, aim in zip(lifts, aims, strict=True):
                wanted = wanted - np.outer(aim.outputs, lift.direction)
            solved = scipy.linalg.cho_solve(factor, wanted.ravel(), check_finite=False)
            change = np.reshape(solved, zeta.shape)

            def ways(number: int) -> tuple[float, list[Direction], float, float]:
                along = change @ lifts[number].direction
                mu, found = own[number].directions(aims[number], along)
                reach = [
                    clique.reach(way) for clique, way in zip(own[number].steps, found, strict=True)
                ]
                return mu, found, min(one for one, _ in reach), min(other for _, other in reach)

            mus, found, primals, duals = zip(*each(ways), strict=True)
            return change, list(mus), list(found), min(primals), min(duals)

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
        lift.mu += dual * mu
        for clique, way in zip(step.steps, ways, strict=True):
            clique.move(way, primal, dual)
    return zeta + dual * change, gap / degree, primal
