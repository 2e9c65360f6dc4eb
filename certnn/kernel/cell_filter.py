"""A filter in floats for cells: nearly all leaves are proved here, and need no long integers.

The boxes, the intervals of the points and the quadratics are the integers of the exact check, by
the same functions. Only the form of a leaf is summed up in floats, with a bound of the error
(Theorem 52(d)). What is not proved here, and everything that is wrong with the tree, is left to
the exact check. Needs numba; compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from certnn.kernel.cell_geometry import (
    AT_SIDE,
    CODES_END,
    GRID_BITS,
    NO_COORDINATE,
    NUMBERS_END,
    TOO_DEEP,
    TOO_MUCH,
    TREE_ENDS,
    majorant,
    minorant,
    trimmed,
)
from certnn.kernel.interval_filter import write_intervals
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

_UNIT = 1 / (1 << 52)
#: Nodes times entries of points between two looks at signals, which Python sees to.
_ENTRIES_AT_ONCE = 1 << 22

_Integers = NDArray[Any]
_Places = tuple[int, int, int]

_compiled: Any = njit(cache=True, nogil=True)
box_trimmed = _compiled(trimmed)
point_majorant, point_minorant = _compiled(majorant), _compiled(minorant)


class OpenLeaf(NamedTuple):
    """A leaf that the exact check must judge, in the integers that it has itself.

    It has its box, the points that may have either sign there and their intervals, and Σ σ_i x_i of
    those that are not negative there.
    """

    low: list[int]
    high: list[int]
    mixed: list[int]
    linear: list[int]
    intervals: list[tuple[int, int]]


class Direction(NamedTuple):
    """Σ σ_i (x_iᵀy)₊ ≤ height is to be proved, in integers; the sequences of the file.

    Points have shape (m, k), weights are not zero, the height is the float nearest to it, and the
    last `free` coordinates of y are no part of its length.
    """

    points: _Integers
    weights: _Integers
    height: float
    free: int
    tree: _Integers
    codes: _Integers
    multipliers: _Integers


class Walk(NamedTuple):
    """Where the walk is.

    Attributes
    ----------
    place : int64 array
        See the constants below.
    low, high, depth : int64 array, shape (depths, k), and (depths,)
        The boxes still to visit, the last one next, and the number of boxes above each of them.
    mixed, counts : int32 array, shape (depths, m), and int64 array, shape (depths,)
        Of row 1 on: the points that may have either sign, of the boxes on the path.
    linear : int64 array, shape (depths, 2, k)
        Σ σ_i x_i of the linear points of the boxes on the path: of the last 26 bits of each
        product, and of what is before them.
    intervals : int64 array, shape (2, m)
        Those of the mixed points of the box at hand.
    """

    place: _Integers
    low: _Integers
    high: _Integers
    depth: _Integers
    mixed: _Integers
    counts: _Integers
    linear: _Integers
    intervals: _Integers


#: Indices of `Walk.place`: in the tree, the codes and the multipliers; where those of the leaf at
#: hand begin; boxes to visit; the depth of the box at hand; the work that is left.
_AT, _CODE, _NUMBER, _CODES, _NUMBERS, _BOXES, _DEPTH, _LEFT = range(8)
#: What a walk comes to: not there yet, the end of the tree, an open leaf, or what is wrong.
_GOING_ON, _ENDED, _OPEN = range(3)
_WRONG = (TREE_ENDS, NO_COORDINATE, TOO_DEEP, AT_SIDE, CODES_END, NUMBERS_END, TOO_MUCH)


def open_leaves(
    points: list[tuple[list[int], int]],
    height: int,
    free: int,
    given: tuple[bytes, bytes, Sequence[float]],
    places: _Places,
    deepest: int,
    work: Work,
) -> Iterator[tuple[_Places, OpenLeaf | None]]:
    """The leaves that are not settled here, and at last the end of the tree.

    Points, at least one, height and `free` are as in `RoundedDirection`, `given` are the tree, the
    codes and the multipliers of the file, and `places` where those of this direction begin. What
    the integers would take is taken; an open leaf takes what its matrix takes itself. Yielded are
    places, in the tree behind a leaf and where its codes and multipliers begin, at last the ends;
    and the leaf, None at the end. Raises `Rejected` if something is wrong with the tree, or the
    work is too much.
    """
    direction = Direction(
        np.array([x for x, _ in points], np.int64),
        np.array([weight for _, weight in points], np.int64),
        float(height),
        free,
        np.frombuffer(given[0], np.uint8),
        np.frombuffer(given[1], np.uint8),
        np.asarray(given[2], np.float32),
    )
    walk = _new_walk(direction, min(deepest, 28 * len(points[0][0])), places, work.left)
    while True:
        status = _walk(direction, walk, deepest)
        at, code, number, codes, numbers, slot, depth, work.left = walk.place.tolist()
        if status > _OPEN:
            raise Rejected(_WRONG[status - 3])
        if status == _ENDED:
            yield (at, code, number), None
            return
        if status == _OPEN:
            count = walk.counts[depth + 1]
            below, above = walk.linear[depth + 1].tolist()
            leaf = OpenLeaf(
                walk.low[slot].tolist(),
                walk.high[slot].tolist(),
                walk.mixed[depth + 1, :count].tolist(),
                [(a << GRID_BITS) + b for a, b in zip(above, below, strict=True)],
                list(zip(*walk.intervals[:, :count].tolist(), strict=True)),
            )
            yield (at, codes, numbers), leaf
            walk.place[_LEFT] = work.left


def _new_walk(direction: Direction, deepest: int, places: _Places, left: int) -> Walk:
    (m, k), depths = direction.points.shape, deepest + 3  # no coordinate is split 29 times
    walk = Walk(
        place=np.array([*places, 0, 0, 1, 0, left]),
        low=np.zeros((depths, k), np.int64),
        high=np.zeros((depths, k), np.int64),
        depth=np.zeros(depths, np.int64),
        mixed=np.zeros((depths, m), np.int32),
        counts=np.zeros(depths, np.int64),
        linear=np.zeros((depths, 2, k), np.int64),
        intervals=np.zeros((2, m), np.int64),
    )
    walk.low[0], walk.high[0] = -(1 << 26), 1 << 26
    walk.mixed[0], walk.counts[0] = np.arange(m), m
    return walk


@njit(cache=True, nogil=True)
def _walk(direction: Direction, walk: Walk, deepest: int) -> int:
    """Go on to the next leaf that is not settled here, to the end, or to what is wrong.

    Returns the number of one of the constants, or 3 + that of what is wrong.
    """
    place, k = walk.place, direction.points.shape[1]
    tree, codes, multipliers = direction.tree, direction.codes, direction.multipliers
    form = np.empty((k + 1, k + 1))
    for _ in range(1 + _ENTRIES_AT_ONCE // direction.points.size):
        if place[_BOXES] == 0:
            return _ENDED
        place[_BOXES] -= 1
        slot = place[_BOXES]
        depth = walk.depth[slot]
        low, high = walk.low[slot], walk.high[slot]
        if not box_trimmed(low, high, direction.free):
            continue
        place[_DEPTH] = depth
        place[_LEFT] -= 64 * walk.counts[depth] * (k + 1)
        if place[_LEFT] < 0:
            return 9
        if place[_AT] == tree.size:
            return 3
        node = int(tree[place[_AT]])
        _settle(direction, walk, low, high, depth, node > 0)
        count = walk.counts[depth + 1]
        place[_AT] += 1
        if node > 0:
            if node > 2 * k:
                return 4
            if depth == deepest:
                return 5
            j = (node - 1) % k
            middle = 0 if node > k else (low[j] + high[j]) >> 1
            if not low[j] < middle < high[j]:
                return 6
            for a in range(k):
                walk.low[slot + 1, a], walk.high[slot + 1, a] = low[a], high[a]
            low[j] = walk.high[slot + 1, j] = middle  # the lower half is visited first
            walk.depth[slot] = walk.depth[slot + 1] = depth + 1
            place[_BOXES] += 2
            continue
        place[_LEFT] -= 9 * (count + k) * (k + 2) ** 2
        place[_CODES], place[_NUMBERS] = place[_CODE], place[_NUMBER]
        place[_CODE] += count
        place[_NUMBER] += k + 1
        if place[_LEFT] < 0:
            return 9
        if place[_CODE] > codes.size:
            return 7
        if place[_NUMBER] > multipliers.size:
            return 8
        if not _proved(direction, walk, low, high, depth, form):
            return _OPEN
        place[_LEFT] -= 9 * ((k + 1) ** 3 // 3)
        if place[_LEFT] < 0:
            return 9
    return _GOING_ON


@njit(cache=True, nogil=True)
def _settle(
    direction: Direction, walk: Walk, low: _Integers, high: _Integers, depth: int, inner: bool
) -> None:
    """The intervals of the points mixed above, but of an inner box; those of one sign go."""
    above, mixed, linear = walk.mixed[depth], walk.mixed[depth + 1], walk.linear[depth + 1]
    kept, intervals = 0, walk.intervals
    for j in range(low.size):
        linear[0, j], linear[1, j] = walk.linear[depth, 0, j], walk.linear[depth, 1, j]
    count = walk.counts[depth]
    chosen, free = above[:count], direction.free
    write_intervals(direction.points, chosen, low, high, free, inner, intervals)
    for place in range(count):
        i, bottom, top = above[place], intervals[0, place], intervals[1, place]
        x = direction.points[i]
        if bottom >= 0:
            for j in range(low.size):
                part = direction.weights[i] * x[j]
                linear[0, j] += part & (1 << 26) - 1
                linear[1, j] += part >> 26
        elif top > 0:
            mixed[kept] = i
            intervals[0, kept], intervals[1, kept] = bottom, top
            kept += 1
    walk.counts[depth + 1] = kept


@njit(cache=True, nogil=True)
def _proved(
    direction: Direction,
    walk: Walk,
    low: _Integers,
    high: _Integers,
    depth: int,
    form: NDArray[np.float64],
) -> bool:
    """Whether the form of the leaf is positive definite for certain; half the exact matrix."""
    place, mixed, count = walk.place, walk.mixed[depth + 1], walk.counts[depth + 1]
    linear, k, height = walk.linear[depth + 1], low.size, direction.height
    scale, grid = 1 / (1 << 60), 1 / (1 << 26)
    # `size` is above the sum of the absolute values of whatever is added up in any entry.
    size, form[0, 0] = height, height
    for j in range(k):
        total = linear[1, j] * float(1 << 26) + linear[0, j]
        size += abs(total)
        form[j + 1, 0] = -total / 2
        for m in range(j + 1):
            form[j + 1, m + 1] = 0.0
    for at in range(count):
        i, code = mixed[at], int(direction.codes[place[_CODES] + at])
        weight, x = float(direction.weights[i]), direction.points[i]
        if weight > 0.0:
            a, b, c = point_majorant(code, walk.intervals[0, at], walk.intervals[1, at])
        else:
            if (code >> 4) + (code & 15) > 15:
                return False
            a, b = point_minorant(code, walk.intervals[0, at], walk.intervals[1, at])
            c = 0
        square, slope = weight * (a * scale), weight * (b * scale)
        form[0, 0] -= weight * c
        length = 0.0
        for j in range(k):
            form[j + 1, 0] -= slope * x[j] / 2
            length += abs(x[j])
            part = square * x[j]
            for m in range(j + 1):
                form[j + 1, m + 1] -= part * x[m]
        size += abs(weight) * c + abs(slope) * length + abs(square) * length * length
    numbers = direction.multipliers
    sphere = height * numbers[place[_NUMBERS] + k]
    form[0, 0] -= sphere
    size += abs(sphere)
    for j in range(k):
        side = height * numbers[place[_NUMBERS] + j]
        if not side >= 0.0:
            return False
        left, right = low[j] * grid, high[j] * grid
        form[0, 0] += side * left * right
        form[j + 1, 0] -= side * (left + right) / 2
        form[j + 1, j + 1] += side
        if j < k - direction.free:
            form[j + 1, j + 1] += sphere
        size += 4 * side
    shift = _UNIT * (k + 2) * (count + k + 60) * size  # Theorem 52(d)
    if not shift < math.inf:
        return False
    for j in range(k + 1):
        for m in range(j):
            total = form[j, m]
            for p in range(m):
                total -= form[j, p] * form[m, p]
            form[j, m] = total / form[m, m]
        pivot = form[j, j] - shift
        for p in range(j):
            pivot -= form[j, p] * form[j, p]
        if not pivot > 0.0:
            return False
        form[j, j] = math.sqrt(pivot)
    return True
