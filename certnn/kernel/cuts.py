"""The proof of a dual norm by products of sublinearity slacks and forms on sets of points.

Like a proof by a positive semidefinite matrix (``psd.py``), with more that is nonnegative on real
neurons (Theorem 31): besides a and b the slacks of θ, where x_i is about Σ_k θ_k x_k,

    g = Σ_{θ_k > 0} θ_k a_k + Σ_{θ_k < 0} |θ_k| b_k − a_i

(Theorem 29), which enter products like a and b do, and quadratic forms in the a and b of a few
points that are copositive on every choice of signs (Theorem 30).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product

from certnn.kernel.definite import positive_definite
from certnn.kernel.exact import Backend, ExactMatrix, Rows, times_transpose
from certnn.kernel.psd import lower_triangle, require_dominance
from certnn.kernel.rejected import Rejected
from certnn.kernel.spans import UNIT, span_of
from certnn.kernel.work import Work

#: Sets have at most so many points; each has 2 to this power choices of signs.
LARGEST_SET = 12
#: There are at most so many slacks for each variable a, u, v.
MOST_SLACKS = 16


@dataclass(frozen=True)
class CutsProof:
    """What the file gives.

    Attributes
    ----------
    kappa : float
        Positive.
    Z : ExactMatrix
        n×c.
    targets : array of int
        The point i of each of J slacks.
    supports : list of list of int
        The points k of each slack.
    theta : ExactMatrix
        One row: θ of the points of one slack after the other.
    first, second : array of int
        Indices r ≤ s of the forms in each product: a_i is i, b_i is n + i, slack j is 2n + j.
    multipliers : ExactMatrix
        One row: y of each product.
    sets : list of list of int
        The points of each set.
    set_forms : ExactMatrix
        One row: of each set the coefficients of f_r f_s, as `set_pairs` orders them.
    set_parts : ExactMatrix
        One row: of each set, for each choice of signs, the entries above the diagonal, row by row,
        of the nonnegative part.
    weights : ExactMatrix
        One row: w, for a (n), u (columns), v (c) in this order.
    L : ExactMatrix
        One row: a lower triangle, row by row.
    """

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

    Raises
    ------
    Rejected
        If a multiplier or a weight has the wrong sign, a form on a set is not proved copositive, a
        row of the remainder is not dominant, or the check would take too much work.
    """
    _spend(features, proof, work)
    n, w = len(features.rows), proof.weights.rows[0]
    if min(w) <= 0:
        raise Rejected("a weight is not positive")
    slacks = _Slacks(features, proof)
    numerator, denominator = proof.kappa.as_integer_ratio()  # the denominator is a power of two
    kappa = ExactMatrix([[numerator]], 1 - denominator.bit_length())
    E = _products(slacks, proof, work, backend).negated()
    E = _bordered(E, proof.Z.negated())
    E += _diagonal(kappa, range(n, len(w)), len(w))
    E -= _diagonal(_lost(slacks, proof), range(n, n + len(features.rows[0])), len(w))
    L, _ = lower_triangle(proof.L.transposed(), 0, len(w))
    E = E.rescaled(w, w, 2 * proof.weights.exponent) - times_transpose(L, L, backend)
    require_dominance(E, [f"row {p}" for p in range(len(w))])


def _spend(features: ExactMatrix, proof: CutsProof, work: Work) -> None:
    """Take the work of all products but those on sets, in integers no longer than those of E."""
    columns, order, J = len(features.rows[0]), len(proof.weights.rows[0]), len(proof.targets)
    forms, support = 2 * features.height + J, sum(map(len, proof.supports))
    terms = len(proof.first) + sum(2 * len(points) ** 2 for points in proof.sets)
    X, w, L = features.span, proof.weights.span, proof.L.span
    form = ((UNIT | proof.theta.span) * (UNIT | X)).summed(support * columns)
    weighted = (proof.multipliers.span | proof.set_forms.span) * form
    S = span_of([proof.kappa]) | proof.Z.span | (weighted * form).summed(3 * terms)
    bits = (w * w * S | (L * L).summed(order)).summed(order).bits
    products = 2 * terms * order + forms * order**2 + order**3 + 3 * support * columns
    work.spend(products, bits)
    work.hold(order**2, bits)
    work.hold(forms * order, weighted.bits)


