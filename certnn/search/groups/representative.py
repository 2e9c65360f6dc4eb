"""Groups of points of which each is a small image of the whole: anticlusters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.problem.training_problem import TrainingProblem

_Indices = NDArray[np.int64]


def representative_groups(problem: TrainingProblem, count: int, seed: int = 0) -> list[_Indices]:
    """Disjoint groups of all points, as like each other as may be.

    Points are put in blocks of `count` neighbours in standardised X and Y, of one class where there
    are few, by cutting at medians as a k-d tree does (Bentley, 1975); and one point of each block
    is dealt to each group. Sizes, and numbers of points of each class, differ by at most one. The
    indices of each group, ascending.

    Parameters
    ----------
    count : int
        Positive, at most the number of points.
    seed : int
        Of who gets which point of a block.
    """
    rng = np.random.default_rng(seed)
    places = np.hstack([_standardised(problem.X), _standardised(problem.Y)])
    group, sizes = np.empty(problem.n, dtype=np.int64), np.zeros(count, dtype=np.int64)
    for stratum in _strata(problem.Y, count):
        for block in _blocks(places, stratum, count):
            # The smallest groups first, in an order of chance where they are of one size.
            smallest = np.lexsort((rng.random(count), sizes))[: block.size]
            group[block] = rng.permutation(smallest)
            sizes[smallest] += 1
    return [np.flatnonzero(group == number) for number in range(count)]


def _strata(Y: FloatArray, count: int) -> list[_Indices]:
    """The points with one row of Y each, where these are few against the groups; or all."""
    rows, which = np.unique(Y, axis=0, return_inverse=True)
    if len(rows) * count > len(Y):
        return [np.arange(len(Y))]
    return [np.flatnonzero(which.ravel() == number) for number in range(len(rows))]


def _blocks(places: FloatArray, points: _Indices, size: int) -> list[_Indices]:
    """Of neighbours, all of this size but one that has the rest."""
    if points.size <= size:
        return [points]
    own = places[points]
    order = points[np.argsort(own[:, np.argmax(np.var(own, axis=0))], kind="stable")]
    half = max(1, points.size // (2 * size)) * size
    return [*_blocks(places, order[:half], size), *_blocks(places, order[half:], size)]


def _standardised(values: FloatArray) -> FloatArray:
    centred = values - np.mean(values, axis=0)
    scale = np.max(np.abs(centred), axis=0)  # so that no square overflows
    centred = centred / np.where(scale > 0.0, scale, 1.0)
    deviation = np.std(centred, axis=0)
    return np.asarray(centred / np.where(deviation > 0.0, deviation, 1.0))
