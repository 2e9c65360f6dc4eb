"""What proofs by regions, phases and cells share, as integers, for the extracted checker.

``proofs/checker/INTEGERS.md`` specifies these and the other numbers. All are witness: the checker
decides, and numbers that are wrong here cannot make a false claim pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from certnn.kernel.exact import ExactMatrix, integers
from certnn.kernel.outputs import DirectedProof, proved_directions, solution
from certnn.kernel.work import Work

#: Of a file so large the checker takes nothing.
SIZE = 1 << 26


def ball_numbers(ball: ExactMatrix | None, data_bits: int) -> Iterator[int]:
    """1, center and radius over 2**data_bits; or 0 where there is no ball."""
    yield ball is not None
    if ball is not None:
        yield from ball.at(-data_bits)[0]


@dataclass(frozen=True)
class Directions:
    """The directions of a proof, and the cones that they are the rays of.

    Attributes
    ----------
    tree : bytes
        The nodes of the cones.
    heights : list of int
        Their bounds, over 2**bits.
    """

    tree: bytes
    rays: list[tuple[int, ...]]
    heights: list[int]
    bits: int

    @staticmethod
    def of(proof: DirectedProof, c: int, work: Work) -> Directions:
        """The directions, which are checked.

        Raises `certnn.kernel.Rejected` if they do not prove kappa.
        """
        rays = proved_directions(proof.directions, c, proof.bounds, proof.kappa, work)
        return Directions(proof.directions, rays, *integers(proof.bounds))

    def output_cones(self) -> Iterator[int]:
        """The nodes of the cones of outputs; at a leaf its directions, and V of Theorem 18."""
        c, number = len(self.rays[0]), {ray: k for k, ray in enumerate(self.rays)}
        edges, at = list(combinations(range(c), 2)), 0
        for signs in product((1, -1), repeat=c):
            stack = [[tuple(sign * (i == j) for j in range(c)) for i, sign in enumerate(signs)]]
            while stack:
                cone, node = stack.pop(), self.tree[at : at + 3]
                if node[0]:
                    at += 3
                    (i, j), (_, p, q) = edges[node[0] - 1], node
                    yield from (1, i, j, p, q)
                    mediant = tuple(p * a + q * b for a, b in zip(cone[i], cone[j], strict=True))
                    one, other = list(cone), list(cone)
                    one[j] = other[i] = mediant
                    stack += [other, one]
                    continue
                at += 1
                members = [number[ray] for ray in cone]
                determinant, V = solution(cone, [self.heights[k] for k in members])
                sign = 1 if determinant > 0 else -1
                yield from (0, *members, sign * determinant << self.bits, *(sign * v for v in V))


def noted(nodes: Iterator[int], into: list[int]) -> Iterator[int]:
    """The nodes, each of which is appended to the list when it is taken."""
    for node in nodes:
        into.append(node)
        yield node


def splits_to_a_leaf(nodes: list[int]) -> Iterator[int]:
    """1 and the point of each node, and 0 for the leaf, which is the last; the list is emptied."""
    *points, _ = nodes
    nodes.clear()
    for point in points:
        yield from (1, point)
    yield 0
