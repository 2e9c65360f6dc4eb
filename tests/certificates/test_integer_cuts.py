"""The plain form of a proof by cuts says what the certificate says."""

from __future__ import annotations

from fractions import Fraction
from itertools import chain, combinations

import pytest
from certificate_parts import exact_numbers, unpack
from integer_tokens import GOOD, taken_claim

CUTS = {name: one for name, one in GOOD.items() if one["proof"]["kind"] == "cuts"}


def lists(given):
    """The points of each slack, or set."""
    points = iter(unpack(given["point"], "I"))
    return [[next(points) for _ in range(count)] for count in unpack(given["count"], "I")]


def take_slacks(tokens, slacks, n):
    unit, count = tokens.take(2)
    theta = iter(exact_numbers(slacks["theta"]))
    assert count == len(unpack(slacks["target"], "I"))
    for target, support in zip(unpack(slacks["target"], "I"), lists(slacks), strict=True):
        assert tokens.take(1) == [target]
        multiples = tokens.sparse(2, unit)
        sums = {}
        for k in support:
            t = next(theta)
            sums[int(t < 0), k] = sums.get((int(t < 0), k), 0) + abs(t)
        assert multiples == {place: t for place, t in sums.items() if t}
        assert all(k < n for _, k in multiples)


def take_set(tokens, points, form, part, unit):
    (k,) = tokens.take(1)
    assert tokens.take(k) == points
    pairs = [(r, s) for r in range(2 * k) for s in range(r, 2 * k) if s != r + k]
    expected = {pair: next(form) for pair in pairs}
    assert tokens.sparse(2 * k, unit) == {pair: y for pair, y in expected.items() if y}
    for _ in range(2**k):
        expected = {pair: next(part) for pair in combinations(range(k), 2)}
        assert tokens.sparse(k, unit) == {pair: y for pair, y in expected.items() if y}


@pytest.mark.parametrize("name", CUTS)
def test_every_number_of_a_proof_by_cuts_is_passed_on(name):
    proof = CUTS[name]["proof"]
    tokens, n, columns, c = taken_claim(CUTS[name])
    take_slacks(tokens, proof["slacks"], n)
    products, sets = proof["products"], proof["sets"]
    unit, count = tokens.take(2)
    passed_on = [(*tokens.take(2), Fraction(tokens.take(1)[0], unit)) for _ in range(count)]
    pairs = unpack(products["first"], "I"), unpack(products["second"], "I")
    assert passed_on == list(zip(*pairs, exact_numbers(products["multiplier"]), strict=True))
    assert tokens.take(1) == [len(lists(sets))]
    form, part = (iter(exact_numbers(sets[key])) for key in ("form", "part"))
    for points in lists(sets):
        take_set(tokens, points, form, part, unit)
    assert not [*chain(form, part)]
    order = n + columns + c
    assert tokens.over_unit(order) == exact_numbers(proof["weights"])
    (unit,) = tokens.take(1)
    L, entries = tokens.sparse(order, unit), iter(exact_numbers(proof["L"]))
    expected = {(i, j): next(entries) for i in range(order) for j in range(i + 1)}
    assert {place: entry for place, entry in expected.items() if entry} == L
    assert tokens.rest == []


def test_the_files_have_slacks_and_sets():
    """Otherwise the test above would see little."""
    assert any(lists(one["proof"]["slacks"]) for one in CUTS.values())
    assert any(lists(one["proof"]["sets"]) for one in CUTS.values())
