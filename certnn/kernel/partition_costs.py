"""What the nodes of a partition cost in integers, known from depths and numbers of mixed points."""

from __future__ import annotations

from typing import Any, NamedTuple

from certnn.kernel.exact import ExactMatrix
from certnn.kernel.outputs import DEEPEST
from certnn.kernel.work import INTEGER, word_products


class NodeCost(NamedTuple):
    """Work of a node: so much, and so much more for each mixed point."""

    fixed: int
    point: int

    def of(self, mixed: int) -> int:
        """That of a node with so many mixed points."""
        return self.fixed + self.point * mixed


class PartitionCosts(NamedTuple):
    """Work in products of words of 64 bits (`certnn.kernel.work`).

    That of the cone at the root of each tree, a `NodeCost` of a node of each depth, and the bits
    that the halves of a cone of each depth hold for a mixed point of it. The filter has arrays.
    """

    orthant: int
    split: Any
    leaf: Any
    point_bits: Any


def partition_costs(
    features: ExactMatrix, Z: ExactMatrix, basis: ExactMatrix, norm_factor: int, image_factor: int
) -> PartitionCosts:
    """The costs for rays at the start and factors of the form as `partition` has them."""
    n, D, c = features.height, basis.height, Z.width
    costs, X, duals, rays = PartitionCosts(n * D, [], [], []), features.bits, Z.bits, basis.bits
    for depth in range(DEEPEST + 1):
        ray = rays + 9 * depth
        value = X + ray + D.bit_length()
        image = duals + value + (2 * n).bit_length()
        form = max(norm_factor.bit_length() + 2 * ray, image_factor.bit_length() + 2 * image)
        # Witnesses are of 32 bits.
        one = word_products(1, form + (4 * n + 32 * D).bit_length() + 32)
        costs.split.append(NodeCost((D + c) * one, (4 * D + c) * one))
        costs.leaf.append(NodeCost(D * D * (D + 3 * c + 2) * one, D * (D + 3 * c + 2) * one))
        costs.point_bits.append(2 * ((D + 8) * 64 + value + INTEGER))
    return costs
