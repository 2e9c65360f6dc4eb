"""Lifts with products of each point alone: from moments to dual points, one after another.

Given the moments of the lifts every point is answered for by itself (`responses`), so that what is
left is a convex function of moments of order d + 1, however many points there are:

    Σφ(M) + Σ_ℓ height_ℓ·M_ρρ   over M ⪰ 0 with tr M_uu = M_ρρ.

A Newton method follows the path of −μ log det M. The residuals and the ends of the intervals are a
dual point at every step, whose least heights prove a bound (Theorems 48 and 49). Where there are
very many points the path is followed on a sample first, which has the second derivatives too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds
from certnn.certificates.regions_point import RegionsPoint
from certnn.certificates.sphere import least_height
from certnn.problem.dual_bound import best_scale
from certnn.relaxation.interior.lifts.cost import RunCost
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor.chunks import Chunks, LocalChunks, sampled
from certnn.relaxation.streamed.dual_point import regions_point
from certnn.relaxation.streamed.responses import Moments
from certnn.relaxation.streamed.sums import extent, first_order, second_order

_STEPS, _TOLERANCE = 100, 1e-3
#: Beyond this and its inverse the best Z no longer changes, but for its size (data of size 1).
_SMALLEST_REG = 1e-12
#: Steps over all points that are worth a run, about: there is a bound from the first one on.
STREAMED_STEPS = 12
#: With more points than this the search begins on a sample of so many of them, until this relative
#: gap, and takes second derivatives from there.
_SAMPLE, _SAMPLE_GAP = 20_000, 1e-2
#: The factor of μ from one point of the path to the next, and of the way to the border.
_FASTER, _BOUNDARY = 0.2, 0.95
#: A point is near enough to the path to go on if a step promises a decrease of so many μ, and the
#: last one to end.
_NEAR, _DONE = 1.0, 0.01
#: A line search asks for this share of the decrease that the slope promises, but for rounding.
_DECREASE, _ROUNDING, _HALVINGS = 1e-3, 1e-13, 20
#: What smoothing may cost, in units of what μ does; and ν beside M_ρρ and the targets, at most.
_SMOOTHED, _SMOOTHEST = 3.0, 0.01
#: The gap where the path begins, at most, the share of a point's own where it begins there, and the
#: share of the least that it ends with.
_FIRST_GAP, _HALVED, _LAST = 0.3, 0.5, 0.3
#: Added to the diagonal of the equations, as a share of its mean.
_SHIFT = 1e-13
#: A dual point is handed out when the bound has risen by this share.
_RISE = 1e-3
#: So many steps in a row for the same μ without a better bound than by this share of the gap end
#: the search.
_STUCK, _CLOSED = 20, 0.02
#: Nominal seconds of a step: for each entry of moments and point, and of what is solved.
_A_NUMBER, _A_PRODUCT = 3e-9, 3e-11
#: Sums over all points in a step, about.
_SUMS = 2.0
#: Nominal seconds of certifying a number of a lift.
_A_PROOF = 1e-5


@dataclass(frozen=True, eq=False)
class StreamedIterate:
    """A dual point.

    Attributes
    ----------
    bound : float
        What it should prove, in the units of the original.
    gap : float
        To the function's value, as a share of it.
    """

    bound: float
    gap: float
    _lifts: StreamedLifts
    _moments: Moments

    @cached_property
    def point(self) -> RegionsPoint:
        """For the rows of the problem."""
        return self._lifts.dual_point(self._moments)


@dataclass(frozen=True, eq=False)
class _Point:
    """Moments GGᵀ, the function's value there, and the bound that the dual point proves.

    `slack` has, of each lift, the matrix that is to be semidefinite, with the multiplier of
    ρ² − |u|² that is best for it; `residual` is Σ|σ| over negative σ, of so many points.
    """

    roots: FloatArray
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
class _Objective:
    """The function for some chunks: all of them, or a sample whose heights are smaller."""

    chunks: Chunks
    heights: FloatArray
    points: int

    def at(self, roots: FloatArray, like: Moments) -> _Point:
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
        return _Point(roots, moments, value, gradient, slack, bound, residual, self.points)


class StreamedLifts:
    """Lifts for the directions of a cover, with products of each point alone.

    Parameters
    ----------
    chunks : Chunks
        The features and targets, wherever they are: of the half-squared loss, without output bias
        and free biases.
    reg : float
    of : Cover
        Of the outputs.
    budget : Budget
        Where it is over no step is begun.
    """

    def __init__(self, chunks: Chunks, reg: float, of: Cover, budget: Budget) -> None:
        self._chunks, self._cover, self._budget = chunks, of, budget
        extents = list(chunks.each(extent))
        self._x_scale = max(x for x, _, _ in extents) or 1.0
        self._y_scale = max(y for _, y, _ in extents) or 1.0
        self._points, self._columns = sum(n for *_, (n, _) in extents), extents[0][2][1]
        lengths = np.linalg.norm(of.rays, axis=1)
        self._directions = of.rays / lengths[:, None]
        own = reg / (self._x_scale * self._y_scale)
        clipped = min(max(own, _SMALLEST_REG), 1.0 / _SMALLEST_REG)
        self._heights = clipped * bounds(of, 1.0, Budget()) / lengths
        self._units = self._y_scale**2 * min(own / clipped, 1.0)
        self._packing = Packing(self._columns + 1)
        self._cost = self.cost(self._points, self._columns, of)

    @staticmethod
    def cost(points: int, columns: int, of: Cover) -> RunCost:
        """For so many points and columns, and the directions of a cover."""
        lifts, order = len(of.rays), columns + 1
        unknowns = lifts * order * (order + 1) // 2
        outputs = of.rays.shape[1]
        step = _A_NUMBER * _SUMS * points * lifts * order**2
        step += _A_PRODUCT * (unknowns**3 / 3.0 + min(points, _SAMPLE) * outputs * unknowns**2)
        return RunCost(
            step=step,
            proof=_A_PROOF * points * lifts * order,
            memory=8.0 * (points * lifts * order + 4.0 * unknowns**2),
        )

    def points(self) -> Iterator[StreamedIterate]:
        """Dual points, each of a higher bound than the one before."""
        try:
            yield from self._points_of_path()
        except (np.linalg.LinAlgError, FloatingPointError):
            return

    def dual_point(self, moments: Moments) -> RegionsPoint:
        """What the points answer to these moments."""
        return regions_point(self._chunks, self._cover, moments, self._units / self._y_scale)

    def _points_of_path(self) -> Iterator[StreamedIterate]:
        whole = _Objective(self._chunks, self._heights, self._points)
        few, share = whole, 1.0
        if self._points > _SAMPLE:
            share = _SAMPLE / self._points
            parts = self._chunks.each(sampled, share)
            x, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
            share = len(x) / self._points
            few = _Objective(LocalChunks.of(x, y), share * self._heights, len(x))
        start = self._start(few)
        first, handed, units = _FIRST_GAP, 0.0, self._units
        curved = [(whole, 1.0)]
        if share < 1.0:
            for point, _ in self._path(few, few, 1.0, start, (first, _SAMPLE_GAP)):
                start = point
            start = whole.at(start.roots, start.moments)
            handed, first = start.bound, 1.0 - start.bound / start.value
            yield StreamedIterate(units * handed, first, self, start.moments)
            # Where few points have a residual a sample may have too few of these.
            curved.insert(0, (few, 1.0 / share))
        for like, multiple in curved:
            gaps = min(max(_HALVED * first, _SAMPLE_GAP), _FIRST_GAP), _TOLERANCE
            for point, gap in self._path(whole, like, multiple, start, gaps):
                start, first = point, gap
                if point.bound > (1.0 + _RISE) * handed or gap <= _TOLERANCE:
                    handed = point.bound
                    yield StreamedIterate(units * point.bound, gap, self, point.moments)
            if first <= _TOLERANCE:
                break

    def _start(self, few: _Objective) -> _Point:
        """Moments of u without a direction, halved twice as long as that lowers the function."""
        order, lifts = self._columns + 1, len(self._directions)
        scales = self._x_scale, self._y_scale
        none = Moments(np.zeros((lifts, order, order)), self._directions, 1.0, *scales)
        mass = self._points / float(np.sum(self._heights))
        shape = np.diag(np.sqrt(np.append(1.0, np.full(order - 1, 1.0 / (order - 1)))))
        best: _Point | None = None
        for _ in range(_STEPS):
            roots = np.broadcast_to(np.sqrt(mass) * shape, none.corners.shape).copy()
            point = few.at(roots, replace(none, smoothing=_SMOOTHEST * min(mass, 1.0)))
            if best is not None and point.value >= best.value:
                break
            best, mass = point, 0.25 * mass
        assert best is not None
        return best

    def _path(
        self,
        objective: _Objective,
        curved: _Objective,
        multiple: float,
        start: _Point,
        gaps: tuple[float, float],
    ) -> Iterator[tuple[_Point, float]]:
        """The best point after each step, and its gap, from one relative gap to another.

        Second derivatives are a multiple of those of the objective `curved`.
        """
        budget, degree = self._budget, float(start.roots.shape[0] * start.roots.shape[1])
        mu = gaps[0] * start.value / degree
        point = self._smoothed(objective, start, mu)
        best, took, stuck, least = point, 0.0, 0, np.inf
        for _ in range(_STEPS):
            if not budget.affords(took):
                return
            began = budget.now
            budget.spend(self._cost.step * (1.0 if objective is not curved else multiple))
            found = self._step(objective, curved, multiple, point, mu)
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
                point, stuck = self._smoothed(objective, point, mu), 0

    def _smoothed(self, objective: _Objective, point: _Point, mu: float) -> _Point:
        """The point where smoothing costs about as much as it may beside μ."""
        most = _SMOOTHEST * min(float(np.mean(point.moments.corners[:, 0, 0])), 1.0)
        degree = point.roots.shape[0] * point.roots.shape[1]
        nu = min(_SMOOTHED * mu * degree / max(point.residual, np.finfo(float).tiny), most)
        return objective.at(point.roots, replace(point.moments, smoothing=nu))

    def _step(
        self, objective: _Objective, curved: _Objective, multiple: float, point: _Point, mu: float
    ) -> tuple[_Point, float] | None:
        """A point that is lower, and the slope of the step to it; None if floats allow none."""
        packing, roots = self._packing, point.roots
        turned = roots.swapaxes(-1, -2)
        (hessian,) = curved.chunks.total(second_order, point.moments, roots)
        hessian *= multiple
        gradients = np.matmul(turned, np.matmul(point.gradient, roots)) - mu * np.eye(self.order)
        balls = np.matmul(turned, np.matmul(ball(self.order), roots))
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
        values, vectors = np.linalg.eigh(
            np.stack([packing.unpacked(own) for own in np.split(step, len(roots))])
        )
        length = min(1.0, _BOUNDARY / max(-float(np.min(values)), _BOUNDARY))
        for _ in range(_HALVINGS):
            stretch = 1.0 + length * values
            there = np.matmul(roots, vectors * np.sqrt(stretch)[:, None, :])
            reached = objective.at(there, point.moments)
            change = reached.value - point.value - mu * float(np.sum(np.log(stretch)))
            if change <= _DECREASE * length * slope + _ROUNDING * abs(point.value):
                return reached, slope
            length *= 0.5
        return None

    @property
    def order(self) -> int:
        """Of the moments of a lift."""
        return self._columns + 1


def ball(order: int) -> FloatArray:
    """The form ρ² − |u|²."""
    return np.diag(np.append(1.0, np.full(order - 1, -1.0)))
