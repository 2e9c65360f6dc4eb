"""Forms that are nonnegative on neurons, and what products of them add to a quadratic form.

Form i < n is a_i = (x_iᵀu)₊, and form n + i is b_i = (−x_iᵀu)₊ (Theorem 9). a_i is a variable, and
b_i is a_i − x_iᵀu; but where x_iᵀu has the fixed sign s_i, they are x_iᵀu, 0 or −x_iᵀu (Theorem
48). So each is α·a_i + β·x_iᵀu, with α among 0 and 1, and β among −1, 0 and 1.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import sub

from certnn.kernel.exact import ExactMatrix
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: r, s and y of y·f_r·f_s.
Product = tuple[int, int, int]


def require_signs(n: int, products: Iterable[Product]) -> None:
    """y ≥ 0 of each product, but for those of a_i and b_i, which vanish; or else `Rejected`."""
    for r, s, y in products:
        if y < 0 and not r < n == s - r:
            raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")


class Forms:
    """Those of some points whose a are variables, and of others by their signs s_i."""

    def __init__(
        self, features: ExactMatrix, points: Sequence[int], signs: Mapping[int, int]
    ) -> None:
        n, count = features.height, len(points)
        self._X, self._count = features.taken([*points, *signs]), count
        self._parts = {i: (place, 1, 0) for place, i in enumerate(points)}
        self._parts |= {n + i: (place, 1, -1) for place, i in enumerate(points)}
        for place, (i, sign) in enumerate(signs.items(), count):
            self._parts |= {i: (place, 0, int(sign > 0)), n + i: (place, 0, -int(sign < 0))}

    def products(
        self, given: Iterable[Product], exponent: int, width: int, work: Work
    ) -> tuple[ExactMatrix, ExactMatrix, list[ExactMatrix]]:
        """Of −2 Σ y·f_r·f_s the blocks of a, of a with u, and of z, which begins with u.

        The last is a sum, without terms for zero. y are in units of 2**exponent, and `width` is the
        length of z.
        """
        size, free = self._X.height, self._count
        work.hold(3 * size**2, 0)
        own, mixed, squares = ([[0] * size for _ in range(size)] for _ in range(3))
        for r, s, y in given:
            (p, alpha, beta), (q, gamma, delta) = self._parts[r], self._parts[s]
            if alpha and gamma:
                own[p][q] -= y
                own[q][p] -= y
            if alpha and delta:
                mixed[p][q] -= delta * y
            if beta:
                if gamma:
                    mixed[q][p] -= beta * y
                if delta:
                    squares[p][q] -= beta * delta * y
                    squares[q][p] -= beta * delta * y
        if free < size:
            own, mixed = [row[:free] for row in own[:free]], mixed[:free]
        columns = self._X.transposed()
        across = work.product(ExactMatrix(mixed, exponent), columns)
        if not any(map(any, squares)):
            return ExactMatrix(own, exponent), across, []
        half = work.product(columns, ExactMatrix(squares, exponent))
        corner = _padded(work.product(half, columns), width)
        return ExactMatrix(own, exponent), across, [corner]

    def partners(
        self, given: Iterable[tuple[int, Sequence[int]]], exponent: int, width: int, work: Work
    ) -> tuple[ExactMatrix, list[ExactMatrix]]:
        """Of −2 Σ f_r·(vᵀz) the blocks of a with z, and of z, a sum as above.

        Each is given as r and v, in units of 2**exponent.
        """
        across, bent = ([[0] * width for _ in self._X.rows] for _ in range(2))
        for r, vector in given:
            place, alpha, beta = self._parts[r]
            if alpha:
                across[place] = list(map(sub, across[place], vector))
            if beta:
                bent[place] = [t - beta * v for t, v in zip(bent[place], vector, strict=True)]
        block = ExactMatrix(across[: self._count], exponent)
        if not any(map(any, bent)):
            return block, []
        columns, partners = self._X.transposed(), ExactMatrix(bent, exponent).transposed()
        half = _padded(work.product(columns, partners), width)
        return block, [half + half.transposed()]


def _padded(matrix: ExactMatrix, width: int) -> ExactMatrix:
    """The matrix with zeros to the right and below, so that it is square and so wide."""
    rows = [row + [0] * (width - len(row)) for row in matrix.rows]
    return ExactMatrix(rows + [[0] * width] * (width - len(rows)), matrix.exponent)


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
