"""Local ascent of the score ‖Zᵀ(Xu)₊‖/|u| from many directions, on all cores."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from certnn.arrays import FloatArray
from certnn.interrupts import interrupts_deferred
from certnn.problem import TrainingProblem

_MOST_STEPS = 100


def ascend(problem: TrainingProblem, Z: FloatArray, U: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Improve the score of many directions, each to a local maximum if its steps suffice.

    Parameters
    ----------
    problem : TrainingProblem
        Data, n points in d columns.
    Z : ndarray, shape (n, c)
        Residual.
    U : ndarray, shape (d, k)
        Starts, nonzero columns.

    Returns
    -------
    directions : ndarray, shape (d, k)
        Unit vectors; up to rounding no score is below that of the start.
    scores : ndarray, shape (k,)
        Their scores.
    """
    from certnn.training.climb import climb_all

    features, residual = np.ascontiguousarray(problem.features), np.ascontiguousarray(Z)
    starts = np.ascontiguousarray(U.T)
    with interrupts_deferred():  # the first call compiles, in one thread
        climb_all(features, residual, starts[:1].copy(), np.zeros(1), 1)
    cores = os.cpu_count() or 1
    parts = [(starts[k::cores].copy(), np.zeros(starts[k::cores].shape[0])) for k in range(cores)]
    with ThreadPoolExecutor(cores) as pool:
        for walk in [
            pool.submit(climb_all, features, residual, moved, found, _MOST_STEPS)
            for moved, found in parts
        ]:
            walk.result()
    directions, scores = np.empty_like(starts), np.empty(starts.shape[0])
    for k, (moved, found) in enumerate(parts):
        directions[k::cores], scores[k::cores] = moved, found
    return directions.T, scores
