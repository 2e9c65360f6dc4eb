"""What the kind cuts has besides products of a and b: slacks, and forms on sets of points.

More is nonnegative on real neurons than a and b (Theorem 31): the slacks of θ, where x_i is about
Σ_k θ_k x_k,

    g = Σ_{θ_k > 0} θ_k a_k + Σ_{θ_k < 0} |θ_k| b_k − a_i

(Theorem 29), which enter products like a and b do, and quadratic forms in the a and b of a few
points that are copositive on every choice of signs (Theorem 30).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from certnn.kernel.definite import positive_definite
from certnn.kernel.exact import ExactMatrix, longest
from certnn.kernel.forms import Product
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: Sets have at most so many points; each has 2 to this power choices of signs.
LARGEST_SET = 12
#: There are at most so many slacks for each variable a, u, v.
MOST_SLACKS = 16


def set_pairs(size: int) -> list[tuple[int, int]]:
    """The 2·size² products in a set: a of its points, then b, without a·b of the same point."""
    forms = range(2 * size)
    return [(r, s) for r in forms for s in forms[r:] if s != r + size]


@dataclass(frozen=True)
class Cuts:
    """The slacks and the sets of a proof, as ``FORMAT.md`` has them.

    `theta`, `set_forms` and `set_parts` are one row each.
    """

    targets: Sequence[int]
    supports: list[list[int]]
    theta: ExactMatrix
    sets: list[list[int]]
    set_forms: ExactMatrix
    set_parts: ExactMatrix

    def of_points(
        self, features: ExactMatrix, products: list[Product], unit: int, work: Work
    ) -> tuple[list[Product], int, tuple[int, int]]:
        """Products with slacks and the forms on sets, in products of a and b, with their unit.

        And, with its unit, the multiple of ‖u‖² by which twice the sum may be below zero, where x_i
        is not Σ θ_k x_k. Units are powers of two.

        Raises `Rejected` if a form on a set is not proved copositive, or that would take too much
        work.
        """
        slacks = _Slacks(features, self, work)
        fine, of_sets = unit + 2 * self.theta.exponent, self.set_forms.exponent
        common = min(fine, of_sets)
        found = [(r, s, y << fine - common) for r, s, y in slacks.expanded(products, work)]
        found += [(r, s, y << of_sets - common) for r, s, y in self._of_sets(features.height, work)]
        return found, common, (2 * slacks.lost(products), unit + 2 * slacks.exponent)

    def _of_sets(self, n: int, work: Work) -> list[Product]:
        """The products of the sets' forms; that these are copositive is proved (Theorem 30)."""
        terms: list[Product] = []
        common = min(self.set_forms.exponent, self.set_parts.exponent)
        forms, parts = iter(self.set_forms.rows[0]), iter(self.set_parts.at(common)[0])
        bits = self.set_forms.exponent - common
        for number, points in enumerate(self.sets):
            form = {pair: next(forms) for pair in set_pairs(len(points))}
            scaled = {pair: entry << bits for pair, entry in form.items()}
            _require_copositive(number, len(points), scaled, parts, work)
            index = [*points, *(n + i for i in points)]
            terms += [(index[r], index[s], entry) for (r, s), entry in form.items()]
        return terms


class _Slacks:
    """All forms as sums of `most` of the points, and what is lost where x_i is not Σ θ_k x_k.

    `defects` ρ and `sizes` G are integers times 2**exponent: f ≥ −ρ‖u‖ and |f| ≤ G‖u‖.
    """

    def __init__(self, features: ExactMatrix, cuts: Cuts, work: Work) -> None:
        n, X = features.height, features.rows
        work.spend(features.width * sum(map(len, cuts.supports)), cuts.theta.bits + features.bits)
        unit, theta = 1 << -cuts.theta.exponent, iter(cuts.theta.rows[0])
        norms, self.most = [sum(map(abs, x)) for x in X], 2 * n
        self.exponent = cuts.theta.exponent + features.exponent
        self.forms = [[(r, unit)] for r in range(2 * n)]
        self.defects, self.sizes = [0] * (2 * n), [unit * norm for norm in norms] * 2
        for i, support in zip(cuts.targets, cuts.supports, strict=True):
            form, left, size = [(i, -unit)], [unit * x for x in X[i]], unit * norms[i]
            for k in support:
                t = next(theta)
                form.append((k if t > 0 else n + k, abs(t)))
                left = [p - t * q for p, q in zip(left, X[k], strict=True)]
                size += abs(t) * norms[k]
            self.forms.append(form)
            self.defects.append(sum(map(abs, left)))
            self.sizes.append(size)

    def lost(self, products: list[Product]) -> int:
        """What Σ y f_r f_s may be below zero, as a multiple of ‖u‖²."""
        defects, sizes, total = self.defects, self.sizes, 0
        for r, s, y in products:
            p, q = defects[r], defects[s]
            total += y * (p * sizes[s] + q * sizes[r] + p * q)
        return total

    def expanded(self, products: list[Product], work: Work) -> Iterator[Product]:
        """The same sum in products of the forms of the points; θ² comes to the unit of y."""
        sizes = [len(form) for form in self.forms]
        bits = longest(y for _, _, y in products)
        bits += 2 * longest(t for form in self.forms for _, t in form)
        terms = sum(sizes[s] for _, s, _ in products)
        work.spend(terms, bits)
        work.hold(min(terms, len(sizes) * self.most), bits)
        partners = defaultdict[int, Counter[int]](Counter)
        for r, s, y in products:
            for k, t in self.forms[s]:
                partners[r][k] += y * t
        terms = sum(sizes[r] * len(partner) for r, partner in partners.items())
        work.spend(terms, bits)
        work.hold(min(terms, self.most**2), bits)
        found: Counter[tuple[int, int]] = Counter()
        for r, partner in partners.items():
            for p, t in self.forms[r]:
                for q, y in partner.items():
                    found[p, q] += t * y
        return ((p, q, y) for (p, q), y in found.items())


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
