"""One predictor-corrector step in the HKM direction; the dual point stays feasible.

Linearising L·S = μI and y·ν = μ, with L the moment matrix and ν what it has at the pairs, gives
(M + diag(1 on ζ, 0 on free products, ν/y on pairs))·dy = right-hand side, M as in `schur`, and
dL = −L + σμS⁻¹ − sym(L·dS·S⁻¹) − the second-order term of the corrector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.relaxation.interior.dense.constraints import Constraints
from certnn.relaxation.interior.dense.factors import (
    Factors,
    factorise,
    longest,
    symmetric,
    upper_root,
)
from certnn.relaxation.interior.dense.schur import SchurWriter
from certnn.relaxation.interior.predictor_corrector import Step, corrected_step, reach_of_numbers

#: Added to the unit diagonal of the scaled Schur complement, until it is definite in floats.
_SHIFTS = (1e-15, 1e-13, 1e-11, 1e-9)
_REFINEMENTS, _SHORTENINGS = 2, 10
#: Nominal seconds of a step, and more for each third power of the order, each entry of the Schur
#: complement, and each product of its factorisation.
_A_STEP, _A_CUBE, _AN_ENTRY, _A_PRODUCT = 1e-3, 1e-8, 4e-9, 3e-11


@dataclass(frozen=True, eq=False)
class State:
    """A primal-dual point.

    Attributes
    ----------
    y : float64 array, shape (N,)
        Multipliers with S positive definite and those of pairs positive.
    moment : float64 array, shape (p, p)
        L, positive definite; it need not satisfy the constraints.
    slack : float64 array, shape (pairs,)
        ν > 0.
    """

    y: FloatArray
    moment: FloatArray
    slack: FloatArray


@dataclass(frozen=True, eq=False)
class Direction:
    """Changes of y, S, the moment matrix and the slacks."""

    dy: FloatArray
    dS: FloatArray
    dL: FloatArray
    dnu: FloatArray


@dataclass(frozen=True, eq=False)
class NewPoint:
    """A new point, with the shares of the full step taken on both sides."""

    state: State
    factors: Factors
    primal: float
    dual: float


def average(constraints: Constraints, state: State, factors: Factors) -> float:
    """μ, the average of the products that vanish at an optimum."""
    pairs = state.y[constraints.signed :]
    total = 0.5 * float(np.sum(state.moment * factors.matrix)) + float(pairs @ state.slack)
    return total / (0.5 * constraints.program.forms.order + pairs.size)


def step_cost(order: int, unknowns: int) -> float:
    """Nominal seconds of a step: of matrices of this order, and so many multipliers."""
    entries = unknowns * unknowns
    return _A_STEP + _A_CUBE * order**3 + entries * (_AN_ENTRY + _A_PRODUCT * unknowns)


class NewtonStep:
    """The linear equations at one point, and the steps that they give."""

    share = 0.9
    corrections = 2
    cautious = True

    def __init__(
        self,
        constraints: Constraints,
        state: State,
        factors: Factors,
        write: SchurWriter,
        buffer: FloatArray,
    ) -> None:
        self._constraints, self._state, self._factors = constraints, state, factors
        k, forms = constraints.signed, constraints.program.forms
        self.degree = 0.5 * forms.order + state.slack.size
        self.gap = self.degree * average(constraints, state, factors)
        primal, dual = forms.values(state.moment), forms.values(factors.inverse)
        root = upper_root(state.moment)
        if root is None:
            raise SolverError("the moment matrix is no longer definite in floats")
        self._root = root
        self._centre = constraints.values(dual)
        self._lacking = constraints.program.targets.ravel() - state.y[: constraints.fits]
        self._diagonal = np.zeros(state.y.size)
        self._diagonal[: constraints.fits] = 1.0
        self._diagonal[k:] = state.slack / state.y[k:]
        own = constraints.schur_diagonal(primal, dual)
        self._scale = 1.0 / np.sqrt(own + self._diagonal)
        for shift in _SHIFTS:
            constraints.write_schur(write, primal, dual, self._scale, buffer)
            np.fill_diagonal(buffer, 1.0 + shift)
            self._factor, failed = scipy.linalg.lapack.dpotrf(
                buffer.T, lower=1, overwrite_a=1, clean=0
            )
            if not failed:
                return
        raise SolverError("the Newton equations are not definite in floats")

    def take(self, infeasible: bool) -> NewPoint:
        """Predict, correct, and go most of the way to the borders of the cones.

        While the moment matrix is infeasible μ is kept: it would fall faster than the
        infeasibility, and the steps after that would be short.
        """
        return self._moved(corrected_step(self, keep_products=infeasible))

    def way(self, centre: float, before: Direction | None) -> Direction:
        """To products that are `centre`, with the second-order terms of a way before."""
        constraints, state, inverse = self._constraints, self._state, self._factors.inverse
        k, forms = constraints.signed, constraints.program.forms
        pairs = state.y[k:]
        right = -centre * self._centre
        right[: constraints.fits] += self._lacking
        of_pairs = centre / pairs
        second = np.zeros_like(state.moment)
        if before is not None:
            second = symmetric(before.dL @ before.dS @ inverse)
            of_pairs -= before.dy[k:] * before.dnu / pairs
            right += constraints.values(forms.values(second))
        right[k:] += of_pairs
        dy = self._solved(right)
        for _ in range(_REFINEMENTS):
            change = symmetric(state.moment @ constraints.combined(dy) @ inverse)
            error = right - constraints.values(forms.values(change)) - self._diagonal * dy
            if np.max(np.abs(error * self._scale)) <= 1e-10 * np.max(np.abs(right * self._scale)):
                break
            dy = dy + self._solved(error)
        dS = -constraints.combined(dy)
        dL = centre * inverse - state.moment - symmetric(state.moment @ dS @ inverse) - second
        return Direction(dy, dS, dL, of_pairs - state.slack - self._diagonal[k:] * dy[k:])

    def reach(self, way: Direction) -> tuple[float, float]:
        """How much of it both sides may take."""
        state, k = self._state, self._constraints.signed
        return (
            min(longest(self._root, way.dL), reach_of_numbers(state.slack, way.dnu)),
            min(longest(self._factors.root, way.dS), reach_of_numbers(state.y[k:], way.dy[k:])),
        )

    def gap_after(self, way: Direction, primal: float, dual: float) -> float:
        """The sum of the products after a step."""
        state, k = self._state, self._constraints.signed
        moment, matrix = state.moment + primal * way.dL, self._factors.matrix + dual * way.dS
        slack, pairs = state.slack + primal * way.dnu, state.y[k:] + dual * way.dy[k:]
        return 0.5 * float(np.sum(moment * matrix)) + float(slack @ pairs)

    def _solved(self, right: FloatArray) -> FloatArray:
        solution, _ = scipy.linalg.lapack.dpotrs(self._factor, right * self._scale, lower=1)
        solved: FloatArray = self._scale * np.ravel(solution)
        if not np.all(np.isfinite(solved)):
            raise SolverError("a Newton direction is not finite")
        return solved

    def _moved(self, step: Step[Direction]) -> NewPoint:
        state, way, primal, dual = self._state, step.way, step.primal, step.dual
        for _ in range(_SHORTENINGS):
            y = state.y + dual * way.dy
            factors = factorise(self._constraints.dual_matrix(y))
            if factors is not None:
                break
            dual *= 0.7
        else:
            raise SolverError("no dual step stays feasible in floats")
        for _ in range(_SHORTENINGS):
            moment = state.moment + primal * way.dL
            if upper_root(moment) is not None:
                break
            primal *= 0.7
        else:
            raise SolverError("no primal step stays definite in floats")
        return NewPoint(State(y, moment, state.slack + primal * way.dnu), factors, primal, dual)
