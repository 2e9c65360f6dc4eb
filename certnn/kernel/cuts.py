"""The proof of a dual norm by products of sublinearity slacks and forms on sets of points.

Like a proof by a positive semidefinite matrix (``psd.py``), with more that is nonnegative on real
neurons (Theorem 31): besides a and b the slacks of θ, where x_i is about Σ_k θ_k x_k,

    g = Σ_{θ_k > 0} θ_k a_k + Σ_{θ_k < 0} |θ_k| b_k − a_i

(Theorem 29), which enter products like a and b do, and quadratic forms in the a and b of a few
points that are copositive on every choice of signs (Theorem 30).
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, product
from operator import mul

from certnn.kernel.definite import joined, positive_definite, require_semidefinite
from certnn.kernel.exact import Backend, ExactMatrix, diagonal, multiple_of_unit
from certnn.kernel.forms import Product, require_signs
from certnn.kernel.psd import dual_form
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, span_of
from certnn.kernel.work import Work

#: Sets have at most so many points; each has 2 to this power choices of signs.
LARGEST_SET = 12
#: There are at most so many slacks for each variable a, u, v.
MOST_SLACKS = 16


@dataclass(frozen=True)
class CutsProof:
    """The arrays of the kind in ``FORMAT.md``, in the order in which it has them."""

    kappa: float
    Z: ExactMatrix
    targets: array[int]
    supports: list[list[int]]
    theta: ExactMatrix
    first: array[int]
    second: array[int]
    multipliers: ExactMatrix
    sets: list[list[int]]
    set_forms: ExactMatrix
    set_parts: ExactMatrix
    weights: ExactMatrix
    L: ExactMatrix


def set_pairs(size: int) -> list[tuple[int, int]]:
    """The 2·size² products in a set: a of its points, then b, without a·b of the same point."""
    forms = range(2 * size)
    return [(r, s) for r in forms for s in forms[r:] if s != r + size]


def check_cuts(features: ExactMatrix, proof: CutsProof, work: Work, backend: Backend) -> None:
    """Prove that `proof.kappa` is at least the dual norm of `proof.Z` on these features.

    Raises `Rejected` if a multiplier or a weight has the wrong sign, a form on a set is not proved
    copositive, a row of the remainder is not dominant, or the check would take too much work.
    """
    _spend(features, proof, work)
    n, columns, c = features.height, features.width, proof.Z.width
    given = list(zip(proof.first, proof.second, proof.multipliers.rows[0], strict=True))
    require_signs(n, given)
    slacks = _Slacks(features, proof)
    y, of_sets = proof.multipliers.exponent, proof.set_forms.exponent
    common = min(y + 2 * proof.theta.exponent, of_sets)
    products = [
        *_finer(slacks.expanded(given), y + 2 * proof.theta.exponent - common),
        *_finer(_set_terms(proof, work), of_sets - common),
    ]
    own, across, shares = dual_form(features, proof.Z, range(n), products, common, backend)
    lost = diagonal([2 * slacks.lost(given)] * columns + [0] * c, y + 2 * slacks.exponent)
    corner = sum(shares, multiple_of_unit(proof.kappa, columns + c) - lost)
    require_semidefinite(joined(own, across, corner), proof.weights, proof.L, backend)


def _finer(products: Iterable[Product], bits: int) -> Iterator[Product]:
    return ((r, s, y << bits) for r, s, y in products)


def _spend(features: ExactMatrix, proof: CutsProof, work: Work) -> None:
    """Take the work of all products but those on sets, in integers no longer than those of E."""
    n, columns, order = features.height, features.width, proof.weights.width
    support, count = sum(map(len, proof.supports)), len(proof.first)
    sizes = [1] * (2 * n) + [1 + len(points) for points in proof.supports]
    partners = [0] * len(sizes)
    for r, s in zip(proof.first, proof.second, strict=True):
        partners[r] += sizes[s]
    terms = sum(partners) + sum(map(mul, sizes, (min(2 * n, some) for some in partners)))
    terms += sum(2 * len(points) ** 2 for points in proof.sets)
    X, w, L = features.span, proof.weights.span, proof.L.span
    theta, y = UNIT | proof.theta.span, proof.multipliers.span
    weighted = (y * theta * theta | proof.set_forms.span).summed(terms)
    form = (weighted * (UNIT | X | X * X)).summed(4 * n**2)
    norm = (theta * X).summed((support + 1) * columns)
    lost = (y * norm * norm).summed(6 * count)
    S = span_of([proof.kappa]) | proof.Z.span | form | lost
    bits = (w * w * S | (L * L).summed(order)).summed(order).bits
    work.spend(4 * terms + 3 * order**3 + 3 * (support + count) * columns, bits)
    work.hold(order**2, bits)
    work.hold(min(terms, 4 * n**2), weighted.bits)


class _Slacks:
    """All forms as sums of those of the points, and what is lost where x_i is not Σ θ_k x_k.

    `defects` ρ and `sizes` G are integers times 2**exponent: f ≥ −ρ‖u‖ and |f| ≤ G‖u‖.
    """

    def __init__(self, features: ExactMatrix, proof: CutsProof) -> None:
        n, X = features.height, features.rows
        unit, theta = 1 << -proof.theta.exponent, iter(proof.theta.rows[0])
        norms = [sum(map(abs, x)) for x in X]
        self.exponent = proof.theta.exponent + features.exponent
        self.forms = [[(r, unit)] for r in range(2 * n)]
        self.defects, self.sizes = [0] * (2 * n), [unit * norm for norm in norms] * 2
        for i, support in zip(proof.targets, proof.supports, strict=True):
            form, left, size = [(i, -unit)], [unit * x for x in X[i]], unit * norms[i]
            for k in support:
                t = next(theta)
                form.append((k if t > 0 else n + k, abs(t)))
                left = [p - t * q for p, q in zip(left, X[k], strict=True)]
                size += abs(t) * norms[k]
            self.forms.append(form)
            self.defects.append(sum(map(abs, left)))
            self.sizes.append(size)

    def lost(self, products: Iterable[Product]) -> int:
        """What Σ y f_r f_s may be below zero, as a multiple of ‖u‖²."""
        defects, sizes, total = self.defects, self.sizes, 0
        for r, s, y in products:
            p, q = defects[r], defects[s]
            total += y * (p * sizes[s] + q * sizes[r] + p * q)
        return total

    def expanded(self, products: Iterable[Product]) -> Iterator[Product]:
        """The same sum in products of the forms of the points; θ² comes to the unit of y."""
        partners: dict[int, Counter[int]] = defaultdict(Counter)
        for r, s, y in products:
            for k, t in self.forms[s]:
                partners[r][k] += y * t
        found: Counter[tuple[int, int]] = Counter()
        for r, partner in partners.items():
            for p, t in self.forms[r]:
                for q, y in partner.items():
                    found[p, q] += t * y
        return ((p, q, y) for (p, q), y in found.items())


def _set_terms(proof: CutsProof, work: Work) -> list[Product]:
    """The products (r, s, coefficient) of the sets' forms; that they are copositive is proved."""
    n, terms = proof.Z.height, []
    common = min(proof.set_forms.exponent, proof.set_parts.exponent)
    forms, parts = iter(proof.set_forms.rows[0]), iter(proof.set_parts.at(common)[0])
    bits = proof.set_forms.exponent - common
    for number, points in enumerate(proof.sets):
        form = {pair: next(forms) for pair in set_pairs(len(points))}
        scaled = {pair: entry << bits for pair, entry in form.items()}
        _require_copositive(number, len(points), scaled, parts, work)
        index = [*points, *(n + i for i in points)]
        terms += [(index[r], index[s], entry) for (r, s), entry in form.items()]
    return terms


def _require_copositive(
    number: int, k: int, form: dict[tuple[int, int], int], parts: Iterator[int], work: Work
) -> None:
    """On every choice of a or b at each point, twice the form is definite plus nonnegative."""
    for signs in product((0, k), repeat=k):
        chosen = [p + sign for p, sign in enumerate(signs)]
        rows = [[0] * k for _ in range(k)]
        for p, r in enumerate(chosen):
            rows[p][p] = 2 * form[r, r]
        for p, q in combinations(range(k), 2):
            part = next(parts)
            if part < 0:
                raise Rejected(f"a nonnegative part of set {number} is negative")
            r, s = sorted((chosen[p], chosen[q]))
            rows[p][q] = rows[q][p] = form[r, s] - part
        if not positive_definite(rows, work):
            raise Rejected(f"the form of set {number} is not proved copositive")
