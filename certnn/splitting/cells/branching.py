"""A box that is not proved: whether it can be, and which of its coordinates to split."""

from __future__ import annotations

import math

import numpy as np

from certnn.arrays import FloatArray
from certnn.training.compiled import inner


@inner
def exceeded(
    floats: FloatArray, weights: FloatArray, free: int, mean: FloatArray, unit: FloatArray
) -> bool:
    """Whether Σ σ_i (x_iᵀy)₊ is above 1 in the direction of the mean, which is written."""
    k = unit.size - free
    length = math.sqrt(np.dot(mean[:k], mean[:k]))
    if not length > 0.0:
        return False
    for j in range(k):
        unit[j] = mean[j] / length
    for j in range(k, unit.size):
        unit[j] = min(max(mean[j], -1.0), 1.0)
    total = 0.0
    for i in range(weights.size):
        value = 0.0
        for j in range(unit.size):
            value += floats[i, j] * unit[j]
        total += weights[i] * max(0.0, value)
    return total > 1.0


@inner
def write_scores(
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
