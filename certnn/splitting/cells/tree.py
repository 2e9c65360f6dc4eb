"""Depth-first search for cells that prove a bound in a direction of the outputs; compiled.

It may go on from the tree of an earlier search: boxes that were split are split again at once, and
of its leaves only those are looked at that do not prove as much.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.kernel.cell_filter import box_trimmed
from certnn.kernel.interval_filter import write_intervals
from certnn.splitting.cells.branching import exceeded, write_scores
from certnn.splitting.cells.leaf import PROVED, Mixed, close_cell
from certnn.splitting.cells.moments import moments_read, write_moments
from certnn.splitting.cells.start import write_start
from certnn.splitting.cells.task import Grown, Task
from certnn.training.compiled import compiled, copy, inner

FINISHED, EXCEEDED, STOPPED, TOO_DEEP = range(4)
#: Boxes above a leaf: fewer than the kernel allows.
DEEPEST = 300
#: A box is split at zero where that is within this share of its width of the middle.
_NEAR_ZERO = 0.25
_UNIT = 1.0 / (1 << 26)


@compiled
def search_cells(
    task: Task, earlier: Grown, ratio: float, stop: IndexArray, counted: IndexArray
) -> tuple[int, Grown, int, FloatArray]:
    """Cut an orthant into boxes until the bound is proved on each.

    Parameters
    ----------
    task : Task
    earlier : Grown
        The tree to go on from.
    ratio : float
        Its 1 in units of what is 1 now.
    stop : int64 array, shape (1,)
        Set by another thread to end the search.
    counted : int64 array, shape (1,)
        Kept up to the number of boxes so far that were looked at, for another thread to read.

    Returns
    -------
    status : int
        FINISHED, EXCEEDED, STOPPED or TOO_DEEP.
    grown : Grown
        If FINISHED all of it, else the beginning.
    nodes : int
        Of the tree, with those above the orthant.
    exceeded : array, shape (k,)
        If EXCEEDED, a y of length 1 where the sum is above 1.
    """
    (m, k), pairs, fixed = task.points.shape, task.products.shape[1], task.halves.size
    lows, highs = np.empty((DEEPEST + 3, k), np.int64), np.empty((DEEPEST + 3, k), np.int64)
    depths = np.zeros(DEEPEST + 3, np.int64)
    mixed = np.empty((DEEPEST + 3, m), np.int32)  # most of it is never written
    counts, linear = np.zeros(DEEPEST + 3, np.int64), np.zeros((DEEPEST + 3, k))
    intervals = np.empty((2, m), np.int64)
    points, products = np.empty((m, k)), np.empty((m, pairs))
    weights, ends = np.empty(m), np.empty((2, m))
    width = 1 + k + pairs
    tree, codes = np.empty(1024, np.uint8), np.empty(1024, np.uint8)
    kept, levels = np.empty(1024, np.int32), np.empty(1024)
    multipliers, moments = np.empty(1024, np.float32), np.empty(1024, np.float32)
    code, numbers = np.empty(m), np.empty(k + 1)
    low, high, unit = np.empty(k), np.empty(k), np.empty(k)
    wide_low, wide_high = np.empty(k), np.empty(k)
    mean, square, score = np.empty(k), np.empty((k, k)), np.empty(k)
    size, coded, leaves, nodes, looked, boxes = 0, 0, 0, 0, 0, 1
    known = np.zeros(DEEPEST + 3, np.bool_)  # boxes that the earlier tree has
    known[0] = earlier.tree.size > 0
    passed, old, old_code, with_levels = 0, -1, 0, earlier.levels.size > 0
    status = FINISHED
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
        counted[0] = looked
        if stop[0] != 0:
            status = STOPPED
            break
        node = -1
        if depth >= fixed and known[boxes] and passed < earlier.tree.size:
            node = int(earlier.tree[passed])
            passed += 1
            j = (node - 1) % k
            middle = 0 if node > k else (box_low[j] + box_high[j]) >> 1
            if node > 2 * k or (node > 0 and not box_low[j] < middle < box_high[j]):
                node, passed = -1, earlier.tree.size  # it was for something else
        tree = _doubled(tree, size + 1 - tree.size)
        codes = _doubled(codes, coded + m - codes.size)
        kept, levels = (
            _doubled(kept, leaves + 1 - kept.size),
            _doubled(levels, leaves + 1 - levels.size),
        )
        multipliers = _doubled(multipliers, (leaves + 1) * (k + 1) - multipliers.size)
        moments = _doubled(moments, (leaves + 1) * width - moments.size)
        if node == 0 and with_levels:
            old += 1
            count = earlier.counts[old]
            old_code += count
            if ratio * earlier.levels[old] <= 1.0:
                tree[size] = 0
                size += 1
                for place in range(count):
                    codes[coded + place] = earlier.codes[old_code - count + place]
                for j in range(k + 1):
                    multipliers[leaves * (k + 1) + j] = earlier.multipliers[old * (k + 1) + j]
                for j in range(width):
                    moments[leaves * width + j] = earlier.moments[old * width + j]
                kept[leaves], levels[leaves] = count, ratio * earlier.levels[old]
                coded += count
                leaves += 1
                continue
        _settle(task, box_low, box_high, mixed, counts, linear, intervals, depth, node > 0)
        count = counts[depth + 1]
        if depth < fixed:  # the halves of the first coordinates, of which this task has one
            if task.halves[depth] == 0:
                box_high[depth] = 0
            else:
                box_low[depth] = 0
            depths[boxes] = depth + 1
            boxes += 1
            continue
        if node <= 0:
            looked += 1
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
            found, level, barrier = -1, math.inf, 0.0
            if write_start(wide_low, wide_high, task.free, mean, square):
                if node == 0 and with_levels:
                    first = old * width
                    stored = earlier.moments[first : first + width]
                    if moments_read(stored, wide_low, wide_high, mean, square):
                        barrier = ratio * stored[0]
                found, level, barrier = close_cell(
                    Mixed(
                        points[:count],
                        products[:count],
                        weights[:count],
                        ends[0, :count],
                        ends[1, :count],
                        linear[depth + 1],
                    ),
                    *(low, high, wide_low, wide_high, task.free, barrier),
                    *(mean, square, code[:count], numbers),
                )
            if found == PROVED:
                tree[size] = 0
                size += 1
                for place in range(count):
                    codes[coded + place] = np.uint8(code[place])
                for j in range(k + 1):
                    multipliers[leaves * (k + 1) + j] = np.float32(numbers[j])
                write_moments(barrier, mean, square, moments[leaves * width :])
                kept[leaves], levels[leaves] = count, level
                coded += count
                leaves += 1
                continue
            if exceeded(task.floats, task.weights, task.free, mean, unit):
                status = EXCEEDED
                break
            write_scores(points[:count], weights[:count], low, high, mean, square, score)
            j = int(np.argmax(score))
            middle, zero = (box_low[j] + box_high[j]) >> 1, False
            if box_low[j] < 0 < box_high[j]:
                zero = abs(middle) < _NEAR_ZERO * (box_high[j] - box_low[j])
            if zero:
                middle = 0
            node = 1 + j + (k if zero else 0)
            known[boxes] = known[boxes + 1] = False
        else:
            known[boxes] = known[boxes + 1] = True
        if depth == DEEPEST or not box_low[j] < middle < box_high[j]:
            status = TOO_DEEP
            break
        tree[size] = np.uint8(node)
        size += 1
        for a in range(k):
            lows[boxes + 1, a], highs[boxes + 1, a] = box_low[a], box_high[a]
        lows[boxes, j], highs[boxes + 1, j] = middle, middle
        depths[boxes] = depths[boxes + 1] = depth + 1
        boxes += 2
    grown = Grown(
        tree[:size],
        kept[:leaves],
        codes[:coded],
        levels[:leaves],
        multipliers[: leaves * (k + 1)],
        moments[: leaves * width],
    )
    return status, grown, nodes, unit


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
    signs: bool,
) -> None:
    """The intervals of the points mixed in the box above; those of one sign are taken out.

    With `signs` no more of the intervals than that.
    """
    kept, count = 0, counts[depth]
    copy(linear[depth], linear[depth + 1])
    write_intervals(task.points, mixed[depth, :count], low, high, task.free, signs, intervals)
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
