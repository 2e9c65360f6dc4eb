"""The plain form of a proof by phases says what the certificate says."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, islice
from math import nextafter

import pytest
from certificate_parts import dump, exact_numbers, files, pack, unpack
from integer_tokens import GOOD, read_outputs, taken_claim

from certnn import kernel
from certnn.certificates import extracted_checker as verified
from certnn.certificates.web_checker import javascript_checker

PHASES = {name: one for name, one in GOOD.items() if one["proof"]["kind"] == "phases"}


def dot(p, q):
    return sum(a * b for a, b in zip(p, q, strict=True))


class Walk:
    """Through the trees of a proof, in the tokens and in the file at the same time."""

    def __init__(self, certificate):
        claim, proof = certificate["claim"], certificate["proof"]
        self.proof = proof
        self.tokens, self.n, _, self.c = taken_claim(certificate)
        n, d = claim["n"], claim["d"]
        X = exact_numbers(certificate["data"]["X"])
        ones = [1] * (claim["hidden_bias"] is not False)
        self.rows = [[*X[i * d :][:d], *ones] for i in range(n)]
        pairs = proof["pairs"]
        keys = (("first", "I"), ("second", "I"), ("sign", "i"), ("ratio", "d"))
        self.pairs = iter(list(zip(*(unpack(pairs[key], kind) for key, kind in keys), strict=True)))
        self.counts = unpack(pairs["count"], "I")
        self.splits = iter(unpack(proof["splits"], "i"))
        self.values = map(Fraction, unpack(proof["multipliers"], "f"))

    def directions(self):
        """Each and its bound."""
        Z = exact_numbers(self.proof["Z"])
        heights_unit, count = self.tokens.take(2)
        assert count == len(self.counts)
        for number in self.counts:
            ray, (height,) = self.tokens.take(self.c), self.tokens.take(1)
            self.height = Fraction(height, heights_unit)
            self.sigma = [dot(Z[i * self.c :][: self.c], ray) for i in range(self.n)]
            self.own, self.shares = list(islice(self.pairs, number)), []
            assert self.tokens.take(1) == [number]
            for i, j, sign, ratio in self.own:
                *points, p, q = self.tokens.take(4)
                assert points == [i, j]
                assert p > 0
                assert Fraction(q, p) == sign * Fraction(ratio)
                self.shares.append(p)
            self.tree({})
            yield ray, self.height

    def tree(self, signs):
        (node,) = self.tokens.take(1)
        if node == 0:
            assert next(self.splits) == -1
            self.leaf(signs)
            return
        (point,) = self.tokens.take(1)
        assert next(self.splits) == point
        for sign in (-1, 1):
            self.tree(signs | {point: sign})

    def leaf(self, signs):
        (unit,) = self.tokens.take(1)

        def take(count):
            return [Fraction(number, unit) for number in self.tokens.take(count)]

        assert take(1) == [next(self.values)]
        terms = zip(*(take(self.n) for _ in range(3)), strict=True)
        for i, (weight, term) in enumerate(zip(self.sigma, terms, strict=True)):
            if weight == 0:
                assert term == (0, 0, 0)
            elif i in signs:
                slope = max(signs[i], 0) * weight + signs[i] * next(self.values)
                assert term == (slope, 0, 0)
            elif weight < 0:
                assert term == (-next(self.values), -next(self.values), 0)
            else:
                self.require_term(term, 1)
        terms = zip(*(take(len(self.own)) for _ in range(3)), strict=True)
        for (i, *_), share, term in zip(self.own, self.shares, terms, strict=True):
            if i in signs:
                assert term == (0, 0, 0)
            else:
                self.require_term(term, share)
        products = {}
        for i, j in combinations(sorted(signs), 2):
            sign = signs[i] * signs[j]
            if sign * dot(self.rows[i], self.rows[j]) < 0 and (value := next(self.values)):
                products[i, j] = sign * value
        (count,) = self.tokens.take(1)
        taken = {tuple(self.tokens.take(2)): take(1)[0] for _ in range(count)}
        assert taken == products

    def require_term(self, term, share):
        """π/2 over the share of the first point, α over its square, and γ rounded up."""
        slope, curvature, gamma = term
        pi, alpha = next(self.values), next(self.values)
        assert (slope, curvature) == (pi / 2 / share, alpha / share**2)
        assert 0 <= gamma - (pi**2 / (16 * alpha) if alpha else 0) < self.height / 2**64


@pytest.mark.parametrize("name", PHASES)
def test_every_number_of_a_proof_by_phases_is_passed_on(name):
    walk, cones = Walk(PHASES[name]), []
    directions, bounds = zip(*walk.directions(), strict=True)
    assert list(bounds) == exact_numbers(PHASES[name]["proof"]["bounds"])
    for rest in (walk.splits, walk.values, walk.pairs):
        assert next(rest, None) is None
    for _ in range(2**walk.c):
        read_outputs(walk.tokens, walk.c, cones)
    for members, V in cones:
        for k in members:
            assert dot(directions[k], V) == bounds[k]
    assert walk.tokens.rest == []


@pytest.mark.parametrize(
    "name",
    [
        "alpha-zero",
        "bound-zero",
        "bounds-too-few",
        "eta-barely-negative",
        "kappa-below-the-bounds",
        "lambda-negative",
        "multipliers-missing",
        "multipliers-too-many",
        "pair-turned-round",
        "point-split-twice",
        "ratio-negative",
        "splits-too-many",
    ],
)
def test_phases_without_their_form_are_rejected(name):
    paths = {path.stem: path for path in files("incorrect")}
    with pytest.raises(kernel.Rejected):
        verified.integer_form(paths[f"phases-{name}"].read_bytes())


def test_a_group_may_have_a_proof_by_phases():
    alone = PHASES["phases"]
    claim, proof = alone["claim"], alone["proof"]
    bound = nextafter(float(Fraction(claim["lower_bound"])), 0.0)
    points = pack(range(claim["n"]), "I")
    part = {"points": points, "reg": claim["reg"], "lower_bound": bound, "proof": proof}
    text = "/".join(map(str, bound.as_integer_ratio()))
    groups = alone | {
        "claim": claim | {"lower_bound": text},
        "proof": {"kind": "groups", "parts": [part]},
    }
    assert kernel.check_certificate(dump(groups)).value == Fraction(bound)
    assert javascript_checker()(verified.integer_form(dump(groups))) == f"proved: {text}"
