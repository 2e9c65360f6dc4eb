"""The proof of a dual norm by a positive semidefinite matrix (Theorems 9 and 10).

The claim is that kappa ≥ max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖. With a = (Xu)₊, b = (−Xu)₊ it follows from
positive semidefiniteness of the symmetric matrix 2S of the form

    2q(a, u, v) = kappa(‖u‖² + ‖v‖²) − 2aᵀZv − 2 Σ y_rs f_r f_s,    b = a − Xu,

where f = (a₁..a_n, b₁..b_n) are nonnegative on real neurons and y_rs ≥ 0, except that the products
a_i b_i vanish, so that their y may have any sign. And 2S is positive semidefinite because
diag(w)·2S·diag(w) − LLᵀ is diagonally dominant for the given w > 0 and L.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from certnn.kernel.exact import (
    Backend,
    ExactMatrix,
    Rows,
    exact_floats,
    exact_matrix,
    exact_scalar,
    shifted,
    times_transpose,
    transposed,
)
from certnn.kernel.instance import Instance


class Rejected(ValueError):
    """The certificate was read, and it does not prove what it claims."""


@dataclass(frozen=True)
class PsdProof:
    """The parts of a proof as they stand in the file; arrays are little-endian doubles.

    Attributes
    ----------
    kappa : float
    Z : bytes
        n×c.
    first, second : list of int
        Indices r ≤ s of the forms in each product; a_i is i, b_i is n + i.
    multipliers : bytes
        One y for each product.
    weights : bytes
        w, for a (n), u (columns), v (c) in this order.
    L_points : bytes
        Lower triangles, row by row, of the groups' diagonal blocks, group after group.
    L_cross : bytes
        (columns + c)×n: the rows of L for u and v, over the points in their own order.
    L_corner : bytes
        Lower triangle, row by row, of the last diagonal block (u, v).
    """

    kappa: float
    Z: bytes
    first: list[int]
    second: list[int]
    multipliers: bytes
    weights: bytes
    L_points: bytes
    L_cross: bytes
    L_corner: bytes


def connected_groups(n: int, pairs: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of the graph on n points with these edges.

    Each in ascending order, ordered by their smallest member. 2S has no entry between a-variables of
    different components.
    """
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        low, high = sorted((root(i), root(j)))
        parent[high] = low  # the root of a component is its smallest member
    members: dict[int, list[int]] = {}
    for i in range(n):
        members.setdefault(root(i), []).append(i)
    return list(members.values())


