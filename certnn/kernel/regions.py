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

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from certnn.kernel.definite import Block, Witness, arrow_definite, require_semidefinite, whole
from certnn.kernel.exact import (
    ExactMatrix,
    StoredMatrix,
    diagonal,
    integers,
    longest,
    stored_column,
)
from certnn.kernel.forms import Forms, ProductList, one_group
from certnn.kernel.outputs import DirectedProof, InTurn, leaves, weights_of
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: Points that are eliminated together though no product joins them: that is faster.
_FEW = 8


def check_regions(features: ExactMatrix, proof: DirectedProof, work: Work) -> None:
    """Prove by Theorems 18, 48 and 49 that `proof.kappa` is enough, or raise `Rejected`."""
    n, width, witnessed = features.height, features.width + 1, has_witness(proof)
    rest = InTurn(**proof.rest)
    for bound, ray in proof.proved(work):
        work.hold(width**2, 0)
        for signs in leaves(rest.each("splits"), range(n)):
            leaf, order = RegionLeaf.read(rest, width - 1), n - len(signs) + width
            blocks = leaf.blocks(features, proof.Z, ray, signs, witnessed, work)
            corner = leaf.corner(bound, width)
            if witnessed:
                S = whole(blocks, corner)
                require_semidefinite([], S, leaf_witness(rest, order), work)
            elif not arrow_definite(blocks, corner, order, work):
                raise Rejected("the form of a leaf is not positive definite")
    rest.require_end()


def has_witness(proof: DirectedProof) -> bool:
    """Whether a proof by regions has w and L; if it has neither, they are of no leaf."""
    return bool(proof.rest["weights"] or proof.rest["L"])


@dataclass(frozen=True)
class RegionLeaf:
    """What the file has for a leaf but a witness: products of two forms, and of forms with r, s."""

    mu: float
    nu: float | None
    products: ProductList
    balls: Sequence[int]
    partners: ExactMatrix

    @staticmethod
    def read(rest: InTurn, columns: int) -> RegionLeaf:
        """That of the next leaf."""
        mu, nu = rest.one("mu"), rest.one("nu") if "nu" in rest.at else None
        count = rest.one("product_counts")
        first, second, y = (rest.take(name, count) for name in ("first", "second", "multipliers"))
        products = ProductList(first, second, stored_column(y))
        count, size = rest.one("ball_counts"), columns + 1
        balls, numbers = rest.take("balls", count), rest.take("ball_multipliers", count * size)
        return RegionLeaf(mu, nu, products, balls, StoredMatrix(numbers, (count, size), size, 1))

    def products_with_norm(self, indices: Sequence[int]) -> tuple[list[int], ExactMatrix]:
        """Some of the forms and their (r, s).

        Raises `Rejected` if one of these products may be negative on neurons (Theorem 51(b)).
        """
        forms, partners = [self.balls[m] for m in indices], self.partners.taken(indices)
        for form, (*vector, s) in zip(forms, partners.rows, strict=True):
            if self.nu is not None:
                s -= abs(vector.pop())
            if s < 0 or sum(x * x for x in vector) > s * s:
                raise Rejected(f"a product of form {form} with the norm may be negative")
        return forms, partners

    def corner(self, bound: float, width: int) -> ExactMatrix:
        """What 2S has for u and ρ whatever the products are.

        Raises `Rejected` if a multiplier is negative.
        """
        if self.nu is not None and self.nu < 0:
            raise Rejected("a multiplier of a free bias is negative")
        (h, mu, nu), unit = integers([bound, self.mu, self.nu or 0.0])
        last = mu if self.nu is None else nu
        return diagonal([2 * mu] * (width - 2) + [2 * last, 2 * (h - mu - nu)], -unit)

    def blocks(
        self,
        features: ExactMatrix,
        Z: ExactMatrix,
        ray: Sequence[int],
        signs: Mapping[int, int],
        together: bool,
        work: Work,
    ) -> Iterator[Block]:
        """2S as an arrow, whose border is (u, ρ); with all a in one block, or with few.

        The signs are those of the fixed points.
        """
        n, width = features.height, features.width + 1
        work.spend(n * (2 * width + Z.width), features.bits + Z.bits + longest(ray))
        groups = one_group(n) if together else self.products.groups(n, signs).merged(_FEW)
        of_groups = groups.of(self.products.points(n, signs)), groups.of(k % n for k in self.balls)
        for group, chosen, near in zip(groups, *of_groups, strict=True):
            points = [i for i in group if i not in signs]
            products, unit = self.products.taken(chosen, n)
            balls, with_norm = self.products_with_norm(near)
            touched = {*group, *(k % n for k in balls), *(k % n for p in products for k in p[:2])}
            fixed = {i: signs[i] for i in touched & signs.keys()}
            weights = weights_of(Z.taken(group), ray).widened(features.width, 0)
            partners = [*balls, *group], with_norm.above(weights)
            forms = Forms(features, points, fixed)
            yield points, *forms.arrow(products, unit, partners, width, work)


def leaf_witness(rest: InTurn, order: int) -> Witness:
    """w and L of the next leaf."""
    counts = {"weights": order, "L": order * (order + 1) // 2}
    return Witness.dense(*(stored_column(rest.take(*of)) for of in counts.items()))
