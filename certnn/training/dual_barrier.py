"""The restricted problem for any convex loss, with an output bias: a barrier method on its dual.

Over output weights V of hidden directions that are held fixed, and a bias b,

    minimise ℓ(AV + 1bᵀ) + reg Σₖ‖Vₖ‖ + (decay/2)‖b‖²

has the dual: maximise −ℓ*(−Z) − ‖Zᵀ1‖²/(2·decay) subject to ‖Zᵀaₖ‖ ≤ reg. Its points are what
lower bounds are made of (Theorems 37, 38 and 43), and it has n·c unknowns whatever the loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, null_space

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.losses import Loss

#: The barrier falls by this factor once a Newton step is as good as this decrement.
_FALL, _CENTRED = 0.15, 0.3
_ITERATIONS = 250
_TO_BOUNDARY, _SHORTEST_STEP, _ENOUGH_DECREASE = 0.97, 1e-9, 1e-3
#: How far inside the constraints a start is put.
_INSIDE = 0.9
#: Share of a fresh start in one from a known point.
_COLD = 0.1
#: Added to a point's block of the Hessian, a share of its trace: the entropies' span float64.
_RIDGE = 1e-15
#: Rows of V below this share of the largest are only the barrier's.
_NOISE = 1e-7
#: Nominal seconds of an iteration, and of one multiplication and addition in it.
_AN_ITERATION, _A_PRODUCT = 1e-3, 5e-10
#: Share of these that the first iteration is expected to take: large matrices go faster.
_FIRST = 0.1


@dataclass(frozen=True, eq=False)
class BarrierSolution:
    """A primal and a dual point of the restricted problem.

    Attributes
    ----------
    V : ndarray, shape (k, c)
        Output weights of the k unit directions.
    bias : ndarray, shape (c,)
        Of the outputs; zeros without one.
    Z : ndarray, shape (n, c)
        Dual point, strictly feasible up to rounding.
    objective : float
        Of V and the bias.
    gap : float
        `objective` minus the dual value of Z, never below the true suboptimality, up to rounding.
    """

    V: FloatArray
    bias: FloatArray
    Z: FloatArray
    objective: float
    gap: float


def solve_dual_barrier(
    A: FloatArray,
    Y: FloatArray,
    reg: float,
    loss: Loss,
    bias_decay: float | None,
    tolerance: float,
    budget: Budget,
    start: FloatArray | None = None,
) -> BarrierSolution:
    """Solve the restricted problem to a gap of `tolerance`, or to where rounding ends.

    The best primal and the best dual point met.

    Parameters
    ----------
    A : ndarray, shape (n, k)
        Hidden activations of unit directions, a column each.
    Y : ndarray, shape (n, c)
        Targets.
    reg : float
        Weight of the penalty, positive.
    bias_decay : float or None
        Weight decay of the output bias: None without a bias, 0.0 if it is free.
    tolerance : float
        A gap, in the units of the objective.
    budget : Budget
        Where it is over, the best points so far are the result.
    start : ndarray, shape (n, c), optional
        A dual point strictly inside the domain of the loss, with columns of sum zero if the bias
        is free, such as that for some of the columns.
    """
    search = _Barrier(A, Y, reg, loss, bias_decay)
    z = search.inside(loss.start(Y))
    if start is not None:  # not quite there: from close to the boundary Newton's method is slow
        z = _COLD * z + (1.0 - _COLD) * search.inside(start)
    return search.run(z, tolerance, budget)


class _Barrier:
    """Dual points z, shape (n, r), Z = z·basisᵀ, where r is c, or c − 1 if rows sum to zero."""

    def __init__(
        self, A: FloatArray, Y: FloatArray, reg: float, loss: Loss, bias_decay: float | None
    ) -> None:
        self.A, self.Y, self.reg, self.loss, self.bias_decay = A, Y, reg, loss, bias_decay
        c = Y.shape[1]
        self.basis = null_space(np.ones((1, c))) if loss.sums_to_zero else np.eye(c)
        self.low, self.high = loss.limits(Y)
        limits = np.sum(np.isfinite(self.low)) + np.sum(np.isfinite(self.high))
        self.count = float(2 * A.shape[1] + limits)

    def inside(self, Z: FloatArray) -> FloatArray:
        """Z drawn towards zero so that it is strictly feasible, as z."""
        scores = np.linalg.norm(self.A.T @ Z, axis=1)
        top = float(np.max(scores, initial=0.0))
        z: FloatArray = (_INSIDE * min(1.0, self.reg / top if top > 0.0 else 1.0)) * Z @ self.basis
        return z

    def run(self, z: FloatArray, tolerance: float, budget: Budget) -> BarrierSolution:
        no_neurons = np.zeros((self.A.shape[1], self.Y.shape[1]))
        best_V, best_bias = no_neurons, np.zeros(self.Y.shape[1])
        objective = self.objective(best_V, best_bias)
        best_z, dual = z, self.dual(z)
        barrier = max(objective - dual, tolerance) / max(self.count, 1.0)
        unknowns, groups = z.size, self.A.shape[1] * z.shape[1]
        cost = unknowns * groups * min(unknowns, groups) + min(unknowns, groups) ** 3 / 3.0
        nominal = _AN_ITERATION + _A_PRODUCT * cost
        took, began = _FIRST * nominal, budget.now
        for iteration in range(_ITERATIONS):
            if iteration > 0:
                took, began = budget.now - began, budget.now
            if objective - dual <= tolerance or not budget.affords(took):
                break
            budget.spend(nominal)
            step = self._newton(z, barrier)
            if step is None:
                break
            change, decrement, multiplier = step
            moved = self._line_search(z, change, barrier, decrement)
            if moved is None:
                if barrier * self.count < 0.1 * tolerance:
                    break
                barrier *= _FALL
                continue
            V, bias = self._primal(z, change, barrier, multiplier)
            value = self.objective(V, bias)
            if value < objective:
                objective, best_V, best_bias = value, V, bias
            z = moved
            value = self.dual(z)
            if value > dual:
                dual, best_z = value, z
            if decrement <= _CENTRED:
                if barrier * self.count < 1e-3 * tolerance:
                    break
                barrier *= _FALL
        best_V, objective = self._without_noise(best_V, best_bias, objective, objective - dual)
        Z = best_z @ self.basis.T
        return BarrierSolution(best_V, best_bias, Z, objective, objective - dual)

    def objective(self, V: FloatArray, bias: FloatArray) -> float:
        value = self.loss.value(self.A @ V + bias, self.Y)
        value += self.reg * float(np.sum(np.linalg.norm(V, axis=1)))
        return value + 0.5 * (self.bias_decay or 0.0) * float(bias @ bias)

    def dual(self, z: FloatArray) -> float:
        value = self.loss.dual_value(z @ self.basis.T, self.Y)
        if self.bias_decay:
            value -= 0.5 * float(np.sum(np.square(np.sum(z, axis=0)))) / self.bias_decay
        return value

    def _potential(self, z: FloatArray, barrier: float) -> float:
        Z = z @ self.basis.T
        slack = self.reg**2 - np.sum(np.square(self.A.T @ z), axis=1)
        above, below = Z - self.low, self.high - Z
        if np.any(slack <= 0.0) or np.any(above <= 0.0) or np.any(below <= 0.0):
            return -math.inf
        logs = float(np.sum(np.log(slack)))
        for room in (above, below):
            logs += float(np.sum(np.log(room[np.isfinite(room)])))
        return self.dual(z) + barrier * logs

    def _newton(self, z: FloatArray, barrier: float) -> tuple[FloatArray, float, FloatArray] | None:
        """The Newton step, its decrement, and the multiplier of Zᵀ1 = 0."""
        (n, r), k = z.shape, self.A.shape[1]
        Z = z @ self.basis.T
        above, below = 1.0 / (Z - self.low), 1.0 / (self.high - Z)  # 0 where there is no limit
        slope = self.loss.dual_gradient(Z, self.Y) + barrier * (above - below)
        curvature = self.loss.dual_curvature(Z, self.Y) + barrier * (above**2 + below**2)
        scores = self.A.T @ z
        slack = self.reg**2 - np.sum(np.square(scores), axis=1)
        gradient = slope @ self.basis - self.A @ ((2.0 * barrier / slack)[:, None] * scores)
        # Column k of the norms' part of the Hessian is aₖaₖᵀ ⊗ RₖRₖᵀ.
        inner = 2.0 * slack[:, None, None] * np.eye(r) + 4.0 * scores[:, :, None] * scores[:, None]
        inner *= barrier / slack[:, None, None] ** 2
        try:
            roots = np.linalg.cholesky(inner)
            blocks = np.einsum("jr,nj,js->nrs", self.basis, curvature, self.basis)
            blocks += _RIDGE * np.trace(blocks, axis1=1, axis2=2)[:, None, None] * np.eye(r)
            lower = np.linalg.cholesky(blocks)
            factors = np.einsum("nk,krs->nrks", self.A, roots).reshape(n, r, k * r)
            if self.bias_decay:
                total = np.sum(z, axis=0)
                gradient = gradient - total / self.bias_decay
                ones = np.broadcast_to(np.eye(r) / math.sqrt(self.bias_decay), (n, r, r))
                factors = np.concatenate([factors, ones], axis=2)
            right = gradient[:, :, None]
            if self.bias_decay == 0.0:
                right = np.concatenate([right, np.broadcast_to(np.eye(r), (n, r, r))], axis=2)
            white = np.linalg.solve(lower, np.concatenate([right, factors], axis=2))
            wide = right.shape[2]
            solved = _solve(
                white[:, :, wide:].reshape(n * r, -1), white[:, :, :wide].reshape(n * r, wide)
            )
            steps = np.linalg.solve(np.swapaxes(lower, 1, 2), solved.reshape(n, r, wide))
            change, multiplier = np.asarray(steps[:, :, 0], np.float64), np.zeros(r)
            if self.bias_decay == 0.0:
                sums = np.sum(steps, axis=0)
                multiplier[:] = np.linalg.solve(sums[:, 1:], sums[:, 0] + np.sum(z, axis=0))
                change = change - steps[:, :, 1:] @ multiplier
                gradient = gradient - multiplier
        except (LinAlgError, ValueError):
            return None
        decrement = math.sqrt(max(float(np.vdot(change, gradient)), 0.0) / barrier)
        return (change, decrement, multiplier) if math.isfinite(decrement) else None

    def _line_search(
        self, z: FloatArray, change: FloatArray, barrier: float, decrement: float
    ) -> FloatArray | None:
        now = self._potential(z, barrier)
        length = min(1.0, _TO_BOUNDARY * self._room(z, change))
        gain = barrier * decrement**2
        while length > _SHORTEST_STEP:
            moved = z + length * change
            value = self._potential(moved, barrier)
            if value >= now + _ENOUGH_DECREASE * length * gain - 1e-13 * abs(now):
                return moved
            length *= 0.5
        return None

    def _room(self, z: FloatArray, change: FloatArray) -> float:
        """The longest step that keeps the limits and the norms."""
        Z, moves = z @ self.basis.T, change @ self.basis.T
        room = math.inf
        for gap, fall in ((Z - self.low, -moves), (self.high - Z, moves)):
            down = fall > 0.0
            room = min(room, float(np.min(gap[down] / fall[down], initial=math.inf)))
        scores, turns = self.A.T @ z, self.A.T @ change
        a = np.sum(np.square(turns), axis=1)
        b = np.sum(scores * turns, axis=1)
        c = np.maximum(self.reg**2 - np.sum(np.square(scores), axis=1), 0.0)
        used = a > 0.0
        root = np.sqrt(b[used] ** 2 + a[used] * c[used])
        # Both forms of the root of a t² + 2 b t = c, each without cancellation where it is used.
        forward = np.where(b[used] > 0.0, c[used] / (b[used] + root), (root - b[used]) / a[used])
        return min(room, float(np.min(forward, initial=math.inf)))

    def _primal(
        self, z: FloatArray, change: FloatArray, barrier: float, multiplier: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """The barrier's multipliers, to first order at the end of the step: weights and a bias."""
        scores, turns = self.A.T @ z, self.A.T @ change
        slack = self.reg**2 - np.sum(np.square(scores), axis=1)
        fall = 2.0 * np.sum(scores * turns, axis=1)
        V = (2.0 * barrier / slack)[:, None] * (scores + turns + (fall / slack)[:, None] * scores)
        bias = multiplier
        if self.bias_decay:
            bias = np.sum(z + change, axis=0) / self.bias_decay
        return V @ self.basis.T, self.basis @ bias

    def _without_noise(
        self, V: FloatArray, bias: FloatArray, objective: float, gap: float
    ) -> tuple[FloatArray, float]:
        lengths = np.linalg.norm(V, axis=1)
        keep = lengths > _NOISE * float(np.max(lengths, initial=0.0))
        sparse = np.where(keep[:, None], V, 0.0)
        value = self.objective(sparse, bias)
        return (sparse, value) if value <= objective + gap else (V, objective)


def _solve(factors: FloatArray, right: FloatArray) -> FloatArray:
    """(I + FFᵀ)⁻¹ times the right hand sides, through the smaller of FFᵀ and FᵀF."""
    rows, columns = factors.shape
    if columns == 0:
        return right
    if rows <= columns:
        matrix = factors @ factors.T
        matrix[np.diag_indices(rows)] += 1.0
        solved: FloatArray = cho_solve(cho_factor(matrix, lower=True), right)
        return solved
    matrix = factors.T @ factors
    matrix[np.diag_indices(columns)] += 1.0
    inner: FloatArray = cho_solve(cho_factor(matrix, lower=True), factors.T @ right)
    return right - factors @ inner
