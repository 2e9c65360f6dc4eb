"""An approximate dual point of the level cuts: what a solver says, before anything is proved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray, Products, summed
from certnn.kernel.cuts import set_pairs


@dataclass(frozen=True, eq=False)
class Slacks:
    """Slacks of sublinearity, one for each relation x_i ≈ Σ_k θ_k x_k (Theorem 29).

    Attributes
    ----------
    target : int64 array, shape (J,)
        The point i of each.
    count : int64 array, shape (J,)
        How many points k each has.
    point : int64 array, shape (sum of count,)
        Those points, of one slack after the other.
    theta : float64 array, shape (sum of count,)
    """

    target: IndexArray
    count: IndexArray
    point: IndexArray
    theta: FloatArray

    @classmethod
    def of(cls, relations: list[tuple[int, IndexArray, FloatArray]]) -> Slacks:
        """From (i, points, θ) of each."""
        return cls(
            np.array([i for i, _, _ in relations], dtype=np.int64),
            np.array([points.size for _, points, _ in relations], dtype=np.int64),
            np.concatenate([np.zeros(0, dtype=np.int64), *(points for _, points, _ in relations)]),
            np.concatenate([np.zeros(0), *(theta for _, _, theta in relations)]),
        )

    @property
    def owner(self) -> IndexArray:
        """The slack that each entry of `point` belongs to."""
        return np.repeat(np.arange(self.count.size), self.count)

    def rows(self, features: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
        """The slacks as linear forms of (a, u), shape (J, n + columns), in the type of features."""
        n, J = features.shape[0], self.target.size
        weight, negative = (np.zeros((J, n), dtype=features.dtype) for _ in range(2))
        np.add.at(weight, (self.owner, self.point), np.abs(self.theta))
        weight[np.arange(J), self.target] -= 1.0
        np.add.at(negative, (self.owner, self.point), np.maximum(-self.theta, 0.0))
        return np.hstack([weight, -(negative @ features)])


@dataclass(frozen=True, eq=False)
class SetForm:
    """A quadratic form on the a and b of a few points (Theorem 30).

    Attributes
    ----------
    points : int64 array, shape (k,)
    form : float64 array, shape (2k²,)
        Coefficients of the products that `certnn.kernel.cuts.set_pairs` lists.
    part : float64 array, shape (2ᵏ, k(k−1)/2)
        For each choice of a or b at each point, the last changing fastest: what, above the
        diagonal, twice the form has in excess of a definite matrix. Nonnegative.
    """

    points: IndexArray
    form: FloatArray
    part: FloatArray

    def choices(self) -> FloatArray:
        """Twice the form on each choice less the nonnegative part, shape (2ᵏ, k, k)."""
        matrices: FloatArray = choice_matrices(self.points.size, self.form[None], self.part[None])[
            0
        ]
        return matrices


def choice_matrices(k: int, form: FloatArray, part: FloatArray) -> FloatArray:
    """The matrices of `SetForm.choices` of many sets of k points: (s, 2k²), .. to (s, 2ᵏ, k, k)."""
    place = {pair: number for number, pair in enumerate(set_pairs(k))}
    matrices = np.zeros((form.shape[0], 2**k, k, k))
    for number, signs in enumerate(product((0, k), repeat=k)):
        chosen = [p + sign for p, sign in enumerate(signs)]
        for p, r in enumerate(chosen):
            matrices[:, number, p, p] = 2.0 * form[:, place[r, r]]
        for pair, (p, q) in enumerate(combinations(range(k), 2)):
            r, s = sorted((chosen[p], chosen[q]))
            entry = form[:, place[r, s]] - part[:, number, pair]
            matrices[:, number, p, q] = matrices[:, number, q, p] = entry
    return matrices


@dataclass(frozen=True, eq=False)
class CutsPoint:
    """Approximate dual variables of the level cuts, of any accuracy.

    Attributes
    ----------
    Z : float64 array, shape (n, c)
    products : Products
        Multipliers of products of a and b.
    first, second : int64 array, shape (m,)
        The forms r ≤ s of the products with slacks: a_i is i, b_i is n + i, slack j is 2n + j ≤ s.
    multiplier : float64 array, shape (m,)
    """

    Z: FloatArray
    products: Products
    slacks: Slacks
    first: IndexArray
    second: IndexArray
    multiplier: FloatArray
    sets: tuple[SetForm, ...]

    @property
    def finite(self) -> bool:
        """Whether all entries are finite numbers."""
        arrays = [self.Z, self.slacks.theta, self.multiplier]
        arrays += [array for s in self.sets for array in (s.form, s.part)]
        return self.products.finite and all(bool(np.all(np.isfinite(a))) for a in arrays)

    def plus(self, products: Products) -> CutsPoint:
        """With these multipliers of products of a and b added."""
        return replace(self, products=summed([self.products, products]))