def check_psd(instance: Instance, proof: PsdProof, backend: Backend) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z`.

    Raises
    ------
    Rejected
        If a multiplier, a weight or a row of the remainder has the wrong sign.
    ValueError
        If a length does not fit or a number is not finite.
    """
    n, border = instance.n, instance.columns + instance.c
    multipliers, y_exponent = exact_floats(proof.multipliers)
    products = list(zip(proof.first, proof.second, multipliers, strict=True))
    for r, s, y in products:
        if y < 0 and s != r + n:
            raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")
    weights, w_exponent = exact_floats(proof.weights)
    if len(weights) != n + border:
        raise ValueError(f"{len(weights)} weights where {n + border} are needed")
    if min(weights) <= 0:
        raise Rejected("a weight is not positive")
    groups = connected_groups(n, ((r % n, s % n) for r, s, _ in products))
    blocks, corner_block, cross = _factor(proof, groups, n, border)

    form = _Form(instance, proof, groups, products, y_exponent, backend)
    # Every entry of diag(w)·2S·diag(w) and of LLᵀ as an integer times 2**common.
    common = min(form.exponent + 2 * w_exponent, 2 * cross.exponent)
    form_shift = form.exponent + 2 * w_exponent - common
    factor_shift = 2 * cross.exponent - common
    slack = [0] * border  # what is left of the corner rows' diagonal after their off-diagonals
    for group, block in zip(groups, blocks, strict=True):
        w = [weights[i] << form_shift for i in group]
        points, borders = form.group(group)
        factor = times_transpose(block, block, backend)
        own = [[row[i] for i in group] for row in cross.rows]
        mixed = times_transpose(own, block, backend)
        for p, i in enumerate(group):
            rest = 0
            for q, j in enumerate(group):
                entry = points[p][q] * w[p] * weights[j] - (factor[p][q] << factor_shift)
                rest += entry if p == q else -abs(entry)
            for b in range(border):
                entry = borders[p][b] * w[p] * weights[n + b] - (mixed[b][p] << factor_shift)
                rest -= abs(entry)
                slack[b] -= abs(entry)
            if rest < 0:
                raise Rejected(f"the remainder is not diagonally dominant at point {i}")
    corner = form.corner()
    cross_square = times_transpose(cross.rows, cross.rows, backend)
    corner_square = times_transpose(corner_block, corner_block, backend)
    for p in range(border):
        for q in range(border):
            entry = (corner[p][q] * weights[n + p] * weights[n + q]) << form_shift
            entry -= (cross_square[p][q] + corner_square[p][q]) << factor_shift
            slack[p] += entry if p == q else -abs(entry)
        if slack[p] < 0:
            raise Rejected(f"the remainder is not diagonally dominant at border row {p}")


def _factor(
    proof: PsdProof, groups: list[list[int]], n: int, border: int
) -> tuple[list[Rows], Rows, ExactMatrix]:
    """L with one common exponent: the groups' blocks, the corner block, the rows across."""
    points, points_exponent = exact_floats(proof.L_points)
    corner, corner_exponent = exact_floats(proof.L_corner)
    cross = exact_matrix(proof.L_cross, border, n)
    if len(points) != sum(len(g) * (len(g) + 1) // 2 for g in groups):
        raise ValueError("L_points does not fit the groups of points")
    if len(corner) != border * (border + 1) // 2:
        raise ValueError("L_corner does not fit the border")
    exponent = min(points_exponent, corner_exponent, cross.exponent)
    points = [entry << (points_exponent - exponent) for entry in points]
    corner = [entry << (corner_exponent - exponent) for entry in corner]
    blocks, start = [], 0
    for group in groups:
        size = len(group)
        stop = start + size * (size + 1) // 2
        blocks.append(_lower_triangle(points[start:stop], size))
        start = stop
    return blocks, _lower_triangle(corner, border), cross.with_exponent(exponent)


def _lower_triangle(entries: list[int], size: int) -> Rows:
    rows, start = [], 0
    for length in range(1, size + 1):
        rows.append(entries[start : start + length] + [0] * (size - length))
        start += length
    return rows


class _Form:
    """The matrix 2S, block by block, in integers times 2**exponent (Theorem 9)."""

    def __init__(
        self,
        instance: Instance,
        proof: PsdProof,
        groups: list[list[int]],
        products: list[tuple[int, int, int]],
        y_exponent: int,
        backend: Backend,
    ) -> None:
        self._n, self._backend = instance.n, backend
        self._features = instance.features()
        dual = exact_matrix(proof.Z, instance.n, instance.c)
        kappa, kappa_exponent = exact_scalar(proof.kappa)
        x_exponent = self._features.exponent
        self.exponent = min(
            y_exponent,
            y_exponent + x_exponent,
            y_exponent + 2 * x_exponent,
            dual.exponent,
            kappa_exponent,
        )
        self._minus_dual = [
            [-entry for entry in row] for row in dual.with_exponent(self.exponent).rows
        ]
        self._shift = y_exponent - self.exponent
        self._x_shift = self._shift + x_exponent
        self._xx_shift = self._shift + 2 * x_exponent
        kappa <<= kappa_exponent - self.exponent
        columns, c = instance.columns, instance.c
        self._corner = [
            [kappa if p == q else 0 for q in range(columns + c)] for p in range(columns + c)
        ]
        number = {i: g for g, group in enumerate(groups) for i in group}
        self._products: dict[int, list[tuple[int, int, int]]] = {}
        for r, s, y in products:
            self._products.setdefault(number[r % self._n], []).append((r, s, y))
        self._number = number

    def group(self, group: list[int]) -> tuple[Rows, Rows]:
        """The rows of the a-variables of one group: their own block, and the columns of u and v.

        The group's part of the (u, u) block is added to the corner on the way.
        """
        n, size = self._n, len(group)
        place = {i: p for p, i in enumerate(group)}
        points = [[0] * size for _ in group]
        mixed = [[0] * size for _ in group]  # the a-u block is mixed · X
        squares = [[0] * size for _ in group]  # the u-u block is kappa·I + Xᵀ · squares · X
        for r, s, y in self._products.get(self._number[group[0]], []):
            p, q = place[r % n], place[s % n]
            points[p][q] -= y
            points[q][p] -= y
            if s >= n:
                mixed[p][q] += y
            if r >= n:
                mixed[q][p] += y
                squares[p][q] -= y
                squares[q][p] -= y
        x_columns = transposed([self._features.rows[i] for i in group])
        backend = self._backend
        first = times_transpose(mixed, x_columns, backend)
        inner = times_transpose(x_columns, times_transpose(x_columns, squares, backend), backend)
        for p, row in enumerate(inner):
            for q, entry in enumerate(row):
                self._corner[p][q] += entry << self._xx_shift
        borders = [
            left + self._minus_dual[i]
            for i, left in zip(group, shifted(first, self._x_shift), strict=True)
        ]
        return shifted(points, self._shift), borders

    def corner(self) -> Rows:
        """The (u, v) block, once every group has been added."""
        return self._corner
