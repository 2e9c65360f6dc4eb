"""The kind phases: a dual norm by splitting activation phases (Theorems 18 to 20).

The claim is that ‖Zᵀ(Xu)₊‖ ≤ kappa‖u‖ for every u. It is shown for each direction of the outputs
that Σ σ_i (x_iᵀu)₊ ≤ h‖u‖ (``outputs.py``). A tree splits the space of u by the signs of x_iᵀu of
points i with σ_i > 0: the *mixed* points, until they are *fixed*. On each leaf the multipliers in
the file give a quadratic form of (1, u) below h − Σ σ_i (x_iᵀu)₊ for ‖u‖ = 1, and it is shown to be
positive definite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, combinations
from operator import mul

from certnn.kernel.definite import joined, positive_definite
from certnn.kernel.exact import (
    ExactMatrix,
    Rows,
    columns_of,
    diagonal,
    integers,
    longest,
    multiple_of_unit,
)
from certnn.kernel.outputs import DirectedProof, InTurn, leaves, weights_of
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: A form on a leaf of more columns would take much time and memory, however small the file.
WIDEST = 256


def check_phases(features: ExactMatrix, proof: DirectedProof, work: Work) -> None:
    """Prove by Theorems 18 to 20 that `proof.kappa` is enough, or raise `Rejected`."""
    rest = InTurn(**proof.rest)
    for bound, ray in proof.proved(work):
        sigma = weights_of(proof.Z, ray)
        work.spend(features.height * features.width, 0)
        direction = PhasesDirection(features, sigma, bound, pairs_in_turn(rest))
        for phases in direction.leaves(rest.each("splits")):
            direction.check_leaf(phases, rest, work)
    rest.require_end()


def pairs_in_turn(rest: InTurn) -> list[tuple[int, int, int, float]]:
    """i, j, the sign and the ratio of each pair of the next direction."""
    count = rest.one("pair_counts")
    arrays = (rest.take(name, count) for name in ("first", "second", "signs", "ratios"))
    return list(zip(*arrays, strict=True))


@dataclass(frozen=True)
class Pair:
    """The places of points with σ_i > 0 > σ_j, and ϑ in units of ``2**-ratio_bits``."""

    i: int
    j: int
    sign: int
    ratio: int


@dataclass(frozen=True)
class PhasesLeaf:
    """The multipliers of a leaf in units of ``2**-bits``, in which ϑ² times them are whole, too.

    By the places of points they are (j, θ, η) for σ_j < 0, (pair, π, α), (i, s_i, λ) for the fixed
    points, and (i, j, s_i s_j ν). Mixed points are pairs with themselves, of ratio 0.
    """

    bits: int
    mu: int
    minorants: list[tuple[int, int, int]]
    terms: list[tuple[Pair, int, int]]
    fixed: list[tuple[int, int, int]]
    products: list[tuple[int, int, int]]


class PhasesDirection:
    """What the leaves of a direction have in common. The points i with σ_i ≠ 0 have `places`.

    `rows` and `columns` are of the matrix of their x_i, and `weights`, in units of ``2**unit``, are
    their σ_i, which are given in one column. Of each pair are given i, j, the sign and the ratio.

    Raises `Rejected` if a pair does not join a positive weight to a negative one, or its ratio is
    not positive.
    """

    def __init__(
        self,
        features: ExactMatrix,
        sigma: ExactMatrix,
        bound: float,
        pairs: list[tuple[int, int, int, float]],
    ) -> None:
        weights = [weight for (weight,) in sigma.rows]
        ratios, self.ratio_bits = integers([ratio for _, _, _, ratio in pairs])
        if min(ratios, default=1) <= 0:
            raise Rejected("a ratio of a pair is not positive")
        if any(not weights[i] > 0 > weights[j] for i, j, _, _ in pairs):
            raise Rejected("a pair does not join a positive weight to a negative one")
        members = [i for i, weight in enumerate(weights) if weight]
        self.places = places = {i: place for place, i in enumerate(members)}
        self.pairs = [
            Pair(places[i], places[j], sign, ratio)
            for (i, j, sign, _), ratio in zip(pairs, ratios, strict=True)
        ]
        self.rows, self.exponent = [features.rows[i] for i in members], features.exponent
        self.columns, self.bound = columns_of(self.rows, features.width), bound
        self.weights, self.unit = [weights[i] for i in members], sigma.exponent
        self._bits = longest(chain.from_iterable(self.rows))
        # 2**n / 2**d <= h < 2 ** (n - d + 1)
        numerator, denominator = bound.as_integer_ratio()
        #: Each γ is rounded up to a multiple of two to this: 2⁻⁶⁴ times a power of two near h.
        self.gamma_exponent = numerator.bit_length() - denominator.bit_length() - 64

    def leaves(self, splits: Iterator[int]) -> Iterator[dict[int, int]]:
        """The signs of the fixed points on each leaf of the tree that comes next, by place."""
        mixed = {i for i, place in self.places.items() if self.weights[place] > 0}
        for signs in leaves(splits, mixed):
            yield {self.places[i]: sign for i, sign in signs.items()}

    def check_leaf(self, phases: dict[int, int], rest: InTurn, work: Work) -> None:
        """Read the multipliers of a leaf, and check that they prove h there (Theorem 19).

        Raises `Rejected` if they do not, or to see that they do would take too much work.
        """
        columns, size, bits = len(self.columns), len(self.weights) + len(self.pairs), self._bits
        work.spend(len(phases) ** 2 * columns, 2 * bits)
        leaf = self.read(phases, rest)
        bits += leaf.bits + max(128, longest(self.weights) + self.unit)  # of any multiplier times x
        work.spend(4 * size * (columns + 1), 2 * bits)
        work.hold(size * (columns + 1), bits)
        self._require_cover(leaf)
        if not positive_definite(self._form(leaf, work), work):
            raise Rejected("the form of a leaf is not positive definite")

    def read(self, phases: dict[int, int], rest: InTurn) -> PhasesLeaf:
        """The multipliers of the leaf with these signs, which are those that come next.

        Raises `Rejected` if they end, one that must not be is negative, or a term has only one of
        its two.
        """
        pairs = [pair for pair in self.pairs if pair.i not in phases]
        products = [
            (i, j, phases[i] * phases[j])
            for i, j in combinations(sorted(phases), 2)
            if phases[i] * phases[j] * sum(map(mul, self.rows[i], self.rows[j])) < 0
        ]
        count = 1 + 2 * len(self.weights) - len(phases) + 2 * len(pairs) + len(products)
        # σ must be an integer in units of 2**-(bits + ratio_bits).
        given, bits = integers(rest.take("multipliers", count), -self.unit - self.ratio_bits)
        if min(given[1:], default=0) < 0:
            raise Rejected("a multiplier is negative")
        mu, *others = (number << 2 * self.ratio_bits for number in given)
        take = iter(others).__next__
        minorants: list[tuple[int, int, int]] = []
        terms: list[tuple[Pair, int, int]] = []
        fixed: list[tuple[int, int, int]] = []
        for i, weight in enumerate(self.weights):
            if i in phases:
                fixed.append((i, phases[i], take()))
            elif weight > 0:
                terms.append((Pair(i, i, 1, 0), take(), take()))
            else:
                minorants.append((i, take(), take()))
        terms += [(pair, take(), take()) for pair in pairs]
        signed = [(i, j, sign * take()) for i, j, sign in products]
        if any((pi > 0) != (alpha > 0) for _, pi, alpha in terms):
            raise Rejected("a term has only one of its two multipliers")
        return PhasesLeaf(bits + 2 * self.ratio_bits, mu, minorants, terms, fixed, signed)

    def _require_cover(self, leaf: PhasesLeaf) -> None:
        """The terms of a mixed point are at least σ; what is left elsewhere is above a minorant."""
        left = [abs(weight) << leaf.bits + self.unit for weight in self.weights]
        for pair, pi, _ in leaf.terms:
            left[pair.i] -= pi
            left[pair.j] -= pi * pair.ratio >> self.ratio_bits
        if any(left[pair.i] > 0 for pair, _, _ in leaf.terms):
            raise Rejected("the terms of a mixed point are less than its weight")
        up, down = max(0, 2 * self.exponent), max(0, -2 * self.exponent)
        for j, theta, eta in leaf.minorants:
            least = min(theta, left[j] - theta)  # must be at least η‖x_j‖
            if least < 0 or least**2 << down < eta**2 * sum(x * x for x in self.rows[j]) << up:
                raise Rejected("a minorant is above what it stands for")

    def _form(self, leaf: PhasesLeaf, work: Work) -> Rows:
        """The matrix S of Theorem 19, times a power of two."""
        r = self.ratio_bits
        # 2p = Σ linear_i x_i and A = Σ squares_i x_i x_iᵀ + ½ Σ cross_ij (x_i x_jᵀ + x_j x_iᵀ).
        linear, squares, cross = [0] * len(self.rows), [0] * len(self.rows), list(leaf.products)
        for j, theta, eta in leaf.minorants:
            linear[j] -= 2 * theta
            squares[j] -= eta
        for i, sign, multiplier in leaf.fixed:
            active = self.weights[i] << leaf.bits + self.unit if sign > 0 else 0
            linear[i] += 2 * (active + sign * multiplier)
        for pair, pi, alpha in leaf.terms:
            linear[pair.i] += pi
            linear[pair.j] -= pi * pair.ratio >> r
            squares[pair.i] += alpha
            squares[pair.j] += alpha * pair.ratio**2 >> 2 * r
            if pair.ratio:
                cross.append((pair.i, pair.j, -2 * pair.sign * alpha * pair.ratio >> r))
        parts = [[a * x for x in row] for a, row in zip(squares, self.rows, strict=True)]
        for i, j, c in cross:
            parts[i] = [y + c * x for y, x in zip(parts[i], self.rows[j], strict=True)]
        # A is the symmetric part of this sum of the x_i times the transposed parts.
        right = ExactMatrix(columns_of(parts, len(self.columns)), self.exponent - leaf.bits - 1)
        A = work.product(ExactMatrix(self.columns, self.exponent), right)
        square = diagonal([leaf.mu] * A.height, -leaf.bits) - A - A.transposed()
        p = [[-sum(map(mul, column, linear)) for column in self.columns]]
        gammas = sum(self.gamma(leaf, pi, alpha) for _, pi, alpha in leaf.terms)
        corner = multiple_of_unit(self.bound, 1) - diagonal([leaf.mu], -leaf.bits)
        corner -= diagonal([gammas], self.gamma_exponent)
        return joined(corner, ExactMatrix(p, self.exponent - leaf.bits - 2), square).rows

    def gamma(self, leaf: PhasesLeaf, pi: int, alpha: int) -> int:
        """γ of a term with these multipliers, in units of ``2**gamma_exponent``."""
        shift = -4 - self.gamma_exponent - leaf.bits
        return -(-(pi * pi << max(0, shift)) // (alpha << max(0, -shift))) if alpha else 0
