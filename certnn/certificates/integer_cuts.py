"""The witness of a proof by cuts as integers, for the extracted checker."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, combinations

from certnn.certificates.integer_regions import SparseRow, sparse
from certnn.kernel.cuts import CutsProof, set_pairs


def cuts_witness(n: int, proof: CutsProof) -> Iterator[int]:
    """The integers of a proof by cuts.

    Parameters
    ----------
    n : int
        Number of points.
    """
    yield from (1 << -proof.theta.exponent, len(proof.targets))
    theta = iter(proof.theta.rows[0])
    for target, support in zip(proof.targets, proof.supports, strict=True):
        multiples: list[SparseRow] = [{}, {}]  # of a, and of b
        for k, t in zip(support, theta):  # noqa: B905 - the rest is the next slacks'
            row = multiples[t < 0]
            row[k] = row.get(k, 0) + abs(t)
        yield target
        yield from sparse(multiples)
    given = proof.multipliers, proof.set_forms, proof.set_parts
    least = min(numbers.exponent for numbers in given)
    multipliers, forms, parts = (iter(numbers.at(least)[0]) for numbers in given)
    yield from (1 << -least, len(proof.first))
    yield from chain.from_iterable(zip(proof.first, proof.second, multipliers, strict=True))
    yield len(proof.sets)
    for points in proof.sets:
        yield from _set(points, forms, parts)
    yield 1 << -proof.weights.exponent
    yield from proof.weights.rows[0]
    yield 1 << -proof.L.exponent
    entries, order = iter(proof.L.rows[0]), len(proof.weights.rows[0])
    yield from sparse({j: next(entries) for j in range(i + 1)} for i in range(order))


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