class _Slacks:
    """All forms, as rows over (a, u), and what is lost where x_i is not quite Σ θ_k x_k.

    `defects` ρ and `sizes` G are integers times 2**exponent: f ≥ −ρ‖u‖ and |f| ≤ G‖u‖.
    """

    def __init__(self, features: ExactMatrix, proof: CutsProof) -> None:
        n, columns = len(features.rows), len(features.rows[0])
        unit, theta = 1 << -proof.theta.exponent, iter(proof.theta.rows[0])
        self.exponent = proof.theta.exponent + features.exponent
        points: Rows = [[unit * (i == k) for k in range(n)] for i in [*range(n), *range(n)]]
        hidden: Rows = [[0] * columns for _ in range(n)]
        hidden += [[-unit * x for x in row] for row in features.rows]
        self.defects, self.sizes = [0] * (2 * n), [sum(map(abs, row)) for row in hidden[n:]] * 2
        for i, support in zip(proof.targets, proof.supports, strict=True):
            a, u = [0] * n, [0] * columns
            a[i] = -unit
            left, size = [unit * x for x in features.rows[i]], self.sizes[i]
            for k in support:
                t, x = next(theta), features.rows[k]
                a[k] += abs(t)
                if t < 0:
                    u = [p + t * q for p, q in zip(u, x, strict=True)]
                left = [p - t * q for p, q in zip(left, x, strict=True)]
                size += abs(t) * sum(map(abs, x))
            points.append(a)
            hidden.append(u)
            self.defects.append(sum(map(abs, left)))
            self.sizes.append(size)
        theta_only = ExactMatrix(points, proof.theta.exponent)
        self.forms = theta_only.beside(ExactMatrix(hidden, self.exponent))


def _lost(slacks: _Slacks, proof: CutsProof) -> ExactMatrix:
    """Twice what Σ y f_r f_s may be below zero, as a multiple of ‖u‖²."""
    defects, sizes, total = slacks.defects, slacks.sizes, 0
    for r, s, y in zip(proof.first, proof.second, proof.multipliers.rows[0], strict=True):
        p, q = defects[r], defects[s]
        total += y * (p * sizes[s] + q * sizes[r] + p * q)
    return ExactMatrix([[2 * total]], proof.multipliers.exponent + 2 * slacks.exponent)


def _products(slacks: _Slacks, proof: CutsProof, work: Work, backend: Backend) -> ExactMatrix:
    """The matrix, over (a, u), of 2 Σ y f_r f_s and of twice the sets' forms; y ≥ 0 is checked."""
    n = len(proof.Z.rows)
    terms = []
    for r, s, y in zip(proof.first, proof.second, proof.multipliers.rows[0], strict=True):
        if y < 0 and not r < n == s - r:
            raise Rejected(f"the multiplier of the product ({r}, {s}) is negative")
        terms.append((r, s, y))
    common = min(proof.multipliers.exponent, proof.set_forms.exponent)
    bits = proof.multipliers.exponent - common, proof.set_forms.exponent - common
    rows = [[0] * len(slacks.forms.rows[0]) for _ in slacks.forms.rows]
    for given, shift in zip((terms, _set_terms(proof, work)), bits, strict=True):
        for r, s, y in given:
            for p, q in ((r, s), (s, r)):
                other = slacks.forms.rows[q]
                rows[p] = [t + (y << shift) * x for t, x in zip(rows[p], other, strict=True)]
    weighted = ExactMatrix(rows, common + slacks.forms.exponent)
    return times_transpose(slacks.forms.transposed(), weighted.transposed(), backend)


def _set_terms(proof: CutsProof, work: Work) -> list[tuple[int, int, int]]:
    """The products (r, s, coefficient) of the sets' forms; that they are copositive is proved."""
    n, terms = len(proof.Z.rows), []
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


def _bordered(square: ExactMatrix, dual: ExactMatrix) -> ExactMatrix:
    """The symmetric matrix [square, (dual; 0); (dualᵀ, 0), 0]."""
    c, extra = len(dual.rows[0]), len(square.rows) - len(dual.rows)
    right = ExactMatrix([*dual.rows, *([0] * c for _ in range(extra))], dual.exponent)
    top = square.beside(right)
    bottom = right.transposed().beside(ExactMatrix([[0] * c for _ in range(c)], 0))
    common = min(top.exponent, bottom.exponent)
    return ExactMatrix(top.at(common) + bottom.at(common), common)


def _diagonal(scalar: ExactMatrix, places: range, size: int) -> ExactMatrix:
    """The scalar at these places of the diagonal, and zeros."""
    number = scalar.rows[0][0]
    rows = [[number * (p == q and p in places) for q in range(size)] for p in range(size)]
    return ExactMatrix(rows, scalar.exponent)
