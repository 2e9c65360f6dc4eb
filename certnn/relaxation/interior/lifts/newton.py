"""One predictor-corrector step for all lifts, whose groups are eliminated one by one.

What joins the groups of a lift is its M; what joins the lifts is the dual point: the loss is of the
sum of what they add to the network. An output bias joins all points.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.relaxation.interior.lifts.batch import Moments
from certnn.relaxation.interior.lifts.elimination import Elimination, cholesky
from certnn.relaxation.interior.lifts.program import JointProgram, State
from certnn.relaxation.interior.lifts.scaling import Scaling
from certnn.relaxation.interior.lifts.threads import threads_for
from certnn.relaxation.interior.lifts.triangular import solve_both
from certnn.relaxation.interior.predictor_corrector import corrected_step, reach_of_numbers

#: Unknowns of M of all lifts from which on more threads than one are worth it.
_LARGE = 1000


class JointStep:
    """The linear equations at a state, factored.

    Raises
    ------
    numpy.linalg.LinAlgError
        If floats are not enough for it.
    """

    share = 0.97
    corrections = 3
    cautious = False

    def __init__(self, program: JointProgram, state: State) -> None:
        self._program, self._state = program, state
        self.gap, self.degree = program.gap(state), float(program.degree)
        self._scalings = [Scaling(*pair) for pair in zip(state.primal, state.dual, strict=True)]
        self._outputs = program.outputs(state.moments, state.corner, state.bias)
        self._curvatures = [
            program.loss.curvature(*pair) for pair in zip(program.fits, state.fitted, strict=True)
        ]
        entries, lifts = program.row.size, program.lifts
        whole = np.zeros((lifts * entries + program.biases,) * 2, order="F")  # its lower triangle
        self._eliminated = []
        for k in range(len(program.batches)):
            elimination = Elimination(
                program.batches[k],
                self._scalings[k],
                program.fits[k].lengths,
                program.fits[k].ones,
                self._curvatures[k],
                program.directions,
                program.row,
                program.column,
            )
            self._eliminated.append(elimination.of_groups(whole))
        for lift, weights in enumerate(state.mu / state.rooms):
            own = slice(lift * entries, (lift + 1) * entries)
            whole[own, own] += program.rooms_hessian(weights)
        if program.biases:
            of_bias = np.einsum(
                "gf,gfab->ab", program.fits[-1].ones ** 2, np.linalg.inv(self._curvatures[-1])
            )
            place = slice(lifts * entries, None)
            whole[place, place] += of_bias + (program.decay or 0.0) * np.eye(program.biases)
        with threadpool_limits(threads_for(whole.shape[0], _LARGE)):
            self._corner = cholesky(whole)

    def take(self) -> tuple[State, float]:
        """Predict, correct, and go most of the way to the border of the cones.

        Returns
        -------
        State, float
            And the share of the step that was taken.
        """
        program, step = self._program, corrected_step(self)
        after = self._moved(step.way, step.primal)
        outputs = program.outputs(after.moments, after.corner, after.bias)
        fitted = [
            program.loss.moved(*each)
            for each in zip(program.fits, outputs, after.fitted, strict=True)
        ]
        return replace(after, fitted=fitted), step.primal

    def way(self, centre: float, before: State | None) -> State:
        """To products that are `centre`, with the second-order terms of a way before.

        The step makes the dual point the targets, but for the scaled primal step.
        """
        program, state = self._program, self._state
        if before is None:
            targets = [z.with_parts(np.zeros_like) for z in state.dual]
            mu = centre / state.rooms
            fitted = [point.plus(-1.0, point) for point in state.fitted]
        else:
            targets = [
                scaling.target(centre, ds, dz)
                for scaling, ds, dz in zip(self._scalings, before.primal, before.dual, strict=True)
            ]
            mu, fitted = (centre - before.rooms * before.mu) / state.rooms, before.fitted
        pull = program.rooms_adjoint(mu)
        pull[:, 0, 0] -= program.bounds
        wanted = [
            program.loss.right(fits, point, outputs, curvature, centre, old)
            for fits, point, outputs, curvature, old in zip(
                program.fits, state.fitted, self._outputs, self._curvatures, fitted, strict=True
            )
        ]
        rights = []
        of_bias = -(program.decay or 0.0) * state.bias
        for k, target in enumerate(targets):
            own, corner = program.batches[k].adjoint(target)
            rights.append(own)
            solved, zeta = self._solved(k, own, wanted[k])
            pull += corner - self._to_corner(k, solved) + program.along_adjoint(k, zeta)
            of_bias = of_bias + self._summed(k, zeta)
        of_bias = of_bias + self._summed(-1, self._alone(wanted[-1]))
        right = np.concatenate([program.packed(pull), of_bias])
        found = scipy.linalg.cho_solve((self._corner, True), right)
        split = found.size - program.biases
        corner, bias = program.unpacked(found[:split]), found[split:]
        moments, primal, dual, zetas = [], [], [], []
        for k, own in enumerate(rights):
            moved = own - self._from_corner(k, corner)
            solved, zeta = self._solved(k, moved, self._less(k, wanted[k], bias), corner)
            batch = program.batches[k]
            zetas.append(zeta)
            moments.append(batch.moments(solved))
            primal.append(batch.blocks(moments[-1], corner))
            squared = self._scalings[k].squared(primal[-1])
            dual.append(targets[k].with_parts(lambda t, z, w: t - z - w, state.dual[k], squared))
        zetas.append(self._alone(self._less(-1, wanted[-1], bias)))
        fitted = [
            program.loss.change(fits, point, zeta, centre, old)
            for fits, point, zeta, old in zip(
                program.fits, state.fitted, zetas, fitted, strict=True
            )
        ]
        rooms = program.rooms(corner)
        change = mu - state.mu - state.mu / state.rooms * rooms
        return State(corner, moments, primal, dual, rooms, change, fitted, bias)

    def _summed(self, number: int, zeta: FloatArray) -> FloatArray:
        """What a dual point is of the output bias."""
        return self._program.fits[number].of_bias(zeta)[: self._program.biases]

    def _less(self, number: int, wanted: FloatArray, bias: FloatArray) -> FloatArray:
        """The outputs wanted, without what the bias's step adds."""
        if not bias.size:
            return wanted
        return wanted - self._program.fits[number].ones[..., None] * bias

    def _alone(self, wanted: FloatArray) -> FloatArray:
        """The dual point of the points that no network changes."""
        return np.asarray(np.linalg.solve(self._curvatures[-1], wanted[..., None])[..., 0])

    def _solved(
        self, number: int, right: FloatArray, wanted: FloatArray, corner: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """The unknowns' step and the new dual point, given M's step or for none."""
        program = self._program
        batch, eliminated = program.batches[number], self._eliminated[number]
        own = eliminated.own(right)
        zero = np.zeros_like(self._state.corner) if corner is None else corner
        along = program.along(number, batch.moments(own).cross, zero)
        zeta = wanted - np.einsum("lgf,lc->gfc", along, program.directions)
        shape = zeta.shape
        zeta = zeta.reshape(1, batch.groups, -1).copy()
        solve_both(eliminated.joints[None], zeta)
        zeta = zeta.reshape(shape)
        along = np.einsum("gfc,lc->lgf", zeta, program.directions)
        return own + np.matmul(eliminated.fits, along[..., None])[..., 0], zeta

    def _from_corner(self, number: int, corner: FloatArray) -> FloatArray:
        """What M's change adds to the equations of the unknowns, the loss left out."""
        batch = self._program.batches[number]
        none = batch.moments(np.zeros((corner.shape[0], batch.groups, batch.unknowns)))
        moved = self._scalings[number].squared(batch.blocks(none, corner))
        return batch.adjoint(moved)[0]

    def _to_corner(self, number: int, solved: FloatArray) -> FloatArray:
        """What the unknowns add to the equations of M, the loss left out."""
        batch = self._program.batches[number]
        none = np.zeros_like(self._state.corner)
        moved = self._scalings[number].squared(batch.blocks(batch.moments(solved), none))
        return batch.adjoint(moved)[1]

    def reach(self, way: State) -> tuple[float, float]:
        """How much of it both sides may take, which go equally far."""
        state, loss = self._state, self._program.loss
        fitted = zip(self._program.fits, state.fitted, way.fitted, strict=True)
        both = min(
            reach_of_numbers(state.rooms, way.rooms),
            reach_of_numbers(state.mu, way.mu),
            *(
                scaling.reach(ds, dz)
                for scaling, ds, dz in zip(self._scalings, way.primal, way.dual, strict=True)
            ),
            *(loss.reach(*each) for each in fitted),
        )
        return both, both

    def gap_after(self, way: State, primal: float, dual: float) -> float:
        """The gap after a step on both sides."""
        return self._program.gap(self._moved(way, primal))

    def _moved(self, change: State, length: float) -> State:
        state = self._state
        return State(
            state.corner + length * change.corner,
            [
                Moments(own.cross + length * new.cross, own.own + length * new.own)
                for own, new in zip(state.moments, change.moments, strict=True)
            ],
            [s.plus(length, ds) for s, ds in zip(state.primal, change.primal, strict=True)],
            [z.plus(length, dz) for z, dz in zip(state.dual, change.dual, strict=True)],
            state.rooms + length * change.rooms,
            state.mu + length * change.mu,
            [own.plus(length, new) for own, new in zip(state.fitted, change.fitted, strict=True)],
            state.bias + length * change.bias,
        )
