"""One predictor-corrector step in the HKM direction for all lifts; the dual point stays feasible.

The equations are those of `dense.newton` for each lift. The lifts share ζ alone, so that
the multipliers of each are eliminated by themselves (a block arrow), which leaves a system in ζ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.relaxation.interior.dense.factors import (
    Factors,
    factorise,
    longest,
    longest_positive,
    symmetric,
    upper_root,
)
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.regions.lift import Lift

#: Share of the way to the border of a cone that a step takes.
_SHARE = 0.9
#: Added to the unit diagonal of the scaled Schur complement, until it is definite in floats.
_SHIFTS = (1e-15, 1e-13, 1e-11, 1e-9)
#: Share of the largest right-hand side that an error of the solution may be.
_ACCURATE = 1e-9
_CORRECTORS, _REFINEMENTS, _SHORTENINGS = 2, 2, 10


@dataclass(frozen=True, eq=False)
class LiftState:
    """A primal-dual point of one lift.

    Attributes
    ----------
    y : float64 array, shape (multipliers,)
        With S positive definite and the signed ones positive.
    moment : float64 array, shape (order, order)
        L, positive definite; it need not satisfy the constraints.
    slack : float64 array, shape (P + 1,)
        Of the signed ones, positive.
    factors : Factors
        Of S.
    """

    y: FloatArray
    moment: FloatArray
    slack: FloatArray
    factors: Factors


@dataclass(frozen=True, eq=False)
class JointState:
    """ζ, shape (K, c), and the points of all lifts."""

    zeta: FloatArray
    lifts: tuple[LiftState, ...]


def fits_of(program: Program, direction: FloatArray, zeta: FloatArray) -> FloatArray:
    """The multipliers of ρ·a and ρ·b of a lift in this direction, shape (2m,)."""
    fits = np.zeros(2 * program.forms.points)
    fits[program.fitted] = program.lengths * (zeta @ direction)
    return fits


def average(lifts: tuple[Lift, ...], state: JointState) -> float:
    """μ, the average of the products that vanish at an optimum."""
    total, count = 0.0, 0.0
    for lift, own in zip(lifts, state.lifts, strict=True):
        total += 0.5 * float(np.sum(own.moment * own.factors.matrix))
        total += float(own.y[lift.signed] @ own.slack)
        count += 0.5 * lift.order + own.slack.size
    return total / count


@dataclass(frozen=True, eq=False)
class Step:
    """A new point, with the shares of the full step taken on both sides."""

    state: JointState
    primal: float
    dual: float


@dataclass(frozen=True, eq=False)
class _Change:
    """The change of one lift."""

    dy: FloatArray
    dS: FloatArray
    dL: FloatArray
    dnu: FloatArray


@dataclass(frozen=True, eq=False)
class _Direction:
    dzeta: FloatArray
    lifts: tuple[_Change, ...]
    primal: float
    dual: float


#: The second-order terms of a lift: of its moments, if there is one, and of its pairs.
_Second = tuple[FloatArray | None, FloatArray]


class _LiftEquations:
    """The part of the Newton equations that belongs to one lift."""

    def __init__(self, program: Program, lift: Lift, state: LiftState) -> None:
        self.program, self.lift, self.state = program, lift, state
        root = upper_root(state.moment)
        if root is None:
            raise SolverError("the moment matrix is no longer definite in floats")
        self.root = root
        primal, dual = lift.values(state.moment), lift.values(state.factors.inverse)
        self.centre = self._both(dual)
        self.diagonal = np.zeros(lift.multipliers)
        self.diagonal[lift.signed] = state.slack / state.y[lift.signed]
        scale = 1.0 / np.sqrt(lift.schur_diagonal(primal, dual) + self.diagonal)
        block, across, fits = lift.schur(primal, dual, program.fitted, program.lengths, scale)
        for shift in _SHIFTS:
            np.fill_diagonal(block, 1.0 + shift)
            factor, failed = scipy.linalg.lapack.dpotrf(block.T, lower=1, clean=0)
            if not failed:
                break
        else:
            raise SolverError("the Newton equations are not definite in floats")
        self._scale, self._factor, self._across = scale, factor, across
        half = scipy.linalg.solve_triangular(factor, across, lower=True, check_finite=False)
        self.schur: FloatArray = fits - half.T @ half

    def _both(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What the products of the fits and of the multipliers are."""
        lift, program = self.lift, self.program
        fits = program.lengths * values[0, lift.begin + program.fitted]
        return fits, lift.products(values)

    def right(
        self, centring: float, second: FloatArray | None, pair_second: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The right-hand sides for the fits and for the multipliers."""
        lift, state = self.lift, self.state
        fits, own = -centring * self.centre[0], -centring * self.centre[1]
        own[lift.signed] += centring / state.y[lift.signed] - pair_second
        if second is not None:
            more = self._both(lift.values(second))
            fits, own = fits + more[0], own + more[1]
        return fits, own

    def eliminated(self, right: FloatArray) -> FloatArray:
        """What a right-hand side of the multipliers takes from that of the fits."""
        taken: FloatArray = self._across.T @ self._solved(right * self._scale)
        return taken

    def solve(self, right: FloatArray, dtau: FloatArray) -> FloatArray:
        """The multipliers' change, given that of the fits."""
        return self._scale * self._solved(right * self._scale - self._across @ dtau)

    def _solved(self, right: FloatArray) -> FloatArray:
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, right, lower=1)
        return np.ravel(solution)

    def applied(self, dtau: FloatArray, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The left-hand sides, computed anew."""
        lift, state = self.lift, self.state
        combined = lift.combined(self.fits(dtau), dy)
        change = symmetric(state.moment @ combined @ state.factors.inverse)
        fits, own = self._both(lift.values(change))
        return fits, own + self.diagonal * dy

    def fits(self, dtau: FloatArray) -> FloatArray:
        """As `fits_of`, from ζw."""
        fits = np.zeros(2 * self.program.forms.points)
        fits[self.program.fitted] = self.program.lengths * dtau
        return fits

    def change(
        self,
        dtau: FloatArray,
        dy: FloatArray,
        centring: float,
        second: FloatArray | None,
        pair_second: FloatArray,
    ) -> _Change:
        """All that changes with the multipliers."""
        lift, state, inverse = self.lift, self.state, self.state.factors.inverse
        dS = -lift.combined(self.fits(dtau), dy)
        dL = centring * inverse - state.moment - symmetric(state.moment @ dS @ inverse)
        if second is not None:
            dL -= second
        pairs = lift.signed
        dnu = centring / state.y[pairs] - state.slack - self.diagonal[pairs] * dy[pairs]
        return _Change(dy, dS, dL, dnu - pair_second)


class JointStep:
    """The linear equations at one point, and the steps that they give."""

    def __init__(self, program: Program, lifts: tuple[Lift, ...], state: JointState) -> None:
        self._program, self._lifts, self._state = program, lifts, state
        self._own = [
            _LiftEquations(program, lift, own) for lift, own in zip(lifts, state.lifts, strict=True)
        ]
        K, c = state.zeta.shape
        whole = np.eye(K * c)
        for equations in self._own:
            w = equations.lift.direction
            whole += np.kron(equations.schur, np.outer(w, w))
        self._factor, failed = scipy.linalg.lapack.dpotrf(whole, lower=1, clean=0)
        if failed:
            raise SolverError("the Newton equations are not definite in floats")

    def take(self, infeasible: bool) -> Step:
        """Predict, correct, and go most of the way to the borders of the cones.

        While the moment matrices are infeasible μ is kept, as in `dense.newton`.
        """
        lifts, state = self._lifts, self._state
        mu = average(lifts, state)
        nothing: list[_Second] = [(None, np.zeros(own.slack.size)) for own in state.lifts]
        found = self._direction(0.0, nothing)
        primal, dual = min(1.0, _SHARE * found.primal), min(1.0, _SHARE * found.dual)
        left, count = 0.0, 0.0
        for lift, own, change in zip(lifts, state.lifts, found.lifts, strict=True):
            moment, matrix = own.moment + primal * change.dL, own.factors.matrix + dual * change.dS
            left += 0.5 * float(np.sum(moment * matrix))
            pairs = own.y[lift.signed] + dual * change.dy[lift.signed]
            left += float((own.slack + primal * change.dnu) @ pairs)
            count += 0.5 * lift.order + own.slack.size
        ratio = min(max(left / count / mu, 1e-6), 1.0)
        sigma = 1.0 if infeasible else float(ratio ** max(1.0, 3.0 * min(primal, dual) ** 2))
        best: _Direction | None = None
        for _ in range(_CORRECTORS):
            found = self._direction(sigma * mu, self._second_order(found))
            if best is None or _merit(found) > _merit(best):
                best = found
            if min(found.primal, found.dual) * _SHARE >= 1.0:
                break
        assert best is not None
        return self._moved(best)

    def _second_order(self, found: _Direction) -> list[_Second]:
        result: list[_Second] = []
        for lift, own, change in zip(self._lifts, self._state.lifts, found.lifts, strict=True):
            second = symmetric(change.dL @ change.dS @ own.factors.inverse)
            pairs = change.dy[lift.signed] * change.dnu / own.y[lift.signed]
            result.append((second, pairs))
        return result

    def _direction(self, centring: float, seconds: list[_Second]) -> _Direction:
        rights = [
            equations.right(centring, *second)
            for equations, second in zip(self._own, seconds, strict=True)
        ]
        wanted = self._program.targets - self._state.zeta
        for equations, (fits, _) in zip(self._own, rights, strict=True):
            wanted = wanted + np.outer(fits, equations.lift.direction)
        dzeta, dys = self._solved(wanted, [own for _, own in rights])
        for _ in range(_REFINEMENTS):
            left = wanted - dzeta
            errors = []
            for equations, dy, (_, own) in zip(self._own, dys, rights, strict=True):
                w = equations.lift.direction
                fits, applied = equations.applied(dzeta @ w, dy)
                left = left - np.outer(fits, w)
                errors.append(own - applied)
            if all(map(_small, errors, [own for _, own in rights])):
                break
            more, changes = self._solved(left, errors)
            dzeta = dzeta + more
            dys = [dy + change for dy, change in zip(dys, changes, strict=True)]
        changes_of_lifts = tuple(
            equations.change(dzeta @ equations.lift.direction, dy, centring, *second)
            for equations, dy, second in zip(self._own, dys, seconds, strict=True)
        )
        primal = dual = np.inf
        for equations, change in zip(self._own, changes_of_lifts, strict=True):
            at, pairs = equations.state, equations.lift.signed
            primal = min(
                primal, longest(equations.root, change.dL), longest_positive(at.slack, change.dnu)
            )
            dual = min(
                dual,
                longest(at.factors.root, change.dS),
                longest_positive(at.y[pairs], change.dy[pairs]),
            )
        return _Direction(dzeta, changes_of_lifts, primal, dual)

    def _solved(
        self, wanted: FloatArray, rights: list[FloatArray]
    ) -> tuple[FloatArray, list[FloatArray]]:
        for equations, right in zip(self._own, rights, strict=True):
            w = equations.lift.direction
            wanted = wanted - np.outer(equations.eliminated(right), w)
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, wanted.ravel(), lower=1)
        dzeta = np.ravel(solution).reshape(wanted.shape)
        if not np.all(np.isfinite(dzeta)):
            raise SolverError("a Newton direction is not finite")
        return dzeta, [
            equations.solve(right, dzeta @ equations.lift.direction)
            for equations, right in zip(self._own, rights, strict=True)
        ]

    def _moved(self, direction: _Direction) -> Step:
        primal, dual = min(1.0, _SHARE * direction.primal), min(1.0, _SHARE * direction.dual)
        state = self._state
        for _ in range(_SHORTENINGS):
            zeta = state.zeta + dual * direction.dzeta
            ys = [
                own.y + dual * change.dy
                for own, change in zip(state.lifts, direction.lifts, strict=True)
            ]
            factors = [
                factorise(lift.dual_matrix(fits_of(self._program, lift.direction, zeta), y))
                for lift, y in zip(self._lifts, ys, strict=True)
            ]
            if all(one is not None for one in factors):
                break
            dual *= 0.7
        else:
            raise SolverError("no dual step stays feasible in floats")
        for _ in range(_SHORTENINGS):
            moments = [
                own.moment + primal * change.dL
                for own, change in zip(state.lifts, direction.lifts, strict=True)
            ]
            if all(upper_root(moment) is not None for moment in moments):
                break
            primal *= 0.7
        else:
            raise SolverError("no primal step stays definite in floats")
        moved = tuple(
            LiftState(y, moment, own.slack + primal * change.dnu, found)
            for own, change, y, moment, found in zip(
                state.lifts, direction.lifts, ys, moments, factors, strict=True
            )
            if found is not None
        )
        return Step(JointState(zeta, moved), primal, dual)


def _small(error: FloatArray, right: FloatArray) -> bool:
    return bool(np.max(np.abs(error)) <= _ACCURATE * np.max(np.abs(right)))


def _merit(direction: _Direction) -> float:
    return min(direction.primal, 1.1) * min(direction.dual, 1.1)
