"""A direction of the outputs, and the leaves of its tree of phases (Theorems 19 and 20).

With σ_i = wᵀz_i, a tree splits the space of u by the signs of x_iᵀu of points i with σ_i > 0: the
*mixed* points, until they are *fixed*. On each leaf the multipliers in the file give a quadratic
form of (1, u) below h − Σ σ_i (x_iᵀu)₊ for ‖u‖ = 1, and it is shown to be positive definite.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from operator import mul

from certnn.kernel.definite import joined, positive_definite
from certnn.kernel.exact import (
    ExactMatrix,
    Rows,
    columns_of,
    diagonal,
    integers,
    multiple_of_unit,
    times_transpose,
)
from certnn.kernel.in_turn import InTurn
from certnn.kernel.outputs import leaves
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work


@dataclass(frozen=True)
class Pair:
    """The places of points with σ_i > 0 > σ_j, and ϑ in units of ``2**-ratio_bits``."""

    i: int
    j: int
    sign: int
    ratio: int


@dataclass(frozen=True)
class PhasesLeaf:
    """The multipliers of a leaf in units of ``2**-bits``, by the places of points.

    They are (j, θ, η) for σ_j < 0, (pair, π, α), (i, s_i, λ) for the fixed points, and
    (i, j, s_i s_j ν). Mixed points are pairs with themselves, of ratio 0.
    """

    bits: int
    mu: int
    minorants: list[tuple[int, int, int]]
    terms: list[tuple[Pair, int, int]]
    fixed: list[tuple[int, int, int]]
    products: list[tuple[int, int, int]]


@dataclass(frozen=True)
class PhasesDirection:
    """What the leaves of a direction have in common. The points i with σ_i ≠ 0 have `places`.

    `rows` and `columns` are of the matrix of their x_i, and `weights`, in units of ``2**unit``, are
    their σ_i.
    """

    rows: Rows
    columns: Rows
    exponent: int
    weights: list[int]
    unit: int
    places: dict[int, int]
    pairs: list[Pair]
    ratio_bits: int
    bound: float

    def leaves(self, splits: Iterator[int]) -> Iterator[dict[int, int]]:
        """The signs of the fixed points on each leaf of the tree that comes next, by place."""
        mixed = {i for i, place in self.places.items() if self.weights[place] > 0}
        for signs in leaves(splits, mixed):
            yield {self.places[i]: sign for i, sign in signs.items()}

    def check_leaf(self, phases: dict[int, int], rest: InTurn, work: Work, bits: int) -> None:
        """Read the multipliers of a leaf, and check that they prove h there (Theorem 19).

        Raises `Rejected` if they do not, or to see that they do would take too much work.
        """
        columns, size = len(self.columns), len(self.weights) + len(self.pairs)
        work.spend(len(phases) ** 2 * (columns + 1), bits)
        work.spend((size + columns) * (columns + 4) ** 2, bits)
        work.hold((size + columns) * (columns + 4), bits)
        leaf = self.read(phases, rest)
        self._require_cover(leaf)
        if not positive_definite(self._form(leaf), work):
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
        numbers, bits = integers(rest.take("multipliers", count), -self.unit - self.ratio_bits)
        if min(numbers[1:], default=0) < 0:
            raise Rejected("a multiplier is negative")
        mu, *others = numbers
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
        return PhasesLeaf(bits, mu, minorants, terms, fixed, signed)

    def _require_cover(self, leaf: PhasesLeaf) -> None:
        """The terms of a mixed point are at least σ; what is left elsewhere is above a minorant."""
        r = self.ratio_bits
        left = [abs(weight) << leaf.bits + r + self.unit for weight in self.weights]
        for pair, pi, _ in leaf.terms:
            left[pair.i] -= pi << r
            left[pair.j] -= pi * pair.ratio
        if any(left[pair.i] > 0 for pair, _, _ in leaf.terms):
            raise Rejected("the terms of a mixed point are less than its weight")
        up, down = max(0, 2 * self.exponent), max(0, -2 * self.exponent)
        for j, theta, eta in leaf.minorants:
            low, high = theta, left[j] - (theta << r)  # both must be at least η‖x_j‖
            steepest = eta * eta * sum(x * x for x in self.rows[j]) << up
            if high < 0 or low * low << down < steepest or high * high << down < steepest << 2 * r:
                raise Rejected("a minorant is above what it stands for")

    def _form(self, leaf: PhasesLeaf) -> Rows:
        """The matrix S of Theorem 19, times a power of two."""
        r, fine = self.ratio_bits, leaf.bits + self.ratio_bits
        # 2p = Σ linear_i x_i, in units of 2**-fine, and in units of 2**-(fine + r)
        # A = Σ squares_i x_i x_iᵀ + ½ Σ cross_ij (x_i x_jᵀ + x_j x_iᵀ).
        linear, squares = [0] * len(self.rows), [0] * len(self.rows)
        cross = [(i, j, product << 2 * r) for i, j, product in leaf.products]
        for j, theta, eta in leaf.minorants:
            linear[j] -= theta << r + 1
            squares[j] -= eta << 2 * r
        for i, sign, multiplier in leaf.fixed:
            active = self.weights[i] << fine + self.unit if sign > 0 else 0
            linear[i] += 2 * (active + sign * (multiplier << r))
        for pair, pi, alpha in leaf.terms:
            linear[pair.i] += pi << r
            linear[pair.j] -= pi * pair.ratio
            squares[pair.i] += alpha << 2 * r
            squares[pair.j] += alpha * pair.ratio**2
            if pair.ratio:
                cross.append((pair.i, pair.j, -2 * pair.sign * alpha * pair.ratio << r))
        parts = [[a * x for x in row] for a, row in zip(squares, self.rows, strict=True)]
        for i, j, c in cross:
            parts[i] = [y + c * x for y, x in zip(parts[i], self.rows[j], strict=True)]
        # A is the symmetric part of this sum of the x_i times the transposed parts.
        right = ExactMatrix(columns_of(parts, len(self.columns)), self.exponent - fine - r - 1)
        A = times_transpose(ExactMatrix(self.columns, self.exponent), right, "python")
        square = diagonal([leaf.mu] * A.height, -leaf.bits) - A - A.transposed()
        p = [[-sum(map(mul, column, linear)) for column in self.columns]]
        gammas = sum(self.gamma(leaf, pi, alpha) for _, pi, alpha in leaf.terms)
        corner = multiple_of_unit(self.bound, 1) - diagonal([leaf.mu], -leaf.bits)
        corner -= diagonal([gammas], self.gamma_exponent)
        return joined(corner, ExactMatrix(p, self.exponent - fine - 2), square).rows

    @cached_property
    def gamma_exponent(self) -> int:
        """Each γ is rounded up to a multiple of two to this: 2⁻⁶⁴ times a power of two near h."""
        numerator, denominator = self.bound.as_integer_ratio()
        # 2**n / 2**d <= h < 2 ** (n - d + 1)
        return numerator.bit_length() - denominator.bit_length() - 64

    def gamma(self, leaf: PhasesLeaf, pi: int, alpha: int) -> int:
        """γ of a term with these multipliers, in units of ``2**gamma_exponent``."""
        shift = -4 - self.gamma_exponent - leaf.bits
        return -(-(pi * pi << max(0, shift)) // (alpha << max(0, -shift))) if alpha else 0


def phases_direction(
    features: ExactMatrix,
    Z: ExactMatrix,
    ray: tuple[int, ...],
    bound: float,
    given: list[tuple[int, int, int, float]],
) -> PhasesDirection:
    """The direction of a ray with its bound and its pairs, each of i, j, a sign and a ratio.

    Raises `Rejected` if a pair does not join a positive weight to a negative one, or its ratio is
    not positive.
    """
    all_weights = [sum(map(mul, z, ray)) for z in Z.rows]
    members = [i for i, weight in enumerate(all_weights) if weight]
    places = {i: place for place, i in enumerate(members)}
    ratios, ratio_bits = integers([ratio for _, _, _, ratio in given])
    if min(ratios, default=1) <= 0:
        raise Rejected("a ratio of a pair is not positive")
    pairs = []
    for (i, j, sign, _), ratio in zip(given, ratios, strict=True):
        if not all_weights[i] > 0 > all_weights[j]:
            raise Rejected("a pair does not join a positive weight to a negative one")
        pairs.append(Pair(places[i], places[j], sign, ratio))
    rows = [features.rows[i] for i in members]
    return PhasesDirection(
        rows=rows,
        columns=columns_of(rows, features.width),
        exponent=features.exponent,
        weights=[all_weights[i] for i in members],
        unit=Z.exponent,
        places=places,
        pairs=pairs,
        ratio_bits=ratio_bits,
        bound=bound,
    )
