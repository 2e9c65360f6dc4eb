"""The proof of a dual norm by a partition of weight space into cones (Theorems 15 and 16).

The claim is that ‖Zᵀ(Xu)₊‖ ≤ kappa‖u‖ for every u. Rays b₁..b_k that span the space give the 2ᵏ
cones {Σ t_j s_j b_j : t ≥ 0}, s ∈ {−1, 1}ᵏ, which cover it. A tree splits them: a node has two
children, in which the ray p·r_i + q·r_j replaces one end of the edge (r_i, r_j) or the other, and
the children cover the node. On each leaf a quadratic form tᵀQt that is at most
kappa²‖u‖² − ‖Zᵀ(Xu)₊‖² is shown to be nonnegative for t ≥ 0, with the leaf's witness w.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from operator import mul

from certnn.kernel.exact import ExactMatrix, Rows
from certnn.kernel.rejected import Rejected

#: The edges of a cone with more rays could not be numbered in a byte.
MOST_COLUMNS = 23
#: Splits above a leaf. The integers on a path grow by up to nine bits a split.
DEEPEST = 400


@dataclass(frozen=True)
class PartitionProof:
    """What the file gives.

    Attributes
    ----------
    kappa : float
        Positive.
    Z : ExactMatrix
        n×c.
    basis : ExactMatrix
        columns×columns: the rays b, row by row.
    tree : bytes
        The nodes of all cones in preorder, cone after cone: 0 for a leaf; 1 + e, p, q for a split
        of edge e, counted through the pairs i < j in lexicographic order, at p·r_i + q·r_j. The
        child that keeps r_i comes first.
    witnesses : list of int
        For each leaf, in the order of the tree, w > 0: one number a ray.
    """

    kappa: float
    Z: ExactMatrix
    basis: ExactMatrix
    tree: bytes
    witnesses: list[int]


_Point = tuple[list[int], tuple[int, ...]]


@dataclass(frozen=True)
class _Cone:
    """A simplicial cone {Σ t_j r_j : t ≥ 0}.

    Attributes
    ----------
    rays : list of list of int
        The rays r_j.
    images : list of list of int
        g_j = Zᵀ(Xr_j)₊ for each ray.
    mixed : list of (list of int, tuple of int)
        (z_i, (x_iᵀr_1, .., x_iᵀr_k)) for each point i whose sign is not the same on all rays.
    depth : int
        Number of splits above.
    """

    rays: Rows
    images: Rows
    mixed: list[_Point]
    depth: int

    def halves(self, i: int, j: int, p: int, q: int) -> tuple[_Cone, _Cone]:
        """Split at m = p·r_i + q·r_j: the half with r_i and m, and that with m and r_j.

        The image of m, and what is mixed, follow from the points mixed here (Theorem 16(d)).
        """
        ray = [p * a + q * b for a, b in zip(self.rays[i], self.rays[j], strict=True)]
        image = [p * a + q * b for a, b in zip(self.images[i], self.images[j], strict=True)]
        first: list[_Point] = []
        second: list[_Point] = []
        for z, values in self.mixed:
            start, end = p * values[i], q * values[j]
            value = start + end
            if start < 0 < end or end < 0 < start:  # (p·a + q·b)₊ is less than p·a₊ + q·b₊
                error = min(abs(start), abs(end))
                image = [g - weight * error for g, weight in zip(image, z, strict=True)]
            for k, half in ((j, first), (i, second)):
                changed = (*values[:k], value, *values[k + 1 :])
                if min(changed) < 0 < max(changed):
                    half.append((z, changed))
        depth = self.depth + 1
        return (
            _Cone(_replaced(self.rays, j, ray), _replaced(self.images, j, image), first, depth),
            _Cone(_replaced(self.rays, i, ray), _replaced(self.images, i, image), second, depth),
        )

    def form(self, w: list[int], norm_factor: int, image_factor: int) -> Rows:
        """The matrix 2Q of Theorem 15, the E_i being chosen by the witness."""
        size = range(len(self.rays))
        errors, duals = [], []
        for z, values in self.mixed:
            sign = 1 if sum(map(mul, values, w)) <= 0 else -1  # E_i is row i of A, or of B
            errors.append([v if (v := sign * value) > 0 else 0 for value in values])
            duals.append(z)
        E, weights = _columns(errors, len(self.rays)), _columns(duals, len(self.images[0]))
        positive = [[max(0, z) for z in column] for column in weights]
        negative = [[max(0, -z) for z in column] for column in weights]
        P = [[sum(map(mul, e, z)) for z in positive] for e in E]
        N = [[sum(map(mul, e, z)) for z in negative] for e in E]
        twice_centred = [
            [2 * g - above + below for g, above, below in zip(*three, strict=True)]
            for three in zip(self.images, P, N, strict=True)
        ]
        falls = [[max(0, -sum(map(mul, z, g))) for z in duals] for g in twice_centred]
        loss = [[sum(map(mul, E[i], falls[j])) for j in size] for i in size]
        Q = [[0] * len(size) for _ in size]
        for i in size:
            for j in range(i + 1):
                image = 2 * sum(map(mul, self.images[i], self.images[j]))
                image += sum(map(mul, P[i], N[j])) + sum(map(mul, N[i], P[j]))
                image += loss[i][j] + loss[j][i]
                norm = sum(map(mul, self.rays[i], self.rays[j]))
                Q[i][j] = Q[j][i] = norm_factor * norm - image_factor * image
        return Q


def check_partition(features: ExactMatrix, proof: PartitionProof) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    Raises
    ------
    Rejected
        If the rays do not span the space, the tree or the witnesses do not fit, or a leaf is not
        proved.
    """
    if not _independent(proof.basis.rows):
        raise Rejected("the rays of the partition do not span the space")
    # kappa²‖u‖² is in units of 2**(2 * norms), ‖Zᵀ(Xu)₊‖² in units of 2**(2 * images).
    numerator, denominator = proof.kappa.as_integer_ratio()  # the denominator is a power of two
    norms = proof.basis.exponent + 1 - denominator.bit_length()
    images = proof.basis.exponent + features.exponent + proof.Z.exponent
    common = min(norms, images)
    norm_factor = 2 * numerator**2 << 2 * (norms - common)
    image_factor = 1 << 2 * (images - common)

    edges = list(combinations(range(len(proof.basis.rows)), 2))
    tree, witnesses = iter(proof.tree), iter(proof.witnesses)
    try:
        for orthant in _orthants(features.rows, proof.Z.rows, proof.basis.rows):
            stack = [orthant]
            while stack:
                cone = stack.pop()
                code = next(tree)
                if code:
                    stack += reversed(_children(cone, edges, code, next(tree), next(tree)))
                else:
                    w = [next(witnesses) for _ in cone.rays]
                    _check_leaf(cone, w, norm_factor, image_factor)
    except StopIteration:
        raise Rejected("the partition ends before it covers the space") from None
    if next(tree, None) is not None or next(witnesses, None) is not None:
        raise Rejected("the partition goes on after it covers the space")


