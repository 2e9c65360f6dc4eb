"""One predictor-corrector step for all lifts, whose groups are eliminated one by one.

What joins the groups of a lift is its M; what joins the lifts is the residual: the loss is of the
sum of what they add to the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.relaxation.interior.lifts.batch import Blocks, GroupBatch, Moments
from certnn.relaxation.interior.lifts.elimination import Elimination, cholesky
from certnn.relaxation.interior.lifts.hessian import corner_entries
from certnn.relaxation.interior.lifts.scaling import Scaling, reach_of_numbers
from certnn.relaxation.interior.lifts.threads import threads_for
from certnn.relaxation.interior.lifts.triangular import solve_both

#: Unknowns of M of all lifts from which on more threads than one are worth it.
_LARGE = 1000
#: Share of the way to the border of the cones that a step takes.
_SHARE = 0.97
#: Steps that are corrected by the step before, at most; another where the last was longer by this.
_CORRECTIONS, _LONGER = 3, 1.05
#: The corrector aims no nearer than this share of the mean product.
_LEAST_CENTRING = 1e-4


@dataclass(frozen=True, eq=False)
class Fits:
    """How a batch meets the targets: with lengths times E[ρ a] and, past k of them, E[ρ b].

    Attributes
    ----------
    lengths : float64 array, shape (g, k) or (g, 2k)
    targets : float64 array, shape (g, k, c) or (g, 2k, c)
    """

    lengths: FloatArray
    targets: FloatArray


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
    room, mu : float64 arrays, shape (ℓ,)
        M_ρρ − tr M_uu, which is not negative, and its multiplier.
    """

    corner: FloatArray
    moments: list[Moments]
    primal: list[Blocks]
    dual: list[Blocks]
    room: FloatArray
    mu: FloatArray

    @property
    def gap(self) -> float:
        """The sum of all products that vanish at an optimum."""
        own = sum(s.dot(z) for s, z in zip(self.primal, self.dual, strict=True))
        return own + float(self.room @ self.mu)


def room_of(corner: FloatArray) -> FloatArray:
    """M_ρρ − tr M_uu of each lift."""
    return np.asarray(2.0 * corner[:, 0, 0] - np.trace(corner, axis1=1, axis2=2))


@dataclass(frozen=True, eq=False)
class _Change:
    corner: FloatArray
    moments: list[Moments]
    primal: list[Blocks]
    dual: list[Blocks]
    room: FloatArray
    mu: FloatArray


class JointProgram:
    """The data: batches, how they meet the targets, and the lifts' directions and bounds.

    Attributes
    ----------
    batches : sequence of GroupBatch
    fits : sequence of Fits
    directions : float64 array, shape (ℓ, c)
        Of length 1.
    bounds : float64 array, shape (ℓ,)
        What M_ρρ of each lift costs.
    """

    def __init__(
        self,
        batches: Sequence[GroupBatch],
        fits: Sequence[Fits],
        directions: FloatArray,
        bounds: FloatArray,
    ) -> None:
        self.batches, self.fits = batches, fits
        self.directions, self.bounds = directions, bounds
        self.order = batches[0].order
        self.row, self.column = corner_entries(self.order)

    @property
    def lifts(self) -> int:
        """How many there are."""
        return int(self.bounds.size)

    @property
    def degree(self) -> int:
        """Of all cones."""
        return self.lifts + self.lifts * int(
            sum(batch.groups * batch.degree for batch in self.batches)
        )

    def fitted(self, number: int, cross: FloatArray, corner: FloatArray) -> FloatArray:
        """What each lift adds along its direction, shape (ℓ, g, fits), for a batch's Q and M."""
        batch, fits = self.batches[number], self.fits[number]
        ends = cross[:, :, 0, :]
        if fits.lengths.shape[1] > batch.size:
            moved = np.einsum("gkd,ld->lgk", batch.rows, corner[:, 0, 1:])
            ends = np.concatenate([ends, ends - moved], axis=-1)
        return np.asarray(fits.lengths * ends)

    def residuals(self, state: State) -> list[FloatArray]:
        """Targets minus outputs of each batch, shape (g, fits, c)."""
        return [
            fits.targets
            - np.einsum("lgf,lc->gfc", self.fitted(k, own.cross, state.corner), self.directions)
            for k, (fits, own) in enumerate(zip(self.fits, state.moments, strict=True))
        ]

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


