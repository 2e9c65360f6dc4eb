"""Local ascent of the score ‖Zᵀ(Xu)₊‖/|u| from many directions at once."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem import TrainingProblem
from certnn.training.candidates import IntArray, batches, score, unit

_HALVINGS = 8
_LEAST_GAIN = 1e-9


def ascend(
    problem: TrainingProblem, Z: FloatArray, U: FloatArray, iterations: int = 30
) -> FloatArray:
    """Improve the score of many directions at once; no direction's score ever falls.

    On the cone where the activation pattern of u does not change, the score is ‖Mu‖/|u| with
    M = Zᵀ diag(1[Xu > 0]) X. Each step walks from u towards the top right singular vector of M,
    or rather some steps of the power method: on the way the score grows until the pattern
    changes. The walk is halved until it gains.

    Parameters
    ----------
    problem : TrainingProblem
        Data, n points in d columns.
    Z : ndarray, shape (n, c)
        Residual.
    U : ndarray, shape (d, k)
        Starts, nonzero columns.
    iterations : int
        Most steps.

    Returns
    -------
    ndarray, shape (d, k)
        Unit directions.
    """
    return _climb(problem, Z, unit(U), np.empty((U.shape[1], U.shape[0], 0)), iterations)


def ascend_on_faces(
    problem: TrainingProblem, Z: FloatArray, U: FloatArray, points: IntArray, iterations: int = 10
) -> FloatArray:
    """Project directions on hyperplanes of the data and improve the score within them.

    The score has ridges where a point's hyperplane is crossed, and `ascend` stops at the first it
    meets; most maxima lie on several.

    Parameters
    ----------
    problem : TrainingProblem
        Data, n points in d columns.
    Z : ndarray, shape (n, c)
        Residual.
    U : ndarray, shape (d, k)
        Starts.
    points : ndarray of int, shape (k, j)
        For every start, the data points whose hyperplanes it is put on; j < d.
    iterations : int
        Most steps.

    Returns
    -------
    ndarray, shape (d, at most k)
        Unit directions orthogonal to their points; a start in the span of its points is left out.
    """
    normals = np.linalg.qr(np.swapaxes(problem.features[points], 1, 2)).Q
    # Twice, because one projection leaves the rounding error of a start close to the span.
    projected = _project(_project(U.T, normals), normals).T
    lengths = np.linalg.norm(projected, axis=0)
    keep = lengths > 1e-6 * np.linalg.norm(U, axis=0)
    starts = projected[:, keep] / lengths[keep]
    return _climb(problem, Z, starts, normals[keep], iterations)


def _climb(
    problem: TrainingProblem, Z: FloatArray, U: FloatArray, normals: FloatArray, iterations: int
) -> FloatArray:
    best, scores = U.copy(), score(problem, Z, U)
    moving = np.arange(U.shape[1])
    for _ in range(iterations):
        if moving.size == 0:
            break
        target = _uphill(problem, Z, best[:, moving], normals[moving])
        gained = np.zeros(moving.size, dtype=bool)
        for halvings in range(_HALVINGS):
            left = np.flatnonzero(~gained)
            if left.size == 0:
                break
            here = best[:, moving[left]]
            moved = here + 0.5**halvings * (target[:, left] - here)
            moved /= np.linalg.norm(moved, axis=0)
            new = score(problem, Z, moved)
            better = new > scores[moving[left]] * (1.0 + _LEAST_GAIN)
            best[:, moving[left[better]]] = moved[:, better]
            scores[moving[left[better]]] = new[better]
            gained[left[better]] = True
        moving = moving[gained]
    return best


def _uphill(
    problem: TrainingProblem, Z: FloatArray, U: FloatArray, normals: FloatArray
) -> FloatArray:
    """Nine steps of the power method for MᵀM within the complement of the normals."""
    features, (n, c) = problem.features, Z.shape
    d = features.shape[1]
    products = (Z[:, :, None] * features[:, None, :]).reshape(n, c * d)
    ahead = np.empty_like(U)
    for part in batches(U.shape[1], max(n, c * d)):
        active = (features @ U[:, part] > 0.0).astype(np.float64)
        M = (active.T @ products).reshape(-1, c, d)
        M -= (M @ normals[part]) @ np.swapaxes(normals[part], 1, 2)
        power = M @ np.swapaxes(M, 1, 2)
        trace = np.trace(power, axis1=1, axis2=2)
        power /= np.where(trace > 0.0, trace, 1.0)[:, None, None]
        for _ in range(3):
            power = power @ power
        image = power @ (M @ U[:, part].T[:, :, None])
        ahead[:, part] = (np.swapaxes(M, 1, 2) @ image)[:, :, 0].T
    lengths = np.linalg.norm(ahead, axis=0)
    flat = lengths == 0.0
    ahead[:, flat] = U[:, flat]  # no way up: stay
    ahead /= np.where(flat, 1.0, lengths)
    return ahead


def _project(rows: FloatArray, normals: FloatArray) -> FloatArray:
    """Each row of (k, d) without its components along its normals, (k, d, j)."""
    along = np.einsum("kd,kdj->kj", rows, normals)
    projected: FloatArray = rows - np.einsum("kdj,kj->kd", normals, along)
    return projected
