"""The matrix 2S of Theorem 9 in float arithmetic, by groups of points that products connect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import DualPoint, IndexArray


@dataclass(frozen=True, eq=False)
class GroupBatch:
    """All groups of one size k.

    Attributes
    ----------
    members : int64 array, shape (g, k)
        Points of each group, ascending.
    points : float64 array, shape (g, k, k)
        The groups' diagonal blocks of 2S.
    borders : float64 array, shape (g, k, q)
        Their columns for u and v; q = columns of the features + c.
    doubt : float64 array, shape (g, k, q)
        About how far rounding may have moved `borders`.
    """

    members: IndexArray
    points: FloatArray
    borders: FloatArray
    doubt: FloatArray


@dataclass(frozen=True, eq=False)
class QuadraticForm:
    """2S = [[A, C], [Cᵀ, kappa·I − D]] with A block diagonal over the groups.

    Attributes
    ----------
    batches : tuple of GroupBatch
        A and C, ordered by group size.
    corner : floating array, shape (q, q)
        D, in the working precision: large parts of it cancel against CᵀA⁻¹C.
    """

    batches: tuple[GroupBatch, ...]
    corner: NDArray[np.floating[Any]]


def quadratic_form(
    features: FloatArray, point: DualPoint, working: type[np.floating[Any]] = np.float64
) -> QuadraticForm:
    """Assemble 2S for `features`, shape (n, columns), and an approximate dual point.

    Large multipliers of nearly parallel rows cancel against one another; `working` is the type in
    which they are summed before the result is rounded to float64.
    """
    n, columns = features.shape
    products, y = point.products, point.products.multiplier
    i, j = products.first % n, products.second % n
    first_is_b, second_is_b = products.first >= n, products.second >= n
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(i.size), (i, j)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    size = np.bincount(label)
    order = np.argsort(label, kind="stable")
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n) - np.repeat(start, size)

    q = columns + point.Z.shape[1]
    corner = np.zeros((q, q), dtype=working)
    batches = []
    for k in np.unique(size):
        groups = np.flatnonzero(size == k)
        members = order[start[groups][:, None] + np.arange(k)]
        row = np.full(size.size, -1, dtype=np.int64)
        row[groups] = np.arange(groups.size)
        here = row[label[i]] >= 0
        g, p, r = row[label[i[here]]], place[i[here]], place[j[here]]
        value, second, both = y[here], second_is_b[here], first_is_b[here]
        shape = (groups.size, int(k), int(k))
        half = _scatter(shape, g, p, r, value, working)
        points = -(half + half.transpose(0, 2, 1)).astype(np.float64)
        mixed = _scatter(shape, g, p, r, value * second, working)
        mixed += _scatter(shape, g, r, p, value * both, working)
        squares = _scatter(shape, g, p, r, value * both, working)
        x = features[members].astype(working)
        hidden = (mixed @ x).astype(np.float64)
        borders = np.concatenate([hidden, -point.Z[members]], axis=2)
        doubt = np.zeros_like(borders)
        doubt[:, :, :columns] = np.abs(mixed).astype(np.float64) @ np.abs(features[members])
        doubt *= k * float(np.finfo(working).eps)
        doubt[:, :, :columns] += float(np.finfo(np.float64).eps) * np.abs(hidden)
        if bool(np.any(both)):
            half_corner = x.reshape(-1, columns).T @ (squares @ x).reshape(-1, columns)
            corner[:columns, :columns] += half_corner + half_corner.T
        batches.append(GroupBatch(members, points, borders, doubt))
    return QuadraticForm(tuple(batches), corner)


def _scatter(
    shape: tuple[int, int, int],
    g: IndexArray,
    p: IndexArray,
    r: IndexArray,
    value: FloatArray,
    working: type[np.floating[Any]],
) -> NDArray[np.floating[Any]]:
    if working is np.float64:
        place = np.ravel_multi_index((g, p, r), shape)
        total = np.bincount(place, weights=value, minlength=int(np.prod(shape)))
        return total.astype(np.float64).reshape(shape)
    summed: NDArray[np.floating[Any]] = np.zeros(shape, dtype=working)
    np.add.at(summed, (g, p, r), value.astype(working))
    return summed


@dataclass(frozen=True, eq=False)
class Elimination:
    """A factor of 2S with its a-variables eliminated, points scaled to about unit diagonal.

    Attributes
    ----------
    scales : tuple of float64 array, shape (g, k)
        Weights w of the points, powers of two, batch by batch.
    factors : tuple of float64 array, shape (g, k, k)
        Lower triangular, of diag(w)·A·diag(w) − shift·I.
    cross : tuple of float64 array, shape (g, k, q)
        factor⁻¹ · diag(w) · C.
    schur : float64 array, shape (q, q)
        D + CᵀA⁻¹C (with the shift): 2S is psd once kappa ≥ its largest eigenvalue.
    """

    scales: tuple[FloatArray, ...]
    factors: tuple[FloatArray, ...]
    cross: tuple[FloatArray, ...]
    schur: FloatArray


def eliminate(form: QuadraticForm, shift: float) -> Elimination | None:
    """Eliminate the a-variables, or return None where A, scaled and shifted, is not definite.

    `shift` times the group's size is what rounding of the factor may cost on the unit diagonal.
    """
    from scipy.linalg import solve_triangular

    scales, factors, cross = [], [], []
    schur = form.corner.astype(np.float64)
    for batch in form.batches:
        diagonal = np.diagonal(batch.points, axis1=1, axis2=2)
        if not np.all(diagonal > 0.0) or not np.all(np.isfinite(diagonal)):
            return None
        w = np.exp2(-np.round(np.log2(diagonal) / 2.0))
        scaled = batch.points * w[:, :, None] * w[:, None, :]
        size = scaled.shape[1]
        scaled -= shift * size * np.eye(size)
        try:
            factor = np.asarray(np.linalg.cholesky(scaled), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        borders = batch.borders * w[:, :, None]
        if size == 1:
            solved = borders / factor
        else:
            solved = np.stack(
                [
                    solve_triangular(f, b, lower=True, check_finite=False)
                    for f, b in zip(factor, borders, strict=True)
                ]
            )
        flat = solved.reshape(-1, solved.shape[2])
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found below
            schur += flat.T @ flat
        scales.append(w)
        factors.append(factor)
        cross.append(solved)
    if not np.all(np.isfinite(schur)):
        return None
    return Elimination(tuple(scales), tuple(factors), tuple(cross), schur)


def largest_eigenvalue(matrix: FloatArray) -> float:
    """Largest eigenvalue of a symmetric matrix."""
    return float(np.linalg.eigvalsh(matrix)[-1])
