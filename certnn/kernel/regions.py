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

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from certnn.kernel.definite import Witness, arrow_definite, joined, require_semidefinite
from certnn.kernel.exact import ExactMatrix, column, diagonal, integers
from certnn.kernel.forms import Forms, Product, connected_groups, require_signs
from certnn.kernel.outputs import DirectedProof, InTurn, leaves
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work


def check_regions(features: ExactMatrix, proof: DirectedProof, work: Work) -> None:
    """Prove by Theorems 18, 48 and 49 that `proof.kappa` is enough, or raise `Rejected`."""
    n, columns, witnessed = features.height, features.width, has_witness(proof)
    rest, points = InTurn(**proof.rest), frozenset(range(n))
    for bound, sigma in proof.proved(work):
        for signs in leaves(rest.each("splits"), points):
            leaf = RegionLeaf.read(rest, columns)
            leaf.require_nonnegative(n)
            blocks, corner = leaf.arrow(features, sigma, bound, signs, witnessed, work)
            if witnessed:
                S = whole(blocks, corner)
                require_semidefinite([], S, leaf_witness(rest, S.height), work)
            elif not arrow_definite(blocks, corner, work):
                raise Rejected("the form of a leaf is not positive definite")
            del leaf, blocks, corner  # of a million points they are gigabytes, twice with the next
    rest.require_end()


def has_witness(proof: DirectedProof) -> bool:
    """Whether a proof by regions has w and L; if it has neither, they are of no leaf."""
    return bool(proof.rest["weights"] or proof.rest["L"])


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
    ) -> tuple[list[_Block], ExactMatrix]:
        """2S as an arrow, whose border is (u, ρ); with all a in one block, or as few as can be.

        σ is one column, and the signs are those of the fixed points.
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
        work.spend(2 * n * width, features.bits + sigma.bits)
        _, shares = Forms(features, [], signs).partners(weighted(signs), common, width, work)
        corner = sum(shares, corner)
        for points, products, balls in self._parts(n, signs, together):
            touched = {form % n for r, s, _ in products for form in (r, s)}
            touched |= {form % n for form, _ in balls}
            fixed = {i: signs[i] for i in touched & signs.keys()}
            forms = Forms(features, points, fixed)
            own, with_u, shares = forms.products(products, -self.bits, width, work)
            partners = [(form, [x << finer for x in vector]) for form, vector in balls]
            partners += weighted(points)
            across, more = forms.partners(partners, common, width, work)
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


def leaf_witness(rest: InTurn, order: int) -> Witness:
    """w and L of the next leaf."""
    (weights, bits), (entries, fine) = (
        integers(rest.take(name, count))
        for name, count in (("weights", order), ("L", order * (order + 1) // 2))
    )
    return Witness.dense(column(weights, -bits), column(entries, -fine))


def whole(blocks: list[_Block], corner: ExactMatrix) -> ExactMatrix:
    """The matrix of an arrow of one block, or of none."""
    return joined(*blocks[0], corner) if blocks else corner
