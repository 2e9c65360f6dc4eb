"""An approximate dual point of the level lifts: what a solver says, before anything is proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.directions import Cover
from certnn.certificates.dual_point import IndexArray, Products
from certnn.problem.bias_ball import BiasBall


@dataclass(frozen=True, eq=False)
class RegionLeaf:
    """A direction w on one region, with the multipliers of Theorem 48.

    Attributes
    ----------
    direction : int
        The number of w among the rays of the cover.
    signs : int8 array, shape (n,)
        0 for the mixed points, else the sign of x_iᵀu in the region.
    mu, nu : float
        Of ρ² − |u|² and, with a free bias g, of ρ² − g².
    products : Products
        Over the n points, a_i and b_i of fixed ones being x_iᵀu, 0 or −x_iᵀu.
    balls : int64 array, shape (k,)
        The forms f of products with the norm, numbered like those of `products`.
    ball_multipliers : float64 array, shape (k, columns + 1)
        r and then s of each: f·(sρ + rᵀu), u with a free bias at its end.
    """

    direction: int
    signs: NDArray[np.int8]
    mu: float
    nu: float
    products: Products
    balls: IndexArray
    ball_multipliers: FloatArray

    @property
    def mixed(self) -> IndexArray:
        """The points whose sign is not fixed."""
        return np.flatnonzero(self.signs == 0)

    @property
    def finite(self) -> bool:
        """Whether every multiplier is a finite number."""
        own = np.isfinite(self.mu + self.nu) and bool(np.all(np.isfinite(self.ball_multipliers)))
        return bool(own and self.products.finite)


@dataclass(frozen=True, eq=False)
class RegionsPoint:
    """Z with multipliers for all directions and regions.

    Attributes
    ----------
    Z : float64 array, shape (n, c)
    cover : Cover
        Of the outputs.
    splits : int64 array
        The trees of regions, as in the kernel's ``FORMAT.md``.
    leaves : tuple of RegionLeaf
        In the order of the trees.
    ball : BiasBall or None
        Whether a free hidden bias is beside u, and the ball that it is for.
    """

    Z: FloatArray
    cover: Cover
    splits: IndexArray
    leaves: tuple[RegionLeaf, ...]
    ball: BiasBall | None = None

    @property
    def finite(self) -> bool:
        """Whether all entries are finite numbers."""
        return bool(np.all(np.isfinite(self.Z))) and all(leaf.finite for leaf in self.leaves)


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


def region_blocks(
    features: NDArray[np.floating[Any]], Z: FloatArray, ray: FloatArray, leaf: RegionLeaf
) -> list[RegionBlock]:
    """The matrix 2S without what h, μ and ν are in, a block for points that products join.

    Two blocks share entries of u and ρ alone. The first is that of the fixed points, and of the
    products that are of no mixed one.
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
    own = np.maximum(label[i], label[j])
    of_balls = label[leaf.balls % n]
    sigma = Z.astype(np.longdouble) @ ray.astype(np.longdouble)
    blocks = []
    orders = [np.argsort(labels, kind="stable") for labels in (label, own, of_balls)]
    for one in np.unique(label) if np.any(label < 0) else np.append(-1, np.unique(label)):
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
