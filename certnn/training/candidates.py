"""Hidden directions that may be worth a neuron.

The score of a direction u against a residual Z is ‖Zᵀ(Xu)₊‖/|u|. A direction whose score is above
reg lowers the restricted problem's objective when it joins the columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.problem.training_problem import TrainingProblem

IntArray = NDArray[np.int64]

#: Most float64 numbers in one temporary array: 64 MB.
_BATCH_NUMBERS = 8_000_000


@dataclass(frozen=True, eq=False)
class Isotropic:
    """Coordinates t of the row space of X in which Xu is isotropic: u = `to_u` t, Xu = `rows` t.

    A component of u outside the row space costs weight decay and does nothing, so nothing is lost.

    Attributes
    ----------
    rows : ndarray, shape (n, r)
        Orthonormal columns: the left singular vectors of X, r its numerical rank (possibly 0).
    to_u : ndarray, shape (d, r)
        W S⁻¹ for X = rows · S · Wᵀ.
    from_u : ndarray, shape (r, d)
        S Wᵀ, its inverse on the row space.
    """

    rows: FloatArray
    to_u: FloatArray
    from_u: FloatArray

    @property
    def rank(self) -> int:
        """The numerical rank of X."""
        return int(self.rows.shape[1])


def isotropic(problem: TrainingProblem) -> Isotropic:
    """The isotropic coordinates of a problem's features, from their thin SVD."""
    left, values, right = np.linalg.svd(problem.features, full_matrices=False)
    threshold = float(np.max(values, initial=0.0)) * max(problem.features.shape) * 1e-15
    rank = int(np.sum(values > threshold))
    right, values = right[:rank], values[:rank]
    return Isotropic(left[:, :rank], right.T / values, right * values[:, None])


def gaussian(space: Isotropic, count: int, rng: np.random.Generator) -> FloatArray:
    """Unit directions u whose t is Gaussian, shape (d, count); (d, 0) where X is zero."""
    return unit(space.to_u @ rng.standard_normal((space.rank, count)))


def drawn(space: Isotropic, count: int, rng: np.random.Generator) -> FloatArray:
    """About `count` starts for a local search, half of them vertices and half Gaussian."""
    return np.hstack([vertices(space, count // 4, rng), gaussian(space, count // 2, rng)])


def data_rows(problem: TrainingProblem) -> FloatArray:
    """The unit vectors ±xᵢ/|xᵢ| of the nonzero data points, shape (d, at most 2n)."""
    rows = problem.features.T
    return unit(np.hstack([rows, -rows]))


def vertices(space: Isotropic, count: int, rng: np.random.Generator) -> FloatArray:
    """Vertices of the hyperplane arrangement: u orthogonal to r − 1 random data points.

    Unit directions, each with both signs, shape (d, 2·count); (d, 0) where X is zero. Where the
    points drawn are dependent, one of the many orthogonal directions is taken.
    """
    n, rank = space.rows.shape
    points = max(rank - 1, 0)
    chosen = np.empty((count, points), dtype=np.int64)
    for part in batches(count, n):
        keys = rng.random((part.stop - part.start, n))
        chosen[part] = np.argsort(keys, axis=1)[:, :points]
    return orthogonal(space, chosen)


def orthogonal(space: Isotropic, chosen: IntArray) -> FloatArray:
    """Both unit directions orthogonal to given points, (k, r − 1) indices → shape (d, 2k)."""
    rank, count = space.rank, chosen.shape[0]
    if rank == 0:
        return np.empty((space.to_u.shape[0], 0))
    normal = np.empty((rank, count))
    for part in batches(count, rank * rank):
        # The last column of a complete Q is orthogonal to the rows even when they are dependent.
        columns = np.swapaxes(space.rows[chosen[part]], 1, 2)
        normal[:, part] = np.linalg.qr(columns, mode="complete").Q[:, :, -1].T
    directions = space.to_u @ normal
    return unit(np.hstack([directions, -directions]))


def score(problem: TrainingProblem, Z: FloatArray, U: FloatArray) -> FloatArray:
    """‖Zᵀ(Xu)₊‖/|u| for every column u, shape (d, k) → (k,); Z has shape (n, c)."""
    scores = np.empty(U.shape[1])
    for part in batches(U.shape[1], problem.n):
        hidden = np.maximum(problem.features @ U[:, part], 0.0)
        scores[part] = np.linalg.norm(Z.T @ hidden, axis=0) / np.linalg.norm(U[:, part], axis=0)
    return scores


def spread(
    space: Isotropic, U: FloatArray, scores: FloatArray, count: int, angle: float
) -> FloatArray:
    """Directions of high score that keep a distance from each other, best first.

    Columns of U, shape (d, k), taken greedily, at most `count`; none that is zero on all points.
    Their angles, small ones in radians, are measured in the coordinates `space`.
    """
    order = np.argsort(-scores, kind="stable")[: 20 * count]
    ranked = U[:, order]
    images = space.from_u @ ranked
    lengths = np.linalg.norm(images, axis=0)
    images /= np.where(lengths > 0.0, lengths, 1.0)
    free = lengths > 0.0
    chosen: list[int] = []
    while len(chosen) < count and np.any(free):
        k = int(np.argmax(free))
        chosen.append(k)
        # Differences, because cosines cannot tell angles below 1e-8 apart.
        free &= np.sum(np.square(images - images[:, [k]]), axis=0) > angle**2
        free[k] = False
    kept: FloatArray = ranked[:, chosen]
    return kept


def unit(U: FloatArray) -> FloatArray:
    """The nonzero columns divided by their lengths."""
    lengths = np.linalg.norm(U, axis=0)
    directions: FloatArray = U[:, lengths > 0.0] / lengths[lengths > 0.0]
    return directions


def batches(count: int, numbers_each: int) -> list[slice]:
    """Slices of range(count) whose temporaries, `numbers_each` an item, stay within 64 MB."""
    size = max(1, _BATCH_NUMBERS // max(1, numbers_each))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
