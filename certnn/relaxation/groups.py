"""Groups of directions for the level block(k): products are kept within groups only."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificate.dual_point import IndexArray


def angular_groups(units: FloatArray, size: int) -> list[IndexArray]:
    """Partition directions into groups of at most `size`, close in angle.

    The multipliers that matter mostly join directions close in angle, up to sign, so each group is
    the direction farthest from the groups so far, with its nearest neighbours that are left.

    Parameters
    ----------
    units : float64 array, shape (m, columns)
        Directions of norm 1.
    size : int
        Largest number of directions in a group, at least 1.

    Returns
    -------
    list of int64 array
        Ascending within each group; together each direction once.
    """
    left = np.arange(units.shape[0])
    nearest = np.zeros(units.shape[0])  # largest |cos| to the centre of any group so far
    groups = []
    while left.size:
        centre = left[np.argmin(nearest[left])]
        cosine = np.abs(units[left] @ units[centre])
        nearest[left] = np.maximum(nearest[left], cosine)
        order = np.argsort(-cosine, kind="stable")
        groups.append(np.sort(left[order[:size]]))
        left = np.sort(left[order[size:]])
    return groups
