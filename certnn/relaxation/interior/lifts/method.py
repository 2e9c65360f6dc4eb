"""From a reduced problem to dual points, one after another, for the original rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.directions import Cover, bounds
from certnn.certificates.dual_point import IndexArray, Products
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.interior.lifts.cost import RunCost
from certnn.relaxation.interior.lifts.dual_point import JointDual, joint_dual
from certnn.relaxation.interior.lifts.fitting import OutputLoss
from certnn.relaxation.interior.lifts.grouping import batches_of, fits_alone, fits_of, rows_alone
from certnn.relaxation.interior.lifts.newton import JointStep
from certnn.relaxation.interior.lifts.program import JointProgram
from certnn.relaxation.interior.lifts.start import first_state
from certnn.relaxation.interior.predictor_corrector import steps
from certnn.relaxation.reduced.original_leaf import original_leaf
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: Digits to which directions are told apart, and share of a ray that is nothing.
_DIGITS, _NOTHING = 7, 1e-9
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
    of : Cover
        Of the outputs.
    size : int
        Largest number of directions in a group, at least 1.
    budget : Budget
        Where it is over no step is begun.
    """

    def __init__(self, reduced: ReducedProblem, of: Cover, size: int, budget: Budget) -> None:
        self._reduced, self._cover, self._budget = reduced, of, budget
        self._program = make_program(_with_centred_targets(reduced))
        loss = OutputLoss(reduced.loss, reduced.outputs, reduced.centred)
        directions, self._lift_of, self._seen = lifted_directions(of, loss)
        batches = batches_of(reduced, size)
        self._alone = rows_alone(self._program, reduced)
        self._lost = self._program.remainder - self._alone @ (
            self._alone.T @ self._program.remainder
        )
        self._joint = JointProgram(
            batches,
            [
                *(fits_of(self._program, batch) for batch in batches),
                fits_alone(self._program, self._alone),
            ],
            loss,
            reduced.bias_decay,
            directions,
            lowest_heights(bounds(of, 1.0, budget) / self._seen, self._lift_of),
        )
        self._step = self.cost(reduced, of, size).step

    @staticmethod
    def cost(reduced: ReducedProblem, of: Cover, size: int) -> RunCost:
        """Of groups of this size, for the directions of a cover."""
        loss = OutputLoss(reduced.loss, reduced.outputs, reduced.centred)
        lifts = len(lifted_directions(of, loss)[0])
        order, points = reduced.rank + 1, reduced.directions.count
        size = min(size, points)
        groups = points / size
        entries, own = order * (order + 1) // 2, order * size + size * (size - 1) // 2
        of_lift = own**3 / 3.0 + own**2 * entries + 0.5 * own * entries**2
        of_lift += _ASSEMBLED * own**2
        of_residual = 0.5 * size * reduced.outputs * (lifts * entries) ** 2
        products = groups * (lifts * of_lift + of_residual) + (lifts * entries) ** 3 / 3.0
        numbers = groups * lifts * (own**2 + _MATRICES * (order + size) ** 2)
        return RunCost(
            step=_A_GROUP * groups * lifts + _A_PRODUCT * products,
            proof=_A_PROOF * lifts * points * (order + size) ** 2,
            memory=8.0 * (numbers + 2.0 * (lifts * entries) ** 2),
        )

    def points(self) -> Iterator[LiftsIterate]:
        """Dual points, each of a higher bound than the one before; none if floats allow none."""
        program, scale = self._joint, self._program.value_scale
        lost = 0.5 * float(np.sum(self._lost**2))
        if not np.any(self._program.targets):
            return
        try:
            with np.errstate(over="raise", invalid="raise", divide="raise"):
                state = first_state(program)
        except (np.linalg.LinAlgError, FloatingPointError):
            return

        def take() -> tuple[float, JointDual | None]:
            nonlocal state
            state, length = JointStep(program, state).take()
            return length, joint_dual(program, state)

        found: JointDual | None = None
        best, handed, gap = -np.inf, -np.inf, np.inf
        for length, dual in steps(take, self._budget, lambda: self._step, _MOST_STEPS):
            objective = program.objective(state)
            if dual is not None and dual.value > best:
                best, found = dual.value, dual
            gap = (objective - best) / objective
            done = gap <= _TOLERANCE
            if found is not None and (done or best > handed + _RISE * abs(best)):
                handed = best
                yield LiftsIterate(found, scale * (best + lost), gap, self)
            if done or length < _SHORT:
                break
        if found is not None and best > handed:
            yield LiftsIterate(found, scale * (best + lost), gap, self)

    def original_point(self, dual: JointDual) -> RegionsPoint:
        """A dual point carried over to the rows of the original problem."""
        program, joint = self._program, self._joint
        m = program.forms.points
        zeta = np.zeros((2 * m, self._reduced.outputs))
        *of_batches, alone = dual.zetas
        for batch, own in zip(joint.batches, of_batches, strict=True):
            place = (
                batch.members
                if own.shape[1] == batch.size
                else np.hstack([batch.members, batch.members + m])
            )
            zeta[place] = own
        fitted = program.combinations @ zeta[program.fitted] + self._alone @ alone[0]
        Z = program.shrink * fitted + self._lost
        leaves = tuple(self._leaf(ray, dual, Z) for ray in range(len(self._cover.rays)))
        splits = np.full(len(leaves), -1, dtype=np.int64)
        Z = self._reduced.dual_scale * Z
        return RegionsPoint(Z, self._cover, splits, leaves, self._reduced.ball)

    def _leaf(self, ray: int, dual: JointDual, Z: FloatArray) -> RegionLeaf:
        """Of a ray's lift; of one that adds nothing, a little of two opposite ones."""
        reduced, m = self._reduced, self._program.forms.points
        lift = [int(self._lift_of[ray])]
        if lift[0] < 0:
            directions = self._joint.directions
            lift = [0, int(np.argmin(directions @ directions[0]))]

        def of_lift(table: FloatArray) -> FloatArray:
            return np.asarray(np.sum(table[lift], axis=0))

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
                y.append(of_lift(table).ravel())
            forms += [a.ravel(), b.ravel()]
            partners += [
                of_lift(own.norm_a).reshape(-1, batch.order),
                of_lift(own.norm_b).reshape(-1, batch.order),
            ]
        unit = self._program.shrink * self._program.reg
        form, partner = np.concatenate(forms), np.concatenate(partners)
        used = np.any(partner != 0.0, axis=1)
        return original_leaf(
            reduced,
            Z,
            (ray, float(self._seen[ray])),
            np.zeros(m, dtype=np.int8),
            (unit * float(of_lift(dual.mu)), unit * float(of_lift(dual.nu))),
            Products(m, np.concatenate(first), np.concatenate(second), unit * np.concatenate(y)),
            form[used],
            unit * np.roll(partner[used], -1, axis=1),  # s last
        )


