"""What the nodes of a partition cost in integers, known from depths and numbers of mixed points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from certnn.kernel.exact import ExactMatrix
from certnn.kernel.spans import Span, span_of
from certnn.kernel.work import INTEGER, word_products


class NodeCost(NamedTuple):
    """Work of a node: so much, and so much more for each mixed point."""

    fixed: int
    point: int


@dataclass(frozen=True)
class PartitionCosts:
    """Work in products of words of 64 bits (`certnn.kernel.work`).

    That before the trees, and the bits of the integers that it makes; of the cone at the root of
    each tree; of a node of each depth; and the bits that the halves of a cone of each depth hold
    for a mixed point of it.
    """

    start: int
    start_bits: int
    orthant: int
    split: tuple[NodeCost, ...]
    leaf: tuple[NodeCost, ...]
    point_bits: tuple[int, ...]


def partition_costs(
    features: ExactMatrix, dual: ExactMatrix, basis: ExactMatrix, kappa: float, deepest: int
) -> PartitionCosts:
    """The costs for X, Z and the rays at the start, to a depth of `deepest` splits."""
    n, D, c = features.height, basis.height, len(dual.rows[0])
    X, Z, rays, norm = features.span, dual.span, basis.span, span_of([kappa])
    split, leaf, point_bits = [], [], []
    for depth in range(deepest + 1):
        ray = Span(rays.low, rays.high + 9 * depth)
        value = (X * ray).summed(D)
        image = (Z * value).summed(2 * n)
        # Witnesses are of 32 bits.
        form = (norm * norm * ray * ray | image * image).summed(4 * n + 32 * D).bits + 32
        own = word_products(1, form)
        split.append(NodeCost((D + c) * own, (4 * D + c) * own))
        leaf.append(NodeCost(D * D * (D + 3 * c + 2) * own, D * (D + 3 * c + 2) * own))
        point_bits.append(2 * ((D + 8) * 64 + value.bits + INTEGER))
    value = (X * rays).summed(D)
    start = word_products(2 * n * D * (D + c), (Z * value).summed(n).bits)
    start += word_products(3 * D**3, 2 * D * (rays.bits + D.bit_length()))  # minors of the basis
    start_bits = 2 * n * D * (value.bits + INTEGER)
    return PartitionCosts(start, start_bits, n * D, tuple(split), tuple(leaf), tuple(point_bits))
