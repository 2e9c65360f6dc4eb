"""The level shor: products a_i·b_i alone, at a cost linear in the number of points (Theorem 12).

With weights −t_i < 0 on those products the dual norm of Z is at most ½ λ_max(BᵀB), row i of B
being [√t_i·x_i, z_i/√t_i]. Given the multiplier W ⪰ 0 (the second moment of (u, v)) of
reg·I ⪰ ½BᵀB, the best z_i and t_i are found for each point alone, so that what is left is a
convex function of W, whose order is columns + c whatever n is. Its minimum is the level's value.
An interior point method finds it: on a path where reg·I − ½BᵀB = μW⁻¹, and the t_i have logarithms
of together as much weight, each point is a bound with a gap of 2μ·order. Data come in chunks, of
which only sums over points are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import DualPoint, Products
from certnn.problem.dual_bound import best_scale
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor.chunks import Chunk, Chunks, LocalChunks, extent, sample_of
from certnn.relaxation.shor.line_search import lowered
from certnn.relaxation.shor.sums import (
    Coordinates,
    first_order,
    response_of,
    second_order,
    spread,
)

_TOLERANCE = 1e-5
_STEPS = 300
#: With more points than this the search begins on a sample of so many of them, until this relative
#: gap; found by trial.
_SAMPLE, _SAMPLE_GAP = 20_000, 0.3
#: Beyond this and its inverse the best Z no longer changes, but for its size (data of size 1).
_SMALLEST_REG = 1e-12
#: The factor of μ from one point of the path to the next.
_FASTER = 0.1
#: So many steps in a row that close less than this share of the gap end the search.
_STUCK, _CLOSED = 25, 1e-3
#: A point is near enough to the path to go on if a step promises a decrease of so many μ.
_NEAR = 1.0
_FIRST_ROOT, _FIRST_MU = 0.3, 1e-12
#: Nominal seconds of a step, for each row and entry of the moment, and of its equations.
_A_STEP, _A_ROW, _A_PRODUCT = 2e-3, 1e-8, 1e-10
#: Columns whose spread is below this share of the largest are not stretched further.
_FLOOR = 1e-8


def shor_point(
    problem: TrainingProblem,
    budget: Budget,
    progress: Callable[[float], None] | None = None,
) -> DualPoint:
    """A good dual point for the level shor.

    Parameters
    ----------
    problem : TrainingProblem
    budget : Budget
        Where it is over the search ends with the point reached, the first at least.
    progress : callable or None
        Called now and then with the bound of the point reached (in float arithmetic, not proved).

    Returns
    -------
    DualPoint
        With products a_i·b_i only.
    """
    chunks = LocalChunks.of(problem.features, problem.Y)
    return shor_point_of_chunks(chunks, problem.reg, budget, progress)


def shor_point_of_chunks(
    chunks: Chunks,
    reg: float,
    budget: Budget,
    progress: Callable[[float], None] | None = None,
) -> DualPoint:
    """The same for data in chunks, wherever they are; memory here is n·(c + 3) numbers.

    Parameters are those of `shor_point`, with `chunks` and `reg` in place of the problem.
    """
    extents = list(chunks.each(extent))
    x_scale = max(x for x, _, _ in extents) or 1.0
    y_scale = max(y for _, y, _ in extents) or 1.0
    c = extents[0][2][2]
    square, counts = chunks.total(spread, x_scale, y_scale)
    seen, used, lost = counts.tolist()
    true_reg = reg / (x_scale * y_scale)
    clipped = min(max(true_reg, _SMALLEST_REG), 1.0 / _SMALLEST_REG)
    if used > 0.0:

        def report(value: float) -> None:
            if progress is not None:
                progress((value * min(true_reg / clipped, 1.0) + 0.5 * lost) * y_scale**2)

        coordinates, metric = _coordinates(square / seen, x_scale, y_scale)
        best = _solve(chunks, coordinates, metric, c, clipped, seen, budget, report)
        parts = list(chunks.each(response_of, coordinates, best.W, best.row_mu))
        Z, t = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
        t /= x_scale
    else:
        Z = np.concatenate(list(chunks.each(_targets)))
        t = np.zeros(Z.shape[0])
    zero = np.concatenate(list(chunks.each(_zero_rows)))
    # A zero row has a_i = 0: its Z is Y, and a large t makes its share of ½λ_max negligible.
    size = np.linalg.norm(Z[zero], axis=1)
    t[zero] = size * float(np.sum(size)) / (1e-6 * reg)
    positive = t > 0.0
    smallest = 1e-9 * float(np.min(t[positive])) if np.any(positive) else 1.0
    return DualPoint(Z, Products.vanishing(-np.where(positive, t, smallest)))


@dataclass(frozen=True, eq=False)
class ShorSolution:
    """The level shor solved on plain rows: Z (n×c), t (n), and the moment W of (u, v)."""

    Z: FloatArray
    t: FloatArray
    W: FloatArray


def solve_shor(x: FloatArray, y: FloatArray, reg: float, budget: Budget) -> ShorSolution:
    """Solve the level for rows x, shape (n, r), and y, shape (n, c), of size about 1.

    Parameters
    ----------
    x, y : float64 array
        No row of x is zero, and y has a nonzero entry.
    reg : float
        Brought within 1e-12..1e12, beyond which the solution changes in size alone.
    budget : Budget
    """
    clipped = min(max(reg, _SMALLEST_REG), 1.0 / _SMALLEST_REG)
    chunks = LocalChunks.of(x, y)
    coordinates, metric = _coordinates(x.T @ x / x.shape[0], 1.0, 1.0)
    best = _solve(
        chunks, coordinates, metric, y.shape[1], clipped, len(x), budget, lambda bound: None
    )
    parts = list(chunks.each(response_of, coordinates, best.W, best.row_mu))
    Z, t = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    back = scipy.linalg.block_diag(coordinates.to_u, np.eye(y.shape[1]))
    return ShorSolution(Z, t, back @ best.W @ back.T)


def _targets(chunk: Chunk) -> FloatArray:
    return chunk.rows()[1]


def _zero_rows(chunk: Chunk) -> NDArray[np.bool_]:
    zero: NDArray[np.bool_] = np.logical_not(chunk.rows()[0].any(axis=1))
    return zero


def _coordinates(
    covariance: FloatArray, x_scale: float, y_scale: float
) -> tuple[Coordinates, FloatArray]:
    """Coordinates in which the rows look alike in all directions of their span (Theorem 6(b)).

    Also the diagonal of M, what the identity over u is there.
    """
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-15 * values[-1]
    stretch = 1.0 / np.sqrt(np.maximum(values[kept], _FLOOR * values[-1]))
    return Coordinates(vectors[:, kept] * stretch / x_scale, y_scale), stretch**2


@dataclass(frozen=True, eq=False)
class _Point:
    """A W with the value of the function there, its gradient, a bound, and one from above.

    `mu` is the weight of log det W, `row_mu` that of the logarithm of each t.
    """

    W: FloatArray
    root: FloatArray
    mu: float
    value: float
    slack: FloatArray
    bound: float
    above: float
    row_mu: float


class _Objective:
    """reg·⟨M, W⟩ + Σφ(W), to be minimised over W ⪰ 0 with −μ log det W added.

    `count` is the number of rows, of `reg` too that of the problem is for more of them.
    """

    def __init__(
        self,
        chunks: Chunks,
        coordinates: Coordinates,
        metric: FloatArray,
        c: int,
        reg: float,
        count: float,
    ) -> None:
        self._chunks, self._coordinates = chunks, coordinates
        self._metric = np.concatenate([metric, np.ones(c)])
        self.reg, self.count, self.order = reg, count, self._metric.size
        # Found by trial between none and all.
        self.share = min(self.order / count, 1.0)

    def at(self, root: FloatArray, mu: float) -> _Point:
        """The point W = root·rootᵀ."""
        W = root @ root.T
        gram, sums = self._chunks.total(first_order, self._coordinates, W, self.share * mu)
        share, plain, product, square = sums.tolist()
        slack = self.reg * np.diag(self._metric) - gram
        trace = self.reg * float(np.dot(self._metric, np.diagonal(W)))
        unit = np.sqrt(self._metric)
        kappa = float(np.linalg.eigvalsh(gram / unit[:, None] / unit[None, :])[-1])
        scale = best_scale(product, square, self.reg / kappa) if kappa > 0.0 else 0.0
        bound = scale * product - 0.5 * scale**2 * square
        # Each maximum without its logarithm is at most μ above the value where it is with it.
        above = trace + plain + mu * self.share * self.count
        return _Point(W, root, mu, trace + share, slack, bound, above, self.share * mu)

    def curvature(self, root: FloatArray, mu: float, packing: Packing) -> FloatArray:
        """The second derivative along root·D·rootᵀ, over packed D."""
        W = root @ root.T
        weighted, total = self._chunks.total(
            second_order, self._coordinates, W, self.share * mu, root
        )
        d = self.order - weighted.shape[0]
        _, vectors = np.linalg.eigh(W[d:, d:])
        curvature: FloatArray = total + packing.kroneckers(vectors.T @ root[d:], weighted)
        return curvature


def _solve(
    chunks: Chunks,
    coordinates: Coordinates,
    metric: FloatArray,
    c: int,
    reg: float,
    count: float,
    budget: Budget,
    progress: Callable[[float], None],
) -> _Point:
    """The best point, found on samples first; `count` is the number of rows that are not zero."""
    root, gap = _FIRST_ROOT * np.eye(metric.size + c), 1.0
    if count > _SAMPLE:
        sample, drawn = _sample(chunks, _SAMPLE / count)
        few = _Objective(sample, coordinates, metric, c, reg * drawn / count, drawn)
        root = _descend(few, root, (gap, _SAMPLE_GAP), budget, lambda bound: None).root
        gap = 2.0 * _SAMPLE_GAP
    whole = _Objective(chunks, coordinates, metric, c, reg, count)
    return _descend(whole, root, (gap, _TOLERANCE), budget, progress)


def _sample(chunks: Chunks, share: float) -> tuple[LocalChunks, int]:
    """A share of the rows, and how many of them are not zero."""
    x, y = sample_of(chunks, share)
    return LocalChunks.of(x, y), int(np.sum(x.any(axis=1)))


def _descend(
    objective: _Objective,
    root: FloatArray,
    gaps: tuple[float, float],
    budget: Budget,
    progress: Callable[[float], None],
) -> _Point:
    """Follow the path from one relative gap to another; the point of the best bound.

    A step is Newton's, with the scaling of Nesterov and Todd in place of the second derivative of
    log det W.
    """
    order = objective.order
    packing = Packing(order)
    degree = objective.share * objective.count + order
    mu = gaps[0] * abs(objective.at(root, _FIRST_MU).above) / degree
    point = best = objective.at(root, mu)
    stuck, above = 0, point.above
    took = cost = _A_STEP + _A_ROW * objective.count * order * order + _A_PRODUCT * packing.size**3
    for _ in range(_STEPS):
        if not budget.affords(took):
            break
        began = budget.now
        budget.spend(cost)
        slack = point.root.T @ point.slack @ point.root
        own, vectors = np.linalg.eigh(slack)
        own = np.maximum(own, mu)
        hessian = objective.curvature(point.root, mu, packing)
        hessian += packing.kronecker((vectors * np.sqrt(own)) @ vectors.T)
        gradient = packing.packed(slack - mu * np.eye(order))
        step = -np.asarray(scipy.linalg.solve(hessian, gradient, assume_a="pos"))
        slope = float(gradient @ step)
        at = partial(objective.at, mu=point.mu)
        reached = lowered(at, point, packing.unpacked(step), point.mu, slope)
        if reached is None:  # floats are not enough for a further step
            break
        point = reached
        if point.bound > best.bound:
            best = point
        progress(best.bound)
        stuck = stuck + 1 if point.above > above - _CLOSED * (above - best.bound) else 0
        above = min(above, point.above)
        if stuck >= _STUCK:
            break
        took = budget.now - began
        if point.above - best.bound <= gaps[1] * point.above:
            break
        if -slope < _NEAR * mu:
            mu = max(_FASTER * mu, 0.5 * gaps[1] * point.above / degree)
            point = objective.at(point.root, mu)
    return best
