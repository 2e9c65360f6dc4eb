"""Which regions to split, and by the sign of which point."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.relaxation.interior.regions.lift import Lift

#: Of the regions that may be split, those are whose score is at least this share of the best.
_SHARE = 0.25


def best_splits(
    lifts: tuple[Lift, ...],
    moments: list[FloatArray],
    fits: list[FloatArray],
    narrow: list[NDArray[np.bool_]],
    most: int,
) -> dict[int, int]:
    """The points to split, by the numbers of their lifts.

    A point scores |z_i|·min(L(ρa_i), L(ρb_i)), what its signs disagree about: a true neuron has one
    of a_i and b_i zero. The regions of the best scores are split, up to half of all.

    Parameters
    ----------
    lifts : tuple of Lift
    moments : list of float64 array
        Of each lift.
    fits : list of float64 array, shape (2m,)
        The multipliers of ρ·a and ρ·b of each lift.
    narrow : list of bool array, shape (mixed points of the lift,)
        Where not to split.
    most : int
        Lifts of one direction, at most, that there may be afterwards.
    """
    scores, points = np.zeros(len(lifts)), np.zeros(len(lifts), dtype=np.int64)
    for number, (lift, moment, own, never) in enumerate(
        zip(lifts, moments, fits, narrow, strict=True)
    ):
        m, begin = lift.points, lift.begin
        if lift.mixed.size == 0:
            continue
        heights = lift.forms[begin : begin + 2 * m] @ moment[:, 0]
        size = np.abs(own[:m]) + np.abs(own[m:])
        each = (size * np.minimum(heights[:m], heights[m:]))[lift.mixed]
        each[never] = 0.0
        points[number] = lift.mixed[int(np.argmax(each))]
        scores[number] = float(np.max(each))
    left = {lift.direction.tobytes(): most for lift in lifts}
    for lift in lifts:
        left[lift.direction.tobytes()] -= 1
    chosen: dict[int, int] = {}
    for number in np.argsort(-scores, kind="stable").tolist():
        key = lifts[number].direction.tobytes()
        good = scores[number] > max(_SHARE * float(np.max(scores)), 0.0)
        if good and left[key] > 0 and len(chosen) < max(1, (len(lifts) + 1) // 2):
            left[key] -= 1
            chosen[number] = int(points[number])
    return chosen
