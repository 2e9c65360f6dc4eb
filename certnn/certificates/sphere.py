"""The largest value of a quadratic form on the unit sphere."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray

#: Halvings of an interval until floats cannot tell its ends apart.
_HALVINGS = 100


def largest_on_sphere(form: FloatArray) -> tuple[float, float]:
    """The largest value of a quadratic form in (1, u) over |u| = 1, and the multiplier of |u|².

    By the S-lemma it is the least h for which h − form − μ(1 − |u|²) is nonnegative with the
    second number as μ.
    """
    values, vectors = np.linalg.eigh(form[1:, 1:])
    linear = vectors.T @ form[1:, 0]
    low, high = float(values[-1]), float(values[-1]) + float(np.linalg.norm(linear))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        if np.sum((linear / (middle - values)) ** 2) > 1.0:
            low = middle
        else:
            high = middle
    if high <= values[-1]:  # no linear part
        return float(form[0, 0]) + high, high
    return float(form[0, 0]) + high + float(np.sum(linear**2 / (high - values))), high
