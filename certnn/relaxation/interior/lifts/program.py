"""The joint program of all lifts: its data, its states, and what is linear in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.relaxation.interior.lifts.batch import Blocks, GroupBatch, Moments
from certnn.relaxation.interior.lifts.corner import corner_entries
from certnn.relaxation.interior.lifts.fitting import FitPoint, Fits, OutputLoss


@dataclass(frozen=True, eq=False)
class State:
    """A primal and a dual point inside all cones, of which the dual one may be infeasible.

    Attributes
    ----------
    corner : float64 array, shape (ℓ, q, q)
        M of each lift.
    moments : list of Moments
        Of each batch.
    primal, dual : list of Blocks
        What is in the cones, and its multipliers.
    rooms, mu : float64 arrays, shape (ℓ, t)
        `JointProgram.rooms` of M, which are not negative, and their multipliers.
    fitted : list of FitPoint
        Of each batch, and of the points that no network changes.
    bias : float64 array, shape (c',)
        Of the outputs; empty without one.
    """

    corner: FloatArray
    moments: list[Moments]
    primal: list[Blocks]
    dual: list[Blocks]
    rooms: FloatArray
    mu: FloatArray
    fitted: list[FitPoint]
    bias: FloatArray


class JointProgram:
    """The data: batches, how they meet the targets, and the lifts' directions and bounds.

    Attributes
    ----------
    batches : sequence of GroupBatch
    fits : list of Fits
        Of each batch, and as one group of the points that no network changes: lengths 0.
    loss : OutputLoss
    decay : float or None
        Of the output bias: 0.0 if it is free, None without one.
    directions : float64 array, shape (ℓ, c')
        Of length 1, in the coordinates of the loss.
    bounds : float64 array, shape (ℓ,)
        What M_ρρ of each lift costs.
    """

    def __init__(
        self,
        batches: Sequence[GroupBatch],
        fits: list[Fits],
        loss: OutputLoss,
        decay: float | None,
        directions: FloatArray,
        bounds: FloatArray,
    ) -> None:
        self.batches, self.fits, self.loss, self.decay = batches, fits, loss, decay
        self.directions, self.bounds = directions, bounds
        self.order = batches[0].order
        self.row, self.column = corner_entries(self.order)
        free_bias = batches[0].free_bias
        self._shares = -np.ones((1 + free_bias, self.order))
        self._shares[:, 0] = 1.0
        if free_bias:
            self._shares[0, -1] = self._shares[1, 1:-1] = 0.0

    @property
    def lifts(self) -> int:
        """How many there are."""
        return int(self.bounds.size)

    @property
    def biases(self) -> int:
        """How many output biases there are."""
        return 0 if self.decay is None else int(self.directions.shape[1])

    @property
    def degree(self) -> int:
        """Of all cones."""
        own = sum(batch.groups * batch.degree for batch in self.batches) + len(self._shares)
        return self.lifts * int(own) + sum(self.loss.degree(fits) for fits in self.fits)

    def rooms(self, corner: FloatArray) -> FloatArray:
        """M_ρρ − tr M_uu of each lift, u without a free bias; and then M_ρρ − M_gg with one."""
        return np.asarray(np.einsum("tq,lqq->lt", self._shares, corner))

    def rooms_adjoint(self, mu: FloatArray) -> FloatArray:
        """⟨mu, rooms⟩ as a function of M."""
        return np.asarray(np.einsum("lt,tq,qp->lqp", mu, self._shares, np.eye(self.order)))

    def rooms_hessian(self, weights: FloatArray) -> FloatArray:
        """Σ weights·rooms², over the unknowns of M, for the weights of one lift."""
        diagonal = self.row == self.column
        of_unknowns = np.where(diagonal, self._shares[:, self.row], 0.0)
        return np.asarray((of_unknowns.T * weights) @ of_unknowns)

    def along(self, number: int, cross: FloatArray, corner: FloatArray) -> FloatArray:
        """What each lift adds along its direction, shape (ℓ, g, fits), for a batch's Q and M."""
        batch, fits = self.batches[number], self.fits[number]
        ends = cross[:, :, 0, :]
        if fits.lengths.shape[1] > batch.size:
            moved = np.einsum("gkd,ld->lgk", batch.rows, corner[:, 0, 1:])
            ends = np.concatenate([ends, ends - moved], axis=-1)
        return np.asarray(fits.lengths * ends)

    def along_adjoint(self, number: int, zeta: FloatArray) -> FloatArray:
        """⟨ζ, outputs⟩ as a function of M."""
        batch = self.batches[number]
        lengths = self.fits[number].lengths[:, batch.size :]
        corner = np.zeros((self.lifts, self.order, self.order))
        if lengths.shape[1]:
            along = lengths * np.einsum("gfc,lc->lgf", zeta[:, batch.size :], self.directions)
            moved = 0.5 * np.einsum("lgk,gkd->ld", along, batch.rows)
            corner[:, 0, 1:] -= moved
            corner[:, 1:, 0] -= moved
        return corner

    def outputs(
        self, moments: list[Moments], corner: FloatArray, bias: FloatArray
    ) -> list[FloatArray]:
        """The outputs at all points of `fits`, shape (g, fits, c')."""
        own = [
            np.einsum("lgf,lc->gfc", self.along(k, of.cross, corner), self.directions)
            for k, of in enumerate(moments)
        ]
        own.append(np.zeros((*self.fits[-1].ones.shape, self.directions.shape[1])))
        if bias.size:
            own = [f + fits.ones[..., None] * bias for f, fits in zip(own, self.fits, strict=True)]
        return own

    def objective(self, state: State) -> float:
        """Of the moments."""
        outputs = self.outputs(state.moments, state.corner, state.bias)
        own = sum(self.loss.value(fits, f) for fits, f in zip(self.fits, outputs, strict=True))
        decayed = 0.5 * (self.decay or 0.0) * float(state.bias @ state.bias)
        return own + decayed + float(self.bounds @ state.corner[:, 0, 0])

    def gap(self, state: State) -> float:
        """The sum of all products that vanish at an optimum."""
        own = sum(s.dot(z) for s, z in zip(state.primal, state.dual, strict=True))
        limits = zip(self.fits, state.fitted, strict=True)
        own += sum(self.loss.gap(fits, point) for fits, point in limits)
        return own + float(np.vdot(state.rooms, state.mu))

    def packed(self, corner: FloatArray) -> FloatArray:
        """⟨corner, ·⟩ over M's unknowns, all lifts after another."""
        twice = np.where(self.row == self.column, 1.0, 2.0)
        return np.asarray((corner[:, self.row, self.column] * twice).ravel())

    def unpacked(self, numbers: FloatArray) -> FloatArray:
        """M of its unknowns."""
        corner = np.zeros((self.lifts, self.order, self.order))
        corner[:, self.row, self.column] = numbers.reshape(self.lifts, -1)
        corner[:, self.column, self.row] = corner[:, self.row, self.column]
        return corner
