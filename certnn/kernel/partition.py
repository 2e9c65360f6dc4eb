"""The proof of a dual norm by a partition of weight space into cones (Theorems 15 and 16).

The claim is that ‖Zᵀ(Xu)₊‖ ≤ kappa‖u‖ for every u. Rays b₁..b_k that span the space give the 2ᵏ
cones {Σ t_j s_j b_j : t ≥ 0}, s ∈ {−1, 1}ᵏ, which cover it. A tree splits them: a node has two
children, in which the ray p·r_i + q·r_j replaces one end of the edge (r_i, r_j) or the other, and
the children cover the node. On each leaf a quadratic form tᵀQt that is at most
kappa²‖u‖² − ‖Zᵀ(Xu)₊‖² is shown to be nonnegative for t ≥ 0, with the leaf's witness w.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from operator import mul
from typing import TYPE_CHECKING

from certnn.kernel.exact import ExactMatrix, Rows, columns_of
from certnn.kernel.outputs import solution, split_of
from certnn.kernel.partition_costs import PartitionCosts, partition_costs
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

if TYPE_CHECKING:
    from certnn.kernel.float_filter import OpenNode

#: Proofs with fewer bytes of the tree times points are not worth loading numba.
_SMALL = 300_000
#: Bytes of a file that may take any work: for nodes that the filter has counted.
_ENDLESS = 1 << 60


@dataclass(frozen=True)
class PartitionProof:
    """The arrays of the kind in ``FORMAT.md``, in the order in which it has them."""

    kind = "partition"
    kappa: float
    Z: ExactMatrix
    basis: ExactMatrix
    tree: bytes
    witnesses: Sequence[int]


_Point = tuple[list[int], tuple[int, ...]]


@dataclass(frozen=True)
class _Cone:
    """A simplicial cone {Σ t_j r_j : t ≥ 0}, below `depth` splits.

    `images` has g_j = Zᵀ(Xr_j)₊ for each ray, and `mixed` (z_i, (x_iᵀr_1, .., x_iᵀr_k)) for each
    point i whose sign is not the same on all rays; `held` bits at most have those of the cones
    above.
    """

    rays: Rows
    images: Rows
    mixed: list[_Point]
    depth: int
    held: int

    def halves(self, i: int, j: int, p: int, q: int, held: int) -> tuple[_Cone, _Cone]:
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
        rays, images = self.rays, self.images
        return (
            _Cone(_replaced(rays, j, ray), _replaced(images, j, image), first, depth, held),
            _Cone(_replaced(rays, i, ray), _replaced(images, i, image), second, depth, held),
        )

    def form(self, w: list[int], norm_factor: int, image_factor: int) -> Rows:
        """The matrix 2Q of Theorem 15, the E_i being chosen by the witness."""
        size = range(len(self.rays))
        errors, duals = [], []
        for z, values in self.mixed:
            sign = 1 if sum(map(mul, values, w)) <= 0 else -1  # E_i is row i of A, or of B
            errors.append([v if (v := sign * value) > 0 else 0 for value in values])
            duals.append(z)
        E, weights = columns_of(errors, len(self.rays)), columns_of(duals, len(self.images[0]))
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


def check_partition(features: ExactMatrix, proof: PartitionProof, work: Work) -> None:
    """Prove by Theorems 15 and 16 that `proof.kappa` is enough, or raise `Rejected`.

    With "auto" and numba, leaves that are certain in floats (Theorem 17) are left out of the
    integers. That changes the time and nothing else.
    """
    trees = _trees(features, proof, work)
    if work.backend == "auto" and len(proof.tree) * features.height >= _SMALL:
        open_nodes, counted = _filtered(trees), replace(trees, work=Work(_ENDLESS))
        if open_nodes is not None and _visit_open_nodes(counted, open_nodes):
            return
    _walk(trees)


def _filtered(trees: _Trees) -> Iterator[OpenNode] | None:
    try:
        from certnn.kernel.float_filter import open_nodes
    except (ImportError, RuntimeError):  # no numba, or no place for what it compiles
        return None
    return open_nodes(trees.proof, trees.values[::2], trees.image_unit, trees.costs, trees.work)


def _walk(trees: _Trees) -> None:
    at = leaf = 0
    for number in range(trees.count):
        stack = [trees.orthant(number)]
        while stack:
            halves = trees.visit(stack.pop(), at, leaf)
            stack += reversed(halves)
            at, leaf = (at + 3, leaf) if halves else (at + 1, leaf + 1)
    trees.require_end(at, leaf)


def _visit_open_nodes(trees: _Trees, nodes: Iterator[OpenNode]) -> bool:
    """Visit these nodes, which come in the order of the file, and see that the rest is in order.

    From one node to the next, the cones that both are in are kept. False if the nodes end before
    the end of the trees: then it is open whether integers, too, would take too much work.
    """
    trail: list[tuple[int, tuple[_Cone, ...]]] = []  # places of splits, and their halves
    number, orthant = 0, trees.orthant(0)
    for node in nodes:
        if node.orthant == trees.count:
            trees.require_end(node.at, node.leaf)
            return True
        if node.orthant != number:
            number, orthant = node.orthant, trees.orthant(node.orthant)
        cone = orthant
        for depth, (at, half) in enumerate(node.splits):
            if depth == len(trail) or trail[depth][0] != at:
                trail[depth:] = [(at, trees.visit(cone, at, node.leaf))]
            cone = trail[depth][1][half]
        if trees.visit(cone, node.at, node.leaf):
            raise AssertionError("the filter stops at a split that is in order")
    return False


@dataclass(frozen=True)
class _Trees:
    """The nodes of a proof one by one, in integers.

    `rays` are b and −b for each ray of the basis, with Zᵀ(Xr)₊ and x_iᵀr for every point. The
    factors are units of 2·kappa²‖u‖² and of ‖Zᵀ(Xu)₊‖², which is that of integers in units of
    2**image_unit.
    """

    proof: PartitionProof
    rays: Rows
    images: Rows
    values: Rows
    edges: list[tuple[int, int]]
    norm_factor: int
    image_factor: int
    image_unit: int
    costs: PartitionCosts
    work: Work

    @property
    def count(self) -> int:
        """Number of trees: 2ᵏ."""
        return 1 << self.proof.basis.height

    def orthant(self, number: int) -> _Cone:
        """The cone at the root of a tree: rays ±b₁, .., ±b_k, the sign of b_k changing fastest."""
        self.work.take(self.costs.orthant)
        last = self.proof.basis.height - 1
        chosen = [2 * j + (number >> (last - j) & 1) for j in range(last + 1)]
        rays, images, values = (
            [of[r] for r in chosen] for of in (self.rays, self.images, self.values)
        )
        points = zip(self.proof.Z.rows, zip(*values, strict=True), strict=True)
        mixed = [(z, own) for z, own in points if min(own) < 0 < max(own)]
        return _Cone(rays, images, mixed, 0, 0)

    def visit(self, cone: _Cone, at: int, leaf: int) -> tuple[_Cone, ...]:
        """The halves of the node at this place of the file; a leaf, which has none, is checked."""
        node = self.proof.tree[at : at + 3]
        w = self.proof.witnesses[leaf * len(cone.rays) : (leaf + 1) * len(cone.rays)]
        needed = 1 if node[:1] == b"\0" else 3
        if needed == 1:
            self.work.take(self.costs.leaf[cone.depth].of(len(cone.mixed)))
        if len(node) < needed or (needed == 1 and len(w) < len(cone.rays)):
            raise Rejected("the partition ends before it covers the space")
        if needed == 3:
            return self._children(cone, node)
        _check_leaf(cone, list(w), self.norm_factor, self.image_factor)
        return ()

    def _children(self, cone: _Cone, node: bytes) -> tuple[_Cone, _Cone]:
        split = split_of(node, cone.depth, self.edges)
        held = cone.held + len(cone.mixed) * self.costs.point_bits[cone.depth]
        self.work.take(self.costs.split[cone.depth].of(len(cone.mixed)))
        self.work.hold(1, held)
        return cone.halves(*split, held)

    def require_end(self, at: int, leaf: int) -> None:
        """The file ends after so many bytes of the tree and witnesses of so many leaves."""
        used = leaf * self.proof.basis.height
        if at < len(self.proof.tree) or used < len(self.proof.witnesses):
            raise Rejected("the partition goes on after it covers the space")


def _trees(features: ExactMatrix, proof: PartitionProof, work: Work) -> _Trees:
    basis, count = proof.basis.rows, proof.basis.height
    work.spend(3 * count**3, 2 * count * (proof.basis.bits + count.bit_length()))
    solution(basis, [0] * count)  # rejected if they do not span the space
    rays = [[sign * t for t in b] for b in basis for sign in (1, -1)]
    values = work.product(ExactMatrix(rays, 0), features).rows
    active = ExactMatrix([[max(0, value) for value in row] for row in values], 0)
    images = work.product(active, proof.Z.transposed()).rows
    # In units of the integers, kappa‖r‖ is in units of 2**norms and ‖Zᵀ(Xr)₊‖ of 2**unit.
    numerator, denominator = proof.kappa.as_integer_ratio()  # the denominator is a power of two
    norms, unit = 1 - denominator.bit_length(), features.exponent + proof.Z.exponent
    common = min(norms, unit)
    factors = 2 * numerator**2 << 2 * (norms - common), 1 << 2 * (unit - common)
    edges = list(combinations(range(count), 2))
    costs = partition_costs(features, proof.Z, proof.basis, *factors)
    return _Trees(proof, rays, images, values, edges, *factors, unit, costs, work)


def _check_leaf(cone: _Cone, w: list[int], norm_factor: int, image_factor: int) -> None:
    """Q′w ≥ 0, Q′ being Q without its positive entries off the diagonal."""
    if min(w) <= 0:
        raise Rejected("a witness of the partition is not positive")
    for i, row in enumerate(cone.form(w, norm_factor, image_factor)):
        if sum(q * t for j, (q, t) in enumerate(zip(row, w, strict=True)) if i == j or q < 0) < 0:
            raise Rejected("a leaf of the partition is not proved")


def _replaced(rows: Rows, index: int, row: list[int]) -> Rows:
    return [*rows[:index], row, *rows[index + 1 :]]
