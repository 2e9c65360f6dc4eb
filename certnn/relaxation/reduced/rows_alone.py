"""What an output bias moves that no neuron does."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray

#: Length below which what is left of the ones is rounding, as a share of theirs.
_ALONE = 1e-9


def alone(left: FloatArray) -> FloatArray:
    """What rows that neurons change leave of the ones, of length 1: (n, 1), or (n, 0) if nothing.

    Parameters
    ----------
    left : float64 array, shape (n,)
    """
    length = np.linalg.norm(left)
    if length <= _ALONE * np.sqrt(left.size):
        return np.zeros((left.size, 0))
    return np.asarray(left[:, None] / length)
