"""The kinds psd and cuts: a dual norm from products of nonnegative forms (Theorems 9, 10 and 31).

The claim is that kappa ≥ max over ‖u‖ ≤ 1 of ‖Zᵀ(Xu)₊‖. With a = (Xu)₊, b = (−Xu)₊ it follows from
positive semidefiniteness of the symmetric matrix 2S of the form

    2q(a, u, v) = kappa(‖u‖² + ‖v‖²) − 2aᵀZv − 2 Σ y_rs f_r f_s,    b = a − Xu,

where f = (a₁..a_n, b₁..b_n) are nonnegative on real neurons and y_rs ≥ 0, except that the products
a_i b_i vanish, so that their y may have any sign. Kind cuts has more forms, and forms on sets of
points (``cuts.py``).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from certnn.kernel.cuts import Cuts
from certnn.kernel.definite import Block, Witness, joined, require_semidefinite
from certnn.kernel.exact import ExactMatrix, diagonal, multiple_of_unit
from certnn.kernel.forms import Forms, Groups, Product, require_signs
from certnn.kernel.work import Work

#: Points, and the products of their forms with their unit, a power of two.
_Part = tuple[Sequence[int], Iterable[Product], int]


@dataclass(frozen=True)
class ProductsProof:
    """The arrays of the kind in ``FORMAT.md``; the multipliers are one column.

    The witness is of (a, u, v), for kind psd with a block for each of the groups of points that
    products join, and for kind cuts, whose points are one group, of a matrix which is all border.
    """

    kappa: float
    Z: ExactMatrix
    first: array[int]
    second: array[int]
    multipliers: ExactMatrix
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
    corner = multiple_of_unit(proof.kappa, columns + c)
    if proof.cuts is None:
        numbers = (y for piece in proof.multipliers.pieces() for (y,) in piece.rows)
        require_signs(n, zip(proof.first, proof.second, numbers, strict=True))
        blocks = _blocks(features, proof.Z, _parts(proof), work)
    else:
        row = proof.multipliers.transposed()
        given = list(zip(proof.first, proof.second, row.rows[0], strict=True))
        require_signs(n, given)
        found = proof.cuts.of_points(features, given, row.exponent, work)
        products, unit, (lost, lost_unit) = found
        parts = iter([(range(n), products, unit)])
        ((_, own, across, shares),) = _blocks(features, proof.Z, parts, work)
        corner -= diagonal([lost] * columns + [0] * c, lost_unit)
        blocks, corner = iter(()), joined(own, across, sum(shares, corner))
    require_semidefinite(blocks, corner, proof.witness, work)


def _parts(proof: ProductsProof) -> Iterator[_Part]:
    """The groups, each with its products."""
    labels, n = proof.groups.labels, proof.Z.height
    places = Groups(array("I", (labels[r % n] for r in proof.first)), len(proof.groups.sizes))
    for group, chosen in zip(proof.groups, places, strict=True):
        y = proof.multipliers.taken(chosen)
        given = zip(chosen, y.rows, strict=True)
        yield group, ((proof.first[m], proof.second[m], own) for m, (own,) in given), y.exponent


def _blocks(
    features: ExactMatrix, Z: ExactMatrix, parts: Iterator[_Part], work: Work
) -> Iterator[Block]:
    """The blocks of 2S, whose border is (u, v)."""
    for points, products, unit in parts:
        forms, width = Forms(features, points, {}), features.width + Z.width
        own, across, shares = forms.products(products, unit, width, work)
        yield points, own, across.beside(Z.taken(points).negated()), shares
