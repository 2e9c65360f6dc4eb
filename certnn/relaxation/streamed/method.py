"""Lifts with products of each point alone: from moments to dual points, one after another.

Given the moments of the lifts every point is answered for by itself (`responses`), so that what is
left is a convex function of moments of order d + 1, however many points there are:

    Σφ(M) + Σ_ℓ height_ℓ·M_ρρ   over M ⪰ 0 with tr M_uu = M_ρρ.

`path` minimises it. The residuals and the ends of the intervals are a dual point at every step,
whose least heights prove a bound (Theorems 48 and 49). Where there are very many points the path is
followed on a sample first, which has the second derivatives too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds
from certnn.certificates.regions_point import RegionsPoint
from certnn.relaxation.interior.lifts.cost import RunCost
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor.chunks import Chunks, LocalChunks, extent, sample_of
from certnn.relaxation.streamed.dual_point import regions_point
from certnn.relaxation.streamed.path import SMOOTHEST, Objective, Point, follow
from certnn.relaxation.streamed.responses import Moments

_TOLERANCE = 1e-3
#: The gap where the path begins, at most, and the share of a point's own where it begins there.
_FIRST_GAP, _HALVED = 0.3, 0.5
#: Quarters of M_ρρ that are tried to begin with.
_QUARTERS = 100
#: Beyond this and its inverse the best Z no longer changes, but for its size (data of size 1).
_SMALLEST_REG = 1e-12
#: Steps over all points that are worth a run, about: there is a bound from the first one on.
STREAMED_STEPS = 12
#: With more points than this the search begins on a sample of so many of them, until this relative
#: gap, and takes second derivatives from there. It is smaller where their products are more than
#: this, though not below a share.
_SAMPLE, _SAMPLE_GAP = 20_000, 1e-2
_SAMPLE_PRODUCTS, _SAMPLE_SHARE = 2e10, 0.2
#: A dual point is handed out when the bound has risen by this share.
_RISE = 1e-3
#: Nominal seconds of a step: for each entry of moments and point, and of what is solved.
_A_NUMBER, _A_PRODUCT = 1e-9, 3e-11
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
        self._points, self._columns = sum(n for *_, (n, _, _) in extents), extents[0][2][1]
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
        sample = min(points, _sample_size(unknowns))
        step += _A_PRODUCT * (unknowns**3 / 3.0 + sample * outputs * unknowns**2)
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
        whole = Objective(self._chunks, self._heights, self._points)
        few, share = whole, 1.0
        size = _sample_size(len(self._directions) * self._packing.size)
        if self._points > size:
            share = size / self._points
            x, y = sample_of(self._chunks, share)
            share = len(x) / self._points
            few = Objective(LocalChunks.of(x, y), share * self._heights, len(x))
        start = self._start(few)
        first, handed, units = 1.0, 0.0, self._units
        curved, budget, cost = [whole], self._budget, self._cost.step
        if share < 1.0:
            for point, _ in follow(few, few, start, (_FIRST_GAP, _SAMPLE_GAP), budget, cost):
                start = point
            start = whole.at(start.root, start.moments)
            handed, first = start.bound, 1.0 - start.bound / start.value
            yield StreamedIterate(units * handed, first, self, start.moments)
            # Where few points have a residual a sample may have too few of these.
            curved.insert(0, few)
        for like in curved:
            gaps = min(max(_HALVED * first, _SAMPLE_GAP), _FIRST_GAP), _TOLERANCE
            for point, gap in follow(whole, like, start, gaps, budget, cost):
                start, first = point, gap
                if point.bound > (1.0 + _RISE) * handed or gap <= _TOLERANCE:
                    handed = point.bound
                    yield StreamedIterate(units * point.bound, gap, self, point.moments)
            if first <= _TOLERANCE:
                break

    def _start(self, few: Objective) -> Point:
        """Moments of u without a direction, halved twice as long as that lowers the function."""
        order, lifts = self._columns + 1, len(self._directions)
        scales = self._x_scale, self._y_scale
        none = Moments(np.zeros((lifts, order, order)), self._directions, 1.0, *scales)
        mass = self._points / float(np.sum(self._heights))
        shape = np.diag(np.sqrt(np.append(1.0, np.full(order - 1, 1.0 / (order - 1)))))
        best: Point | None = None
        for _ in range(_QUARTERS):
            roots = np.broadcast_to(np.sqrt(mass) * shape, none.corners.shape).copy()
            point = few.at(roots, replace(none, smoothing=SMOOTHEST * min(mass, 1.0)))
            if best is not None and point.value >= best.value:
                break
            best, mass = point, 0.25 * mass
        assert best is not None
        return best


def _sample_size(unknowns: int) -> float:
    """Of points, where the moments have so many entries."""
    return min(_SAMPLE, max(_SAMPLE_PRODUCTS / unknowns**2, _SAMPLE_SHARE * _SAMPLE))
