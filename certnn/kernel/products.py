"""The kinds psd and cuts: a dual norm from products of nonnegative forms (Theorems 9, 10 and 31).

The claim is that kappa ≥ max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖. With a = (Xu)₊, b = (−Xu)₊ it follows from
positive semidefiniteness of the symmetric matrix 2S of the form

    2q(a, u, v) = kappa(‖u‖² + ‖v‖²) − 2aᵀZv − 2 Σ y_rs f_r f_s,    b = a − Xu,

where f = (a₁..a_n, b₁..b_n) are nonnegative on real neurons and y_rs ≥ 0, except that the products
a_i b_i vanish, so that their y may have any sign. Kind cuts has more forms, and forms on sets of
points (``cuts.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from certnn.kernel.cuts import Cuts
from certnn.kernel.definite import Block, Witness, require_semidefinite, whole
from certnn.kernel.exact import ExactMatrix, diagonal, multiple_of_unit
from certnn.kernel.forms import Forms, Groups, Product, ProductList
from certnn.kernel.work import Work

#: Points, and the products of their forms with their unit, a power of two.
_Part = tuple[Sequence[int], list[Product], int]


@dataclass(frozen=True)
class ProductsProof:
    """The arrays of the kind in ``FORMAT.md``.

    The witness is of (a, u, v), for kind psd with a block for each of the groups of points that
    products join, and for kind cuts, whose points are one group, of a matrix which is all border.
    """

    kappa: float
    Z: ExactMatrix
    products: ProductList
    groups: Groups
    witness: Witness
    cuts: Cuts | None = None

    @property
    def kind(self) -> str:
        """Its kind."""
        return "cuts" if self.cuts else "psd"


def check_products(features: ExactMatrix, proof: ProductsProof, work: Work) -> None:
    """Prove by Theorems 9, 10 and 31 that `proof.kappa` is enough, or raise `Rejected`."""
    n, columns, c = features.height, features.width, proof.Z.width
    corner, products = multiple_of_unit(proof.kappa, columns + c), proof.products
    if proof.cuts is None:
        chosen = proof.groups.of(products.points(n))
        parts = ((g, *products.taken(k, n)) for g, k in zip(proof.groups, chosen, strict=True))
        blocks = _blocks(features, proof.Z, parts, work)
    else:
        given = products.taken(range(len(products.first)), n)
        of_points, unit, (lost, lost_unit) = proof.cuts.of_points(features, *given, work)
        corner -= diagonal([lost] * columns + [0] * c, lost_unit)
        everything = _blocks(features, proof.Z, [(range(n), of_points, unit)], work)
        blocks, corner = iter(()), whole(everything, corner)
    require_semidefinite(blocks, corner, proof.witness, work)


def _blocks(
    features: ExactMatrix, Z: ExactMatrix, parts: Iterable[_Part], work: Work
) -> Iterator[Block]:
    """The blocks of 2S, whose border is (u, v)."""
    for points, products, unit in parts:
        weights = Z.taken(points).widened(features.width, 0)
        forms, width = Forms(features, points, {}), features.width + Z.width
        yield points, *forms.arrow(products, unit, (points, weights), width, work)
