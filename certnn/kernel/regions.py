"""The proof of a dual norm region by region, with products with the norm (Theorems 48 and 49).

As in a proof by phases (``phases.py``) it is shown that wᵀZᵀ(Xu)₊ ≤ h‖u‖ for the rays w of a cover
of the outputs, and the space of u is split by the signs of x_iᵀu. On each leaf with its *fixed*
points, a_i = (x_iᵀu)₊ and b_i = (−x_iᵀu)₊ of which are x_iᵀu, 0 or −x_iᵀu, and with the a_i of the
others as variables, b_i = a_i − x_iᵀu, the claim follows from positive semidefiniteness of the
matrix 2S of the form in (a, u, ρ), ρ = ‖u‖,

    2hρ² − 2ρ Σ σ_i a_i − 2μ(ρ² − ‖u‖²) − 2 Σ y_rs f_r f_s − 2 Σ f_k (s_k ρ + r_kᵀu),    σ = Zw,

where f = (a₁..a_n, b₁..b_n), y_rs ≥ 0 but for the products a_i b_i, and ‖r_k‖ ≤ s_k. It is positive
semidefinite because diag(w)·2S·diag(w) − LLᵀ is diagonally dominant for the given w > 0 and L.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from operator import mul
from typing import TypeVar

from certnn.kernel.exact import Backend, ExactMatrix, Rows, integers, times_transpose
from certnn.kernel.outputs import leaves, proved_directions
from certnn.kernel.psd import lower_triangle, require_dominance
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, span_of, span_of_integers
from certnn.kernel.work import Work

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class RegionsProof:
    """What the file gives.

    Attributes
    ----------
    kappa : float
        Positive.
    Z : ExactMatrix
        n×c.
    directions : bytes
        As in `PhasesProof`.
    bounds : array of double
        h of each direction.
    splits : array of int
        The trees of regions in preorder, direction after direction: −1 for a leaf, else the point
        that is split. The child in which it is inactive comes first.
    mu : array of double
        One for each leaf, in the order of the trees, as is what follows.
    product_counts : array of unsigned int
        Number of products of each leaf.
    first, second : array of unsigned int
        The forms r and s of the products, leaf after leaf; a_i is i, b_i is n + i.
    multipliers : array of double
        y of each product.
    ball_counts : array of unsigned int
        Number of products with the norm of each leaf.
    balls : array of unsigned int
        Their forms k.
    ball_multipliers : array of double
        r_k and then s_k of each, columns + 1 numbers.
    weights : array of double
        w of each leaf, for a of the points that are not fixed, u and ρ in this order.
    L : array of double
        Of each leaf a lower triangle, row by row.
    """

    kappa: float
    Z: ExactMatrix
    directions: bytes
    bounds: array[float]
    splits: array[int]
    mu: array[float]
    product_counts: array[int]
    first: array[int]
    second: array[int]
    multipliers: array[float]
    ball_counts: array[int]
    balls: array[int]
    ball_multipliers: array[float]
    weights: array[float]
    L: array[float]


def check_regions(features: ExactMatrix, proof: RegionsProof, work: Work, backend: Backend) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    Raises
    ------
    Rejected
        If the directions or the regions do not cover their space, the bounds do not give kappa, a
        leaf is not proved, or the check would take too much work.
    """
    if min(proof.bounds, default=0) <= 0:
        raise Rejected("a bound of a direction is not positive")
    c = len(proof.Z.rows[0])
    rays = proved_directions(proof.directions, c, proof.bounds, proof.kappa, work)
    lengths = _Lengths(features, proof)
    splits, points = iter(proof.splits), frozenset(range(len(features.rows)))
    reader = _Reader(proof)
    for ray, bound in zip(rays, proof.bounds, strict=True):
        bits = lengths.bits(ray)
        work.spend(len(features.rows) * c, bits)
        weights = [sum(map(mul, z, ray)) for z in proof.Z.rows]
        sigma = ExactMatrix([weights], proof.Z.exponent)
        for signs in leaves(splits, points):
            _check_leaf(features, sigma, bound, signs, reader, work, bits, backend)
    if next(splits, None) is not None:
        raise Rejected("the splits go on after the last leaf")
    reader.require_end()


