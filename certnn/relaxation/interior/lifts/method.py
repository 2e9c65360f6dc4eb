"""From a reduced problem to dual points, one after another, for the original rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds
from certnn.certificates.dual_point import IndexArray, Products
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.relaxation.interior.dense.program import Program, make_program
from certnn.relaxation.interior.lifts.batch import GroupBatch, Moments
from certnn.relaxation.interior.lifts.dual_point import JointDual, joint_dual
from certnn.relaxation.interior.lifts.newton import Fits, JointProgram, JointStep, State, room_of
from certnn.relaxation.interior.lifts.scaling import central_dual
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.original_leaf import original_leaf
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: M_ρρ of all lifts to begin with, as a share of what the targets could be worth.
_MASS = 0.1
#: tr M_uu to begin with, as a share of M_ρρ, and the most for a coordinate: products with the norm
#: are positive then.
_TRACE, _MOST = 0.9, 0.4
#: Squared sine below which directions are better in different groups: their moments are so nearly
#: dependent that floats are not enough for more than a few.
_APART = 5e-3
#: Squared sine below which they have to be.
_CLOSEST = 1e-6
_MOST_STEPS = 60
#: Steps that a run takes, about.
STEPS = 22
#: Steps end at this relative gap, or where they get as short as this.
_TOLERANCE, _SHORT = 5e-4, 1e-3
#: Nominal seconds of a group in a lift, and of a multiplication and addition; and such of an entry
#: of a group's Hessian.
_A_GROUP, _A_PRODUCT, _ASSEMBLED = 4e-4, 9e-11, 600.0
#: Matrices that a step has at once for a group in a lift.
_MATRICES = 30
#: Nominal seconds of certifying a product of a point.
_A_PROOF = 5e-7
#: A dual point is handed out when the bound has risen by this share.
_RISE = 1e-3


@dataclass(frozen=True, eq=False)
class LiftsIterate:
    """A dual point.

    Attributes
    ----------
    dual : JointDual
    bound : float
        What it should prove, in the units of the original.
    gap : float
        To the moments' objective, as a share of it.
    """

    dual: JointDual
    bound: float
    gap: float
    _lifts: GroupedLifts

    @cached_property
    def point(self) -> RegionsPoint:
        """For the rows of the original problem."""
        return self._lifts.original_point(self.dual)


class GroupedLifts:
    """Lifts for the directions of a cover, with all products within groups of points.

    Parameters
    ----------
    reduced : ReducedProblem
        With the half-squared loss and no output bias.
    of : Cover
        Of the outputs.
    size : int
        Largest number of directions in a group, at least 1.
    budget : Budget
        Where it is over no step is begun.
    """

    def __init__(self, reduced: ReducedProblem, of: Cover, size: int, budget: Budget) -> None:
        self._reduced, self._cover, self._budget = reduced, of, budget
        self._program = make_program(reduced)
        lengths = np.linalg.norm(of.rays, axis=1)
        batches = _batches(reduced.rows, size)
        self._joint = JointProgram(
            batches,
            [_fits(self._program, batch) for batch in batches],
            of.rays / lengths[:, None],
            bounds(of, 1.0, budget) / lengths,
        )
        self._step = RunCost.of(reduced, of, size).step

    def points(self) -> Iterator[LiftsIterate]:
        """Dual points, each of a higher bound than the one before; none if floats allow none."""
        program, scale = self._joint, self._program.value_scale
        if not np.any(self._program.targets):
            return
        best, handed, gap = -np.inf, -np.inf, np.inf
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                state = _start(program)
        except (np.linalg.LinAlgError, FloatingPointError):
            return
        found: JointDual | None = None
        budget, cost = self._budget, 0.0
        for _ in range(_MOST_STEPS):
            if not budget.affords(cost):
                break
            began = budget.now
            budget.spend(self._step)
            try:
                with np.errstate(over="raise", invalid="raise", divide="raise"):
                    state, length = JointStep(program, state).take()
                    dual = joint_dual(program, state)
            except (np.linalg.LinAlgError, FloatingPointError):
                break
            cost = budget.now - began
            objective = self._objective(state)
            if dual is not None and dual.value > best:
                best, found = dual.value, dual
            gap = (objective - best) / objective
            done = gap <= _TOLERANCE
            if found is not None and (done or best > handed + _RISE * abs(best)):
                handed = best
                value = scale * (best + self._program.lost)
                yield LiftsIterate(found, value, gap, self)
            if done or length < _SHORT:
                break
        if found is not None and best > handed:
            yield LiftsIterate(found, scale * (best + self._program.lost), gap, self)

    def _objective(self, state: State) -> float:
        left = sum(float(np.vdot(z, z)) for z in self._joint.residuals(state))
        return 0.5 * left + float(self._joint.bounds @ state.corner[:, 0, 0])

    def original_point(self, dual: JointDual) -> RegionsPoint:
        """A dual point carried over to the rows of the original problem."""
        program, joint = self._program, self._joint
        m = program.forms.points
        zeta = np.zeros((2 * m, joint.directions.shape[1]))
        for batch, residual in zip(joint.batches, dual.residuals, strict=True):
            place = (
                batch.members
                if residual.shape[1] == batch.size
                else np.hstack([batch.members, batch.members + m])
            )
            zeta[place] = residual
        Z = program.combinations @ (program.shrink * zeta[program.fitted]) + program.remainder
        leaves = tuple(self._leaf(lift, dual, Z) for lift in range(joint.lifts))
        splits = np.full(joint.lifts, -1, dtype=np.int64)
        return RegionsPoint(self._reduced.dual_scale * Z, self._cover, splits, leaves)

    def _leaf(self, lift: int, dual: JointDual, Z: FloatArray) -> RegionLeaf:
        reduced, m = self._reduced, self._program.forms.points
        first, second, y, forms, partners = [], [], [], [], []
        for batch, own in zip(self._joint.batches, dual.multipliers, strict=True):
            a, b = batch.members, batch.members + m
            for left, right, table in (
                (a[..., batch.first], a[..., batch.second], own.aa[..., batch.first, batch.second]),
                (a[..., batch.row], b[..., batch.column], own.ab[..., batch.row, batch.column]),
                (b[..., batch.first], b[..., batch.second], own.bb[..., batch.first, batch.second]),
                (a, b, own.free),
            ):
                first.append(left.ravel())
                second.append(right.ravel())
                y.append(table[lift].ravel())
            forms += [a.ravel(), b.ravel()]
            partners += [
                own.norm_a[lift].reshape(-1, batch.order),
                own.norm_b[lift].reshape(-1, batch.order),
            ]
        unit = self._program.shrink * self._program.reg
        form, partner = np.concatenate(forms), np.concatenate(partners)
        used = np.any(partner != 0.0, axis=1)
        return original_leaf(
            reduced,
            Z,
            (lift, float(np.linalg.norm(self._cover.rays[lift]))),
            np.zeros(m, dtype=np.int8),
            unit * float(dual.mu[lift]),
            Products(m, np.concatenate(first), np.concatenate(second), unit * np.concatenate(y)),
            form[used],
            unit * np.roll(partner[used], -1, axis=1),  # s last
        )


@dataclass(frozen=True)
class RunCost:
    """What a run takes, forecast from sizes alone.

    Attributes
    ----------
    step, proof : float
        Nominal seconds of a step, of which a run takes some `STEPS`, and of certifying.
    memory : float
        Bytes of the factors and of the matrices of a step, about.
    """

    step: float
    proof: float
    memory: float

    @classmethod
    def of(cls, reduced: ReducedProblem, of: Cover, size: int) -> RunCost:
        """Of groups of this size, for the directions of a cover."""
        lifts, order, points = len(of.rays), reduced.rank + 1, reduced.directions.count
        size = min(size, points)
        groups = points / size
        entries, own = order * (order + 1) // 2, order * size + size * (size - 1) // 2
        of_lift = own**3 / 3.0 + own**2 * entries + 0.5 * own * entries**2
        of_lift += _ASSEMBLED * own**2
        of_residual = 0.5 * size * reduced.outputs * (lifts * entries) ** 2
        products = groups * (lifts * of_lift + of_residual) + (lifts * entries) ** 3 / 3.0
        numbers = groups * lifts * (own**2 + _MATRICES * (order + size) ** 2)
        return cls(
            step=_A_GROUP * groups * lifts + _A_PRODUCT * products,
            proof=_A_PROOF * lifts * points * (order + size) ** 2,
            memory=8.0 * (numbers + 2.0 * (lifts * entries) ** 2),
        )


def _batches(rows: FloatArray, size: int) -> list[GroupBatch]:
    """Groups close in angle, those of one size together."""
    groups = list(_parted(angular_groups(rows, size, _APART), rows))
    sizes = sorted({group.size for group in groups})
    return [
        GroupBatch(rows, np.array([group for group in groups if group.size == one]))
        for one in sizes
    ]


def _parted(groups: list[IndexArray], rows: FloatArray) -> Iterator[IndexArray]:
    """The groups, each in as many as it takes that no two directions are nearly the same."""
    for whole in groups:
        left = whole
        while left.size:
            sine = 1.0 - (rows[left] @ rows[left].T) ** 2
            kept: list[int] = []
            for place in range(left.size):
                if not kept or np.min(sine[place, kept]) >= _CLOSEST:
                    kept.append(place)
            yield left[kept]
            left = np.delete(left, kept)


def _fits(program: Program, batch: GroupBatch) -> Fits:
    """How the batch meets the targets; through b too if some row points against its direction."""
    m = program.forms.points
    lengths, targets = np.zeros(2 * m), np.zeros((2 * m, program.targets.shape[1]))
    lengths[program.fitted], targets[program.fitted] = program.lengths, program.targets
    place: IndexArray = batch.members
    if np.any(lengths[place + m] > 0.0):
        place = np.hstack([place, place + m])
    return Fits(lengths[place], targets[place])


def _start(program: JointProgram) -> State:
    """Moments of Gaussian weights, and multipliers on the central path."""
    worth = sum(float(np.vdot(fits.targets, fits.targets)) for fits in program.fits)
    mass = _MASS * worth / float(np.sum(program.bounds))
    rank = program.order - 1
    variance = mass * min(_TRACE / rank, _MOST)
    own = np.diag(np.append(mass, np.full(rank, variance)))
    corner = np.broadcast_to(own, (program.lifts, *own.shape)).copy()
    moments = []
    for batch in program.batches:
        cosine = np.clip(np.matmul(batch.rows, batch.rows.swapaxes(-1, -2)), -1.0, 1.0)
        angle = np.arccos(cosine)
        products = variance / (2.0 * np.pi) * (np.sin(angle) + (np.pi - angle) * cosine)
        cross = np.concatenate(
            [
                np.full((batch.groups, 1, batch.size), np.sqrt(mass * variance / (2.0 * np.pi))),
                0.5 * variance * batch.rows.swapaxes(-1, -2),
            ],
            axis=1,
        )
        shape = (program.lifts,)
        moments.append(
            Moments(
                np.broadcast_to(cross, shape + cross.shape).copy(),
                np.broadcast_to(products, shape + products.shape).copy(),
            )
        )
    primal = [b.blocks(own, corner) for b, own in zip(program.batches, moments, strict=True)]
    state = State(corner, moments, primal, primal, room_of(corner), np.zeros(program.lifts))
    left = sum(float(np.vdot(z, z)) for z in program.residuals(state))
    objective = 0.5 * left + float(np.sum(program.bounds)) * mass
    mu = objective / program.degree
    return State(
        corner,
        moments,
        primal,
        [central_dual(s, mu) for s in primal],
        state.room,
        mu / state.room,
    )
