"""The witness of a proof by regions as integers, for the extracted checker.

Where the file leaves out the factor of a leaf, one is computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isqrt

from certnn.certificates.integer_directions import (
    SIZE,
    Directions,
    ball_numbers,
    noted,
    splits_to_a_leaf,
)
from certnn.kernel.definite import diagonal_scales, lower_triangle, shifted, whole
from certnn.kernel.exact import ExactMatrix, integers
from certnn.kernel.instance import Instance, features_within
from certnn.kernel.outputs import DirectedProof, InTurn, leaves
from certnn.kernel.regions import RegionLeaf, has_witness, leaf_witness
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

SparseRow = dict[int, int]


def regions_witness(instance: Instance, proof: DirectedProof, data_bits: int) -> Iterator[int]:
    """The integers of a proof by regions.

    Raises `certnn.kernel.Rejected` if a tree, or what belongs to its leaves, has not the form that
    it must have.

    Parameters
    ----------
    data_bits : int
        X, and the ball, are integers over 2**data_bits.
    """
    work = Work(SIZE)
    yield from ball_numbers(proof.ball, data_bits)
    given = Directions.of(proof, instance.c, work)
    yield from (1 << given.bits, len(given.rays))
    translated = _Leaves(instance, proof, data_bits, given.bits, work)
    for ray, height, bound in zip(given.rays, given.heights, proof.bounds, strict=True):
        yield from (*ray, height)
        yield from translated.tree(ray, bound)
    translated.require_end()
    yield from given.output_cones()


def sparse(rows: Iterable[SparseRow]) -> Iterator[int]:
    """Of each row how many entries are not zero; then how many zeros come before each, and it."""
    for row in rows:
        present = sorted((j, entry) for j, entry in row.items() if entry)
        yield len(present)
        last = -1
        for j, entry in present:
            yield j - last - 1
            yield entry
            last = j


def product_blocks(n: int, pairs: Iterable[tuple[int, int, int]]) -> list[list[SparseRow]]:
    """The multipliers of a_i·a_j, of a_i·b_j and of b_i·b_j, row by row.

    Those of the same product are added up, except that a negative one stands where no sign but
    plus is allowed: it would be lost in the sum, and FORMAT.md rejects it.
    """
    blocks: list[list[SparseRow]] = [[{} for _ in range(n)] for _ in range(3)]
    for r, s, y in pairs:
        row, j = blocks[(r >= n) + (s >= n)][r % n], s % n
        before = row.get(j, 0)
        lowest = min(before, y)
        row[j] = lowest if lowest < 0 and s != r + n else before + y
    return blocks


def sparse_factor(S: ExactMatrix) -> tuple[list[int], list[SparseRow]] | None:
    """Exponents e, and the rounded factor of diag(2**e)·S·diag(2**e); or None.

    As `certnn.kernel.definite` has it of a block, in time of its entries that are not zero: of
    lifts nearly all are.
    """
    scales = diagonal_scales(S)
    if scales is None:
        return None
    factor: list[tuple[SparseRow, int]] = []
    for i, (entries, scale) in enumerate(zip(S.rows, scales, strict=True)):
        bits, row = scale + S.exponent, SparseRow()
        for j, (before, pivot) in enumerate(factor):
            left = shifted(entries[j], bits + scales[j])
            left -= sum(x * row[k] for k, x in before.items() if k in row)
            if left:
                row[j] = left // pivot
                if abs(row[j]) >> 65:  # in a good factor none is above the root of the diagonal
                    return None
        squares = sum(x * x for x in row.values())
        pivot = shifted(entries[i], bits + scale) - (len(scales) << 65) - squares
        if pivot <= 0:
            return None
        factor.append((row, isqrt(pivot)))
    return scales, [{**row, i: pivot} for i, (row, pivot) in enumerate(factor)]


class _Leaves:
    """The leaves of the trees of regions, in their order."""

    def __init__(
        self, instance: Instance, proof: DirectedProof, data_bits: int, height_bits: int, work: Work
    ) -> None:
        self._features = features_within(instance, proof.ball)
        self._proof, self._rest, self._work = proof, InTurn(**proof.rest), work
        self._data_bits, self._height_bits = data_bits, height_bits

    def tree(self, ray: Sequence[int], bound: float) -> Iterator[int]:
        """The nodes in preorder: 0 and a leaf, or 1 and the point that is split."""
        passed: list[int] = []
        splits = noted(self._rest.each("splits"), passed)
        for signs in leaves(splits, range(self._features.height)):
            yield from splits_to_a_leaf(passed)
            yield from self._leaf(ray, bound, signs)

    def _leaf(self, ray: Sequence[int], bound: float, signs: Mapping[int, int]) -> Iterator[int]:
        n, columns = self._features.height, self._features.width
        leaf = RegionLeaf.read(self._rest, columns)
        # Each refuses what may be negative.
        products, unit = leaf.products.taken(range(len(leaf.products.first)), n)
        balls, partners = leaf.products_with_norm(range(len(leaf.balls)))
        border = leaf.corner(bound, columns + 1)
        corner, corner_bits = integers([leaf.mu, leaf.nu or 0.0])
        Z = self._proof.Z
        # Multipliers are over 2**bits; all else is whole over that and the units of X with it.
        bits = max(
            -unit,
            -partners.exponent - self._data_bits,
            -Z.exponent - self._data_bits,
            max(corner_bits, self._height_bits) - 2 * self._data_bits,
            0,
        )
        yield 1 << bits
        for block in product_blocks(n, ((r, s, y << unit + bits) for r, s, y in products)):
            yield from sparse(block)
        rows = partners.at(-bits - self._data_bits)
        yield from self._norm_products(n, zip(balls, rows, strict=True))
        yield from (x << bits + 2 * self._data_bits - corner_bits for x in corner)
        order = n - len(signs) + columns + 1
        if has_witness(self._proof):
            witness = leaf_witness(self._rest, order)
            L, _ = lower_triangle(witness.corner, 0, order)
            factor = [dict(enumerate(row)) for row in L.rows]
            yield from self._witness(n, signs, witness.weights, factor, -L.exponent)
            return
        blocks = leaf.blocks(self._features, Z, ray, signs, True, self._work)
        found = sparse_factor(whole(blocks, border))
        if found is None:
            raise Rejected("the form of a leaf is not positive definite")
        scales, factor = found
        least = min(scales)
        weights = ExactMatrix([[1 << scale - least] for scale in scales], least)
        yield from self._witness(n, signs, weights, factor, 0)

    def _norm_products(self, n: int, given: Iterable[tuple[int, list[int]]]) -> Iterator[int]:
        """Of the a, and then of the b, the vectors and the numbers, added up."""
        vectors: list[SparseRow] = [{} for _ in range(2 * n)]
        numbers = [0] * (2 * n)
        for form, (*vector, number) in given:
            for j, entry in enumerate(self._turned(vector)):
                vectors[form][j] = vectors[form].get(j, 0) + entry
            numbers[form] += number
        for part in (slice(n), slice(n, 2 * n)):
            yield from sparse(vectors[part])
            yield from numbers[part]

    def _turned(self, columns: list[int]) -> list[int]:
        """With the number beside u first, if there is one; in the file it is the last."""
        return columns if self._proof.ball is None else [columns[-1], *columns[:-1]]

    def _witness(
        self,
        n: int,
        signs: Mapping[int, int],
        weights: ExactMatrix,
        factor: Sequence[SparseRow],
        bits: int,
    ) -> Iterator[int]:
        """w and L, over 2**bits, with 1 and no entries for points that are fixed."""
        columns = len(factor) - (n - len(signs)) - 1
        free = iter(range(n - len(signs)))
        places = [None if i in signs else next(free) for i in range(n)]
        first = n - len(signs)
        places += [*self._turned(list(range(first, first + columns))), first + columns]
        own = [weight for (weight,) in weights.rows]
        unit = max(weights.exponent, 0)
        yield 1 << max(-weights.exponent, 0)
        yield from (1 if place is None else own[place] << unit for place in places)
        yield 1 << bits
        yield from sparse({} if p is None else factor[p] for p in places)

    def require_end(self) -> None:
        self._rest.require_end()
