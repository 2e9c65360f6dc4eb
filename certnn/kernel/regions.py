"""The proof of a dual norm region by region, with products with the norm (Theorems 48, 49, 51).

As in a proof by phases (``phases.py``) it is shown that wᵀZᵀ(Xu)₊ ≤ h‖u‖ for the rays w of a cover
of the outputs, and the space of u is split by the signs of x_iᵀu. On each leaf with its *fixed*
points, a_i = (x_iᵀu)₊ and b_i = (−x_iᵀu)₊ of which are x_iᵀu, 0 or −x_iᵀu, and with the a_i of the
others as variables, b_i = a_i − x_iᵀu, the claim follows from positive semidefiniteness of the
matrix 2S of the form in (a, u, ρ), ρ = ‖u‖,

    2hρ² − 2ρ Σ σ_i a_i − 2μ(ρ² − ‖u‖²) − 2 Σ y_rs f_r f_s − 2 Σ f_k (s_k ρ + r_kᵀu),    σ = Zw,

where f = (a₁..a_n, b₁..b_n), y_rs ≥ 0 but for the products a_i b_i, and ‖r_k‖ ≤ s_k. For a free
hidden bias u has one more entry g, which is not of its norm: |g| ≤ ρ, the form has −2ν(ρ² − g²)
with ν ≥ 0 besides, and ‖r_k‖ ≤ s_k − |t_k|, with t_k for g. The form is positive semidefinite
because diag(w)·2S·diag(w) − LLᵀ is diagonally dominant for the given w > 0 and L. Where the file
gives neither, a factor is computed. Points that no product joins share no entry of S, so with
products in small groups of points the work is linear in their number.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import TypeVar

from certnn.kernel.definite import arrow_definite
from certnn.kernel.exact import Backend, ExactMatrix, integers, times_transpose
from certnn.kernel.instance import Instance, features_within
from certnn.kernel.outputs import leaves, proved_directions
from certnn.kernel.psd import connected_groups, lower_triangle, require_dominance
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
    ball : ExactMatrix, shape (1, d + 1), or None
        For a free hidden bias: the center and radius of a ball that all points are in.
    mu, nu : array of double
        One for each leaf, in the order of the trees, as is what follows; no nu without a ball.
    product_counts, ball_counts : array of unsigned int
        Number of products of each leaf, and of those with the norm.
    first, second, balls : array of unsigned int
        The forms r, s of the products, leaf after leaf, and k; a_i is i, b_i is n + i.
    multipliers, ball_multipliers : array of double
        y of each product; r_k and then s_k of each with the norm, columns + 1 numbers.
    weights, L : array of double
        Of each leaf w, for a of the points that are not fixed, u and ρ in this order, and a lower
        triangle, row by row; or neither.
    """

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


