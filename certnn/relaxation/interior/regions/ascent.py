"""A joint point of all lifts, feasible on both sides, while pairs are added and regions split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.problem.dual_bound import best_scale
from certnn.relaxation.interior.dense.factors import factorise, longest
from certnn.relaxation.interior.dense.newton import step_cost
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.regions.lift import Lift
from certnn.relaxation.interior.regions.newton import JointState, JointStep, LiftState, fits_of
from certnn.relaxation.interior.regions.pricing import Violated, idle
from certnn.relaxation.interior.regions.sampling import random_directions, random_moment, rare_signs

#: Share of the way to the border of the cone at which multipliers of an inner point are.
_ROOM = 0.5
_MOST_STEPS = 60
#: So many short steps in a row end the search; after one the next only centres.
_SHORT, _MOST_SHORT = 0.1, 8
#: L(ρ²) of all lifts to begin with, as a share of what the targets could be worth.
_MASS = 0.1
#: What a violated product becomes, as a share of what random neurons add to it, and how much is
#: made of them at least.
_CLEAR, _LEAST_RANDOM = 0.5, 0.1
#: What is made of an inner point before the search begins anew; more where that is not definite.
_INSIDE = (0.3, 0.5, 0.8, 1.0)
#: Added to the diagonal of random moments, as a share of it, and the least slack as one of L(ρ²).
_RIDGE, _LEAST_SLACK = 1e-6, 1e-9


@dataclass(frozen=True, eq=False)
class _Successor:
    """A lift that takes the place of another, or of a part of it.

    Attributes
    ----------
    lift : Lift
    y : float64 array, shape (multipliers,)
        Inherited multipliers, zero where there are none.
    moment, random : float64 array or None
        Inherited moments; without them there are random ones alone.
    mass : float
        L(ρ²) of the random ones.
    """

    lift: Lift
    y: FloatArray
    moment: FloatArray | None
    random: FloatArray | None
    mass: float


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What a `JointAscent` had reached: its attributes of the same names."""

    lifts: tuple[Lift, ...]
    state: JointState
    bound: float
    gap: float


class JointAscent:
    """Lifts, and a point of their joint program.

    Attributes
    ----------
    lifts : tuple of Lift
    state : JointState
    bound : float
        What the best multiple of the dual point proves, in the program's units.
    gap : float
        To the moment matrices' objective, as a share of it.

    Parameters
    ----------
    program : Program
        With targets that are not all zero.
    lifts : tuple of Lift
        Without pairs.
    budget : Budget
        Where it is over no step is begun.
    seed : int
        Of the random neurons.

    Raises
    ------
    SolverError
        If the data are too badly scaled.
    """

    def __init__(
        self, program: Program, lifts: tuple[Lift, ...], budget: Budget, seed: int
    ) -> None:
        self.program, self._budget = program, budget
        self._rng = np.random.default_rng(seed)
        mass = _MASS * float(np.sum(program.targets**2)) / sum(lift.bound for lift in lifts)
        zeta = np.zeros_like(program.targets)
        self._begin(
            zeta,
            [_Successor(lift, np.zeros(lift.multipliers), None, None, mass) for lift in lifts],
        )

    @property
    def snapshot(self) -> Snapshot:
        """What is reached now."""
        return Snapshot(self.lifts, self.state, self.bound, self.gap)

    def solve(self, tolerance: float) -> bool:
        """Steps to this relative gap; whether it was reached."""
        short = 0
        for _ in range(_MOST_STEPS):
            if self._budget.over:
                return False
            self._budget.spend(self._cost())
            try:
                step = JointStep(self.program, self.lifts, self.state).take(short > 0)
            except SolverError:
                return False
            self._move(self.lifts, step.state)
            if self.gap <= tolerance:
                return True
            short = short + 1 if min(step.primal, step.dual) < _SHORT else 0
            if short >= _MOST_SHORT:
                return False
        return False

    def _cost(self) -> float:
        """Nominal seconds of a step."""
        order = self.program.forms.order + 1
        return sum(step_cost(order, lift.multipliers) for lift in self.lifts)

    def narrow(self) -> list[NDArray[np.bool_]]:
        """For each lift, at which of its mixed points a half of the region would be narrow."""
        return [rare_signs(lift, random_directions(lift, self._rng)) for lift in self.lifts]

    def renew(self, found: list[Violated]) -> None:
        """Add pairs to each lift, drop what hardly counts, and go back inside."""
        successors = []
        mass = sum(float(own.moment[0, 0]) for own in self.state.lifts) / len(self.lifts)
        for lift, own, new, random in zip(
            self.lifts, self.state.lifts, found, self._random, strict=True
        ):
            kept = ~idle(lift, own.moment, own.y)
            larger = lift.with_pairs(kept, new.first, new.second, new.rays)
            y = np.zeros(larger.multipliers)
            y[: lift.free], y[-1] = own.y[: lift.free], own.y[-1]
            y[lift.free : lift.free + np.count_nonzero(kept)] = own.y[lift.pairs][kept]
            largest = max(mass, float(own.moment[0, 0]))
            successors.append(_Successor(larger, y, own.moment, random, largest))
        self._begin(self.state.zeta, successors)

    def split(self, points: dict[int, int]) -> None:
        """Split lifts, given by their numbers, by the sign of a mixed point each.

        The children take over the multipliers: their S are S with a_i = x_iᵀu, or 0, put in.
        """
        successors = []
        for number, (lift, own, random) in enumerate(
            zip(self.lifts, self.state.lifts, self._random, strict=True)
        ):
            mass = float(own.moment[0, 0])
            if number not in points:
                successors.append(_Successor(lift, own.y, own.moment, random, mass))
                continue
            for sign in (-1, 1):
                child, kept = lift.fixed(points[number], sign)
                successors.append(_Successor(child, own.y[kept], None, None, 0.5 * mass))
        self._begin(self.state.zeta, successors)

    def _begin(self, zeta: FloatArray, successors: list[_Successor]) -> None:
        """Go on with other lifts, from a point inside on both sides."""
        lifts = tuple(one.lift for one in successors)
        inner = [inner_point(lift) for lift in lifts]
        for share in _INSIDE:
            ys = [
                (1.0 - share) * one.y + share * own
                for one, own in zip(successors, inner, strict=True)
            ]
            moved = (1.0 - share) * zeta
            factors = [
                factorise(lift.dual_matrix(fits_of(self.program, lift.direction, moved), y))
                for lift, y in zip(lifts, ys, strict=True)
            ]
            if all(one is not None for one in factors):
                break
        else:
            raise SolverError("the data are too badly scaled for the interior point method")
        states, randoms = [], []
        for one, y, found in zip(successors, ys, factors, strict=True):
            assert found is not None
            random = self._random_moment(one.lift) if one.random is None else one.random
            moment, slack = _moments_inside(one, random)
            states.append(LiftState(y, moment, slack, found))
            randoms.append(random)
        self._random = randoms
        self._move(lifts, JointState(moved, tuple(states)))

    def _random_moment(self, lift: Lift) -> FloatArray:
        directions = random_directions(lift, self._rng)
        if directions.shape[0] == 0:
            raise SolverError("a region is so narrow that no neuron was found in it")
        moment = random_moment(lift, directions, self._rng)
        moment[np.diag_indices(lift.order)] *= 1.0 + _RIDGE
        return moment

    def _fitted(self, lift: Lift, moment: FloatArray) -> FloatArray:
        """What the lift adds to the fits along its direction, shape (K,)."""
        program = self.program
        ends = lift.forms[lift.begin + program.fitted] @ moment[:, 0]
        return np.asarray(program.lengths * ends)

    def _move(self, lifts: tuple[Lift, ...], state: JointState) -> None:
        self.lifts, self.state = lifts, state
        program = self.program
        left, decay, kappa = program.targets.copy(), 0.0, 0.0
        for lift, own in zip(lifts, state.lifts, strict=True):
            left -= np.outer(self._fitted(lift, own.moment), lift.direction)
            decay += lift.bound * float(own.moment[0, 0])
            # h may be smaller by δ as long as S − 2δρ² is definite.
            room = 0.5 / float(own.factors.inverse[0, 0])
            kappa = max(kappa, (lift.bound - room) / lift.bound)
        estimate = 0.5 * float(np.sum(left**2)) + decay + program.lost
        product = float(np.sum(state.zeta * program.targets))
        square = float(np.sum(state.zeta**2))
        scale = best_scale(product, square, 1.0 / kappa if kappa > 0.0 else np.inf)
        self.bound = scale * product - 0.5 * scale**2 * square + program.lost
        self.gap = (estimate - self.bound) / max(abs(estimate), np.finfo(float).tiny)


