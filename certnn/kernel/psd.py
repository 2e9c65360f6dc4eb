"""The proof of a dual norm by a positive semidefinite matrix (Theorems 9 and 10).

The claim is that kappa ≥ max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖. With a = (Xu)₊, b = (−Xu)₊ it follows from
positive semidefiniteness of the symmetric matrix 2S of the form

    2q(a, u, v) = kappa(‖u‖² + ‖v‖²) − 2aᵀZv − 2 Σ y_rs f_r f_s,    b = a − Xu,

where f = (a₁..a_n, b₁..b_n) are nonnegative on real neurons and y_rs ≥ 0, except that the products
a_i b_i vanish, so that their y may have any sign.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from certnn.kernel.definite import lower_triangle, require_dominance
from certnn.kernel.exact import Backend, ExactMatrix, multiple_of_unit, times_transpose
from certnn.kernel.forms import Forms, Product, require_signs
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, span_of
from certnn.kernel.work import Work


@dataclass(frozen=True)
class PsdProof:
    """The arrays of the kind in ``FORMAT.md``, and the groups of points.

    Rows of one vector, as `weights`, are matrices of one row.
    """

    kappa: float
    Z: ExactMatrix
    first: array[int]
    second: array[int]
    multipliers: ExactMatrix
    groups: Groups
    weights: ExactMatrix
    L_points: ExactMatrix
    L_cross: ExactMatrix
    L_corner: ExactMatrix


class Groups:
    """The numbers 0, 1, .. by their labels 0, 1, .., ascending in each group; 12 bytes each."""

    def __init__(self, labels: array[int], count: int) -> None:
        self.labels, sizes = labels, array("I", bytes(4 * (count + 1)))
        for label in labels:
            sizes[label + 1] += 1
        self._starts = array("I", accumulate(sizes))
        self._members, free = array("I", bytes(4 * len(labels))), self._starts[:]
        for number, label in enumerate(labels):
            self._members[free[label]] = number
            free[label] += 1

    def __iter__(self) -> Iterator[array[int]]:
        return (self._members[start:stop] for start, stop in pairwise(self._starts))

    @property
    def sizes(self) -> list[int]:
        """How many each has."""
        return [stop - start for start, stop in pairwise(self._starts)]


def connected_groups(n: int, pairs: Iterable[tuple[int, int]]) -> Groups:
    """The connected components of the graph on n points with these edges.

    Each in ascending order, ordered by their smallest member. 2S has no entry between a-variables
    of different components.

    Parameters
    ----------
    n : int
    pairs : iterable of (int, int)
        Edges, of numbers below n.
    """
    parent, labels, count = array("I", range(n)), array("I", bytes(4 * n)), 0

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        low, high = sorted((root(i), root(j)))
        parent[high] = low  # the root of a component is its smallest member
    for i in range(n):
        labels[i] = count if root(i) == i else labels[root(i)]
        count += root(i) == i
    return Groups(labels, count)


def check_psd(features: ExactMatrix, proof: PsdProof, work: Work, backend: Backend) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    The names are those of Theorem 10(c): A, C and `corner` are the blocks of 2S, L, K and L_corner
    those of the factor, E and `across` those of the remainder. One group at a time is in memory.

    Raises `Rejected` if a multiplier, a weight or a row of the remainder has the wrong sign, or the
    check would take too much work.
    """
    _spend(features, proof, work)
    n, border, multipliers = features.height, proof.L_cross.height, proof.multipliers.transposed()
    if proof.first:
        numbers = (y for piece in multipliers.pieces() for (y,) in piece.rows)
        require_signs(n, zip(proof.first, proof.second, numbers, strict=True))
    labels = proof.groups.labels
    places = Groups(array("I", (labels[r % n] for r in proof.first)), len(proof.groups.sizes))
    cross, weights = proof.L_cross.transposed(), proof.weights.transposed()
    if any(w <= 0 for piece in weights.pieces() for (w,) in piece.rows):
        raise Rejected("a weight is not positive")
    border_w, corner = weights.taken(range(n, n + border)), multiple_of_unit(proof.kappa, border)
    triangles, start = proof.L_points.transposed(), 0
    columns_left = ExactMatrix([[0] * border], 0)
    for group, chosen in zip(proof.groups, places, strict=True):
        L, start = lower_triangle(triangles, start, len(group))
        K, w, y = cross.taken(group), weights.taken(group), multipliers.taken(chosen)
        given = zip(chosen, y.rows, strict=True)
        products = ((proof.first[m], proof.second[m], own) for m, (own,) in given)
        A, C, shares = dual_form(features, proof.Z, group, products, y.exponent, backend)
        corner = sum(shares, corner)
        E = _weighted(w, A, w) - times_transpose(L, L, backend)
        across = _weighted(w, C, border_w) - times_transpose(L, K.transposed(), backend)
        require_dominance(E.beside(across), group)
        sums = [sum(map(abs, column)) for column in zip(*across.rows, strict=True)]
        columns_left += ExactMatrix([sums], across.exponent)
    E = _weighted(border_w, corner, border_w)
    for K in cross.pieces():
        rows = K.transposed()
        E -= times_transpose(rows, rows, backend)
    L, _ = lower_triangle(proof.L_corner.transposed(), 0, border)
    E -= times_transpose(L, L, backend)
    require_dominance(E.beside(columns_left.transposed()), range(n, n + border))


def dual_form(
    features: ExactMatrix,
    Z: ExactMatrix,
    points: Sequence[int],
    products: Iterable[Product],
    exponent: int,
    backend: Backend,
) -> tuple[ExactMatrix, ExactMatrix, list[ExactMatrix]]:
    """Some points' blocks of 2S: their own, that with (u, v), and what adds up to that of (u, v).

    Products are given as r, s and y, which is in units of 2**exponent.
    """
    dual, width = Z.taken(points), features.width + Z.width
    own, across, shares = Forms(features, points, {}).products(products, exponent, width, backend)
    return own, across.beside(dual.negated()), shares


def _spend(features: ExactMatrix, proof: PsdProof, work: Work) -> None:
    """Take the work of all products, in integers no longer than those of the remainder."""
    n, border = features.height, proof.L_cross.height
    X, y, w, count = features.span, proof.multipliers.span, proof.weights.span, len(proof.first)
    form = span_of([proof.kappa]) | proof.Z.span | y * (UNIT | X | X * X).summed(n * n + count)
    L = proof.L_points.span | proof.L_cross.span | proof.L_corner.span
    bits = (w * w * form | (L * L).summed(n + border)).summed(n + border).bits
    sizes = proof.groups.sizes
    products = count + 3 * n * border**2 + border**3
    products += sum(k**3 + 2 * border * k**2 for k in sizes)
    work.spend(products, bits)
    work.hold(max(sizes) * (max(sizes) + border) + border**2, bits)


def _weighted(left: ExactMatrix, matrix: ExactMatrix, right: ExactMatrix) -> ExactMatrix:
    """diag(left)·matrix·diag(right), for weights in one column each."""
    left_w, right_w = ([w for (w,) in weights.rows] for weights in (left, right))
    return matrix.rescaled(left_w, right_w, left.exponent + right.exponent)
