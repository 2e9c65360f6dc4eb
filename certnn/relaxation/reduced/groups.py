"""Groups of directions for the level block(k): products are kept within groups only."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray

#: Affinity of two directions is |cos| to this power: the multipliers that matter mostly join
#: directions close in angle, up to sign.
_POWER = 8
#: More directions than this are first divided, so that the cost stays linear.
_AT_A_TIME = 512


def angular_groups(units: FloatArray, size: int, apart: float = 0.0) -> list[IndexArray]:
    """Partition directions into groups of at most `size`, close in angle up to sign.

    Groups are merged, the pair of the largest affinity between them (a sum over their pairs of
    members, over the geometric mean of their sizes) first, as long as they stay small enough.

    Parameters
    ----------
    units : float64 array, shape (m, columns)
        Directions of norm 1.
    size : int
        Largest number of directions in a group, at least 1.
    apart : float
        Directions whose squared sine is below this count as less close, down to not at all.

    Returns
    -------
    list of int64 array
        Ascending within each group; together each direction once.
    """
    groups: list[IndexArray] = []
    for part in _parts(units, size):
        groups += [np.sort(part[group]) for group in _merged(units[part], size, apart)]
    return groups


def _parts(units: FloatArray, size: int) -> list[IndexArray]:
    """Halve the directions by which of two axes they are closer to, until few enough are left."""
    waiting, done = [np.arange(units.shape[0])], []
    while waiting:
        part = waiting.pop()
        if part.size <= max(_AT_A_TIME, 4 * size):
            done.append(part)
            continue
        x = units[part]
        axis = np.linalg.eigh(x.T @ x)[1][:, -1]
        one = np.abs(x @ x[np.argmax(np.abs(x @ axis))])
        other = np.abs(x @ x[np.argmin(one)])
        order = np.argsort(other - one, kind="stable")
        half = size * round(part.size / (2 * size))  # so that all groups but one can be full
        waiting += [np.sort(part[order[:half]]), np.sort(part[order[half:]])]
    return done


def _merged(units: FloatArray, size: int, apart: float) -> list[IndexArray]:
    count = units.shape[0]
    if count == 0:
        return []
    cosine = np.minimum(np.abs(units @ units.T), 1.0)
    between = cosine**_POWER
    if apart > 0.0:
        between *= np.minimum(1.0, (1.0 - cosine**2) / apart)
    sizes = np.ones(count)
    members = [[i] for i in range(count)]
    score = between.copy()
    np.fill_diagonal(score, -1.0)
    if size == 1:
        score[:] = -1.0
    best, partner = np.max(score, axis=1), np.argmax(score, axis=1)
    while True:
        i = int(np.argmax(best))
        if best[i] < 0.0:
            return _packed([np.array(group) for group in members if group], units, size)
        j = int(partner[i])
        members[i] += members[j]
        members[j] = []
        sizes[i] += sizes[j]
        between[i] += between[j]
        between[:, i] = between[i]
        sizes[j] = np.inf
        row = np.where(sizes + sizes[i] > size, -1.0, between[i] / np.sqrt(sizes * sizes[i]))
        row[i] = -1.0
        score[i], score[:, i] = row, row
        score[j], score[:, j] = -1.0, -1.0
        stale = (partner == i) | (partner == j)
        stale[[i, j]] = True
        best[stale], partner[stale] = np.max(score[stale], axis=1), np.argmax(score[stale], axis=1)
        risen = row > best
        best[risen], partner[risen] = row[risen], i


def _packed(groups: list[IndexArray], units: FloatArray, size: int) -> list[IndexArray]:
    """As few groups as there can be: of the smallest each member goes where it fits best."""
    groups = sorted(groups, key=len, reverse=True)
    few = -(-units.shape[0] // size)
    kept = groups[:few]
    for i in (i for group in groups[few:] for i in group):
        near = [
            float(np.mean(np.abs(units[group] @ units[i]) ** _POWER)) if group.size < size else -1.0
            for group in kept
        ]
        best = int(np.argmax(near))
        kept[best] = np.append(kept[best], i)
    return kept
