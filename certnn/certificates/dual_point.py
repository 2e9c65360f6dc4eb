"""An approximate dual point: what a solver says, before anything is proved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray

IndexArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Products:
    """Multipliers of products of nonnegative forms f = (a₁..a_n, b₁..b_n), Theorem 9.

    Attributes
    ----------
    n : int
        Number of points.
    first, second : int64 array, shape (m,)
        Indices 0 ≤ first ≤ second < 2n of the two forms of each product.
    multiplier : float64 array, shape (m,)
        y ≥ 0, except that a product a_i·b_i (second == first + n) may have any sign.
    """

    n: int
    first: IndexArray
    second: IndexArray
    multiplier: FloatArray

    @classmethod
    def from_blocks(cls, aa: FloatArray, ab: FloatArray, bb: FloatArray) -> Products:
        """The products of aᵀ·aa·a + aᵀ·ab·b + bᵀ·bb·b, negative multipliers set to zero.

        aa and bb are symmetric n×n, of which the upper triangle is read; ab is n×n, its diagonal of
        any sign. Zero multipliers are left out.
        """
        n = ab.shape[0]
        i, j = np.triu_indices(n)
        twice = np.where(i == j, 1.0, 2.0)  # both (i, j) and (j, i) of a symmetric block
        k, m = np.divmod(np.arange(n * n), n)
        first = np.concatenate([i, k, i + n])
        second = np.concatenate([j, m + n, j + n])
        multiplier = np.concatenate([twice * aa[i, j], ab.ravel(), twice * bb[i, j]])
        free = second == first + n
        multiplier = np.where(free, multiplier, np.maximum(multiplier, 0.0))
        keep = multiplier != 0.0
        return cls(n, first[keep], second[keep], multiplier[keep])

    @classmethod
    def vanishing(cls, multiplier: FloatArray) -> Products:
        """Multipliers, shape (n,), for the products a_i·b_i, which are zero on real neurons."""
        n = multiplier.shape[0]
        points = np.arange(n)
        return cls(n, points, points + n, multiplier)

    def scaled(self, factor: float) -> Products:
        """Every multiplier times a positive factor."""
        return Products(self.n, self.first, self.second, factor * self.multiplier)

    def selected(self, keep: NDArray[np.bool_]) -> Products:
        """The products where `keep`, shape (m,), is true."""
        return Products(self.n, self.first[keep], self.second[keep], self.multiplier[keep])

    @property
    def sign_is_free(self) -> NDArray[np.bool_]:
        """Where the product is some a_i·b_i, shape (m,)."""
        free: NDArray[np.bool_] = self.second == self.first + self.n
        return free

    @property
    def finite(self) -> bool:
        """Whether every multiplier is a finite number."""
        return bool(np.all(np.isfinite(self.multiplier)))


def summed(parts: list[Products]) -> Products:
    """The sum of several sets of multipliers over the same points, each product once."""
    n = parts[0].n
    key = np.concatenate([p.first * (2 * n) + p.second for p in parts])
    unique, inverse = np.unique(key, return_inverse=True)
    multiplier = np.bincount(
        inverse, weights=np.concatenate([p.multiplier for p in parts]), minlength=unique.size
    )
    return Products(n, unique // (2 * n), unique % (2 * n), multiplier.astype(np.float64))


@dataclass(frozen=True, eq=False)
class DualPoint:
    """Approximate dual variables Z, shape (n, c), and multipliers of products; any accuracy."""

    Z: FloatArray
    products: Products

    @property
    def finite(self) -> bool:
        """Whether all entries are finite numbers."""
        return bool(np.all(np.isfinite(self.Z))) and self.products.finite
