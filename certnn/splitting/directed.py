"""A claim on a dual norm as claims in directions of the outputs: what phases and cells prove."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds, cover

#: Share of the slack that is given up to having few directions, and the least slack; directions
#: that there are already are kept as long as they take no more than so many times as much.
_SPREAD, _LEAST_SLACK, _KEPT = 0.2, 1e-4, 1.75
_CLIMB = 100
#: Sums of rows that count as zero, beside entries up to 1.
_ZERO_SUM = 1e-12
#: Spread of a cover by orthants: two opposite vectors need no more.
_OPPOSITE = 1.5


@dataclass(frozen=True, eq=False)
class DirectedClaim:
    """That wᵀZᵀ(Xu)₊ ≤ h‖u‖ for every ray w of a cover, and hence kappa (Theorem 18).

    Attributes
    ----------
    features : float64 array, shape (n, k)
    Z : float64 array, shape (n, c)
        The Z given, times a power of two, so that its entries are about 1.
    kappa : float
        That of this Z.
    cones : Cover
    bounds : float64 array
        h of each ray.
    """

    features: FloatArray
    Z: FloatArray
    kappa: float
    cones: Cover
    bounds: FloatArray

    def violators(self, means: FloatArray) -> FloatArray:
        """Where the score is above kappa, of the local maxima near the rows of `means`."""
        from certnn.training.climb import climb_all

        starts = np.ascontiguousarray(means[np.any(means != 0.0, axis=1)])
        scores = np.zeros(starts.shape[0])
        climb_all(self.features, self.Z, starts, scores, _CLIMB)
        return starts[scores > self.kappa].T


def _cover(Z: FloatArray, spread: float, budget: Budget) -> Cover:
    """Where the rows sum to zero, one for vectors of sum zero: two of them are opposite."""
    outputs = Z.shape[1]
    sums = np.abs(np.sum(Z, axis=1))
    if outputs == 1 or np.max(sums, initial=0.0) > _ZERO_SUM:
        return cover(outputs, spread, budget)
    return cover(outputs, _OPPOSITE if outputs == 2 else spread, budget).centred()


def spread_for(kappa: float, reg: float) -> float:
    """By how much less than kappa to prove in a direction, as a factor above 1."""
    # Where Z is that of an optimal network its dual norm is reg, so that this is the slack.
    return 1.0 + _SPREAD * max(kappa / reg - 1.0, _LEAST_SLACK)


def directed_claim(
    features: FloatArray,
    Z: FloatArray,
    kappa: float,
    spread: float,
    budget: Budget,
    before: Cover | None = None,
) -> DirectedClaim:
    """The claim that the dual norm of Z is at most kappa, in directions.

    Parameters
    ----------
    features : float64 array, shape (n, k)
    Z : float64 array, shape (n, c)
    kappa : float
        Positive.
    spread : float
        Above 1: in a direction kappa/spread is claimed, or a little more.
    budget : Budget
    before : Cover or None
        Directions to keep as long as they are enough.

    Raises
    ------
    SolverError
        If there would be too many directions, or the budget is over.
    """
    exponent = math.frexp(float(np.max(np.abs(Z), initial=0.0)))[1]
    z, scaled = np.ascontiguousarray(np.ldexp(Z, -exponent)), math.ldexp(kappa, -exponent)
    cones = before
    if cones is None or cones.spread > 1.0 + _KEPT * (spread - 1.0):
        cones = _cover(z, spread, budget)
    heights = bounds(cones, scaled, budget)
    return DirectedClaim(np.ascontiguousarray(features), z, scaled, cones, heights)
