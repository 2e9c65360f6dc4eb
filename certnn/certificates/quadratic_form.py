"""The matrix 2S of Theorem 9 in float arithmetic, by groups of points that products connect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import DualPoint, IndexArray

#: Entries of the matrices of a batch that are there at a time, unless one group has more.
_ENTRIES = 1 << 19


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
    batches : iterable of GroupBatch
        A and C, ordered by group size. They are made each time one goes through them, so that those
        of many points are not in memory together.
    corner : floating array, shape (q, q)
        D, in the working precision: large parts of it cancel against CᵀA⁻¹C.
    """

    batches: Iterable[GroupBatch]
    corner: NDArray[np.floating[Any]]


def quadratic_form(
    features: FloatArray, point: DualPoint, working: type[np.floating[Any]] = np.float64
) -> QuadraticForm:
    """Assemble 2S for `features`, shape (n, columns), and an approximate dual point.

    Large multipliers of nearly parallel rows cancel against one another; `working` is the type in
    which they are summed before the result is rounded to float64.
    """
    batches = _Batches(features, point, working)
    return QuadraticForm(batches, batches.corner())


class _Batches:
    """The groups of a form, so many at a time as take little memory."""

    def __init__(
        self, features: FloatArray, point: DualPoint, working: type[np.floating[Any]]
    ) -> None:
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        self._features, self._dual, self._products = features, point.Z, point.products
        self._working = working
        n, i, j = features.shape[0], *self._points()
        graph = coo_array((np.ones(i.size), (i, j)), shape=(n, n))
        _, self._label = connected_components(graph, directed=False)
        self._size = np.bincount(self._label)
        self._order = np.argsort(self._label, kind="stable")
        self._start = np.concatenate([[0], np.cumsum(self._size)[:-1]])
        self._place = np.empty(n, dtype=np.int64)
        self._place[self._order] = np.arange(n) - np.repeat(self._start, self._size)

    def __iter__(self) -> Iterator[GroupBatch]:
        return map(self._batch, self._chunks())

    def corner(self) -> NDArray[np.floating[Any]]:
        """Its part for u and v."""
        columns = self._features.shape[1]
        q = columns + self._dual.shape[1]
        corner = np.zeros((q, q), dtype=self._working)
        if np.all(self._products.first < self._features.shape[0]):  # there is no b by itself
            return corner
        for groups in self._chunks():
            members, (g, p, r, value, _, both) = self._members(groups), self._inside(groups)
            if np.any(both):
                squares = _scatter(_shape(members), g, p, r, value * both, self._working)
                x = self._features[members].astype(self._working)
                half = x.reshape(-1, columns).T @ (squares @ x).reshape(-1, columns)
                corner[:columns, :columns] += half + half.T
        return corner

    def _points(self) -> tuple[IndexArray, IndexArray]:
        """The points of the two forms of each product."""
        n = self._features.shape[0]
        return self._products.first % n, self._products.second % n

    def _chunks(self) -> Iterator[IndexArray]:
        """Groups of one size, of so many together."""
        q = self._features.shape[1] + self._dual.shape[1]
        for k in np.unique(self._size):
            groups, most = np.flatnonzero(self._size == k), max(1, _ENTRIES // int(k * (k + q)))
            yield from (groups[s : s + most] for s in range(0, groups.size, most))

    def _members(self, groups: IndexArray) -> IndexArray:
        size = int(self._size[groups[0]])
        return self._order[self._start[groups][:, None] + np.arange(size)]

    def _inside(self, groups: IndexArray) -> tuple[NDArray[Any], ...]:
        """Of the products in some groups: group, the two places in it, multiplier, what is b."""
        n, (i, j) = self._features.shape[0], self._points()
        row = np.full(self._size.size, -1, dtype=np.int64)
        row[groups] = np.arange(groups.size)
        here = row[self._label[i]] >= 0
        i, j, of = i[here], j[here], self._products.selected(here)
        places = self._place[i], self._place[j]
        return row[self._label[i]], *places, of.multiplier, of.second >= n, of.first >= n

    def _batch(self, groups: IndexArray) -> GroupBatch:
        working, columns = self._working, self._features.shape[1]
        members, (g, p, r, value, second, both) = self._members(groups), self._inside(groups)
        half = _scatter(_shape(members), g, p, r, value, working)
        points = -(half + half.transpose(0, 2, 1)).astype(np.float64)
        mixed = _scatter(_shape(members), g, p, r, value * second, working)
        mixed += _scatter(_shape(members), g, r, p, value * both, working)
        hidden = (mixed @ self._features[members].astype(working)).astype(np.float64)
        borders = np.concatenate([hidden, -self._dual[members]], axis=2)
        doubt = np.zeros_like(borders)
        doubt[:, :, :columns] = np.abs(mixed).astype(np.float64) @ np.abs(self._features[members])
        doubt *= members.shape[1] * float(np.finfo(working).eps)
        doubt[:, :, :columns] += float(np.finfo(np.float64).eps) * np.abs(hidden)
        return GroupBatch(members, points, borders, doubt)


def _shape(members: IndexArray) -> tuple[int, int, int]:
    groups, size = members.shape
    return groups, size, size


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
    """A factor of a batch with its points scaled to about unit diagonal.

    Attributes
    ----------
    scales : float64 array, shape (g, k)
        Weights w of the points, powers of two.
    factors : float64 array, shape (g, k, k)
        Lower triangular, of diag(w)·A·diag(w) − shift·I.
    cross : float64 array, shape (g, k, q)
        factor⁻¹ · diag(w) · C.
    """

    scales: FloatArray
    factors: FloatArray
    cross: FloatArray


def eliminate(form: QuadraticForm, shift: float) -> FloatArray | None:
    """D + CᵀA⁻¹C, shape (q, q): 2S is psd once kappa ≥ its largest eigenvalue.

    None where A, scaled and shifted, is not definite. `shift` times the group's size is what
    rounding of the factor may cost on the unit diagonal.
    """
    schur = form.corner.astype(np.float64)
    for batch in form.batches:
        eliminated = eliminate_batch(batch, shift)
        if eliminated is None:
            return None
        flat = eliminated.cross.reshape(-1, schur.shape[0])
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is found below
            schur += flat.T @ flat
    return schur if np.all(np.isfinite(schur)) else None


def eliminate_batch(batch: GroupBatch, shift: float) -> Elimination | None:
    """The factors of some groups; None where one is not definite, scaled and shifted."""
    from scipy.linalg import solve_triangular

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
        return Elimination(w, factor, borders / factor)
    solved = [
        solve_triangular(f, b, lower=True, check_finite=False)
        for f, b in zip(factor, borders, strict=True)
    ]
    return Elimination(w, factor, np.stack(solved))


def largest_eigenvalue(matrix: FloatArray) -> float:
    """Largest eigenvalue of a symmetric matrix."""
    return float(np.linalg.eigvalsh(matrix)[-1])
