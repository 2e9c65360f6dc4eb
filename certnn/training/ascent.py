"""Local ascent of the score ‖Zᵀ(Xu)₊‖/|u| from many directions, on all cores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget, thread_count
from certnn.problem.training_problem import TrainingProblem
from certnn.training.candidates import score

_MOST_STEPS = 100
#: Steps of a usual walk; nominal seconds of one for each entry of X, Z and output, and each point.
_STEPS, _A_PRODUCT, _A_POINT = 15, 1.5e-9, 3e-8
#: Nominal seconds of the walks between two looks at the budget.
_BETWEEN_LOOKS = 0.1


def ascend(
    problem: TrainingProblem, Z: FloatArray, U: FloatArray, budget: Budget
) -> tuple[FloatArray, FloatArray]:
    """Improve the score of many directions, each to a local maximum if its steps suffice.

    Parameters
    ----------
    problem : TrainingProblem
        Data, n points in d columns.
    Z : ndarray, shape (n, c)
        Residual.
    U : ndarray, shape (d, k)
        Starts, nonzero columns.
    budget : Budget
        Where it is over, the starts that are left are left out.

    Returns
    -------
    directions : ndarray, shape (d, at most k)
        Unit vectors, in the order of the starts; up to rounding no score is below that of the
        start.
    scores : ndarray, shape (at most k,)
        Their scores.
    """
    features, residual = np.ascontiguousarray(problem.features), np.ascontiguousarray(Z)
    directions = np.array(U.T, order="C")
    scores = np.zeros(directions.shape[0])
    cost, threads, done = walk_cost(problem), thread_count(), 0
    # The same blocks whatever the number of threads: it is between them that a search may end.
    block = max(1, int(_BETWEEN_LOOKS / cost))
    with ThreadPoolExecutor(threads) as pool:
        while done < scores.size and not budget.over:
            end = min(done + block, scores.size)
            _climb_block(features, residual, directions[done:end], scores[done:end], pool, threads)
            budget.spend(cost * (end - done))
            done = end
    return _not_below(problem, Z, U[:, :done], directions[:done].T, scores[:done])


def _not_below(
    problem: TrainingProblem, Z: FloatArray, starts: FloatArray, U: FloatArray, scores: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The walks, but for those that lost their way between rows on one hyperplane: their starts."""
    before = score(problem, Z, starts)
    lost = scores < before
    units = starts / np.linalg.norm(starts, axis=0)
    return np.where(lost, units, U), np.where(lost, before, scores)


def walk_cost(problem: TrainingProblem) -> float:
    """Nominal seconds of the ascent from one direction."""
    n, columns = problem.features.shape
    return float(_STEPS * n * (columns * (problem.c + 2) * _A_PRODUCT + _A_POINT))


def _climb_block(
    features: FloatArray,
    residual: FloatArray,
    directions: FloatArray,
    scores: FloatArray,
    pool: ThreadPoolExecutor,
    threads: int,
) -> None:
    from certnn.training.climb import climb_all

    climb_all(features, residual, directions[:1].copy(), np.zeros(1), 1)  # compiles, in one thread
    parts = [
        (directions[k::threads].copy(), scores[k::threads].copy())
        for k in range(min(threads, scores.size))
    ]
    running = [
        pool.submit(climb_all, features, residual, moved, found, _MOST_STEPS)
        for moved, found in parts
    ]
    for k, (walk, (moved, found)) in enumerate(zip(running, parts, strict=True)):
        walk.result()
        directions[k::threads], scores[k::threads] = moved, found
