"""Proofs by directions of the outputs: phases, regions and cells (Theorems 18 and 20).

The space of outputs is covered by cones of rays w. If wᵀZᵀ(Xu)₊ ≤ h‖u‖ is known for each ray, with
a bound h of its own, then the bounds of the rays of a cone bound ‖Zᵀ(Xu)₊‖ on that cone. For each
ray a tree splits the space of u, and the leaves of the trees take the numbers of the proof in turn.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, combinations, product
from operator import mul
from typing import Any

from certnn.kernel.exact import ExactMatrix, integers, longest
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: The edges of a cone with more rays could not be numbered in a byte.
MOST_COLUMNS = 23
#: Splits above a leaf. The integers on a path grow by up to nine bits a split.
DEEPEST = 400


@dataclass(frozen=True)
class DirectedProof:
    """The arrays in ``FORMAT.md`` of a proof of kind phases, regions or cells.

    `rest` has those of the trees and their leaves, of which numbers are taken in turn. The ball,
    one row, is for a free hidden bias, and the rotation for kind cells.
    """

    kind: str
    kappa: float
    Z: ExactMatrix
    directions: bytes
    bounds: Sequence[float]
    rest: Mapping[str, Sequence[Any]]
    ball: ExactMatrix | None = None
    rotation: ExactMatrix = field(default_factory=lambda: ExactMatrix([], 0))

    def proved(self, work: Work) -> Iterator[tuple[float, tuple[int, ...]]]:
        """The bound h of each direction w, which has still to be proved, and w.

        That they prove kappa is checked; raises `Rejected` as `proved_directions` does.
        """
        rays = proved_directions(self.directions, self.Z.width, self.bounds, self.kappa, work)
        for ray in rays:
            work.spend(self.Z.height * self.Z.width, self.Z.bits + longest(ray))
        return zip(self.bounds, rays, strict=True)


def weights_of(Z: ExactMatrix, ray: Sequence[int]) -> ExactMatrix:
    """σ = Zw, in one column."""
    return ExactMatrix([[sum(map(mul, z, ray))] for z in Z.rows], Z.exponent)


class InTurn:
    """Arrays by their names, and `at`, how many numbers have been taken of each."""

    def __init__(self, **arrays: Sequence[Any]) -> None:
        self._arrays, self.at = arrays, dict.fromkeys(arrays, 0)

    def take(self, name: str, count: int) -> Any:
        """The next numbers of an array, in one of its type; `Rejected` if it has not so many."""
        start, numbers = self.at[name], self._arrays[name]
        if start + count > len(numbers):
            raise Rejected(f"the {name} end before the last leaf")
        self.at[name] = start + count
        return numbers[start : start + count]

    def one(self, name: str) -> Any:
        """The next number."""
        return self.take(name, 1)[0]

    def each(self, name: str) -> Iterator[int]:
        """The numbers one by one, to the end of the array."""
        while self.at[name] < len(self._arrays[name]):
            yield self.one(name)

    def require_end(self) -> None:
        """Nothing may be left: `Rejected` if an array goes on."""
        for name, numbers in self._arrays.items():
            if self.at[name] < len(numbers):
                raise Rejected(f"the {name} go on after the last leaf")


def leaves(splits: Iterator[int], mixed: Container[int]) -> Iterator[dict[int, int]]:
    """The signs of the fixed points on each leaf of the tree that comes next, in preorder.

    A node is −1 for a leaf, else the point that is split, one of the `mixed`; the child in which it
    is inactive comes first. Raises `Rejected` if the tree ends too early, or splits another point
    or one that is fixed.
    """
    signs: dict[int, int] = {}  # in the order of the splits
    while True:
        node = next(splits, None)
        if node is None:
            raise Rejected("the splits end before they cover the space")
        if node >= 0:
            if node not in mixed or node in signs:
                raise Rejected(f"point {node} is split where it is not mixed")
            signs[node] = -1
            continue
        yield signs
        while signs:  # back to the last split whose second child is still to come
            point, sign = signs.popitem()
            if sign < 0:
                signs[point] = 1
                break
        else:
            return


def proved_directions(
    tree: bytes, c: int, bounds: Sequence[float], kappa: float, work: Work
) -> list[tuple[int, ...]]:
    """The directions in the order of their bounds; that these prove kappa is checked.

    The tree has the cones of the c outputs. Raises `Rejected` if a bound is not positive, the cones
    do not cover the outputs, the bounds do not give kappa, or the check would take too much work.
    """
    if min(bounds, default=0) <= 0:
        raise Rejected("a bound of a direction is not positive")
    numbers: dict[tuple[int, ...], int] = {}
    bits, height_bits = 0, longest(integers(bounds)[0])
    for cone in _cones(tree, c):
        bits = max(bits, longest(chain.from_iterable(cone)))
        for ray in cone:
            numbers.setdefault(ray, len(numbers))
        if len(numbers) > len(bounds):
            raise Rejected("the bounds end before the last direction")
        work.hold(c * len(numbers), bits)
        work.spend(3 * c**2 * (c + 1), 2 * (c * (bits + c.bit_length()) + height_bits))
    if len(numbers) < len(bounds):
        raise Rejected("the bounds go on after the last direction")
    for cone in _cones(tree, c):
        _check_cone(cone, [bounds[numbers[ray]] for ray in cone], kappa)
    return list(numbers)


_Cone = list[tuple[int, ...]]


def _cones(tree: bytes, c: int) -> Iterator[_Cone]:
    """The leaves of the tree, which has to be in order."""
    edges, at = list(combinations(range(c), 2)), 0
    for signs in product((1, -1), repeat=c):
        orthant = [tuple(sign * (i == j) for j in range(c)) for i, sign in enumerate(signs)]
        stack = [(0, orthant)]
        while stack:
            depth, cone = stack.pop()
            node = tree[at : at + 3]
            at += 1 if node[:1] == b"\0" else 3
            if at > len(tree):
                raise Rejected("the directions end before they cover the outputs")
            if not node[0]:
                yield cone
                continue
            i, j, p, q = split_of(node, depth, edges)
            ray = tuple(p * a + q * b for a, b in zip(cone[i], cone[j], strict=True))
            stack += [(depth + 1, [*cone[:k], ray, *cone[k + 1 :]]) for k in (i, j)]
    if at < len(tree):
        raise Rejected("the directions go on after they cover the outputs")


def _check_cone(cone: _Cone, bounds: list[float], kappa: float) -> None:
    """V with w_jᵀV = h_j for the rays of the cone has ‖V‖ ≤ kappa (Theorem 18)."""
    heights, bits = integers(bounds)
    determinant, V = solution(cone, heights)
    numerator, denominator = kappa.as_integer_ratio()
    square = sum(v * v for v in V) * denominator**2
    if square > (numerator * determinant) ** 2 << 2 * bits:
        raise Rejected("the bounds of a cone of directions do not prove kappa")


def split_of(
    node: bytes, depth: int, edges: Sequence[tuple[int, int]]
) -> tuple[int, int, int, int]:
    """i, j, p and q of a node that splits a cone at p·r_i + q·r_j, below so many splits.

    Raises `Rejected` if the node is too deep, or splits no edge within it.
    """
    code, p, q = node
    if depth == DEEPEST:
        raise Rejected(f"a cone comes after more than {DEEPEST} splits")
    if code > len(edges):
        raise Rejected("a tree splits an edge of a cone that is not there")
    if p == 0 or q == 0:
        raise Rejected("a tree splits an edge of a cone at its end")
    return (*edges[code - 1], p, q)


def solution(rows: Sequence[Sequence[int]], right: list[int]) -> tuple[int, list[int]]:
    """δ ≠ 0 and v with rows · v = δ · right, by Bareiss elimination.

    Raises `Rejected` if the rows are dependent.
    """
    table = [[*row, entry] for row, entry in zip(rows, right, strict=True)]
    previous = 1
    for k in range(len(table)):
        pivot = next((i for i in range(k, len(table)) if table[i][k]), None)
        if pivot is None:
            raise Rejected("rays do not span the space")
        table[k], table[pivot] = table[pivot], table[k]
        row, lead = table[k], table[k][k]
        for i, other in enumerate(table):
            if i != k:  # the division is exact: these are minors
                table[i] = [
                    (a * lead - other[k] * b) // previous for a, b in zip(other, row, strict=True)
                ]
        previous = lead
    return previous, [row[-1] for row in table]
