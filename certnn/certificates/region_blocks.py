"""The matrix 2S of a leaf of the level lifts, in blocks that share entries of u and ρ alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.certificates.regions_point import RegionLeaf

#: Points that are taken at once where no product joins them.
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class AlonePoints:
    """What mixed points add to the matrix 2S of Theorem 48 that no product joins to another.

    Attributes
    ----------
    points : int64 array, shape (m,)
    diagonal : array, shape (m,)
        Of their a, in extended precision as all of these.
    across : array, shape (m, columns + 1)
        With u and ρ.
    corner : array, shape (columns + 1,) * 2
        Over u and ρ.
    """

    points: IndexArray
    diagonal: NDArray[np.floating[Any]]
    across: NDArray[np.floating[Any]]
    corner: NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class RegionBlock:
    """What some points add to the matrix 2S of Theorem 48.

    Attributes
    ----------
    points : int64 array, shape (m,)
        Those of them that are mixed.
    matrix : array, shape (m + columns + 1,) * 2
        Over (their a, u, ρ), in extended precision.
    """

    points: IndexArray
    matrix: NDArray[np.floating[Any]]


#: The label of points that no product joins to another.
_ALONE = -2


def alone(leaf: RegionLeaf) -> NDArray[np.bool_]:
    """Which points are mixed and in products with themselves and the norm alone, shape (n,)."""
    products, is_alone = leaf.products, leaf.signs == 0
    i, j = products.first % products.n, products.second % products.n
    is_alone[i[i != j]] = is_alone[j[i != j]] = False
    return np.asarray(is_alone)


def alone_points(
    features: NDArray[np.floating[Any]],
    Z: FloatArray,
    ray: FloatArray,
    leaf: RegionLeaf,
    is_alone: NDArray[np.bool_],
) -> Iterator[AlonePoints]:
    """Of those that `alone` has said, so many at a time that they take little memory."""
    n, products = len(features), leaf.products
    of_b = products.first >= n
    weights = np.bincount(products.first % n, products.multiplier, n)
    with_b = np.bincount(products.first % n, products.multiplier * (products.second >= n), n)
    of_bb = np.bincount(products.first % n, products.multiplier * of_b, n)
    order = np.argsort(leaf.balls % n, kind="stable")
    owners = leaf.balls[order] % n
    points = np.flatnonzero(is_alone)
    for start in range(0, points.size, _AT_ONCE):
        own = points[start : start + _AT_ONCE]
        x = features[own].astype(np.longdouble)
        first, last = np.searchsorted(owners, [own[0], own[-1] + 1])
        balls = order[first:last]
        balls = balls[np.isin(owners[first:last], own)]
        partners = np.zeros((2, own.size, x.shape[1] + 1), dtype=np.longdouble)
        forms = leaf.balls[balls]
        where = (forms >= n).astype(int), np.searchsorted(own, forms % n)
        np.add.at(partners, where, leaf.ball_multipliers[balls])
        across = -partners[0] - partners[1]
        across[:, -1] -= Z[own].astype(np.longdouble) @ ray.astype(np.longdouble)
        across[:, :-1] += (with_b + of_bb)[own, None] * x
        corner = np.zeros((x.shape[1] + 1,) * 2, dtype=np.longdouble)
        corner[:-1] = x.T @ (partners[1] - np.pad(of_bb[own, None] * x, ((0, 0), (0, 1))))
        yield AlonePoints(own, -2.0 * weights[own].astype(np.longdouble), across, corner + corner.T)


def region_blocks(
    features: NDArray[np.floating[Any]],
    Z: FloatArray,
    ray: FloatArray,
    leaf: RegionLeaf,
    is_alone: NDArray[np.bool_],
) -> list[RegionBlock]:
    """The matrix 2S without what h, μ and ν are in, a block for points that products join.

    The first is that of the fixed points, and of the products that are of no mixed one. Of those
    that `alone` has said there is none.
    """
    n = features.shape[0]
    products = leaf.products
    i, j = products.first % n, products.second % n
    free = leaf.signs == 0
    both = free[i] & free[j]
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(int(both.sum())), (i[both], j[both])), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    label = np.where(free, label, -1)
    label[is_alone] = _ALONE
    own = np.maximum(label[i], label[j])
    of_balls = label[leaf.balls % n]
    sigma = Z.astype(np.longdouble) @ ray.astype(np.longdouble)
    blocks = []
    orders = [np.argsort(labels, kind="stable") for labels in (label, own, of_balls)]
    for one in np.unique(np.append(-1, label[label != _ALONE])):
        points, pairs, balls = (
            order[slice(*np.searchsorted(labels[order], [one, one + 1]))]
            for labels, order in zip((label, own, of_balls), orders, strict=True)
        )
        blocks.append(_block(features, sigma, leaf, np.sort(points), pairs, balls))
    return blocks


def _block(
    features: NDArray[np.floating[Any]],
    sigma: NDArray[np.floating[Any]],
    leaf: RegionLeaf,
    points: IndexArray,
    pairs: IndexArray,
    balls: IndexArray,
) -> RegionBlock:
    n, columns = features.shape
    products = leaf.products
    first, second, mixed = (
        products.first[pairs],
        products.second[pairs],
        points[leaf.signs[points] == 0],
    )
    used = np.unique(np.concatenate([first, second, leaf.balls[balls], points]))
    forms = np.zeros((used.size, mixed.size + columns + 1), dtype=np.longdouble)
    sign, active = leaf.signs[used % n], used < n
    share = np.where(sign == 0, np.where(active, 0, -1), np.where(active == (sign > 0), sign, 0))
    forms[:, mixed.size : -1] = share[:, None] * features[used % n]
    free = np.flatnonzero(sign == 0)
    forms[free, np.searchsorted(mixed, used[free] % n)] = 1.0
    partners = np.zeros_like(forms)
    place = np.searchsorted(used, first)
    terms = products.multiplier[pairs, None] * forms[np.searchsorted(used, second)]
    np.add.at(partners, place, terms)
    np.add.at(
        partners[:, mixed.size :],
        np.searchsorted(used, leaf.balls[balls]),
        leaf.ball_multipliers[balls],
    )
    partners[np.searchsorted(used, points), -1] += sigma[points]
    half = forms.T @ partners
    return RegionBlock(mixed, -(half + half.T))
