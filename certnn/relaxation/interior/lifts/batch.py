"""Groups of one size: from the moments of the lifts to what has to be in a cone, and its adjoint.

A neuron is balanced, |v| = |u| = ρ (Theorem 1), and adds ρ·a to the network along a direction w of
the outputs. A lift, one for each direction, has the second moments of its neurons: M of (ρ, u),
Q of (ρ, u) with the a of the points, and of each group A of the a with each other, where
A_ii = x_iᵀE[a_i u] since a_i b_i = 0. With b = a − Xu these are in cones (Theorem 48):

    [M, Q; Qᵀ, A] is positive semidefinite;
    E[a_i a_j], E[a_i b_j], E[b_i b_j] ≥ 0 for i ≠ j in the group;
    |E[a_i u]| ≤ E[a_i ρ] and |E[b_i u]| ≤ E[b_i ρ].

A free hidden bias g is one more coordinate, the last one of u, but not in its norm: |g| ≤ ρ
(Theorem 51), so that |E[a_i g]| ≤ E[a_i ρ] and the same for b_i.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray

_PARTS = ("psd", "aa", "ab", "bb", "bias_a", "bias_b", "norm_a", "norm_b")


@dataclass(frozen=True, eq=False)
class Blocks:
    """An element of the product of cones, or of its dual: of all lifts ℓ and groups g.

    Attributes
    ----------
    psd : float64 array, shape (ℓ, g, q + k, q + k)
        Over (ρ, u, a).
    aa, ab, bb : float64 array, shape (ℓ, g, pairs)
        Of the pairs i < j, and for ab of all i ≠ j.
    bias_a, bias_b : float64 array, shape (ℓ, g, k, 2)
        E[a_i(ρ + g)] and E[a_i(ρ − g)]; without a free bias the last axis is empty.
    norm_a, norm_b : float64 array, shape (ℓ, g, k, q), or q − 1 with a free bias
        The first entry is to be at least the norm of the others.
    """

    psd: FloatArray
    aa: FloatArray
    ab: FloatArray
    bb: FloatArray
    bias_a: FloatArray
    bias_b: FloatArray
    norm_a: FloatArray
    norm_b: FloatArray

    @property
    def linear(self) -> tuple[FloatArray, ...]:
        """The numbers that are to be nonnegative."""
        return self.aa, self.ab, self.bb, self.bias_a, self.bias_b

    @property
    def norms(self) -> tuple[FloatArray, FloatArray]:
        """The second-order cones."""
        return self.norm_a, self.norm_b

    def with_parts(self, change: Callable[..., FloatArray], *others: Blocks) -> Blocks:
        """Of each part and those of the others, what `change` makes of them."""
        return Blocks(
            *(
                change(getattr(self, name), *(getattr(other, name) for other in others))
                for name in _PARTS
            )
        )

    def plus(self, step: float, other: Blocks) -> Blocks:
        """self + step·other."""
        return self.with_parts(lambda own, change: own + step * change, other)

    def dot(self, other: Blocks) -> float:
        """The inner product."""
        return sum(float(np.vdot(getattr(self, p), getattr(other, p))) for p in _PARTS)


@dataclass(frozen=True, eq=False)
class Moments:
    """Q, shape (ℓ, g, q, k), and A, shape (ℓ, g, k, k), of which the diagonal is not read."""

    cross: FloatArray
    own: FloatArray


class GroupBatch:
    """Groups with the same number k of points.

    Attributes
    ----------
    rows : float64 array, shape (g, k, r)
        The unit directions x_i.
    members : int64 array, shape (g, k)
        Their numbers.
    first, second : int64 array, shape (k(k − 1)/2,)
        The pairs i < j.
    row, column : int64 array, shape (k(k − 1),)
        All i ≠ j.
    free_bias : bool
        Whether the last column of the rows is that of a free hidden bias.
    """

    def __init__(self, rows: FloatArray, members: IndexArray, free_bias: bool) -> None:
        self.rows, self.members = rows[members], members
        self.groups, self.size = (int(count) for count in members.shape)
        self.order, self.free_bias = int(rows.shape[1]) + 1, free_bias
        self.first, self.second = np.triu_indices(self.size, 1)
        self.row, self.column = np.nonzero(~np.eye(self.size, dtype=np.bool_))

    @property
    def unknowns(self) -> int:
        """Of a group in a lift: entries of Q and of A above its diagonal."""
        return int(self.order * self.size + self.first.size)

    @property
    def degree(self) -> int:
        """Of the cones of a group in a lift."""
        norms = 2 * self.size * (1 + 2 * self.free_bias)
        return int(self.order + self.size + norms + 2 * self.first.size + self.row.size)

    def blocks(self, moments: Moments, corner: FloatArray) -> Blocks:
        """What has to be in the cones; corner is M, shape (ℓ, q, q)."""
        x, cross, q = self.rows, moments.cross, self.order
        lifts, turned = cross.shape[0], x.swapaxes(-1, -2)
        own, place = moments.own.copy(), np.arange(self.size)
        own[..., place, place] = np.einsum("gid,lgdi->lgi", x, cross[:, :, 1:, :])
        psd = np.empty((lifts, self.groups, q + self.size, q + self.size))
        psd[..., :q, :q] = corner[:, None]
        psd[..., :q, q:] = cross
        psd[..., q:, :q] = cross.swapaxes(-1, -2)
        psd[..., q:, q:] = own
        ta = np.matmul(x, cross[:, :, 1:, :])  # E[t_i a_j] with t = Xu
        moved = np.matmul(corner[:, None, :, 1:], turned)  # E[(ρ, u) t_j]
        ab = own - ta.swapaxes(-1, -2)
        bb = ab - ta + np.matmul(x, moved[:, :, 1:, :])
        return Blocks(
            psd,
            own[..., self.first, self.second],
            ab[..., self.row, self.column],
            bb[..., self.first, self.second],
            self._with_bias(cross),
            self._with_bias(cross - moved),
            self._with_norm(cross),
            self._with_norm(cross - moved),
        )

    def _with_norm(self, cross: FloatArray) -> FloatArray:
        return np.ascontiguousarray(cross[:, :, : self.order - self.free_bias].swapaxes(-1, -2))

    def _with_bias(self, cross: FloatArray) -> FloatArray:
        first, last = cross[:, :, 0, :, None], cross[:, :, -1, :, None]
        both = np.concatenate([first + last, first - last], axis=-1)
        return both if self.free_bias else both[..., :0]

    def near(self, norm: FloatArray, bias: FloatArray) -> FloatArray:
        """Multipliers of products with norm and bias as ones of E[a_i(ρ, u)]: (ℓ, g, k, q)."""
        if not self.free_bias:
            return norm
        own = np.concatenate([norm, bias[..., :1] - bias[..., 1:]], axis=-1)
        own[..., 0] += np.sum(bias, axis=-1)
        return np.asarray(own)

    def adjoint(self, dual: Blocks) -> tuple[FloatArray, FloatArray]:
        """⟨dual, blocks⟩ as a function of the unknowns, and of M.

        Returns
        -------
        float64 arrays, shape (ℓ, g, unknowns) and (ℓ, q, q)
            Q row by row and then A above its diagonal; and a symmetric matrix.
        """
        x, q, k = self.rows, self.order, self.size
        turned, psd = x.swapaxes(-1, -2), dual.psd
        ab, bb = self.tables(dual)
        both = bb + bb.swapaxes(-1, -2)
        own = 2.0 * psd[..., q:, q:] + ab + ab.swapaxes(-1, -2)
        own = own[..., self.first, self.second] + dual.aa + dual.bb
        near_b = self.near(dual.norm_b, dual.bias_b)
        near = self.near(dual.norm_a, dual.bias_a) + near_b
        cross = 2.0 * psd[..., :q, q:] + near.swapaxes(-1, -2)
        place = np.arange(k)
        cross[:, :, 1:, :] += turned * psd[..., q + place, q + place][:, :, None, :]
        cross[:, :, 1:, :] -= np.matmul(turned, (ab + both).swapaxes(-1, -2))
        corner = np.sum(psd[..., :q, :q], axis=1)
        corner[:, 1:, 1:] += 0.5 * np.sum(np.matmul(turned, np.matmul(both, x)), axis=1)
        norms = 0.5 * np.sum(np.matmul(near_b.swapaxes(-1, -2), x), axis=1)
        corner[:, :, 1:] -= norms
        corner[:, 1:, :] -= norms.swapaxes(-1, -2)
        shape = (psd.shape[0], self.groups, q * k)
        return np.concatenate([cross.reshape(shape), own], axis=-1), corner

    def tables(self, dual: Blocks) -> tuple[FloatArray, FloatArray]:
        """The multipliers of a_i b_j and, above the diagonal, of b_i b_j as matrices."""
        ab = np.zeros((*dual.ab.shape[:2], self.size, self.size))
        bb = np.zeros_like(ab)
        ab[..., self.row, self.column] = dual.ab
        bb[..., self.first, self.second] = dual.bb
        return ab, bb

    def moments(self, unknowns: FloatArray) -> Moments:
        """Q and A of the unknowns, shape (ℓ, g, unknowns)."""
        lifts, q, k = unknowns.shape[0], self.order, self.size
        cross = unknowns[..., : q * k].reshape(lifts, self.groups, q, k)
        own = np.zeros((lifts, self.groups, k, k))
        own[..., self.first, self.second] = own[..., self.second, self.first] = unknowns[
            ..., q * k :
        ]
        return Moments(cross, own)