def check_regions(instance: Instance, proof: RegionsProof, work: Work, backend: Backend) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z`.

    That is on the instance's features, or with a ball for all values of a free hidden bias.

    Raises
    ------
    Rejected
        If the directions or the regions do not cover their space, the bounds do not give kappa, a
        leaf is not proved, or the check would take too much work.
    """
    if min(proof.bounds, default=0) <= 0:
        raise Rejected("a bound of a direction is not positive")
    c, features = instance.c, features_within(instance, proof.ball, work)
    rays = proved_directions(proof.directions, c, proof.bounds, proof.kappa, work)
    lengths = _Lengths(features, proof)
    splits, points = iter(proof.splits), frozenset(range(len(features.rows)))
    reader = LeafReader(proof)
    for ray, bound in zip(rays, proof.bounds, strict=True):
        bits = lengths.bits(ray)
        work.spend(len(features.rows) * c, bits)
        weights = [sum(map(mul, z, ray)) for z in proof.Z.rows]
        sigma = ExactMatrix([weights], proof.Z.exponent)
        for signs in leaves(splits, points):
            _check_leaf(features, sigma, bound, signs, reader, work, bits, backend)
    if next(splits, None) is not None:
        raise Rejected("the splits go on after the last leaf")
    if name := reader.left_over():
        raise Rejected(f"{name} go on after the last leaf")


class _Lengths:
    """How long the integers of a leaf become: the spans of the arrays, taken once."""

    def __init__(self, features: ExactMatrix, proof: RegionsProof) -> None:
        w, L = span_of(proof.weights), span_of(proof.L)
        self._order = features.height + len(features.rows[0]) + 1
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


@dataclass(frozen=True)
class LeafProducts:
    """Of a leaf, or of some of its points: (r, s, y), and (k, [*r, s]) with the norm.

    Multipliers are in units of 2**-bits and 2**-ball_bits.
    """

    pairs: list[tuple[int, int, int]]
    bits: int
    balls: list[tuple[int, list[int]]]
    ball_bits: int


class LeafReader:
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

    def nu(self) -> float | None:
        """ν of the next leaf, if there is a free bias."""
        return None if self._proof.ball is None else self._take("nu", self._proof.nu, 1)[0]

    def products(self, columns: int) -> LeafProducts:
        """Those of the next leaf."""
        proof = self._proof
        count = self._take("product_counts", proof.product_counts, 1)[0]
        first = self._take("first", proof.first, count)
        second = self._take("second", proof.second, count)
        y, bits = integers(self._take("multipliers", proof.multipliers, count))
        count = self._take("ball_counts", proof.ball_counts, 1)[0]
        forms, size = self._take("balls", proof.balls, count), columns + 1
        numbers = self._take("ball_multipliers", proof.ball_multipliers, count * size)
        given, ball_bits = integers(numbers)
        partners = [given[k * size : (k + 1) * size] for k in range(count)]
        pairs, balls = zip(first, second, y, strict=True), zip(forms, partners, strict=True)
        return LeafProducts(list(pairs), bits, list(balls), ball_bits)

    @property
    def has_witness(self) -> bool:
        """Whether the file has w and L; if it has neither, they are of no leaf."""
        return bool(self._proof.weights or self._proof.L)

    def witness(self, order: int) -> tuple[ExactMatrix, ExactMatrix]:
        """w as one row, and the lower triangle L."""
        proof = self._proof
        weights, bits = integers(self._take("weights", proof.weights, order))
        entries, fine = integers(self._take("L", proof.L, order * (order + 1) // 2))
        L, _ = lower_triangle(ExactMatrix([[entry] for entry in entries], -fine), 0, order)
        return ExactMatrix([weights], -bits), L

    def left_over(self) -> str | None:
        """An array that goes on after the last leaf, if there is one."""
        one, other = "mu nu product_counts first multipliers", "ball_counts balls second"
        names = f"{one} {other} ball_multipliers weights L".split()
        return next((x for x in names if self._at[x] < len(getattr(self._proof, x))), None)


def _check_leaf(
    features: ExactMatrix,
    sigma: ExactMatrix,
    bound: float,
    signs: Mapping[int, int],
    reader: LeafReader,
    work: Work,
    bits: int,
    backend: Backend,
) -> None:
    """Read what the file has for a leaf, and check that it proves the bound there (Theorem 48)."""
    n, columns = len(features.rows), len(features.rows[0])
    mu, nu, products = reader.mu(), reader.nu(), reader.products(columns)
    require_nonnegative(n, products, nu)
    if reader.has_witness:
        S = products_form(features, sigma, signs, range(n), products, work, bits, backend)
        S += corner_form(bound, mu, nu, S.height, columns)
        _require_witness(S, *reader.witness(S.height), work, bits, backend)
        return
    corner, blocks = corner_form(bound, mu, nu, columns + 1, columns), []
    for points, own in _parts(n, signs, products):
        S = products_form(features, sigma, signs, points, own, work, bits, backend)
        size = S.height - columns - 1
        block, border = S.taken(range(size)), S.taken(range(size, S.height))
        corner += _columns(border, size, S.height)
        if size:
            blocks.append((_columns(block, 0, size), _columns(block, size, S.height)))
    if not arrow_definite(blocks, corner, work):
        raise Rejected("the form of a leaf is not positive definite")


def require_nonnegative(n: int, products: LeafProducts, nu: float | None) -> None:
    """That what a leaf subtracts is nonnegative on neurons (Theorems 48 and 51(b)).

    Raises
    ------
    Rejected
        If a multiplier is negative, or a product with the norm may be.
    """
    if nu is not None and nu < 0:
        raise Rejected("a multiplier of a free bias is negative")
    for r, s, y in products.pairs:
        if y < 0 and not r < n == s - r:
            raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")
    for form, (*vector, s) in products.balls:
        if nu is not None:
            s -= abs(vector.pop())
        if s < 0 or sum(x * x for x in vector) > s * s:
            raise Rejected(f"a product of form {form} with the norm may be negative")


def _require_witness(
    S: ExactMatrix, w: ExactMatrix, L: ExactMatrix, work: Work, bits: int, backend: Backend
) -> None:
    order = S.height
    work.spend(order**3, bits)
    if min(w.rows[0]) <= 0:
        raise Rejected("a weight is not positive")
    remainder = S.rescaled(w.rows[0], w.rows[0], 2 * w.exponent) - times_transpose(L, L, backend)
    require_dominance(remainder, [f"row {p} of a leaf" for p in range(order)])


def _parts(
    n: int, signs: Mapping[int, int], products: LeafProducts
) -> list[tuple[list[int], LeafProducts]]:
    """Points with their products, so that S joins no two parts; the fixed ones at the end."""
    free = [i for i in range(n) if i not in signs]
    place = {i: p for p, i in enumerate(free)}
    joined = [(r % n, s % n) for r, s, _ in products.pairs]
    edges = [(place[i], place[j]) for i, j in joined if i in place and j in place]
    groups = [[free[p] for p in group] for group in connected_groups(len(free), edges)]
    number = {i: g for g, group in enumerate(groups) for i in group}
    last = len(groups)
    pairs: list[list[tuple[int, int, int]]] = [[] for _ in range(last + 1)]
    for pair, (i, j) in zip(products.pairs, joined, strict=True):
        pairs[number.get(i, number.get(j, last))].append(pair)
    balls: list[list[tuple[int, list[int]]]] = [[] for _ in range(last + 1)]
    for ball in products.balls:
        balls[number.get(ball[0] % n, last)].append(ball)
    points = [*groups, sorted(signs)]
    own = [
        LeafProducts(p, products.bits, b, products.ball_bits)
        for p, b in zip(pairs, balls, strict=True)
    ]
    return [(i, p) for i, p in zip(points, own, strict=True) if i or p.pairs or p.balls]


def products_form(
    features: ExactMatrix,
    sigma: ExactMatrix,
    signs: Mapping[int, int],
    points: Sequence[int],
    products: LeafProducts,
    work: Work,
    bits: int,
    backend: Backend,
) -> ExactMatrix:
    """What points and products add to 2S: over the a of those not fixed, u and ρ."""
    columns = len(features.rows[0])
    places = {i: p for p, i in enumerate(i for i in points if i not in signs)}
    width = len(places) + columns + 1
    many = len(products.pairs) + len(products.balls) + 2 * len(points) * width
    work.spend(many * width, bits)
    work.hold((2 * len(points) + width) * width, bits)
    used = {r for r, _, _ in products.pairs} | {k for k, _ in products.balls} | {*points}
    forms = {f: _form_row(features, signs, places, f) for f in used}
    own, fitted, norm = ({f: [0] * width for f in used} for _ in range(3))
    for r, s, y in products.pairs:
        second = forms[s] if s in forms else _form_row(features, signs, places, s)
        own[r] = [t + y * x for t, x in zip(own[r], second, strict=True)]
    for i in points:
        fitted[i][-1] = sigma.rows[0][i]
    for k, partner in products.balls:
        start = width - len(partner)
        norm[k][start:] = [t + x for t, x in zip(norm[k][start:], partner, strict=True)]
    partners = ExactMatrix(list(own.values()), features.exponent - products.bits)
    if products.balls:
        partners += ExactMatrix(list(norm.values()), -products.ball_bits)
    partners += ExactMatrix(list(fitted.values()), sigma.exponent)
    left = ExactMatrix(list(forms.values()), features.exponent).transposed()
    half = times_transpose(left, partners.negated().transposed(), backend)
    return half + half.transposed()


def _form_row(
    features: ExactMatrix, signs: Mapping[int, int], places: Mapping[int, int], form: int
) -> list[int]:
    """One of a_1..a_n, b_1..b_n over (a of the places, u, ρ), in units of the features'."""
    i = form % features.height
    active, sign, x = form == i, signs.get(i, 0), features.rows[i]
    own = [0] * len(places)
    if sign == 0:
        own[places[i]] = 1 << -features.exponent
        return [*own, *([0] * len(x) if active else [-entry for entry in x]), 0]
    if active == (sign > 0):
        return [*own, *(entry * sign for entry in x), 0]
    return [*own, *([0] * len(x)), 0]


def _columns(matrix: ExactMatrix, start: int, stop: int) -> ExactMatrix:
    return ExactMatrix([row[start:stop] for row in matrix.rows], matrix.exponent)


def corner_form(bound: float, mu: float, nu: float | None, order: int, columns: int) -> ExactMatrix:
    """The diagonal matrix of 2(h − μ)ρ² + 2μ‖u‖²; with ν of 2(h − μ − ν)ρ² + 2μ‖u‖² + 2νg²."""
    (h, m, v), bits = integers([bound, mu, nu or 0.0])
    diagonal = [*([0] * (order - columns - 1)), *([2 * m] * columns), 2 * (h - m - v)]
    if nu is not None:
        diagonal[-2] = 2 * v
    rows = [[entry * (p == q) for q in range(order)] for p, entry in enumerate(diagonal)]
    return ExactMatrix(rows, -bits)
