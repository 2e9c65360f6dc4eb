"""What the network's outputs are fitted to: the loss's side of the Newton equations.

A dual point ζ is the slope of the loss, turned round. Where it has limits (Theorem 39) each has a
multiplier, and ζ is kept within them; for logarithms ζ is what belongs to the outputs, always.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.dual_bound import value_of_multiple
from certnn.problem.losses import HALF_SQUARED, Logistic, Loss, Softmax

#: The largest curvature of the conjugate: where a logarithm has it floats see no slope.
_LARGEST = 1e12
#: Share of a row's sum that each of its entries keeps, and how often rows and columns are scaled.
_KEPT, _SWEEPS = 1e-9, 100


@dataclass(frozen=True, eq=False)
class Fits:
    """How the points of a batch are met: with lengths times E[ρ a] and, past k of them, E[ρ b].

    Attributes
    ----------
    lengths : float64 array, shape (g, k) or (g, 2k)
    ones : float64 array, shape as lengths
        So many times the output bias is added.
    targets : float64 array, shape (g, k, c) or (g, 2k, c)
    """

    lengths: FloatArray
    ones: FloatArray
    targets: FloatArray

    def of_bias(self, values: FloatArray) -> FloatArray:
        """⟨values, outputs⟩ as a function of the output bias: shape (g, fits, c) to (c,)."""
        return np.asarray(np.einsum("gf,gfc->c", self.ones, values))


@dataclass(frozen=True, eq=False)
class FitPoint:
    """The dual point of a batch, and multipliers of its limits.

    Attributes
    ----------
    zeta, below, above : float64 arrays, shape (g, fits, c')
        The multipliers are zero where there is no limit.
    """

    zeta: FloatArray
    below: FloatArray
    above: FloatArray

    def plus(self, step: float, other: FitPoint) -> FitPoint:
        """self + step·other."""
        return FitPoint(
            self.zeta + step * other.zeta,
            self.below + step * other.below,
            self.above + step * other.above,
        )


@dataclass(frozen=True, eq=False)
class OutputLoss:
    """A loss of c outputs, seen through c' coordinates of them.

    Attributes
    ----------
    loss : Loss
    outputs : int
        c.
    centred : bool
        Whether a shift of all outputs does not count: there is one coordinate fewer then, and the
        targets' rows sum to zero unless the loss itself is such.
    """

    loss: Loss
    outputs: int
    centred: bool

    @cached_property
    def turn(self) -> FloatArray:
        """Orthonormal coordinates, shape (c, c')."""
        if not self.centred:
            return np.eye(self.outputs)
        centred = np.eye(self.outputs) - 1.0 / self.outputs
        return np.asarray(np.linalg.svd(centred)[0][:, : self.outputs - 1])

    @property
    def by_outputs(self) -> bool:
        """Whether the dual point is what belongs to the outputs."""
        return isinstance(self.loss, Logistic | Softmax)

    def value(self, fits: Fits, outputs: FloatArray) -> float:
        """The loss of outputs, shape (g, fits, c')."""
        return self.loss.value(self._rows(outputs @ self.turn.T), self._rows(fits.targets))

    def seen_targets(self, fits: Fits) -> FloatArray:
        """The targets in the coordinates, shape (g, fits, c')."""
        return fits.targets @ self.turn

    def _rows(self, of_groups: FloatArray) -> FloatArray:
        """As the loss takes them, shape (points, c)."""
        return of_groups.reshape(-1, self.outputs)

    def start(self, fits: list[Fits], outputs: list[FloatArray], centring: float) -> list[FitPoint]:
        """Points inside the limits that belong to the outputs, about."""
        pairs = list(zip(fits, outputs, strict=True))
        if self.by_outputs:
            return [self.moved(one, f, None) for one, f in pairs]
        if self.loss == HALF_SQUARED:
            zetas = [self.seen_targets(one) - f for one, f in pairs]
        else:
            zetas = self._split(
                self.loss.start(self._whole([one.targets for one in fits])), outputs
            )
        points = []
        for one, zeta in zip(fits, zetas, strict=True):
            below, above = self.rooms(one, zeta)
            points.append(FitPoint(zeta, centring / below, centring / above))
        return points

    def _whole(self, parts: list[FloatArray]) -> FloatArray:
        """All points of all batches, shape (points, c)."""
        return np.concatenate([self._rows(part) for part in parts])

    def _split(self, whole: FloatArray, like: list[FloatArray]) -> list[FloatArray]:
        ends = np.cumsum([part[..., 0].size for part in like])[:-1]
        pieces = zip(np.split(whole, ends), like, strict=True)
        return [piece.reshape(*part.shape[:2], self.outputs) for piece, part in pieces]

    def moved(self, fits: Fits, outputs: FloatArray, point: FitPoint | None) -> FitPoint:
        """The point itself, or where it is by the outputs, what belongs to them."""
        if point is not None and not self.by_outputs:
            return point
        slope = self.loss.gradient(self._rows(outputs @ self.turn.T), self._rows(fits.targets))
        zeta = -slope.reshape(fits.targets.shape) @ self.turn
        return FitPoint(zeta, np.zeros_like(zeta), np.zeros_like(zeta))

    def limits(self, fits: Fits) -> tuple[FloatArray, FloatArray]:
        """The limits that have multipliers, shape (g, fits, c')."""
        if self.by_outputs or self.loss == HALF_SQUARED:
            none = np.full((*fits.targets.shape[:2], self.turn.shape[1]), np.inf)
            return -none, none
        return self.loss.limits(fits.targets)

    def rooms(self, fits: Fits, zeta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How far ζ is from the limits."""
        low, high = self.limits(fits)
        return zeta - low, high - zeta

    def weights(self, fits: Fits, point: FitPoint) -> FloatArray:
        """What the limits add to the curvature."""
        below, above = self.rooms(fits, point.zeta)
        return np.asarray(point.below / below + point.above / above)

    def curvature(self, fits: Fits, point: FitPoint) -> FloatArray:
        """Of the conjugate and the limits, shape (g, fits, c', c')."""
        zeta = point.zeta @ self.turn.T
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            bent = self.loss.dual_curvature(self._rows(zeta), self._rows(fits.targets))
        bent = np.where(np.isfinite(bent) & (bent < _LARGEST), bent, _LARGEST).reshape(zeta.shape)
        turned = np.einsum("gfo,oa,ob->gfab", bent, self.turn, self.turn)
        place = np.arange(self.turn.shape[1])
        turned[..., place, place] += self.weights(fits, point)
        return np.asarray(turned)

    def right(
        self,
        fits: Fits,
        point: FitPoint,
        outputs: FloatArray,
        curvature: FloatArray,
        centring: float,
        before: FitPoint,
    ) -> FloatArray:
        """What curvature·(ζ + its step) and the outputs' step add up to."""
        if self.by_outputs:
            return np.asarray(np.einsum("gfab,gfb->gfa", curvature, point.zeta))
        below, above = self.rooms(fits, point.zeta)
        toward = (centring * np.isfinite(below) - before.below * before.zeta) / below
        toward -= (centring * np.isfinite(above) + before.above * before.zeta) / above
        own = self.weights(fits, point) * point.zeta
        return self.seen_targets(fits) - outputs + toward + own

    def change(
        self, fits: Fits, point: FitPoint, zeta: FloatArray, centring: float, before: FitPoint
    ) -> FitPoint:
        """The step to a new ζ."""
        step = zeta - point.zeta
        below, above = self.rooms(fits, point.zeta)
        of_below = centring * np.isfinite(below) - before.below * before.zeta - point.below * step
        of_above = centring * np.isfinite(above) + before.above * before.zeta + point.above * step
        return FitPoint(step, of_below / below - point.below, of_above / above - point.above)

    def gap(self, fits: Fits, point: FitPoint) -> float:
        """The sum of limits' rooms times multipliers."""
        rooms = self.rooms(fits, point.zeta)
        return sum(
            float(np.sum(np.where(np.isfinite(room), room, 0.0) * own))
            for room, own in zip(rooms, (point.below, point.above), strict=True)
        )

    def degree(self, fits: Fits) -> int:
        """How many limits there are."""
        return sum(int(np.count_nonzero(np.isfinite(limit))) for limit in self.limits(fits))

    def reach(self, fits: Fits, point: FitPoint, change: FitPoint) -> float:
        """How far one may go along a step."""
        below, above = self.rooms(fits, point.zeta)
        least = [0.0]
        for own, step in (
            (below, change.zeta),
            (above, -change.zeta),
            (point.below, change.below),
            (point.above, change.above),
        ):
            used = np.isfinite(own) & (own > 0.0)
            least.append(float(np.min(step[used] / own[used], initial=0.0)))
        return -1.0 / min(least) if min(least) < 0.0 else np.inf

    def feasible(
        self, fits: list[Fits], zetas: list[FloatArray], balanced: bool
    ) -> list[FloatArray]:
        """Dual points in all c outputs, within limits and of sum zero where it is needed, about."""
        full = [zeta @ self.turn.T for zeta in zetas]
        if not balanced:
            return full
        if self.loss.sums_to_zero:
            return self._shared_out(fits, full)
        if self.loss == HALF_SQUARED:
            square = sum(float(np.sum(one.ones**2)) for one in fits)
            excess = _of_bias(fits, full) / square
            return [z - one.ones[..., None] * excess for one, z in zip(fits, full, strict=True)]
        excess, rooms = _of_bias(fits, full), []
        for one, z in zip(fits, full, strict=True):
            low, high = self.loss.limits(one.targets)
            rooms.append(np.minimum(np.where(excess > 0.0, z - low, high - z), 1.0 + np.abs(z)))
        whole = _of_bias(fits, rooms)
        share = excess / np.where(whole > 0.0, whole, 1.0)
        return [z - share * room for z, room in zip(full, rooms, strict=True)]

    def _shared_out(self, fits: list[Fits], full: list[FloatArray]) -> list[FloatArray]:
        """Y − Q, with Q ≥ 0 scaled until its rows and columns sum to those of Y."""
        targets = self._whole([one.targets for one in fits])
        Q = targets - self._whole(full)
        Q = np.maximum(Q, _KEPT * np.sum(targets, axis=1, keepdims=True))
        for _ in range(_SWEEPS):
            Q *= np.sum(targets, axis=0) / np.sum(Q, axis=0)
            Q *= np.sum(targets, axis=1, keepdims=True) / np.sum(Q, axis=1, keepdims=True)
        return self._split(targets - Q, full)

    def best_value(
        self, fits: list[Fits], zetas: list[FloatArray], largest: float, decay: float | None
    ) -> float:
        """What the best multiple of a dual point, at most `largest`, proves."""
        bias = float(np.sum(_of_bias(fits, zetas) ** 2)) / decay if decay else 0.0
        targets = self._whole([one.targets for one in fits])
        return value_of_multiple(self.loss, self._whole(zetas), targets, bias, largest)


def _of_bias(fits: list[Fits], zetas: list[FloatArray]) -> FloatArray:
    return np.asarray(sum(one.of_bias(z) for one, z in zip(fits, zetas, strict=True)))
