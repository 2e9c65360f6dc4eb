"""The proof of a dual norm region by region, with products with the norm (Theorems 48, 49, 51).

As in a proof by phases (``phases.py``) it is shown that wᵀZᵀ(Xu)₊ ≤ h‖u‖ for the rays w of a cover
of the outputs, and the space of u is split by the signs of x_iᵀu. On each leaf with its *fixed*
points, a_i = (x_iᵀu)₊ and b_i = (−x_iᵀu)₊ of which are x_iᵀu, 0 or −x_iᵀu, and with the a_i of the
others as variables, b_i = a_i − x_iᵀu, the claim follows from positive semidefiniteness of the
matrix 2S of the form in (a, u, ρ), ρ = ‖u‖,

    2hρ² − 2ρ Σ σ_i a_i − 2μ(ρ² − ‖u‖²) − 2 Σ y_rs f_r f_s − 2 Σ f_k (s_k ρ + r_kᵀu),    σ = Zw,

where f = (a₁..a_n, b₁..b_n), y_rs ≥ 0 but for the products a_i b_i, and ‖r_k‖ ≤ s_k. For a free
hidden bias u has one more entry g, which is not of its norm: |g| ≤ ρ, the form has −2ν(ρ² − g²)
with ν ≥ 0 besides, and ‖r_k‖ ≤ s_k − |t_k|, with t_k for g. Weights and L in the file prove it
semidefinite; where there are none, a factor is computed. Points that no product joins share no
entry of S, so with products in small groups of points the work is linear in their number.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import mul

from certnn.kernel.definite import arrow_definite, joined, require_semidefinite
from certnn.kernel.exact import Backend, ExactMatrix, diagonal, integers
from certnn.kernel.forms import Forms, Product, require_signs
from certnn.kernel.in_turn import InTurn
from certnn.kernel.outputs import leaves, proved_directions
from certnn.kernel.psd import connected_groups
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, span_of, span_of_integers
from certnn.kernel.work import Work


@dataclass(frozen=True)
class RegionsProof:
    """The arrays of the kind in ``FORMAT.md``, in the order in which it has them."""

    kappa: float
    Z: ExactMatrix
    directions: bytes
    bounds: array[float]
    splits: array[int]
    ball: ExactMatrix | None
    mu: array[float]
    nu: array[float]
    product_counts: array[int]
    first: array[int]
    second: array[int]
    multipliers: array[float]
    ball_counts: array[int]
    balls: array[int]
    ball_multipliers: array[float]
    weights: array[float]
    L: array[float]

    @property
    def has_witness(self) -> bool:
        """Whether there are w and L; if there are neither, they are of no leaf."""
        return bool(self.weights or self.L)

    def in_turn(self) -> InTurn:
        """The arrays of the trees; no nu without a ball."""
        others = ("kappa", "Z", "directions", "bounds", "ball", "nu" if self.ball is None else "")
        return InTurn(**{name: given for name, given in vars(self).items() if name not in others})


class _Lengths:
    """How long the integers of a leaf become: the spans of the arrays, taken once."""

    def __init__(self, features: ExactMatrix, proof: RegionsProof) -> None:
        w, L = span_of(proof.weights), span_of(proof.L)
        self._order = features.height + features.width + 1
        self._terms = 4 * (features.height + len(proof.first) + len(proof.balls))
        self._form, self._dual = UNIT | features.span, proof.Z.span
        self._partners = span_of(proof.multipliers) * self._form | span_of(proof.ball_multipliers)
        self._corner = span_of(proof.bounds) | span_of(proof.mu) | span_of(proof.nu)
        self._scales, self._square = w * w, (L * L).summed(self._order)

    def bits(self, ray: tuple[int, ...]) -> int:
        """Of the remainder of a leaf in this direction, and of whatever makes it."""
        sigma = (self._dual * span_of_integers(ray)).summed(len(ray))
        products = (self._form * (self._partners | sigma)).summed(self._terms)
        S = (self._corner | products).summed(self._terms)
        return (self._scales * S | self._square).summed(self._order).bits


def check_regions(features: ExactMatrix, proof: RegionsProof, work: Work, backend: Backend) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    Raises `Rejected` if the directions or the regions do not cover their space, the bounds do not
    give kappa, a leaf is not proved, or the check would take too much work.
    """
    n, columns, c = features.height, features.width, proof.Z.width
    rays = proved_directions(proof.directions, c, proof.bounds, proof.kappa, work)
    lengths, rest, points = _Lengths(features, proof), proof.in_turn(), frozenset(range(n))
    for ray, bound in zip(rays, proof.bounds, strict=True):
        bits = lengths.bits(ray)
        work.spend(n * c, bits)
        sigma = ExactMatrix([[sum(map(mul, z, ray))] for z in proof.Z.rows], proof.Z.exponent)
        for signs in leaves(rest.each("splits"), points):
            leaf = RegionLeaf.read(rest, columns)
            leaf.require_nonnegative(n)
            arrow = leaf.arrow(
                features, sigma, bound, signs, proof.has_witness, work, bits, backend
            )
            if proof.has_witness:
                order = n - len(signs) + columns + 1
                work.spend(order**3, bits)
                w, L = leaf_witness(rest, order)
                require_semidefinite(whole(*arrow), w, L, backend)
            elif not arrow_definite(*arrow, work):
                raise Rejected("the form of a leaf is not positive definite")
            del leaf, arrow  # of a million points they are gigabytes, twice with the next leaf's
    rest.require_end()


