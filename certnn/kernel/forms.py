"""Forms that are nonnegative on neurons, and what products of them add to a quadratic form.

Form i < n is a_i = (x_iᵀu)₊, and form n + i is b_i = (−x_iᵀu)₊ (Theorem 9). a_i is a variable, and
b_i is a_i − x_iᵀu; but where x_iᵀu has the fixed sign s_i, they are x_iᵀu, 0 or −x_iᵀu (Theorem
48). So each is α·a_i + β·x_iᵀu, with α among 0 and 1, and β among −1, 0 and 1.
"""

from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import sub

from certnn.kernel.exact import ExactMatrix, Rows
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: r, s and y of y·f_r·f_s.
Product = tuple[int, int, int]


@dataclass(frozen=True)
class ProductList:
    """r and s of many products, and their y in one column, integers only where they are needed."""

    first: Sequence[int]
    second: Sequence[int]
    multipliers: ExactMatrix

    def taken(self, indices: Sequence[int], n: int) -> tuple[list[Product], int]:
        """Some of them, of n points, and the power of two that is the unit of their y.

        Raises `Rejected` if a y is negative, but for those of a_i and b_i, which vanish.
        """
        numbers = self.multipliers.taken(indices)
        chosen = zip(indices, numbers.rows, strict=True)
        found = [(self.first[m], self.second[m], y) for m, (y,) in chosen]
        for r, s, y in found:
            if y < 0 and not r < n == s - r:
                raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")
        return found, numbers.exponent

    def points(self, n: int, fixed: Container[int] = ()) -> Iterator[int]:
        """Of each a point whose a is a variable, if there is one."""
        for r, s in zip(self.first, self.second, strict=True):
            yield (s if r % n in fixed else r) % n

    def groups(self, n: int, fixed: Container[int] = ()) -> Groups:
        """The points that they join, but for those that are fixed, which are alone."""
        pairs = ((r % n, s % n) for r, s in zip(self.first, self.second, strict=True))
        return connected_groups(n, ((i, j) for i, j in pairs if i not in fixed and j not in fixed))


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

    def arrow(
        self,
        products: Iterable[Product],
        unit: int,
        partners: tuple[Iterable[int], ExactMatrix],
        width: int,
        work: Work,
    ) -> tuple[ExactMatrix, ExactMatrix, list[ExactMatrix]]:
        """Of −2 Σ y·f_r·f_s − 2 Σ f_k·(vᵀz) the blocks of a, of a with z, and of z.

        z begins with u, and is `width` long. y are in units of 2**unit; the partners are the k, and
        the v in the rows of a matrix. The last block is a sum, without terms for zero.
        """
        size, free, fine = self._X.height, self._count, partners[1].exponent
        work.hold(3 * size**2, 0)
        own, mixed, squares = ([[0] * size for _ in range(size)] for _ in range(3))
        across, bent = ([[0] * width for _ in range(size)] for _ in range(2))
        for r, s, y in products:
            (p, alpha, beta), (q, gamma, delta) = self._parts[r], self._parts[s]
            if alpha and gamma:
                own[p][q] -= y
                own[q][p] -= y
            if alpha and delta:
                mixed[p][q] -= delta * y
            if beta and gamma:
                mixed[q][p] -= beta * y
            if beta and delta:
                squares[p][q] -= beta * delta * y
        for k, vector in zip(partners[0], partners[1].rows, strict=True):
            p, alpha, beta = self._parts[k]
            if alpha:
                across[p] = list(map(sub, across[p], vector))
            if beta:
                bent[p] = [t - beta * v for t, v in zip(bent[p], vector, strict=True)]
        columns, beside_u = self._X.transposed(), width - self._X.width

        def with_z(rows: Rows, more: Rows) -> ExactMatrix:
            found = work.product(ExactMatrix(rows, unit), columns)
            return found.widened(0, beside_u) + ExactMatrix(more, fine)

        with_a = with_z(mixed[:free], across[:free])
        variables = ExactMatrix([row[:free] for row in own[:free]], unit)
        if not any(map(any, squares + bent)):
            return variables, with_a, []
        half = work.product(with_z(squares, bent).transposed(), columns).widened(0, beside_u)
        return variables, with_a, [half + half.transposed()]


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

    def of(self, numbers: Iterable[int]) -> Groups:
        """The places in a list of these numbers, by the groups of what stands there."""
        return Groups(array("I", map(self.labels.__getitem__, numbers)), len(self._starts) - 1)

    def merged(self, least: int) -> Groups:
        """Groups next to each other in one, until each but the last has at least so many."""
        labels, label, size = array("I"), 0, 0
        for more in self.sizes:
            labels.append(label)
            size += more
            if size >= least:
                label, size = label + 1, 0
        return Groups(array("I", map(labels.__getitem__, self.labels)), label + (size > 0))

    @property
    def sizes(self) -> list[int]:
        """How many each has."""
        return [stop - start for start, stop in pairwise(self._starts)]


def one_group(n: int) -> Groups:
    """All of 0, .., n − 1 in one."""
    return Groups(array("I", bytes(4 * n)), 1)


def connected_groups(n: int, pairs: Iterable[tuple[int, int]]) -> Groups:
    """The connected components of the graph on n points with these edges, of numbers below n.

    They are ordered by their smallest member. 2S has no entry between a-variables of two of them.
    """
    parent, labels, count = array("I", range(n)), array("I", bytes(4 * n)), 0

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for i, j in pairs:
        one, other = root(i), root(j)
        parent[max(one, other)] = min(one, other)  # a component's smallest member is its root
    for i in range(n):
        labels[i] = count if root(i) == i else labels[root(i)]
        count += root(i) == i
    return Groups(labels, count)
