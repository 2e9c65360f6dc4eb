"""The plain form of a proof by regions says what the certificate says."""

from __future__ import annotations

from fractions import Fraction

import pytest
from certificate_parts import exact_numbers, files, unpack
from integer_tokens import GOOD, read_outputs, taken_claim

from certnn import kernel
from certnn.certificates import extracted_checker as verified

REGIONS = {name: one for name, one in GOOD.items() if one["proof"]["kind"] == "regions"}


def added_up(keys, numbers):
    """Their sums for each key, without zeros."""
    sums = {}
    for key, number in zip(keys, numbers, strict=True):
        sums[key] = sums.get(key, 0) + number
    return {key: total for key, total in sums.items() if total}


def read_leaf(tokens, n, columns):
    """Multipliers, products with the norm, mu, nu, and the witness of a leaf."""
    (unit,) = tokens.take(1)
    pairs = {}
    for (first, second), block in zip(
        ((0, 0), (0, n), (n, n)), [tokens.sparse(n, unit) for _ in range(3)], strict=True
    ):
        pairs |= {(first + i, second + j): y for (i, j), y in block.items()}
    unit *= tokens.data_unit
    norms = {}
    for start in (0, n):
        norms |= {(start + k, j): x for (k, j), x in tokens.sparse(n, unit).items()}
        numbers = enumerate(tokens.take(n), start)
        norms |= {(k, "number"): Fraction(x, unit) for k, x in numbers if x}
    unit *= tokens.data_unit
    mu, nu = (Fraction(x, unit) for x in tokens.take(2))
    order = n + columns + 1
    weights = tokens.over_unit(order)
    (unit,) = tokens.take(1)
    return pairs, norms, mu, nu, weights, tokens.sparse(order, unit)


def read_regions(tokens, n, columns, nodes, leaves):
    """Appends the splits and the leaves, in preorder."""
    (split,) = tokens.take(1)
    if split:
        nodes += tokens.take(1)
        read_regions(tokens, n, columns, nodes, leaves)
        read_regions(tokens, n, columns, nodes, leaves)
    else:
        nodes.append(-1)
        leaves.append(read_leaf(tokens, n, columns))


@pytest.mark.parametrize("name", REGIONS)
def test_every_number_of_a_proof_by_regions_is_passed_on(name):
    proof, d = REGIONS[name]["proof"], REGIONS[name]["claim"]["d"]
    tokens, n, columns, c = taken_claim(REGIONS[name])
    (has_ball,) = tokens.take(1)
    if has_ball:
        ball = [Fraction(x, tokens.data_unit) for x in tokens.take(d + 1)]
        assert ball == exact_numbers(proof["ball"])
    assert has_ball == ("ball" in proof)
    unit, count = tokens.take(2)
    rays, bounds, nodes, leaves, cones = [], [], [], [], []
    for _ in range(count):
        rays.append(tokens.take(c))
        bounds += [Fraction(height, unit) for height in tokens.take(1)]
        read_regions(tokens, n, columns, nodes, leaves)
    assert bounds == exact_numbers(proof["bounds"])
    assert nodes == unpack(proof["splits"], "i")
    for _ in range(2**c):
        read_outputs(tokens, c, cones)
    assert tokens.rest == []
    for members, V in cones:
        for k in members:
            assert sum(a * b for a, b in zip(rays[k], V, strict=True)) == bounds[k]

    products, balls = proof["products"], proof["balls"]
    factors = [unpack(products[key], "I") for key in ("first", "second")]
    y, forms = exact_numbers(products["multiplier"]), unpack(balls["form"], "I")
    vectors = iter(exact_numbers(balls["multiplier"]))
    turned = [*range(1, columns), 0] if has_ball else range(columns)
    at = ball_at = 0
    assert [mu for _, _, mu, *_ in leaves] == exact_numbers(proof["mu"])
    assert [nu for _, _, _, nu, *_ in leaves] == (
        exact_numbers(proof["nu"]) if has_ball else [0] * len(leaves)
    )
    for leaf, pairs, norms in zip(
        leaves, unpack(products["count"], "I"), unpack(balls["count"], "I"), strict=True
    ):
        keys = zip(*(indices[at : at + pairs] for indices in factors), strict=True)
        assert leaf[0] == added_up(keys, y[at : at + pairs])
        places = [(k, j) for k in forms[ball_at : ball_at + norms] for j in (*turned, "number")]
        assert leaf[1] == added_up(places, [next(vectors) for _ in places])
        at, ball_at = at + pairs, ball_at + norms
    if unpack(proof["weights"]) and set(nodes) == {-1}:
        assert [w for leaf in leaves for w in leaf[4]] == exact_numbers(proof["weights"])
        entries = iter(exact_numbers(proof["L"]))
        for *_, L in leaves:
            lower = {(i, j): next(entries) for i in range(n + columns + 1) for j in range(i + 1)}
            assert {place: entry for place, entry in lower.items() if entry} == L


@pytest.mark.parametrize(
    "name",
    [
        "regions-L-too-long",
        "regions-L-too-short",
        "regions-bound-missing",
        "regions-bound-negative",
        "regions-mu-too-long",
        "regions-split-twice-at-a-point",
        "regions-splits-too-few",
        "regions-splits-too-many",
        "free-bias-nu-missing",
        "free-bias-radius-zero",
        "lifts-mu-zero",
    ],
)
def test_regions_without_their_form_are_rejected(name):
    paths = {path.stem: path for path in files("incorrect")}
    with pytest.raises(kernel.Rejected):
        verified.integer_form(paths[name].read_bytes())
