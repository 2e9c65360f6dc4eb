"""An approximate dual point of the level lifts: what a solver says, before anything is proved."""

from __future__ import annotations

from dataclasses import dataclass

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
