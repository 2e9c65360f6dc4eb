"""An approximate dual point of the level regions: what a solver says, before anything is proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.directions import Cover
from certnn.certificates.dual_point import IndexArray, Products


@dataclass(frozen=True, eq=False)
class RegionLeaf:
    """A direction w on one region, with the multipliers of Theorem 48.

    Attributes
    ----------
    direction : int
        The number of w among the rays of the cover.
    signs : int8 array, shape (n,)
        0 for the mixed points, else the sign of x_iᵀu in the region.
    mu : float
    products : Products
        Over the n points, a_i and b_i of fixed ones being x_iᵀu, 0 or −x_iᵀu.
    balls : int64 array, shape (k,)
        The forms f of products with the norm, numbered like those of `products`.
    ball_multipliers : float64 array, shape (k, columns + 1)
        r and then s of each: f·(sρ + rᵀu).
    """

    direction: int
    signs: NDArray[np.int8]
    mu: float
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
        own = np.isfinite(self.mu) and bool(np.all(np.isfinite(self.ball_multipliers)))
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
        The trees of regions, as in `certnn.kernel.regions.RegionsProof`.
    leaves : tuple of RegionLeaf
        In the order of the trees.
    """

    Z: FloatArray
    cover: Cover
    splits: IndexArray
    leaves: tuple[RegionLeaf, ...]

    @property
    def finite(self) -> bool:
        """Whether all entries are finite numbers."""
        return bool(np.all(np.isfinite(self.Z))) and all(leaf.finite for leaf in self.leaves)


def region_form(
    features: FloatArray, Z: FloatArray, ray: FloatArray, leaf: RegionLeaf
) -> NDArray[np.floating[Any]]:
    """The matrix 2S of Theorem 48 over (a, u, ρ) without 2hρ², in extended precision."""
    x = features.astype(np.longdouble)
    n, columns = x.shape
    mixed, order = leaf.mixed, leaf.mixed.size + columns + 1
    u = slice(mixed.size, order - 1)
    forms = np.zeros((2 * n, order), dtype=np.longdouble)
    forms[:n, u] = np.where(leaf.signs[:, None] > 0, x, 0.0)
    forms[n:, u] = np.where(leaf.signs[:, None] > 0, 0.0, -x)
    places = np.arange(mixed.size)
    forms[mixed, places] = forms[n + mixed, places] = 1.0
    products = leaf.products
    weights = np.zeros((2 * n, 2 * n), dtype=np.longdouble)
    np.add.at(weights, (products.first, products.second), products.multiplier)
    partners = weights @ forms
    np.add.at(partners[:, mixed.size :], leaf.balls, leaf.ball_multipliers)
    partners[:n, -1] += Z.astype(np.longdouble) @ ray.astype(np.longdouble)
    half = forms.T @ partners
    S: NDArray[np.floating[Any]] = -(half + half.T)
    diagonal = np.full(columns + 1, 2.0 * leaf.mu)
    diagonal[-1] *= -1.0
    S[np.diag_indices(order)] += np.concatenate([np.zeros(mixed.size), diagonal])
    return S
