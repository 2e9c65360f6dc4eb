"""The directions in groups, and which data rows each group meets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.problem.losses import HALF_SQUARED
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.lifts.batch import GroupBatch
from certnn.relaxation.interior.lifts.fitting import Fits
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.reduced_problem import ReducedProblem
from certnn.relaxation.reduced.rows_alone import alone

#: Squared sine below which directions are better in different groups: their moments are so nearly
#: dependent that floats are not enough for more than a few.
_APART = 5e-3
#: Squared sine below which they have to be.
_CLOSEST = 1e-6


def groups_of(reduced: ReducedProblem, size: int) -> list[IndexArray]:
    """Groups close in angle, without directions that are nearly the same."""
    return list(_parted(angular_groups(_without_bias(reduced), size, _APART), reduced.rows))


def batches_of(reduced: ReducedProblem, size: int) -> list[GroupBatch]:
    """The groups, those of one size together."""
    rows, groups = reduced.rows, groups_of(reduced, size)
    sizes = sorted({group.size for group in groups})
    return [
        GroupBatch(
            rows,
            np.array([group for group in groups if group.size == one]),
            free_bias=reduced.ball is not None,
        )
        for one in sizes
    ]


def _without_bias(reduced: ReducedProblem) -> FloatArray:
    """The directions; with a free bias, those of the points from the center."""
    if reduced.ball is None:
        return reduced.rows
    own = reduced.rows[:, :-1]
    lengths = np.linalg.norm(own, axis=1, keepdims=True)
    return np.asarray(own / np.where(lengths > 0.0, lengths, 1.0))


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


def fits_of(program: Program, batch: GroupBatch) -> Fits:
    """How the batch meets the targets; through b too if some row points against its direction."""
    m, c = program.forms.points, program.targets.shape[1]
    lengths, ones, targets = np.zeros(2 * m), np.zeros(2 * m), np.zeros((2 * m, c))
    lengths[program.fitted], targets[program.fitted] = program.lengths, program.targets
    ones[program.fitted] = np.asarray(program.combinations.sum(axis=0)).ravel()
    place: IndexArray = batch.members
    if np.any(lengths[place + m] > 0.0):
        place = np.hstack([place, place + m])
    return Fits(lengths[place], ones[place], targets[place])


def rows_alone(program: Program, reduced: ReducedProblem) -> FloatArray:
    """Orthonormal columns: the rows that no network changes, or what an output bias changes of it.

    For the half-squared loss that is one combination of rows at most.
    """
    n = len(program.remainder)
    if reduced.loss != HALF_SQUARED:
        rows = np.flatnonzero(reduced.directions.label < 0)
        of_rows = np.zeros((n, rows.size))
        of_rows[rows, np.arange(rows.size)] = 1.0
        return of_rows
    if reduced.bias_decay is None:
        return np.zeros((n, 0))
    return alone(np.ones(n) - program.combinations @ (program.combinations.T @ np.ones(n)))


def fits_alone(program: Program, alone: FloatArray) -> Fits:
    ones = np.sum(alone, axis=0)[None]
    return Fits(np.zeros_like(ones), ones, (alone.T @ program.remainder)[None])