def inner_point(lift: Lift) -> FloatArray:
    """Multipliers well inside the cone for ζ = 0.

    Half of h goes to |u|², and half of that to the squares of the mixed points.

    Raises
    ------
    SolverError
        If floats are not enough for it.
    """
    rows = lift.rows[lift.mixed]
    largest = float(np.linalg.eigvalsh(rows.T @ rows)[-1]) if rows.size else 1.0
    y = np.zeros(lift.multipliers)
    y[: lift.free] = -lift.bound / largest
    y[-1] = 0.5 * lift.bound
    none = np.zeros(2 * lift.points)
    factors = factorise(lift.dual_matrix(none, y))
    if factors is None:
        raise SolverError("the data are too badly scaled for the interior point method")
    dual = lift.values(factors.inverse)
    direction = np.zeros(y.size)
    direction[lift.pairs] = 1.0 / np.sqrt(lift.schur_diagonal(dual, dual)[lift.pairs])
    reach = longest(factors.root, -lift.combined(none, direction))
    result: FloatArray = y + _ROOM * min(reach, 1.0) * direction
    return result


def _moments_inside(one: _Successor, random: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Moments of which every signed product is positive, and what these are."""
    lift, broad = one.lift, one.mass * random
    values = lift.products(lift.values(broad))[lift.signed]
    if one.moment is None:
        moment = broad
    else:
        old = lift.products(lift.values(one.moment))[lift.signed]
        share = float(np.max(_needed(old, values), initial=_LEAST_RANDOM))
        moment = (1.0 - share) * one.moment + share * broad
        values = (1.0 - share) * old + share * values
    return moment, np.maximum(values, _LEAST_SLACK * one.mass)


def _needed(values: FloatArray, others: FloatArray) -> FloatArray:
    """The shares t of the others with (1 − t)·values + t·others ≥ CLEAR·t·others."""
    room = (1.0 - _CLEAR) * np.maximum(others, 0.0) - values
    negative: NDArray[np.bool_] = values < 0.0
    shares: FloatArray = np.where(negative, -values / np.where(negative, room, 1.0), 0.0)
    return shares
