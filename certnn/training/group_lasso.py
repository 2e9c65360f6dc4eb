"""The restricted problem: output weights for hidden directions that are held fixed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from certnn.arrays import FloatArray
from certnn.budget import Budget

_CENTRING = 0.2
#: A guess of zero is raised to this share of the mean; the barrier that then fits it.
_LEAST_GUESS, _WARM_BARRIER = 1e-3, 1e-4
_TO_BOUNDARY = 0.95
_SHORTEST_STEP = 1e-8
_ITERATIONS = 100
_PATIENCE = 5
#: Nominal seconds of an iteration, and of one multiplication and addition in it.
_AN_ITERATION, _A_PRODUCT = 2e-4, 3e-10
_REFINEMENTS, _DAMPING = 10, 1e-15


@dataclass(frozen=True, eq=False)
class GroupLassoSolution:
    """A point of the group lasso and how far at most it is from the optimum.

    Attributes
    ----------
    V : ndarray, shape (k, c)
        Output weights of the k unit directions; rows that are not used are exactly zero.
    residual : ndarray, shape (n, c)
        Z = Y − A V.
    objective : float
        ½‖Z‖²_F + reg Σ‖Vₖ‖.
    gap : float
        `objective` minus the dual value of Z scaled to be feasible: never below the true
        suboptimality, up to rounding.
    """

    V: FloatArray
    residual: FloatArray
    objective: float
    gap: float


def group_lasso(
    A: FloatArray,
    Y: FloatArray,
    reg: float,
    budget: Budget,
    tolerance: float = 1e-9,
    guess: FloatArray | None = None,
) -> GroupLassoSolution:
    """Minimise ½‖A V − Y‖²_F + reg Σₖ‖Vₖ‖₂ over V, row by row a group.

    By ‖v‖ = min ½(‖v‖²/t + t) over t ≥ 0 and elimination of V this is the smooth convex problem

        min over t ≥ 0 of  (reg²/2) Σ tₖ + ½ tr Yᵀ(I + A diag(t) Aᵀ)⁻¹Y,    V = diag(t) AᵀZ,

    in k numbers whatever c is (Micchelli, Morales and Pontil, "Regularizers for structured
    sparsity", 2013). It is solved by a primal-dual interior point method; parallel columns do no
    harm. The best point met; its gap says how good it is.

    Parameters
    ----------
    A : ndarray, shape (n, k)
        Hidden activations (Xuₖ)₊ of unit directions uₖ, one a column.
    Y : ndarray, shape (n, c)
        Targets.
    reg : float
        Weight of the penalty, positive.
    budget : Budget
        Where it is over, the best point so far is the result.
    guess : ndarray, shape (k,), optional
        About the lengths of the rows of the optimal V, such as those for some of the columns.
    tolerance : float
        Stop at a gap of `tolerance` times ½‖Y‖², or when rounding stops the progress.
    """
    target = 0.5 * float(np.vdot(Y, Y))
    best = _solution(A, Y, reg, np.zeros((A.shape[1], Y.shape[1])))
    # The optimal residual is at most as long as Y, so shorter columns cannot reach the score reg.
    lengths = np.linalg.norm(A, axis=0)
    used = np.flatnonzero(lengths * np.linalg.norm(Y) > reg)
    if used.size == 0 or best.gap <= tolerance * target:
        return best
    basis, triangle = np.linalg.qr(A[:, used])
    small_Y = basis.T @ Y
    warm = guess is not None and bool(np.any(guess[used] > 0.0))
    if guess is not None and warm:
        t = np.maximum(guess[used], _LEAST_GUESS * float(np.mean(guess[guess > 0.0]))) / reg
    else:
        t = np.linalg.norm(Y) / (reg * np.sum(lengths[used]) * lengths[used])
    try:
        point = _at(triangle, small_Y, reg, t)
    except LinAlgError:  # the matrix spans more than float64 does
        return best
    # Shares of the objective, so that a column counts alike whatever its length.
    share = _WARM_BARRIER * target / used.size if warm else np.max(t * np.abs(point.slope))
    slack = share / t
    idle = 0
    rows, columns = triangle.shape
    cost = rows * columns * (3.0 * rows + 2.0 * columns) + columns**3 / 3.0
    for _ in range(_ITERATIONS):
        if budget.over:
            break
        budget.spend(_AN_ITERATION + _A_PRODUCT * cost)
        # Complementarity must not outrun the slope's distance from the slack.
        distance = slack + np.abs(point.slope - slack)
        barrier = _CENTRING * float(point.t @ distance) / slack.size
        step = _newton_step(triangle, small_Y, reg, point, slack, barrier)
        if step is None:
            break
        point, slack = step
        V = np.zeros_like(best.V)
        V[used] = point.V
        current = _solution(A, Y, reg, V)
        # A gap that stays although the barrier has vanished is rounding.
        vanished = float(point.t @ slack) <= 0.01 * tolerance * target
        idle = idle + 1 if vanished else 0
        best = min(best, current, key=lambda solution: solution.gap)
        if idle == _PATIENCE or best.gap <= tolerance * target:
            break
    sparse = _solution(A, Y, reg, _without_noise(best.V, lengths))
    return sparse if sparse.gap <= max(2.0 * best.gap, tolerance * target) else best


def refined_group_lasso(
    A: FloatArray, Y: FloatArray, reg: float, lengths: FloatArray, accuracy: float
) -> GroupLassoSolution:
    """Newton's method from a solution, over the groups that it uses.

    For these the constraints t ≥ 0 are inactive in the smooth problem of `group_lasso`, and their
    scores are reg at the optimum. The gap of the result is that for all columns. At the accuracy,
    or where rounding ends the progress.

    Parameters
    ----------
    A, Y, reg
        As in `group_lasso`.
    lengths : ndarray, shape (k,)
        The lengths of the rows of V to a few digits, zero where a group is not used.
    accuracy : float
        Stop when the scores of the groups used are within this share of reg.
    """
    used = np.flatnonzero(lengths)
    V = np.zeros((A.shape[1], Y.shape[1]))
    small, small_Y = A[:, used], Y
    if A.shape[0] > used.size:  # many points: the smooth problem is that of the triangle
        basis, small = np.linalg.qr(A[:, used])
        small_Y = basis.T @ Y
    try:
        point = _at(small, small_Y, reg, lengths[used] / reg)
        V[used] = point.V
        for _ in range(_REFINEMENTS):
            if point.error <= accuracy:
                break
            # In units of the roots ‖Wₖ‖, so that no group is lost beside another.
            sizes = np.maximum(np.linalg.norm(point.roots, axis=1), np.finfo(float).tiny)
            matrix = point.curvature / np.outer(sizes, sizes)
            matrix[np.diag_indices_from(matrix)] += _DAMPING
            downhill = -point.t * point.slope / sizes
            step = cho_solve(cho_factor(matrix, lower=True), downhill) / sizes
            length = min(1.0, _TO_BOUNDARY / max(float(-np.min(step)), 1e-300))
            trial = _at(small, small_Y, reg, point.t * (1.0 + length * step))
            if trial.error >= point.error:
                break
            point = trial
            V[used] = point.V
    except (LinAlgError, ValueError):  # the matrix spans more than float64 does
        pass
    return _solution(A, Y, reg, V)


@dataclass(frozen=True, eq=False)
class _Point:
    """The smooth problem at t > 0, each group to as many digits of its own as float64 gives.

    Attributes
    ----------
    t : ndarray, shape (k,)
    roots : ndarray, shape (k, c)
        √t·AᵀZ. A column far longer than the others has a score below the rounding of AᵀZ.
    slope : ndarray, shape (k,)
    curvature : ndarray, shape (k, k)
        The Hessian times t, on both sides.
    error : float
        How far the scores are from reg at most, a share of it.
    """

    t: FloatArray
    value: float
    roots: FloatArray
    slope: FloatArray
    curvature: FloatArray
    error: float

    @property
    def V(self) -> FloatArray:
        """diag(t)·AᵀZ, shape (k, c)."""
        weights: FloatArray = np.sqrt(self.t)[:, None] * self.roots
        return weights


def _at(A: FloatArray, Y: FloatArray, reg: float, t: FloatArray) -> _Point:
    """By the QR factors of √t·Aᵀ above I, for I + A diag(t) Aᵀ itself hides half of the digits.

    The lower part of Q is the inverse triangle, the upper part, times the lower one's transpose
    and Y, are the roots.
    """
    root = np.sqrt(t)
    orthogonal, _ = np.linalg.qr(np.vstack([root[:, None] * A.T, np.eye(A.shape[0])]))
    upper, white_Y = orthogonal[: t.size], orthogonal[t.size :].T @ Y
    value = 0.5 * reg**2 * float(np.sum(t)) + 0.5 * float(np.vdot(white_Y, white_Y))
    roots = upper @ white_Y
    scores = np.linalg.norm(roots, axis=1) / root
    slope = 0.5 * (reg - scores) * (reg + scores)
    curvature = upper @ upper.T
    curvature *= roots @ roots.T
    return _Point(t, value, roots, slope, curvature, float(np.max(np.abs(scores / reg - 1.0))))


def _newton_step(
    A: FloatArray, Y: FloatArray, reg: float, point: _Point, slack: FloatArray, barrier: float
) -> tuple[_Point, FloatArray] | None:
    """One damped step towards slope = slack, t·slack = barrier; None when rounding stops it."""
    t = point.t
    # In units of √(t/slack) the barrier's part of the matrix is the identity.
    unit = np.sqrt(t / slack)
    matrix = point.curvature * np.outer(unit / t, unit / t)
    matrix[np.diag_indices_from(matrix)] += 1.0
    downhill = -point.slope + barrier / t
    try:
        change = unit * cho_solve(cho_factor(matrix, lower=True), unit * downhill)
    except (LinAlgError, ValueError):
        return None
    slack_change = (barrier - slack * change) / t - slack
    length = _TO_BOUNDARY * _largest_step(t, change)
    merit = point.value - barrier * float(np.sum(np.log(t)))
    decrease = float(change @ downhill)
    while length > _SHORTEST_STEP:
        try:
            moved = _at(A, Y, reg, t + length * change)
        except LinAlgError:  # the matrix spans more than float64 does
            length *= 0.5
            continue
        now = moved.value - barrier * float(np.sum(np.log(moved.t)))
        if now <= merit - 1e-4 * length * decrease + 1e-13 * abs(merit):
            dual_length = _TO_BOUNDARY * _largest_step(slack, slack_change)
            return moved, slack + dual_length * slack_change
        length *= 0.5
    return None


def _largest_step(point: FloatArray, change: FloatArray) -> float:
    """The largest step, at most 1/0.95, that keeps the point nonnegative."""
    down = change < 0.0
    limit = np.min(-point[down] / change[down], initial=1.0 / _TO_BOUNDARY)
    return float(limit)


def _without_noise(V: FloatArray, lengths: FloatArray) -> FloatArray:
    """V without the rows that only the barrier keeps from zero, for columns of these lengths."""
    outputs = lengths * np.linalg.norm(V, axis=1)
    keep = outputs > 1e-6 * float(np.max(outputs, initial=0.0))
    return np.where(keep[:, None], V, 0.0)


def _solution(A: FloatArray, Y: FloatArray, reg: float, V: FloatArray) -> GroupLassoSolution:
    Z = Y - A @ V
    square = float(np.vdot(Z, Z))
    objective = 0.5 * square + reg * float(np.sum(np.linalg.norm(V, axis=1)))
    norm = float(np.max(np.linalg.norm(A.T @ Z, axis=1), initial=0.0))
    inner = float(np.vdot(Z, Y))
    scale = inner / square if square > 0.0 else 0.0
    scale = min(max(scale, 0.0), reg / norm if norm > 0.0 else np.inf)
    return GroupLassoSolution(V, Z, objective, objective - scale * inner + 0.5 * scale**2 * square)
