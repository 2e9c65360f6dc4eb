"""A filter in floats for cells: nearly all leaves are proved here, and need no long integers.

The boxes, the intervals of the points and the quadratics are the integers of the exact check, by
the same functions. Only the form of a leaf is summed up in floats, with a bound of the error
(Theorem 52(d)). What is not proved here, and everything that is wrong with the tree, is left to
the exact check. Needs numba; compiled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from certnn.kernel.cell_geometry import (
    AT_SIDE,
    CODES_END,
    NO_COORDINATE,
    NUMBERS_END,
    TOO_DEEP,
    TOO_MUCH,
    TREE_ENDS,
    interval,
    majorant,
    minorant,
    trimmed,
)

_UNIT = 1 / (1 << 52)
#: Nodes between two looks at signals, which Python sees to.
_NODES_AT_ONCE = 1 << 10

_Floats = NDArray[np.float64]
_Integers = NDArray[Any]

_compiled: Any = njit(cache=True, nogil=True)
box_trimmed, point_interval = _compiled(trimmed), _compiled(interval)
point_majorant, point_minorant = _compiled(majorant), _compiled(minorant)


class OpenLeaf(NamedTuple):
    """A leaf that the exact check must judge; at last the end of the tree, or that all is wrong.

    Attributes
    ----------
    boxes : list of (list of int, list of int)
        The boxes from the root to the leaf; none if this is not a leaf.
    wrong : str
        Why the tree is rejected here, or "".
    own, after : (int, int, int)
        Places in the tree, the codes and the multipliers: where those of the leaf begin, and what
        comes after it.
    left : int
        The work that is left.
    """

    boxes: list[tuple[list[int], list[int]]]
    wrong: str
    own: tuple[int, int, int]
    after: tuple[int, int, int]
    left: int


class Direction(NamedTuple):
    """Σ σ_i (x_iᵀy)₊ ≤ height is to be proved, in integers; the sequences of the file.

    Attributes
    ----------
    points : int64 array, shape (m, k)
    weights : float64 array, shape (m,)
        Integers, not zero.
    height : float
        Not above the integer.
    tree, codes : uint8 array
    multipliers : float32 array
    """

    points: _Integers
    weights: _Floats
    height: float
    tree: _Integers
    codes: _Integers
    multipliers: _Integers


class Walk(NamedTuple):
    """Where the walk is.

    Attributes
    ----------
    place : int64 array
        See the constants below.
    low, high : int64 array, shape (depths, k)
        The boxes still to visit, the last one next.
    depth : int64 array, shape (depths,)
        Number of boxes above each of them.
    path_low, path_high : int64 array, shape (depths, k)
        The boxes above the one at hand, and itself.
    mixed : int32 array, shape (depths, m)
        Of row 1 on: the points that may have either sign, of the boxes on the path.
    counts : int64 array, shape (depths,)
        How many they are.
    linear : float64 array, shape (depths, k + 1)
        Σ σ_i x_i of the linear points of the boxes on the path, and Σ |σ_i| |x_i|₁.
    lows, highs : int64 array, shape (m,)
        The intervals of the mixed points of the box at hand.
    """

    place: _Integers
    low: _Integers
    high: _Integers
    depth: _Integers
    path_low: _Integers
    path_high: _Integers
    mixed: _Integers
    counts: _Integers
    linear: _Floats
    lows: _Integers
    highs: _Integers


#: Indices of `Walk.place`: in the tree, the codes and the multipliers; where those of the leaf at
#: hand begin; boxes to visit; the depth of the box at hand; the work that is left.
_AT, _CODE, _NUMBER, _CODES, _NUMBERS, _BOXES, _DEPTH, _LEFT = range(8)
#: What a walk comes to: not there yet, the end of the tree, an open leaf, or what is wrong.
_GOING_ON, _ENDED, _OPEN = range(3)
_WRONG = (TREE_ENDS, NO_COORDINATE, TOO_DEEP, AT_SIDE, CODES_END, NUMBERS_END, TOO_MUCH)


def open_leaves(
    direction: Direction, places: tuple[int, int, int], deepest: int, left: int
) -> Iterator[OpenLeaf]:
    """The leaves that are not settled here, and then the end or where something is wrong.

    Parameters
    ----------
    direction : Direction
    places : (int, int, int)
        Where its part of the tree, the codes and the multipliers begins.
    deepest : int
        Boxes that may be above one.
    left : int
        Work that may be taken; what an open leaf takes is counted.

    Yields
    ------
    OpenLeaf
    """
    walk = _new_walk(direction, deepest, places, left)
    status = _GOING_ON
    while status in (_GOING_ON, _OPEN):
        status = _walk(direction, walk)
        at, code, number, codes, numbers, _, depth, left = walk.place.tolist()
        boxes = []
        if status == _OPEN:
            path = zip(walk.path_low[: depth + 1], walk.path_high[: depth + 1], strict=True)
            boxes = [(low.tolist(), high.tolist()) for low, high in path]
        if status != _GOING_ON:
            own, after = (at - 1, codes, numbers), (at, code, number)
            wrong = _WRONG[status - 3] if status > _OPEN else ""
            yield OpenLeaf(boxes, wrong, own, after, left)


def _new_walk(direction: Direction, deepest: int, places: tuple[int, int, int], left: int) -> Walk:
    (m, k), depths = direction.points.shape, deepest + 3
    walk = Walk(
        place=np.array([*places, 0, 0, 1, 0, left]),
        low=np.zeros((depths, k), np.int64),
        high=np.zeros((depths, k), np.int64),
        depth=np.zeros(depths, np.int64),
        path_low=np.zeros((depths, k), np.int64),
        path_high=np.zeros((depths, k), np.int64),
        mixed=np.zeros((depths, m), np.int32),
        counts=np.zeros(depths, np.int64),
        linear=np.zeros((depths, k + 1)),
        lows=np.zeros(m, np.int64),
        highs=np.zeros(m, np.int64),
    )
    walk.low[0], walk.high[0] = -(1 << 26), 1 << 26
    walk.mixed[0], walk.counts[0] = np.arange(m), m
    return walk


@njit(cache=True, nogil=True)
def _walk(direction: Direction, walk: Walk) -> int:
    """Go on to the next leaf that is not settled here, to the end, or to what is wrong.

    Returns the number of one of the constants, or 3 + that of what is wrong.
    """
    place, k = walk.place, direction.points.shape[1]
    tree, codes, multipliers = direction.tree, direction.codes, direction.multipliers
    deepest = walk.depth.size - 3
    form, vector = np.empty((k + 1, k + 1)), np.empty(k + 1)
    for _ in range(_NODES_AT_ONCE):
        if place[_BOXES] == 0:
            return _ENDED
        place[_BOXES] -= 1
        slot = place[_BOXES]
        depth = walk.depth[slot]
        low, high = walk.path_low[depth], walk.path_high[depth]
        for j in range(k):
            low[j], high[j] = walk.low[slot, j], walk.high[slot, j]
        if not box_trimmed(low, high):
            continue
        place[_DEPTH] = depth
        place[_LEFT] -= 32 * walk.counts[depth] * k
        if place[_LEFT] < 0:
            return 9
        if place[_AT] == tree.size:
            return 3
        _settle(direction, walk, depth)
        count = walk.counts[depth + 1]
        node = int(tree[place[_AT]])
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
            for half in range(2):  # the lower one is visited first
                for m in range(k):
                    walk.low[slot + half, m], walk.high[slot + half, m] = low[m], high[m]
                walk.depth[slot + half] = depth + 1
            walk.low[slot, j] = walk.high[slot + 1, j] = middle
            place[_BOXES] += 2
            continue
        place[_LEFT] -= 9 * ((count + k) * (k + 2) ** 2 + (k + 1) ** 3 // 3)
        place[_CODES], place[_NUMBERS] = place[_CODE], place[_NUMBER]
        place[_CODE] += count
        place[_NUMBER] += k + 1
        if place[_LEFT] < 0:
            return 9
        if place[_CODE] > codes.size:
            return 7
        if place[_NUMBER] > multipliers.size:
            return 8
        if not _proved(direction, walk, depth, form, vector):
            return _OPEN
    return _GOING_ON


@njit(cache=True, nogil=True)
def _settle(direction: Direction, walk: Walk, depth: int) -> None:
    """The intervals of the points mixed above; those of one sign are taken out."""
    above, mixed = walk.mixed[depth], walk.mixed[depth + 1]
    low, high, kept = walk.path_low[depth], walk.path_high[depth], 0
    linear, k = walk.linear[depth + 1], low.size
    for j in range(k + 1):
        linear[j] = walk.linear[depth, j]
    for place in range(walk.counts[depth]):
        i = above[place]
        x = direction.points[i]
        bottom, top = point_interval(x, low, high)
        if bottom >= 0:
            for j in range(k):
                part = direction.weights[i] * x[j]
                linear[j] += part
                linear[k] += abs(part)
        elif top > 0:
            mixed[kept] = i
            walk.lows[kept], walk.highs[kept] = bottom, top
            kept += 1
    walk.counts[depth + 1] = kept


@njit(cache=True, nogil=True)
def _proved(direction: Direction, walk: Walk, depth: int, form: _Floats, vector: _Floats) -> bool:
    """Whether the form of the leaf is positive definite for certain."""
    place, mixed, count = walk.place, walk.mixed[depth + 1], walk.counts[depth + 1]
    low, high = walk.path_low[depth], walk.path_high[depth]
    k, height, scale = low.size, direction.height, 1.0 / (1 << 60)
    # `size` is above the sum of the absolute values of whatever is added up in any entry.
    size = height + walk.linear[depth + 1, k]
    corner = height
    for j in range(k):
        vector[j] = -0.5 * walk.linear[depth + 1, j]
        for m in range(k):
            form[j + 1, m + 1] = 0.0
    for at in range(count):
        i, code = mixed[at], int(direction.codes[place[_CODES] + at])
        weight, x = direction.weights[i], direction.points[i]
        if weight > 0.0:
            a, b, c = point_majorant(code, walk.lows[at], walk.highs[at])
        else:
            if (code >> 4) + (code & 15) > 15:
                return False
            a, b = point_minorant(code, walk.lows[at], walk.highs[at])
            c = 0
        square, slope = weight * (a * scale), weight * (b * scale)
        corner -= weight * c
        length = 0.0
        for j in range(k):
            vector[j] -= 0.5 * slope * x[j]
            length += abs(x[j])
            part = square * x[j]
            for m in range(j + 1):
                form[j + 1, m + 1] -= part * x[m]
        size += abs(weight) * c + abs(slope) * length + abs(square) * length * length
    numbers, grid = direction.multipliers, 1.0 / (1 << 26)
    sphere = height * numbers[place[_NUMBERS] + k]
    corner -= sphere
    size += abs(sphere)
    for j in range(k):
        side = height * numbers[place[_NUMBERS] + j]
        if not side >= 0.0:
            return False
        left, right = low[j] * grid, high[j] * grid
        corner += side * left * right
        form[j + 1, 0] = vector[j] - 0.5 * side * (left + right)
        form[j + 1, j + 1] += side + sphere
        size += 4.0 * side
    form[0, 0] = corner
    # Each entry is off by at most (count + k + 30) units of `size`, and so are the pivots.
    shift = _UNIT * (k + 2) * (count + walk.lows.size + k + 60) * size
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
