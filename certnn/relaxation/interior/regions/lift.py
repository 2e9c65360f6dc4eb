"""One lift: the moments of the neurons that point to one direction, in one region of weight space.

A neuron is balanced, |v| = |u| = ρ (Theorem 1), so that along a direction w of the outputs it adds
ρ·a to the network. In z = (ρ, u, s) with s = (a + b)/2 as in `dense.forms`, the forms are
ρ, the coordinates of u, the a_i = s_i + ½x_iᵀu and b_i = s_i − ½x_iᵀu, and the rays ρ + qᵀu with
|q| = 1. Where the region fixes the sign of x_iᵀu, a_i and b_i are x_iᵀu and 0, or 0 and −x_iᵀu.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.dense.schur import schur_compiled

SignArray = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Lift:
    """A lift, and the products of its forms that are in play.

    Forms are numbered ρ, u (r), a (m), b (m), rays. Multipliers are those of a_i·b_i for the mixed
    points, of any sign, then those of the pairs, nonnegative, and last μ of ρ² − |u|². This
    vanishes on neurons, but μ ≥ 0 is asked for, as the original u may have more coordinates.

    Attributes
    ----------
    rows : float64 array, shape (m, r)
        Unit directions.
    direction : float64 array, shape (c,)
        w, of length 1.
    bound : float
        h: what wᵀZᵀ(Xu)₊ ≤ h|u| is to be proved.
    signs : int8 array, shape (m,)
        0 for the mixed points, else the sign of x_iᵀu in the region.
    rays : float64 array, shape (k, r)
        q of each ray.
    first, second : int64 array, shape (P,)
        The forms of each pair.
    """

    rows: FloatArray
    direction: FloatArray
    bound: float
    signs: SignArray
    rays: FloatArray
    first: IndexArray
    second: IndexArray

    @property
    def points(self) -> int:
        """Number m of directions of data."""
        return int(self.rows.shape[0])

    @property
    def rank(self) -> int:
        """Dimension r of u."""
        return int(self.rows.shape[1])

    @cached_property
    def mixed(self) -> IndexArray:
        """The points whose sign is not fixed."""
        return np.flatnonzero(self.signs == 0)

    @property
    def order(self) -> int:
        """Number of variables."""
        return 1 + self.rank + self.mixed.size

    @property
    def begin(self) -> int:
        """Number of the form a_0."""
        return 1 + self.rank

    @property
    def free(self) -> int:
        """Number of multipliers before those of the pairs."""
        return int(self.mixed.size)

    @property
    def multipliers(self) -> int:
        """Number of multipliers."""
        return self.free + self.first.size + 1

    @property
    def pairs(self) -> slice:
        """Where the multipliers of the pairs are."""
        return slice(self.free, self.free + self.first.size)

    @property
    def signed(self) -> slice:
        """Where the multipliers are that must be nonnegative: those of the pairs, and μ."""
        return slice(self.free, self.multipliers)

    @cached_property
    def forms(self) -> FloatArray:
        """The forms as rows over (ρ, u, s)."""
        m, r = self.rows.shape
        points = np.zeros((2 * m, self.order))
        share = np.where(self.signs == 0, 0.5, np.maximum(self.signs, 0))
        points[:m, 1 : 1 + r] = share[:, None] * self.rows
        share = np.where(self.signs == 0, 0.5, np.maximum(-self.signs, 0))
        points[m:, 1 : 1 + r] = -share[:, None] * self.rows
        own = 1 + r + np.arange(self.mixed.size)
        points[self.mixed, own] = points[m + self.mixed, own] = 1.0
        rays = np.zeros((self.rays.shape[0], self.order))
        rays[:, 0], rays[:, 1 : 1 + r] = 1.0, self.rays
        return np.vstack([np.eye(1 + r, self.order), points, rays])

    @cached_property
    def _products(self) -> tuple[IndexArray, IndexArray, FloatArray]:
        """All products: those of the multipliers, that of μ as one for ρ and one for each of u."""
        a, ball = self.begin + self.mixed, np.arange(1 + self.rank)
        weight = np.ones(self.free + self.first.size + ball.size)
        weight[self.free + self.first.size + 1 :] = -1.0
        return (
            np.concatenate([a, self.first, ball]),
            np.concatenate([a + self.points, self.second, ball]),
            weight,
        )

    def values(self, matrix: FloatArray) -> FloatArray:
        """fᵀ·matrix·g for all forms."""
        values: FloatArray = self.forms @ matrix @ self.forms.T
        return values

    def products(self, values: FloatArray) -> FloatArray:
        """What each multiplier's product is, given the values for all forms."""
        first, second, weight = self._products
        each = weight * values[first, second]
        return np.append(each[: self.multipliers - 1], np.sum(each[self.multipliers - 1 :]))

    def combined(self, fits: FloatArray, y: FloatArray) -> FloatArray:
        """Σ fits_k (ρ·f_kᵀ + f_k·ρᵀ) + Σ y_k (f·gᵀ + g·fᵀ); fits over a and b, shape (2m,)."""
        first, second, weight = self._products
        q = self.forms.shape[0]
        weights = weight * np.append(y[:-1], np.full(1 + self.rank, y[-1]))
        flat = np.bincount(first * q + second, weights=weights, minlength=q * q)
        table = np.asarray(flat, dtype=np.float64).reshape(q, q)
        table[0, self.begin : self.begin + fits.size] += fits
        matrix: FloatArray = self.forms.T @ (table + table.T) @ self.forms
        return matrix

    def dual_matrix(self, fits: FloatArray, y: FloatArray) -> FloatArray:
        """S at these multipliers."""
        matrix = -self.combined(fits, y)
        matrix[0, 0] += 2.0 * self.bound
        return matrix

    def schur_diagonal(self, primal: FloatArray, dual: FloatArray) -> FloatArray:
        """The diagonal of the multipliers' own block of `schur`, unscaled."""
        first, second, weight = self._products
        i, j = first[: self.multipliers - 1], second[: self.multipliers - 1]
        own = 0.5 * (primal[i, i] * dual[j, j] + primal[j, j] * dual[i, i])
        own += primal[i, j] * dual[i, j]
        sign = weight[self.multipliers - 1 :]
        ball = slice(0, 1 + self.rank)
        last = 2.0 * sign @ (primal[ball, ball] * dual[ball, ball]) @ sign
        return np.append(own, last)

    def schur(
        self,
        primal: FloatArray,
        dual: FloatArray,
        fitted: IndexArray,
        lengths: FloatArray,
        scale: FloatArray,
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The Schur complement: the multipliers' own block, across to the fits, that of the fits.

        Multipliers are times `scale`; of the first block the upper triangle is right.
        """
        first, second, weight = self._products
        last, count = self.multipliers - 1, self.multipliers + self.rank
        scales = np.append(scale[:-1], np.full(1 + self.rank, scale[-1]))
        whole = np.empty((count + fitted.size,) * 2)
        schur_compiled(
            primal,
            dual,
            np.append(first, np.zeros(fitted.size, dtype=np.int64)),
            np.append(second, self.begin + fitted),
            np.append(weight * scales, lengths),
            whole,
        )
        ball = whole[last:count, last:count]
        own = whole[: last + 1, : last + 1].copy()
        own[:last, last] = np.sum(whole[:last, last:count], axis=1)
        own[last, last] = np.sum(np.triu(ball)) + np.sum(np.triu(ball, 1))
        across = np.vstack([whole[:last, count:], np.sum(whole[last:count, count:], axis=0)])
        fits = np.triu(whole[count:, count:])
        return own, across, fits + np.triu(fits, 1).T

    def with_pairs(
        self, kept: NDArray[np.bool_], first: IndexArray, second: IndexArray, rays: FloatArray
    ) -> Lift:
        """With those of the pairs that are kept, shape (P,), and new ones after them.

        The new rays are numbered after all that are there; those in no pair any more go.
        """
        first, second = np.append(self.first[kept], first), np.append(self.second[kept], second)
        begin = self.begin + 2 * self.points  # a ray is the second form of a pair
        used, place = np.unique(second[second >= begin], return_inverse=True)
        second[second >= begin] = begin + place
        every = np.vstack([self.rays, rays])
        return replace(self, rays=every[used - begin], first=first, second=second)

    def fixed(self, point: int, sign: int) -> tuple[Lift, NDArray[np.bool_]]:
        """The lift with the sign of a mixed point fixed, and which of its multipliers are left."""
        signs = self.signs.copy()
        signs[point] = sign
        zero = self.begin + point + (self.points if sign > 0 else 0)  # the form that is zero now
        pairs = (self.first != zero) & (self.second != zero)
        kept = np.concatenate([self.mixed != point, pairs, [True]])
        child = replace(self, signs=signs, first=self.first[pairs], second=self.second[pairs])
        return child, kept
