"""The witness of a proof by cuts as integers, for the extracted checker."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

from certnn.certificates.integer_regions import SparseRow, sparse
from certnn.kernel.cuts import Cuts, set_pairs
from certnn.kernel.definite import Witness
from certnn.kernel.products import ProductsProof


def cuts_witness(proof: ProductsProof, cuts: Cuts) -> Iterator[int]:
    """The integers of a proof by cuts."""
    yield from (1 << -cuts.theta.exponent, len(cuts.targets))
    theta = iter(cuts.theta.rows[0])
    for target, support in zip(cuts.targets, cuts.supports, strict=True):
        multiples: list[SparseRow] = [{}, {}]  # of a, and of b
        for k, t in zip(support, theta):  # noqa: B905 - the rest is the next slacks'
            row = multiples[t < 0]
            row[k] = row.get(k, 0) + abs(t)
        yield target
        yield from sparse(multiples)
    products = proof.products
    given = products.multipliers.transposed(), cuts.set_forms, cuts.set_parts
    least = min(numbers.exponent for numbers in given)
    multipliers, forms, parts = (iter(chain(*numbers.at(least))) for numbers in given)
    yield from (1 << -least, len(products.first))
    yield from chain.from_iterable(zip(products.first, products.second, multipliers, strict=True))
    yield len(cuts.sets)
    for points in cuts.sets:
        yield from _set(points, forms, parts)
    yield from _dense(proof.witness)


def _dense(witness: Witness) -> Iterator[int]:
    """w and L of a matrix which is all border."""
    weights, L = witness.weights, witness.corner
    yield 1 << -weights.exponent
    yield from chain(*weights.rows)
    yield 1 << -L.exponent
    entries = chain(*L.rows)
    yield from sparse({j: next(entries) for j in range(i + 1)} for i in range(weights.height))


def _set(points: list[int], forms: Iterator[int], parts: Iterator[int]) -> Iterator[int]:
    """Its points, its form, and for each choice of a or b at every point the nonnegative part."""
    k = len(points)
    yield from (k, *points)
    form: list[SparseRow] = [{} for _ in range(2 * k)]
    for r, s in set_pairs(k):
        form[r][s] = next(forms)
    yield from sparse(form)
    for _ in range(1 << k):
        part: list[SparseRow] = [{} for _ in range(k)]
        for p, q in combinations(range(k), 2):
            part[p][q] = next(parts)
        yield from sparse(part)