class JointStep:
    """The linear equations at a state, factored.

    Raises
    ------
    numpy.linalg.LinAlgError
        If floats are not enough for it.
    """

    def __init__(self, program: JointProgram, state: State) -> None:
        self._program, self._state = program, state
        self._scalings = [Scaling(*pair) for pair in zip(state.primal, state.dual, strict=True)]
        entries = program.row.size
        whole = np.zeros((program.lifts * entries,) * 2, order="F")  # its lower triangle
        self._eliminated = []
        for k in range(len(program.batches)):
            elimination = Elimination(
                program.batches[k],
                self._scalings[k],
                program.fits[k].lengths,
                program.directions,
                program.row,
                program.column,
            )
            self._eliminated.append(elimination.of_groups(whole))
        diagonal = program.row == program.column
        mass = np.where(diagonal, np.where(program.row == 0, 1.0, -1.0), 0.0)
        for lift, weight in enumerate(state.mu / state.room):
            own = slice(lift * entries, (lift + 1) * entries)
            whole[own, own] += weight * np.outer(mass, mass)
        with threadpool_limits(threads_for(whole.shape[0], _LARGE)):
            self._corner = cholesky(whole)

    def take(self) -> tuple[State, float]:
        """Predict, correct, and go most of the way to the border of the cones.

        Returns
        -------
        State, float
            And the share of the step that was taken.
        """
        state, program = self._state, self._program
        zero = [z.with_parts(np.zeros_like) for z in state.dual]
        found = self._change(zero, np.zeros(program.lifts))
        length = min(1.0, self._reach(found))
        after = _moved(state, found, length).gap / state.gap
        mean = state.gap / program.degree
        centring = mean * min(1.0, max(after**3, _LEAST_CENTRING))
        longest, best = 0.0, found
        for _ in range(_CORRECTIONS):
            found = self._corrected(centring, found)
            length, before = min(1.0, _SHARE * self._reach(found)), longest
            if length > longest:
                best, longest = found, length
            if length <= _LONGER * before:
                break
        return _moved(state, best, longest), longest

    def _corrected(self, centring: float, before: _Change) -> _Change:
        """The step to the products `centring`, with the second-order terms of a step before."""
        targets = [
            scaling.target(centring, ds, dz)
            for scaling, ds, dz in zip(self._scalings, before.primal, before.dual, strict=True)
        ]
        return self._change(targets, (centring - before.room * before.mu) / self._state.room)

    def _change(self, targets: list[Blocks], mu: FloatArray) -> _Change:
        """The step that makes the dual point the targets, but for the scaled primal step."""
        program, state = self._program, self._state
        pull = np.zeros_like(state.corner)
        place = np.arange(program.order)
        pull[:, place, place] -= mu[:, None]
        pull[:, 0, 0] += 2.0 * mu - program.bounds
        rights = []
        for k, residual in enumerate(program.residuals(state)):
            own, corner = program.batches[k].adjoint(targets[k])
            fitted, moved = self._fit_adjoint(k, residual)
            rights.append(own + fitted)
            pull += corner + moved
        right = program.packed(pull)
        for k, own in enumerate(rights):
            right = right - program.packed(self._to_corner(k, *self._solved(k, own)))
        corner = program.unpacked(scipy.linalg.cho_solve((self._corner, True), right))
        moments, primal, dual = [], [], []
        for k, own in enumerate(rights):
            solved, _ = self._solved(k, own - self._from_corner(k, corner), corner)
            batch = program.batches[k]
            moments.append(batch.moments(solved))
            primal.append(batch.blocks(moments[-1], corner))
            squared = self._scalings[k].squared(primal[-1])
            dual.append(targets[k].with_parts(lambda t, z, w: t - z - w, state.dual[k], squared))
        room = room_of(corner)
        change = mu - state.mu - state.mu / state.room * room
        return _Change(corner, moments, primal, dual, room, change)

    def _fit_adjoint(self, number: int, residual: FloatArray) -> tuple[FloatArray, FloatArray]:
        """⟨residual, fits⟩ as a function of the unknowns, and of M."""
        program = self._program
        batch, lengths = program.batches[number], program.fits[number].lengths
        along = lengths * np.einsum("gfc,lc->lgf", residual, program.directions)
        own = np.zeros((program.lifts, batch.groups, batch.unknowns))
        corner = np.zeros_like(self._state.corner)
        own[..., : batch.size] = along[..., : batch.size]
        if lengths.shape[1] > batch.size:
            own[..., : batch.size] += along[..., batch.size :]
            moved = 0.5 * np.einsum("lgk,gkd->ld", along[..., batch.size :], batch.rows)
            corner[:, 0, 1:] -= moved
            corner[:, 1:, 0] -= moved
        return own, corner

    def _solved(
        self, number: int, right: FloatArray, corner: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """The unknowns, and how the residual changes, given M's change or for none."""
        program = self._program
        batch, eliminated = program.batches[number], self._eliminated[number]
        own = eliminated.own(right)
        zero = np.zeros_like(self._state.corner) if corner is None else corner
        outputs = np.einsum(
            "lgf,lc->gfc",
            program.fitted(number, batch.moments(own).cross, zero),
            program.directions,
        )
        change = outputs.reshape(1, batch.groups, -1)
        solve_both(eliminated.joints[None], change)
        change = change.reshape(outputs.shape)
        along = np.einsum("gfc,lc->lgf", change, program.directions)
        return own - np.matmul(eliminated.fits, along[..., None])[..., 0], change

    def _from_corner(self, number: int, corner: FloatArray) -> FloatArray:
        """What M's change adds to the equations of the unknowns, the loss left out."""
        batch = self._program.batches[number]
        none = batch.moments(np.zeros((corner.shape[0], batch.groups, batch.unknowns)))
        moved = self._scalings[number].squared(batch.blocks(none, corner))
        return batch.adjoint(moved)[0]

    def _to_corner(self, number: int, solved: FloatArray, change: FloatArray) -> FloatArray:
        """What the unknowns and the residual add to the equations of M."""
        batch = self._program.batches[number]
        none = np.zeros_like(self._state.corner)
        moved = self._scalings[number].squared(batch.blocks(batch.moments(solved), none))
        return batch.adjoint(moved)[1] + self._fit_adjoint(number, change)[1]

    def _reach(self, change: _Change) -> float:
        state = self._state
        return min(
            reach_of_numbers(state.room, change.room),
            reach_of_numbers(state.mu, change.mu),
            *(
                scaling.reach(ds, dz)
                for scaling, ds, dz in zip(self._scalings, change.primal, change.dual, strict=True)
            ),
        )


def _moved(state: State, change: _Change, length: float) -> State:
    return State(
        state.corner + length * change.corner,
        [
            Moments(own.cross + length * new.cross, own.own + length * new.own)
            for own, new in zip(state.moments, change.moments, strict=True)
        ],
        [s.plus(length, ds) for s, ds in zip(state.primal, change.primal, strict=True)],
        [z.plus(length, dz) for z, dz in zip(state.dual, change.dual, strict=True)],
        state.room + length * change.room,
        state.mu + length * change.mu,
    )
