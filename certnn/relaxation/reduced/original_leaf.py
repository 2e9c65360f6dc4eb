"""The multipliers of one lift, carried over to the rows of the original problem (Theorem 8)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray, Products
from certnn.certificates.regions_point import RegionLeaf
from certnn.relaxation.reduced.reduced_problem import ReducedProblem


def original_leaf(
    reduced: ReducedProblem,
    Z: FloatArray,
    ray: tuple[int, float],
    signs: NDArray[np.int8],
    multipliers: tuple[float, float],
    products: Products,
    forms: IndexArray,
    partners: FloatArray,
) -> RegionLeaf:
    """A leaf over the rows, from one over the m directions.

    A direction whose sign is fixed fixes that of its representative row; the other rows of the line
    stay mixed, and are tied to it.

    Parameters
    ----------
    reduced : ReducedProblem
    Z : float64 array, shape (n, c)
        In the units of the reduced problem.
    ray : (int, float)
        The ray's number in the cover, and its length.
    signs : int8 array, shape (m,)
    multipliers : (float, float)
        μ and ν.
    products : Products
    forms : int64 array, shape (k,)
        Of the products with the norm, each once: below m an a, else a b.
    partners : float64 array, shape (k, r + 1)
        r, in coordinates of rank, and then s of each.
    """
    number, length = ray
    m, representative = reduced.directions.count, reduced.directions.representative
    original = reduced.original_point(Z, products).products
    n, multiple = original.n, reduced.product_scale * length
    whole = np.zeros(n, dtype=np.int8)
    whole[representative] = signs
    norms = reduced.directions.norms[representative]
    rows = np.hstack([partners[:, :-1] @ reduced.basis, partners[:, -1:]])
    return RegionLeaf(
        direction=number,
        signs=whole,
        mu=multiple * multipliers[0],
        nu=multiple * multipliers[1],
        products=original.scaled(length),
        balls=representative[forms % m] + n * (forms >= m),
        ball_multipliers=multiple * rows / norms[forms % m][:, None],
    )