def _with_centred_targets(reduced: ReducedProblem) -> ReducedProblem:
    """The same, as an output bias sees it that is free to take what the targets' rows sum to."""
    if not reduced.centred or reduced.loss.sums_to_zero:
        return reduced
    targets = reduced.targets - np.mean(reduced.targets, axis=1, keepdims=True)
    return replace(reduced, targets=targets)


def lifted_directions(of: Cover, loss: OutputLoss) -> tuple[FloatArray, IndexArray, FloatArray]:
    """The directions that rays of a cover add to the network along, in the loss's coordinates.

    Returns
    -------
    float64 array, shape (ℓ, c')
        Each once, of length 1.
    int64 array, shape (rays,)
        Which is the ray's; −1 where the loss sees nothing of it.
    float64 array, shape (rays,)
        The length of what it sees, or next to nothing.
    """
    own, whole = of.rays @ loss.turn, np.linalg.norm(of.rays, axis=1)
    seen = np.linalg.norm(own, axis=1)
    some = np.flatnonzero(seen > _NOTHING * whole)
    key = np.round(own[some] / seen[some, None], _DIGITS) + 0.0
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    lift_of = np.full(len(own), -1, dtype=np.int64)
    lift_of[some] = inverse.ravel()
    directions = own[some][first] / seen[some][first, None]
    return directions, lift_of, np.maximum(seen, _NOTHING * whole)


def lowest_heights(heights: FloatArray, lift_of: IndexArray) -> FloatArray:
    """Of each lift the lowest of its rays' heights."""
    some = lift_of >= 0
    lowest = np.full(int(np.max(lift_of)) + 1, np.inf)
    np.minimum.at(lowest, lift_of[some], heights[some])
    return lowest
