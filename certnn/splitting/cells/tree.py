"""Depth-first search for cells that prove a bound in a direction of the outputs; compiled."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.kernel.cell_filter import box_trimmed
from certnn.kernel.interval_filter import write_intervals
from certnn.splitting.cells.leaf import PROVED, Mixed, close_cell
from certnn.splitting.cells.start import write_start
from certnn.training.compiled import compiled, copy, inner

FINISHED, EXCEEDED, STOPPED, TOO_DEEP = range(4)
#: Boxes above a leaf: fewer than the kernel allows.
_DEEPEST = 300
#: A box is split at zero where that is within this share of its width of the middle.
_NEAR_ZERO = 0.25
_UNIT = 1.0 / (1 << 26)


class Task(NamedTuple):
    """Σ σ_i (x_iᵀy)₊ ≤ 1 for |y| = 1, on one of the orthants of the first coordinates.

    Attributes
    ----------
    points : int64 array, shape (m, k)
        x_i as `certnn.kernel.cell_rounding.RoundedDirection` has them.
    floats : float64 array, shape (m, k)
        The same times 2⁻²⁶.
    products : float64 array, shape (m, k(k + 1)/2)
        x_ia x_ib of the same for a ≥ b.
    weights : float64 array, shape (m,)
        σ_i over the bound of the direction.
    halves : int64 array
        Of each of the first coordinates: 0 for the negative half, 1 for the positive one.
    free : int
        So many last coordinates of y are no part of its length, and between −1 and 1.
    """

    points: IndexArray
    floats: FloatArray
    products: FloatArray
    weights: FloatArray
    halves: IndexArray
    free: int


@compiled
def search_cells(
    task: Task, stop: IndexArray, counted: IndexArray
) -> tuple[int, NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32], int, FloatArray]:
    """Cut an orthant into boxes until the bound is proved on each.

    Parameters
    ----------
    task : Task
    stop : int64 array, shape (1,)
        Set by another thread to end the search.
    counted : int64 array, shape (1,)
        Kept up to the number of nodes so far, for another thread to read.

    Returns
    -------
    status : int
        FINISHED, EXCEEDED, STOPPED or TOO_DEEP.
    tree, codes, multipliers : arrays
        As `certnn.kernel.cells.CellsProof` describes them.
    nodes : int
    exceeded : array, shape (k,)
        If EXCEEDED, a y of length 1 where the sum is above 1.
    """
    (m, k), pairs, fixed = task.points.shape, task.products.shape[1], task.halves.size
    lows, highs = np.empty((_DEEPEST + 3, k), np.int64), np.empty((_DEEPEST + 3, k), np.int64)
    depths = np.zeros(_DEEPEST + 3, np.int64)
    mixed = np.empty((_DEEPEST + 3, m), np.int32)  # most of it is never written
    counts, linear = np.zeros(_DEEPEST + 3, np.int64), np.zeros((_DEEPEST + 3, k))
    intervals = np.empty((2, m), np.int64)
    points, products = np.empty((m, k)), np.empty((m, pairs))
    weights, ends = np.empty(m), np.empty((2, m))
    tree, codes = np.empty(1024, np.uint8), np.empty(1024, np.uint8)
    multipliers = np.empty(1024, np.float32)
    code, numbers = np.empty(m), np.empty(k + 1)
    low, high, unit = np.empty(k), np.empty(k), np.empty(k)
    wide_low, wide_high = np.empty(k), np.empty(k)
    mean, square, score = np.empty(k), np.empty((k, k)), np.empty(k)
    size, coded, numbered, nodes, boxes = 0, 0, 0, 0, 1
    for j in range(k):
        lows[0, j], highs[0, j] = -(1 << 26), 1 << 26
    counts[0] = m
    for i in range(m):
        mixed[0, i] = i
    while boxes > 0:
        boxes -= 1
        depth = depths[boxes]
        box_low, box_high = lows[boxes], highs[boxes]
        if not box_trimmed(box_low, box_high, task.free):
            continue
        nodes += 1
        counted[0] = nodes
        if stop[0] != 0:
            return STOPPED, tree[:size], codes[:coded], multipliers[:numbered], nodes, unit
        _settle(task, box_low, box_high, mixed, counts, linear, intervals, depth)
        count = counts[depth + 1]
        if depth < fixed:  # the halves of the first coordinates, of which this task has one
            if task.halves[depth] == 0:
                box_high[depth] = 0
            else:
                box_low[depth] = 0
            depths[boxes] = depth + 1
            boxes += 1
            continue
        tree = _doubled(tree, size + 1 - tree.size)
        codes = _doubled(codes, coded + m - codes.size)
        multipliers = _doubled(multipliers, numbered + k + 1 - multipliers.size)
        for place in range(count):
            i = mixed[depth + 1, place]
            copy(task.floats[i], points[place])
            copy(task.products[i], products[place])
            weights[place] = task.weights[i]
            ends[0, place] = intervals[0, place] * _UNIT
            ends[1, place] = intervals[1, place] * _UNIT
        for j in range(k):
            low[j] = wide_low[j] = box_low[j] * _UNIT
            high[j] = wide_high[j] = box_high[j] * _UNIT
        status = -1
        if write_start(wide_low, wide_high, task.free, mean, square):
            status = close_cell(
                Mixed(
                    points[:count],
                    products[:count],
                    weights[:count],
                    ends[0, :count],
                    ends[1, :count],
                    linear[depth + 1],
                ),
                *(low, high, wide_low, wide_high, task.free, mean, square, code[:count], numbers),
            )
        if status == PROVED:
            tree[size] = 0
            size += 1
            for place in range(count):
                codes[coded + place] = np.uint8(code[place])
            for j in range(k + 1):
                multipliers[numbered + j] = np.float32(numbers[j])
            coded += count
            numbered += k + 1
            continue
        if _exceeded(task, mean, unit):
            return EXCEEDED, tree[:size], codes[:coded], multipliers[:numbered], nodes, unit
        if depth == _DEEPEST:
            return TOO_DEEP, tree[:size], codes[:coded], multipliers[:numbered], nodes, unit
        _write_scores(points[:count], weights[:count], low, high, mean, square, score)
        j = int(np.argmax(score))
        middle, zero = (box_low[j] + box_high[j]) >> 1, False
        if box_low[j] < 0 < box_high[j]:
            zero = abs(middle) < _NEAR_ZERO * (box_high[j] - box_low[j])
        if zero:
            middle = 0
        if not box_low[j] < middle < box_high[j]:
            return TOO_DEEP, tree[:size], codes[:coded], multipliers[:numbered], nodes, unit
        tree[size] = np.uint8(1 + j + (k if zero else 0))
        size += 1
        for a in range(k):
            lows[boxes + 1, a], highs[boxes + 1, a] = box_low[a], box_high[a]
        lows[boxes, j], highs[boxes + 1, j] = middle, middle
        depths[boxes] = depths[boxes + 1] = depth + 1
        boxes += 2
    return FINISHED, tree[:size], codes[:coded], multipliers[:numbered], nodes, unit


@inner
def _doubled(array: NDArray[Any], missing: int) -> NDArray[Any]:
    """With twice the room, or more, if some is missing."""
    if missing <= 0:
        return array
    larger = np.empty(2 * array.size + missing, array.dtype)
    for j in range(array.size):
        larger[j] = array[j]
    return larger


@inner
def _settle(
    task: Task,
    low: IndexArray,
    high: IndexArray,
    mixed: NDArray[np.int32],
    counts: IndexArray,
    linear: FloatArray,
    intervals: IndexArray,
    depth: int,
) -> None:
    """The intervals of the points mixed in the box above; those of one sign are taken out."""
    kept, count = 0, counts[depth]
    copy(linear[depth], linear[depth + 1])
    write_intervals(task.points, mixed[depth, :count], low, high, task.free, False, intervals)
    for place in range(count):
        i, bottom, top = mixed[depth, place], intervals[0, place], intervals[1, place]
        if bottom >= 0:
            for j in range(low.size):
                linear[depth + 1, j] += task.weights[i] * task.floats[i, j]
        elif top > 0:
            mixed[depth + 1, kept] = i
            intervals[0, kept], intervals[1, kept] = bottom, top
            kept += 1
    counts[depth + 1] = kept


@inner
def _exceeded(task: Task, mean: FloatArray, unit: FloatArray) -> bool:
    """Whether the sum is above 1 in the direction of the mean, which is written."""
    k = unit.size - task.free
    length = math.sqrt(np.dot(mean[:k], mean[:k]))
    if not length > 0.0:
        return False
    for j in range(k):
        unit[j] = mean[j] / length
    for j in range(k, unit.size):
        unit[j] = min(max(mean[j], -1.0), 1.0)
    total = 0.0
    for i in range(task.weights.size):
        value = 0.0
        for j in range(unit.size):
            value += task.floats[i, j] * unit[j]
        total += task.weights[i] * max(0.0, value)
    return total > 1.0


@inner
def _write_scores(
    points: FloatArray,
    weights: FloatArray,
    low: FloatArray,
    high: FloatArray,
    mean: FloatArray,
    square: FloatArray,
    score: FloatArray,
) -> None:
    """What the mixed points may be off by at these moments, shared out to the coordinates."""
    k = low.size
    for a in range(k):
        score[a] = 1e-9 * (high[a] - low[a])
    for i in range(weights.size):
        m, s, reach = 0.0, 0.0, 1e-300
        for a in range(k):
            row = 0.0
            for b in range(k):
                row += square[a, b] * points[i, b]
            s += points[i, a] * row
            m += mean[a] * points[i, a]
            reach += (points[i, a] * (high[a] - low[a])) ** 2
        gap = abs(weights[i]) * (0.5 * (m + math.sqrt(max(s, m * m))) - max(0.0, m))
        for a in range(k):
            score[a] += gap * (points[i, a] * (high[a] - low[a])) ** 2 / reach
