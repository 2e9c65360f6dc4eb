"""The proof of a dual norm by a positive semidefinite matrix (Theorems 9 and 10).

The claim is that kappa ≥ max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖. With a = (Xu)₊, b = (−Xu)₊ it follows from
positive semidefiniteness of the symmetric matrix 2S of the form

    2q(a, u, v) = kappa(‖u‖² + ‖v‖²) − 2aᵀZv − 2 Σ y_rs f_r f_s,    b = a − Xu,

where f = (a₁..a_n, b₁..b_n) are nonnegative on real neurons and y_rs ≥ 0, except that the products
a_i b_i vanish, so that their y may have any sign. And 2S is positive semidefinite because
diag(w)·2S·diag(w) − LLᵀ is diagonally dominant for the given w > 0 and L.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise

from certnn.kernel.exact import Backend, ExactMatrix, times_transpose
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, span_of
from certnn.kernel.work import Work


@dataclass(frozen=True)
class PsdProof:
    """What the file gives.

    Attributes
    ----------
    kappa : float
        Positive.
    Z : ExactMatrix
        n×c.
    first, second : array of int
        Indices r ≤ s of the forms in each product; a_i is i, b_i is n + i.
    multipliers : ExactMatrix
        One row: y of each product.
    groups : Groups
        The connected components of the points, as `connected_groups` gives them.
    weights : ExactMatrix
        One row: w, for a (n), u (columns), v (c) in this order.
    L_points : ExactMatrix
        One row: lower triangles, row by row, of the groups' diagonal blocks, group after group.
    L_cross : ExactMatrix
        (columns + c)×n: the rows of L for u and v, over the points in their own order.
    L_corner : ExactMatrix
        One row: lower triangle, row by row, of the last diagonal block (u, v).
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
    those of the factor, E and `across` those of the remainder.

    Raises
    ------
    Rejected
        If a multiplier, a weight or a row of the remainder has the wrong sign, or the check would
        take too much work.
    """
    _spend(features, proof, work)
    n, border = features.height, proof.L_cross.height
    products = _products_by_group(n, proof)
    numerator, denominator = proof.kappa.as_integer_ratio()  # the denominator is a power of two
    scalar = [[numerator if p == q else 0 for q in range(border)] for p in range(border)]
    corner = ExactMatrix(scalar, 1 - denominator.bit_length())
    cross, weights = proof.L_cross.transposed(), proof.weights.transposed()
    if any(w <= 0 for piece in weights.pieces() for (w,) in piece.rows):
        raise Rejected("a weight is not positive")
    border_w = weights.taken(range(n, n + border))
    triangles = proof.L_points.transposed()
    start, columns_left = 0, ExactMatrix([[0] * border], 0)
    multipliers = proof.multipliers.transposed()
    for group, chosen in zip(proof.groups, products, strict=True):
        L, start = lower_triangle(triangles, start, len(group))
        K, w = cross.taken(group), weights.taken(group)
        pairs, y = [(proof.first[m], proof.second[m]) for m in chosen], multipliers.taken(chosen)
        A, C, in_corner = _form_blocks(features.taken(group), proof.Z, group, pairs, y, backend)
        if in_corner is not None:
            corner += in_corner
        E = _weighted(w, A, w) - times_transpose(L, L, backend)
        across = _weighted(w, C, border_w) - times_transpose(L, K.transposed(), backend)
        require_dominance(E.beside(across), [f"point {i}" for i in group])
        columns_left += _absolute_column_sums(across)
    E = _weighted(border_w, corner, border_w)
    for K in cross.pieces():
        rows = K.transposed()
        E -= times_transpose(rows, rows, backend)
    L, _ = lower_triangle(proof.L_corner.transposed(), 0, border)
    E -= times_transpose(L, L, backend)
    require_dominance(
        E.beside(columns_left.transposed()), [f"border row {p}" for p in range(border)]
    )


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


def _products_by_group(n: int, proof: PsdProof) -> Groups:
    """The places of the products within each group; the signs of y are checked."""
    if proof.first:
        y = (y for piece in proof.multipliers.transposed().pieces() for (y,) in piece.rows)
        for r, s, own in zip(proof.first, proof.second, y, strict=True):
            if own < 0 and s != r + n:
                raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")
    labels = proof.groups.labels
    return Groups(array("I", (labels[r % n] for r in proof.first)), len(proof.groups.sizes))


def _form_blocks(
    features: ExactMatrix,
    Z: ExactMatrix,
    group: Sequence[int],
    pairs: list[tuple[int, int]],
    multipliers: ExactMatrix,
    backend: Backend,
) -> tuple[ExactMatrix, ExactMatrix, ExactMatrix | None]:
    """One group's blocks of 2S (Theorem 9): its own, that with (u, v), and its share of the corner.

    `features` are the group's rows of X, `multipliers` the column of y of the pairs. Without
    products of b-forms the share is None, for zero.
    """
    n, size = Z.height, len(group)
    place = {i: p for p, i in enumerate(group)}
    aa, mixed, squares = ([[0] * size for _ in group] for _ in range(3))
    for (r, s), (y,) in zip(pairs, multipliers.rows, strict=True):
        p, q = place[r % n], place[s % n]
        aa[p][q] -= y
        aa[q][p] -= y
        if s >= n:
            mixed[p][q] += y
        if r >= n:  # then s >= n too
            mixed[q][p] += y
            squares[p][q] -= y
            squares[q][p] -= y
    exponent, X_columns = multipliers.exponent, features.transposed()
    au = times_transpose(ExactMatrix(mixed, exponent), X_columns, backend)  # mixed · X
    dual = Z.taken(group)
    own, border = ExactMatrix(aa, exponent), au.beside(dual.negated())
    if not any(map(any, squares)):
        return own, border, None
    half = times_transpose(X_columns, ExactMatrix(squares, exponent), backend)
    uu = times_transpose(half, X_columns, backend)  # Xᵀ · squares · X
    c = len(dual.rows[0])
    padded = [row + [0] * c for row in uu.rows] + [[0] * (len(uu.rows) + c) for _ in range(c)]
    return own, border, ExactMatrix(padded, uu.exponent)


def lower_triangle(entries: ExactMatrix, start: int, size: int) -> tuple[ExactMatrix, int]:
    """The square matrix whose lower triangle begins at `start`, and where the next one begins.

    `entries` has one column.
    """
    stop = start + size * (size + 1) // 2
    own = entries.taken(range(start, stop))
    numbers = iter([entry for (entry,) in own.rows])
    rows = [list(islice(numbers, length)) + [0] * (size - length) for length in range(1, size + 1)]
    return ExactMatrix(rows, own.exponent), stop


def _absolute_column_sums(matrix: ExactMatrix) -> ExactMatrix:
    return ExactMatrix(
        [[sum(map(abs, column)) for column in zip(*matrix.rows, strict=True)]], matrix.exponent
    )


def require_dominance(remainder: ExactMatrix, names: list[str]) -> None:
    """In every row the diagonal entry is at least the sum of the others' absolute values.

    Raises
    ------
    Rejected
        If not; the message names the row.
    """
    for p, (row, name) in enumerate(zip(remainder.rows, names, strict=True)):
        if 2 * row[p] < sum(map(abs, row)):
            raise Rejected(f"the remainder is not diagonally dominant at {name}")
