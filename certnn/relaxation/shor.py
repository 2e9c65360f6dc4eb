"""The level shor: products a_i·b_i alone, at a cost linear in the number of points (Theorem 12).

With weights −t_i < 0 on those products the dual norm of Z is at most ½ λ_max(BᵀB), row i of B
being [√t_i·x_i, z_i/√t_i]. Given the multiplier W ⪰ 0 (the second moment of (u, v)) of
reg·I ⪰ ½BᵀB, the best z_i and t_i are found for each point alone, so that what is left is a smooth
convex function of W, whose order is columns + c whatever n is. Its minimum is the level's value.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.optimize

from certnn.arrays import FloatArray
from certnn.certificate.dual_point import DualPoint, Products
from certnn.problem import TrainingProblem

_TOLERANCE = 1e-5
_ITERATIONS = 2000
#: With more points than this the search starts on a sample of them.
_FEW_POINTS, _SAMPLE = 4000, 2000
#: Beyond this and its inverse the best Z no longer changes, but for its size (data of size 1).
_SMALLEST_REG = 1e-12
_NEWTON_STEPS = 30
_TINY = 1e-150


def shor_point(
    problem: TrainingProblem,
    deadline: float = math.inf,
    progress: Callable[[float], None] | None = None,
) -> DualPoint:
    """A good dual point for the level shor.

    Parameters
    ----------
    problem : TrainingProblem
    deadline : float
        Time of `time.monotonic` at which to stop with the point reached.
    progress : callable or None
        Called now and then with the bound of the point reached (in float arithmetic, not proved).

    Returns
    -------
    DualPoint
        With products a_i·b_i only.
    """
    norms = np.linalg.norm(problem.features, axis=1)
    seen = norms > 0.0
    x_scale = float(np.max(norms)) or 1.0
    y_scale = float(np.max(np.abs(problem.Y))) or 1.0
    true_reg = problem.reg / (x_scale * y_scale)
    reg = min(max(true_reg, _SMALLEST_REG), 1.0 / _SMALLEST_REG)
    Z = problem.Y.copy()
    t = np.full(norms.size, math.nan)
    if np.any(problem.Y[seen]):
        lost = problem.null_loss / y_scale**2 - 0.5 * float(
            np.sum(np.square(problem.Y[seen] / y_scale))
        )

        def report(value: float) -> None:
            if progress is not None:
                progress((value * min(true_reg / reg, 1.0) + lost) * y_scale**2)

        x = _rank_coordinates(problem.features[seen] / x_scale)
        y = problem.Y[seen] / y_scale
        best, _ = _solve(x, y, reg, deadline, report)
        Z[seen], t[seen] = y_scale * best.Z, best.t * y_scale / x_scale
    # A zero row has a_i = 0: its Z is Y, and a large t makes its share of ½λ_max negligible.
    rest = ~seen
    size = np.linalg.norm(Z[rest], axis=1)
    t[rest] = size * float(np.sum(size)) / (1e-6 * problem.reg)
    positive = t > 0.0
    smallest = 1e-9 * float(np.min(t[positive])) if np.any(positive) else 1.0
    return DualPoint(Z, Products.vanishing(-np.where(positive, t, smallest)))


@dataclass(frozen=True, eq=False)
class ShorSolution:
    """The level shor solved on plain rows: Z (n×c), t (n), and the moment W of (u, v)."""

    Z: FloatArray
    t: FloatArray
    W: FloatArray


def solve_shor(x: FloatArray, y: FloatArray, reg: float) -> ShorSolution:
    """Solve the level for rows x, shape (n, r), and y, shape (n, c), of size about 1.

    Parameters
    ----------
    x, y : float64 array
        No row of x is zero, and y has a nonzero entry.
    reg : float
        Brought within 1e-12..1e12, beyond which the solution changes in size alone.
    """
    clipped = min(max(reg, _SMALLEST_REG), 1.0 / _SMALLEST_REG)
    best, W = _solve(x, y, clipped, math.inf, lambda bound: None)
    return ShorSolution(best.Z, best.t, W)


def _rank_coordinates(x: FloatArray) -> FloatArray:
    """The rows in orthonormal coordinates of their span, shape (n, rank) (Theorem 6(b))."""
    values, vectors = np.linalg.eigh(x.T @ x)
    coordinates: FloatArray = x @ vectors[:, values > 1e-15 * values[-1]]
    return coordinates


@dataclass(frozen=True, eq=False)
class _Response:
    """The best z_i and t_i for a given W, with the value and the matrix reg·I − ½BᵀB."""

    value: float
    slack: FloatArray
    Z: FloatArray
    t: FloatArray


class _Moment:
    """The function of W to be minimised, for data scaled to about 1."""

    def __init__(self, x: FloatArray, y: FloatArray, reg: float) -> None:
        self.x, self.y, self.reg = x, y, reg
        self.order = x.shape[1] + y.shape[1]
        # W = SRRᵀS: in these coordinates the points look alike in all directions.
        d = x.shape[1]
        values, vectors = np.linalg.eigh(x.T @ x / x.shape[0])
        values = np.maximum(values, 1e-8 * values[-1])
        self.scale = np.eye(self.order)
        self.scale[:d, :d] = (vectors * np.sqrt(1.0 / values)) @ vectors.T

    def respond(self, W: FloatArray) -> _Response:
        """Maximise over each (z_i, t_i): ⟨z_i, y_i⟩ − ½‖z_i‖² − its share of ⟨W, ½BᵀB⟩."""
        x, y, reg = self.x, self.y, self.reg
        d = x.shape[1]
        radius = np.sqrt(np.maximum(np.sum((x @ W[:d, :d]) * x, axis=1), 0.0))
        values, vectors = np.linalg.eigh(W[d:, d:])
        values = np.maximum(values, 0.0)
        pull = (y - x @ W[:d, d:]) @ vectors
        norm = _norm_of_shrunk(pull, radius, values)
        damping = norm[:, None] + radius[:, None] * values
        z = pull * np.divide(norm[:, None], damping, out=np.ones_like(pull), where=damping > 0.0)
        Z = z @ vectors.T
        value = reg * float(np.trace(W)) + float(
            np.sum(z * pull) - 0.5 * np.sum(z * z) - np.sum(radius * norm)
        )
        t = np.divide(norm, radius, out=np.zeros_like(norm), where=radius > 0.0)
        root = np.sqrt(t)[:, None]
        b = np.hstack([x * root, np.divide(Z, root, out=np.zeros_like(Z), where=root > 0.0)])
        return _Response(value, reg * np.eye(self.order) - 0.5 * (b.T @ b), Z, t)

    def bound(self, response: _Response) -> float:
        """L(Z, kappa) of Theorem 3 with kappa = ½λ_max(BᵀB)."""
        kappa = self.reg - float(np.linalg.eigvalsh(response.slack)[0])
        product = float(np.sum(response.Z * self.y))
        square = float(np.sum(response.Z**2))
        if product <= 0.0 or kappa <= 0.0:
            return 0.0
        s = min(product / square, self.reg / kappa)
        return s * product - 0.5 * s * s * square


def _norm_of_shrunk(pull: FloatArray, radius: FloatArray, values: FloatArray) -> FloatArray:
    """‖z‖ in the norm given by `values`, for the z that maximises ⟨z, pull⟩ − ½‖z‖² − radius·norm.

    The norm ρ is the positive root of s(ρ) = Σ_j λ_j pull_j² / (ρ + radius·λ_j)² = 1, or 0 where
    s(0) ≤ 1. Newton's method is run on s^(−1/2), which is nearly linear in ρ, from below.
    """
    weight = values * np.square(pull)
    reach = radius[:, None] * values
    rho: FloatArray = np.maximum(np.max(np.sqrt(weight) - reach, axis=1), 0.0)
    for _ in range(_NEWTON_STEPS):
        inverse = 1.0 / np.maximum(rho[:, None] + reach, _TINY)
        terms = weight * inverse**2
        total = np.sum(terms, axis=1)
        slope = np.maximum(np.sum(terms * inverse, axis=1), _TINY)
        step = np.where(total > 1.0, total * (np.sqrt(total) - 1.0) / slope, 0.0)
        rho = rho + step
        if np.all(step <= 1e-13 * rho):
            break
    return rho


def _solve(
    x: FloatArray, y: FloatArray, reg: float, deadline: float, progress: Callable[[float], None]
) -> tuple[_Response, FloatArray]:
    """Minimise over W; with many points first on a sample of them, which is a good start."""
    moment = _Moment(x, y, reg)
    start = 0.1 * np.eye(moment.order)
    if x.shape[0] > _FEW_POINTS:
        rows = np.random.default_rng(0).choice(x.shape[0], _SAMPLE, replace=False)
        sample = _Moment(x[rows], y[rows], reg * _SAMPLE / x.shape[0])
        _, start = _minimise(sample, start, _ITERATIONS, deadline, lambda bound: None)
        start = np.asarray(np.linalg.solve(moment.scale, sample.scale @ start), dtype=np.float64)
    best, factor = _minimise(moment, start, _ITERATIONS, deadline, progress)
    factor = moment.scale @ factor
    return best, factor @ factor.T


def _minimise(
    moment: _Moment,
    start: FloatArray,
    iterations: int,
    deadline: float,
    progress: Callable[[float], None],
) -> tuple[_Response, FloatArray]:
    """The response of best bound, and the last factor R of W."""
    q = moment.order
    best: _Response | None = None
    best_bound = -1.0

    def objective(flat: FloatArray) -> tuple[float, FloatArray]:
        nonlocal best, best_bound
        factor = moment.scale @ flat.reshape(q, q)
        response = moment.respond(factor @ factor.T)
        bound = moment.bound(response)
        if bound > best_bound:
            best, best_bound = response, bound
        return response.value, (2.0 * moment.scale @ (response.slack @ factor)).ravel()

    def after(intermediate_result: scipy.optimize.OptimizeResult) -> None:
        progress(best_bound)
        closed = intermediate_result.fun - best_bound <= _TOLERANCE * intermediate_result.fun
        if closed or time.monotonic() > deadline:
            raise StopIteration

    options = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30}
    found = scipy.optimize.minimize(
        objective,
        start.ravel(),
        jac=True,
        method="L-BFGS-B",
        callback=after,
        options=options | {"ftol": 0.0, "gtol": 0.0},
    )
    assert best is not None  # the first evaluation sets it
    return best, np.asarray(found.x).reshape(q, q)
