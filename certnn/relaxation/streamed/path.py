"""The path of −μ log det M through the moments of streamed lifts, by Newton's method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.sphere import least_height
from certnn.problem.dual_bound import best_scale
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor.chunks import Chunks
from certnn.relaxation.shor.line_search import lowered
from certnn.relaxation.streamed.responses import Moments
from certnn.relaxation.streamed.sums import first_order, second_order

_STEPS = 100
#: The factor of μ from one point of the path to the next.
_FASTER = 0.2
#: The path ends where μ costs this share of the relative gap that is asked for.
_LAST = 0.3
#: A point is near enough to the path to go on if a step promises a decrease of so many μ, and the
#: last one to end.
_NEAR, _DONE = 1.0, 0.01
#: What smoothing may cost, in units of what μ does; and ν beside M_ρρ and the targets, at most.
_SMOOTHED, SMOOTHEST = 3.0, 0.01
#: Added to the diagonal of the equations, as a share of its mean.
_SHIFT = 1e-13
#: So many steps in a row for the same μ without a better bound than by this share of the gap end
#: the search.
_STUCK, _CLOSED = 20, 0.02


@dataclass(frozen=True, eq=False)
class Point:
    """Moments GGᵀ, the function's value there, and the bound that the dual point proves.

    `slack` has, of each lift, the matrix that is to be semidefinite, with the multiplier of
    ρ² − |u|² that is best for it; `residual` is Σ|σ| over negative σ, of so many points.
    """

    root: FloatArray
    moments: Moments
    value: float
    gradient: FloatArray
    slack: FloatArray
    bound: float
    residual: float
    points: int

    @property
    def smoothed(self) -> float:
        """What smoothing may have taken from the value."""
        nu = self.moments.smoothing
        return nu * (self.residual + 0.5 * nu * self.points)


@dataclass(frozen=True, eq=False)
class Objective:
    """The function for some chunks: all of them, or a sample whose heights are smaller."""

    chunks: Chunks
    heights: FloatArray
    points: int

    def at(self, roots: FloatArray, like: Moments) -> Point:
        """The point of these roots, with the smoothing of other moments."""
        moments = replace(like, corners=np.matmul(roots, roots.swapaxes(-1, -2)))
        matrices, sums = self.chunks.total(first_order, moments)
        half, product, square, residual = sums.tolist()
        value = half + float(self.heights @ moments.corners[:, 0, 0])
        gradient = -matrices
        gradient[:, 0, 0] += self.heights
        solved = [least_height(matrix, None) for matrix in matrices]
        slack = gradient - np.array([mu for _, mu in solved])[:, None, None] * ball(moments.order)
        excess = max(h / height for (h, _), height in zip(solved, self.heights, strict=True))
        scale = best_scale(product, square, 1.0 / excess) if excess > 0.0 else 0.0
        bound = float(scale * product - 0.5 * scale**2 * square)
        return Point(roots, moments, value, gradient, slack, bound, residual, self.points)


def follow(
    objective: Objective,
    curved: Objective,
    start: Point,
    gaps: tuple[float, float],
    budget: Budget,
    cost: float,
) -> Iterator[tuple[Point, float]]:
    """The best point after each step, and its gap to the function's value, as a share of it.

    Parameters
    ----------
    objective, curved : Objective
        Second derivatives are a multiple of those of the other one, which may be of fewer points.
    start : Point
        Of the objective.
    gaps : (float, float)
        Relative gaps where the path begins and ends, about.
    budget : Budget
        Where it is over no step is begun.
    cost : float
        Nominal seconds of a step.
    """
    degree = float(start.root.shape[0] * start.root.shape[1])
    mu = gaps[0] * start.value / degree
    point = _smoothed(objective, start, mu)
    best, took, stuck, least = point, 0.0, 0, np.inf
    for _ in range(_STEPS):
        if not budget.affords(took):
            return
        began = budget.now
        budget.spend(cost)
        found = _step(objective, curved, point, mu)
        if found is None:
            return
        point, slope = found
        took = budget.now - began
        least = min(least, point.value + point.smoothed)
        closed = _CLOSED * (least - best.bound)
        stuck = 0 if point.bound > best.bound + closed else stuck + 1
        if point.bound > best.bound:
            best = point
        gap = (least - best.bound) / least
        yield best, gap
        if gap <= gaps[1] or stuck >= _STUCK:
            return
        if -slope < _NEAR * mu:
            last = _LAST * gaps[1] * point.value / degree
            if mu <= last and -slope < _DONE * mu:
                return
            mu = max(_FASTER * mu, last)
            point, stuck = _smoothed(objective, point, mu), 0


def _smoothed(objective: Objective, point: Point, mu: float) -> Point:
    """The point where smoothing costs about as much as it may beside μ."""
    most = SMOOTHEST * min(float(np.mean(point.moments.corners[:, 0, 0])), 1.0)
    degree = point.root.shape[0] * point.root.shape[1]
    nu = min(_SMOOTHED * mu * degree / max(point.residual, np.finfo(float).tiny), most)
    return objective.at(point.root, replace(point.moments, smoothing=nu))


def _step(
    objective: Objective, curved: Objective, point: Point, mu: float
) -> tuple[Point, float] | None:
    """A point that is lower, and the slope of the step to it; None if floats allow none."""
    roots, order = point.root, point.moments.order
    turned, packing = roots.swapaxes(-1, -2), Packing(order)
    (hessian,) = curved.chunks.total(second_order, point.moments, roots)
    hessian *= objective.points / curved.points
    gradients = np.matmul(turned, np.matmul(point.gradient, roots)) - mu * np.eye(order)
    balls = np.matmul(turned, np.matmul(ball(order), roots))
    sides = np.zeros((len(hessian), 1 + len(roots)))
    for lift, slack in enumerate(np.matmul(turned, np.matmul(point.slack, roots))):
        own = slice(lift * packing.size, (lift + 1) * packing.size)
        values, vectors = np.linalg.eigh(slack)
        root = (vectors * np.sqrt(np.maximum(values, mu))) @ vectors.T
        hessian[own, own] += packing.kronecker(root)
        sides[own, 0] = packing.packed(gradients[lift])
        sides[own, 1 + lift] = packing.packed(balls[lift])
    hessian[np.diag_indices_from(hessian)] += _SHIFT * np.trace(hessian) / len(hessian)
    factor = scipy.linalg.cho_factor(hessian, overwrite_a=True)
    solved = scipy.linalg.cho_solve(factor, sides)
    inner = sides[:, 1:].T @ solved
    step = solved[:, 1:] @ np.linalg.solve(inner[:, 1:], inner[:, 0]) - solved[:, 0]
    slope = float(sides[:, 0] @ step)
    changes = np.stack([packing.unpacked(own) for own in np.split(step, len(roots))])
    at = partial(objective.at, like=point.moments)
    reached = lowered(at, point, changes, mu, slope)
    return None if reached is None else (reached, slope)


def ball(order: int) -> FloatArray:
    """The form ρ² − |u|²."""
    return np.diag(np.append(1.0, np.full(order - 1, -1.0)))