def _orthants(X: Rows, Z: Rows, basis: Rows) -> Iterator[_Cone]:
    """The cones of the rays ±b₁, .., ±b_k, that with no sign changed first."""
    signed = []  # for each b: (ray, image, values on all points) of b and of −b
    for b in basis:
        values = [sum(map(mul, x, b)) for x in X]
        signed.append([_ray_on_all_points(b, values, Z)])
        signed[-1].append(_ray_on_all_points([-t for t in b], [-v for v in values], Z))
    for chosen in product(*signed):
        rays, images, values_of_rays = map(list, zip(*chosen, strict=True))
        points = zip(Z, zip(*values_of_rays, strict=True), strict=True)
        mixed = [(z, values) for z, values in points if min(values) < 0 < max(values)]
        yield _Cone(rays, images, mixed, 0)


def _ray_on_all_points(
    ray: list[int], values: list[int], Z: Rows
) -> tuple[list[int], list[int], list[int]]:
    active = [max(0, value) for value in values]
    return ray, [sum(map(mul, column, active)) for column in zip(*Z, strict=True)], values


def _children(
    cone: _Cone, edges: list[tuple[int, int]], code: int, p: int, q: int
) -> tuple[_Cone, _Cone]:
    if cone.depth == DEEPEST:
        raise Rejected(f"the partition has a cone after more than {DEEPEST} splits")
    if code > len(edges):
        raise Rejected("the partition splits an edge that is not there")
    if p == 0 or q == 0:
        raise Rejected("the partition splits an edge at its end")
    return cone.halves(*edges[code - 1], p, q)


def _check_leaf(cone: _Cone, w: list[int], norm_factor: int, image_factor: int) -> None:
    """Q′w ≥ 0, Q′ being Q without its positive entries off the diagonal."""
    if min(w) <= 0:
        raise Rejected("a witness of the partition is not positive")
    for i, row in enumerate(cone.form(w, norm_factor, image_factor)):
        if sum(q * t for j, (q, t) in enumerate(zip(row, w, strict=True)) if i == j or q < 0) < 0:
            raise Rejected("a leaf of the partition is not proved")


def _replaced(rows: Rows, index: int, row: list[int]) -> Rows:
    return [*rows[:index], row, *rows[index + 1 :]]


def _columns(rows: Rows, count: int) -> Rows:
    """The transpose of a matrix with `count` columns and perhaps no row."""
    return [[row[k] for row in rows] for k in range(count)]


def _independent(rows: Rows) -> bool:
    """Whether the rows of a square matrix are linearly independent, by Bareiss elimination."""
    rows, previous = [list(row) for row in rows], 1
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if pivot is None:
            return False
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(k + 1, len(rows)):
            for j in range(k + 1, len(rows)):
                # The division is exact: these are minors of the matrix.
                minor = rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]
                rows[i][j] = minor // previous
        previous = rows[k][k]
    return True