class _Lengths:
    """How long the integers of a leaf become: the spans of the arrays, taken once."""

    def __init__(self, features: ExactMatrix, proof: RegionsProof) -> None:
        w, L = span_of(proof.weights), span_of(proof.L)
        self._order = features.height + len(features.rows[0]) + 1
        self._terms = 4 * (features.height + len(proof.first) + len(proof.balls))
        self._form, self._dual = UNIT | features.span, proof.Z.span
        self._partners = span_of(proof.multipliers) * self._form | span_of(proof.ball_multipliers)
        self._corner = span_of(proof.bounds) | span_of(proof.mu)
        self._scales, self._square = w * w, (L * L).summed(self._order)

    def bits(self, ray: tuple[int, ...]) -> int:
        """Of the remainder of a leaf in this direction, and of whatever makes it."""
        sigma = (self._dual * span_of_integers(ray)).summed(len(ray))
        products = (self._form * (self._partners | sigma)).summed(self._terms)
        S = (self._corner | products).summed(self._terms)
        return (self._scales * S | self._square).summed(self._order).bits


class _Reader:
    """The arrays of the leaves, read in their order."""

    def __init__(self, proof: RegionsProof) -> None:
        self._proof, self._at = proof, dict.fromkeys(vars(proof), 0)

    def _take(self, name: str, numbers: array[_Number], count: int) -> array[_Number]:
        start = self._at[name]
        if start + count > len(numbers):
            raise Rejected(f"{name} end before the last leaf")
        self._at[name] = start + count
        return numbers[start : start + count]

    def mu(self) -> float:
        """μ of the next leaf."""
        return self._take("mu", self._proof.mu, 1)[0]

    def products(self) -> tuple[array[int], array[int], list[int], int]:
        """r, s and y of its products, y in units of 2**-bits, and bits."""
        proof = self._proof
        count = self._take("product_counts", proof.product_counts, 1)[0]
        first = self._take("first", proof.first, count)
        second = self._take("second", proof.second, count)
        y, bits = integers(self._take("multipliers", proof.multipliers, count))
        return first, second, y, bits

    def balls(self, columns: int) -> tuple[array[int], Rows, int]:
        """k and (r, s) of its products with the norm, in units of 2**-bits, and bits."""
        proof = self._proof
        count = self._take("ball_counts", proof.ball_counts, 1)[0]
        forms, size = self._take("balls", proof.balls, count), columns + 1
        numbers = self._take("ball_multipliers", proof.ball_multipliers, count * size)
        given, bits = integers(numbers)
        return forms, [given[k * size : (k + 1) * size] for k in range(count)], bits

    def witness(self, order: int) -> tuple[ExactMatrix, ExactMatrix]:
        """w as one row, and the lower triangle L."""
        proof = self._proof
        weights, bits = integers(self._take("weights", proof.weights, order))
        entries, fine = integers(self._take("L", proof.L, order * (order + 1) // 2))
        L, _ = lower_triangle(ExactMatrix([[entry] for entry in entries], -fine), 0, order)
        return ExactMatrix([weights], -bits), L

    def require_end(self) -> None:
        """Nothing is left of any array."""
        for name in ("mu", "product_counts", "first", "multipliers", "ball_counts", "balls"):
            self._require_all(name)
        for name in ("second", "ball_multipliers", "weights", "L"):
            self._require_all(name)

    def _require_all(self, name: str) -> None:
        if self._at[name] < len(getattr(self._proof, name)):
            raise Rejected(f"{name} go on after the last leaf")


def _check_leaf(
    features: ExactMatrix,
    sigma: ExactMatrix,
    bound: float,
    signs: Mapping[int, int],
    reader: _Reader,
    work: Work,
    bits: int,
    backend: Backend,
) -> None:
    """Read what the file has for a leaf, and check that it proves the bound there (Theorem 48)."""
    n, columns = len(features.rows), len(features.rows[0])
    order = n - len(signs) + columns + 1
    mu, (first, second, y, bits) = reader.mu(), reader.products()
    balls, multipliers, ball_bits = reader.balls(columns)
    work.spend((len(first) + len(balls) + 2 * n * order + order**2) * order, bits)
    work.hold((2 * n + order) * order, bits)
    w, L = reader.witness(order)
    if min(w.rows[0]) <= 0:
        raise Rejected("a weight is not positive")
    forms = _forms(features, signs)
    partners = ExactMatrix(_partners(forms.rows, first, second, y), forms.exponent - bits)
    partners += _norm_partners(len(forms.rows), order, balls, multipliers, ball_bits)
    partners += _fits(len(forms.rows), order, sigma)
    half = times_transpose(forms.transposed(), partners.transposed(), backend)
    S = _corner(bound, mu, order, columns) - half - half.transposed()
    remainder = S.rescaled(w.rows[0], w.rows[0], 2 * w.exponent) - times_transpose(L, L, backend)
    require_dominance(remainder, [f"row {p} of a leaf" for p in range(order)])


def _forms(features: ExactMatrix, signs: Mapping[int, int]) -> ExactMatrix:
    """a_1..a_n, b_1..b_n of a leaf as rows over (a, u, ρ)."""
    n, unit = len(features.rows), 1 << -features.exponent
    mixed = [i for i in range(n) if i not in signs]
    places = {i: place for place, i in enumerate(mixed)}
    active, inactive = [], []
    for i, x in enumerate(features.rows):
        own = [unit * (place == places.get(i, -1)) for place in range(len(mixed))]
        sign = signs.get(i, 0)
        active.append([*own, *(x if sign > 0 else [0] * len(x)), 0])
        inactive.append([*own, *([0] * len(x) if sign > 0 else [-entry for entry in x]), 0])
    return ExactMatrix(active + inactive, features.exponent)


def _partners(forms: Rows, first: array[int], second: array[int], y: list[int]) -> Rows:
    """Row r is Σ y_rs f_s; that y is nonnegative where it has to be is checked."""
    n, rows = len(forms) // 2, [[0] * len(row) for row in forms]
    for r, s, multiplier in zip(first, second, y, strict=True):
        if multiplier < 0 and not r < n == s - r:
            raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")
        rows[r] = [t + multiplier * x for t, x in zip(rows[r], forms[s], strict=True)]
    return rows


def _norm_partners(
    count: int, order: int, balls: array[int], multipliers: Rows, bits: int
) -> ExactMatrix:
    """Row k is s_k ρ + r_kᵀu; that ‖r_k‖ ≤ s_k is checked."""
    rows = [[0] * order for _ in range(count)]
    for k, numbers in zip(balls, multipliers, strict=True):
        *r, s = numbers
        if s < 0 or sum(x * x for x in r) > s * s:
            raise Rejected(f"a product of form {k} with the norm may be negative")
        start = order - len(numbers)
        rows[k][start:] = [t + x for t, x in zip(rows[k][start:], numbers, strict=True)]
    return ExactMatrix(rows, -bits)


def _fits(count: int, order: int, sigma: ExactMatrix) -> ExactMatrix:
    """Row i is σ_i ρ for the form a_i, zero for b_i."""
    weights = [*sigma.rows[0], *([0] * (count - len(sigma.rows[0])))]
    return ExactMatrix([[0] * (order - 1) + [weight] for weight in weights], sigma.exponent)


def _corner(bound: float, mu: float, order: int, columns: int) -> ExactMatrix:
    """The diagonal matrix of 2(h − μ)ρ² + 2μ‖u‖²."""
    (h, m), bits = integers([bound, mu])
    diagonal = [*([0] * (order - columns - 1)), *([2 * m] * columns), 2 * (h - m)]
    rows = [[entry * (p == q) for q in range(order)] for p, entry in enumerate(diagonal)]
    return ExactMatrix(rows, -bits)
