"""Dual points moved by a rounding into the domain where the kernel accepts them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem

#: Entries are rounded to multiples of the largest one times a power of two near this.
_GRID_BITS = 46


def feasible_dual_point(problem: TrainingProblem, Z: FloatArray) -> FloatArray:
    """The dual point with sums of zero where they are needed, exactly, and within the limits.

    Rows have to sum to zero for the loss softmax, columns if a bias is free (Theorem 38), and
    entries have limits for most losses (Theorem 39). A dual point that satisfies all this to
    rounding changes by a rounding; rows are made to sum to zero where those of a best one do.
    Raises `SolverError` if there is a free bias with the loss softmax, and the columns' sums are
    too far from zero.

    Parameters
    ----------
    Z : ndarray, shape (n, c)

    Returns
    -------
    ndarray, shape (n, c)
        Z itself where the loss is half-squared and no bias is free.
    """
    if problem.centred and not problem.loss.sums_to_zero:
        Z = Z - np.mean(Z, axis=1, keepdims=True)
    low, high = problem.loss.limits(problem.Y)
    balanced, largest = problem.output_bias_decay == 0.0, float(np.max(np.abs(Z)))
    clipped: FloatArray = np.clip(Z, low, high)
    if largest == 0.0 or not (balanced or problem.loss.sums_to_zero):
        return clipped
    unit = 2.0 ** (math.frexp(largest)[1] - _GRID_BITS)
    least, most = np.ceil(low / unit), np.floor(high / unit)
    grid = np.clip(np.round(clipped / unit), least, most)
    if problem.loss.sums_to_zero:
        for i in np.flatnonzero(np.sum(grid, axis=1)):
            _correct(grid[i], least[i], most[i])
    if balanced and problem.loss.sums_to_zero:
        _correct_columns_together(grid, most)
    elif balanced:
        for j in range(problem.c):
            _correct(grid[:, j], least[:, j], most[:, j])
    return grid * unit


def _correct(numbers: FloatArray, least: FloatArray, most: FloatArray) -> None:
    """Bring integers to the sum zero, in place, taking first what has most room.

    Zero is within the limits of every entry but those of a softmax row, of which the upper ones
    have a positive sum and there are no lower ones; so there is room enough.
    """
    excess = float(np.sum(numbers))
    room = numbers - least if excess > 0.0 else most - numbers
    for place in np.argsort(-room, kind="stable"):
        if excess == 0.0:
            return
        change = math.copysign(min(abs(excess), float(room[place])), excess)
        numbers[place] -= change
        excess -= change


def _correct_columns_together(grid: FloatArray, most: FloatArray) -> None:
    """Bring columns to the sum zero by a change of one row, whose sum does not change."""
    excess = np.sum(grid, axis=0)
    fits: NDArray[np.bool_] = np.all(grid - excess <= most, axis=1)
    if not np.any(fits):
        raise SolverError("the dual point is too far from balanced")
    grid[int(np.argmax(fits))] -= excess