_Ball = tuple[int, list[int]]
#: Points whose a are variables, and the products of them.
_Part = tuple[list[int], list[Product], list[_Ball]]
#: With itself, and with the border.
_Block = tuple[ExactMatrix, ExactMatrix]


@dataclass(frozen=True)
class RegionLeaf:
    """What the file has for a leaf but a witness: products as r, s, y, and as k, (r, s).

    Their numbers are in units of 2**-bits, and of 2**-ball_bits.
    """

    mu: float
    nu: float | None
    products: list[Product]
    bits: int
    balls: list[_Ball]
    ball_bits: int

    @staticmethod
    def read(rest: InTurn, columns: int) -> RegionLeaf:
        """That of the next leaf."""
        mu, nu = rest.one("mu"), rest.one("nu") if "nu" in rest.at else None
        count = rest.one("product_counts")
        first, second = rest.take("first", count), rest.take("second", count)
        y, bits = integers(rest.take("multipliers", count))
        count, size = rest.one("ball_counts"), columns + 1
        forms = rest.take("balls", count)
        given, ball_bits = integers(rest.take("ball_multipliers", count * size))
        partners = [given[k * size : (k + 1) * size] for k in range(count)]
        products, balls = zip(first, second, y, strict=True), zip(forms, partners, strict=True)
        return RegionLeaf(mu, nu, list(products), bits, list(balls), ball_bits)

    def require_nonnegative(self, n: int) -> None:
        """That what the leaf subtracts is nonnegative on neurons (Theorems 48 and 51(b)).

        Raises `Rejected` if a multiplier is negative, or a product with the norm may be.
        """
        if self.nu is not None and self.nu < 0:
            raise Rejected("a multiplier of a free bias is negative")
        require_signs(n, self.products)
        for form, (*vector, s) in self.balls:
            if self.nu is not None:
                s -= abs(vector.pop())
            if s < 0 or sum(x * x for x in vector) > s * s:
                raise Rejected(f"a product of form {form} with the norm may be negative")

    def arrow(
        self,
        features: ExactMatrix,
        sigma: ExactMatrix,
        bound: float,
        signs: Mapping[int, int],
        together: bool,
        work: Work,
        bits: int,
        backend: Backend,
    ) -> tuple[list[_Block], ExactMatrix]:
        """2S as an arrow, whose border is (u, ρ); with all a in one block, or as few as can be.

        σ is one column, the signs are those of the fixed points, and no integer has more `bits`.
        """
        n, columns = features.height, features.width
        (h, mu, nu), unit = integers([bound, self.mu, self.nu or 0.0])
        corner = diagonal(
            [2 * mu] * (columns - 1) + [2 * (mu if self.nu is None else nu), 2 * (h - mu - nu)],
            -unit,
        )
        common = min(sigma.exponent, -self.ball_bits)
        weights, finer = sigma.at(common), -self.ball_bits - common

        def weighted(points: Iterable[int]) -> list[_Ball]:
            return [(i, [0] * columns + weights[i]) for i in points]

        width, blocks = columns + 1, list[_Block]()
        work.spend(len(signs) * width * (width + 2), bits)
        _, shares = Forms(features, [], signs).partners(weighted(signs), common, width)
        corner = sum(shares, corner)
        for points, products, balls in self._parts(n, signs, together):
            touched = {form % n for r, s, _ in products for form in (r, s)}
            touched |= {form % n for form, _ in balls}
            fixed = {i: signs[i] for i in touched & signs.keys()}
            size = len(points) + len(fixed)
            work.spend(4 * len(products) + 2 * (len(balls) + size) * width, bits)
            work.spend(2 * size * (size + width) * width, bits)
            work.hold(3 * size * (size + width) + 4 * width**2, bits)
            forms = Forms(features, points, fixed)
            own, with_u, shares = forms.products(products, -self.bits, width, backend)
            partners = [(form, [x << finer for x in vector]) for form, vector in balls]
            partners += weighted(points)
            across, more = forms.partners(partners, common, width)
            corner = sum([*shares, *more], corner)
            if points:
                blocks.append((own, with_u.beside(ExactMatrix([[0]] * len(points), 0)) + across))
        return blocks, corner

    def _parts(self, n: int, signs: Mapping[int, int], together: bool) -> list[_Part]:
        """Those with variables, and last the one of the products that have none."""
        free = [i for i in range(n) if i not in signs]
        place = {i: p for p, i in enumerate(free)}
        pairs = [(r % n, s % n) for r, s, _ in self.products]
        edges = [(place[i], place[j]) for i, j in pairs if i in place and j in place]
        groups = [range(len(free))] * bool(free) if together else connected_groups(len(free), edges)
        parts: list[_Part] = [([free[p] for p in group], [], []) for group in groups]
        number = {i: part for part in parts for i in part[0]}
        last: _Part = ([], [], [])
        for product, (i, j) in zip(self.products, pairs, strict=True):
            number.get(i, number.get(j, last))[1].append(product)
        for ball in self.balls:
            number.get(ball[0] % n, last)[2].append(ball)
        return [*parts, last]


def leaf_witness(rest: InTurn, order: int) -> tuple[ExactMatrix, ExactMatrix]:
    """w and L of the next leaf, one row each."""
    (weights, bits), (entries, fine) = (
        integers(rest.take(name, count))
        for name, count in (("weights", order), ("L", order * (order + 1) // 2))
    )
    return ExactMatrix([weights], -bits), ExactMatrix([entries], -fine)


def whole(blocks: list[_Block], corner: ExactMatrix) -> ExactMatrix:
    """The matrix of an arrow of one block, or of none."""
    return joined(*blocks[0], corner) if blocks else corner
