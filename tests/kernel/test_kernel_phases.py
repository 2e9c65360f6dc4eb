"""Theorems 18 to 20: the leaf inequality, and what the kernel accepts and rejects."""

from __future__ import annotations

import json
import re
from array import array
from base64 import b64decode, b64encode
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import inf, nan, nextafter, sqrt

import numpy as np
import plain_phases
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_partition import fractions, relu
from plain_phases import Parts, best_leaf, form, matrix, prove, random_leaf, slots
from specification import plain_checker

from certnn.kernel import Malformed, Rejected, check_certificate
from certnn.kernel.definite import arrow_definite, positive_definite
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.outputs import DEEPEST, InTurn, solution, weights_of
from certnn.kernel.phases import PhasesDirection, check_phases
from certnn.kernel.work import Work
from certnn.problem.training_problem import TrainingProblem

SEEDS = st.integers(0, 2**32 - 1)
PROVED = plain_checker()


def document(X, Z, parts):
    return parts.certificate(TrainingProblem(X, Z, 0.5), Z).document


def check(X, Z, parts):
    """The verdict of the kernel, which is that of the checker in the specification."""
    text = document(X, Z, parts)
    try:
        check_phases(matrix(X), parts.proof(Z), Work(1 << 24))
    except Rejected as error:
        assert not PROVED(text)
        with pytest.raises(Rejected, match=re.escape(str(error))):
            check_certificate(text)
        raise
    assert PROVED(text)
    check_certificate(text)


def accepted(*arguments):
    try:
        check(*arguments)
    except Rejected:
        return False
    return True


def instance(rng):
    n, d, c = rng.integers(1, 7), rng.integers(1, 4), rng.integers(1, 4)
    return rng.integers(-4, 5, (n, d)) / 2, rng.integers(-4, 5, (n, c)) / 2


def sampled(X, rng, count=4000):
    """Unit vectors, among them those of the points."""
    u = np.vstack([rng.standard_normal((count, X.shape[1])), X, -X, np.eye(X.shape[1])])
    norms = np.linalg.norm(u, axis=1)
    return u[norms > 0] / norms[norms > 0, None]


def sampled_norm(X, Z, rng):
    return np.max(np.linalg.norm(relu(sampled(X, rng) @ X.T) @ Z, axis=1))


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_leaf_inequality(seed):
    """Theorem 19(a) in fractions, for multipliers of all kinds."""
    rng = np.random.default_rng(seed)
    X, Z = instance(rng)
    weights = Z @ rng.integers(-2, 3, Z.shape[1])
    pairs = plain_phases.all_pairs(X, weights)
    u = rng.integers(-5, 6, (40, X.shape[1]))
    phases = {
        i: 1 if X[i] @ u[0] >= 0 else -1
        for i in range(len(X))
        if weights[i] > 0 and rng.random() < 0.5
    }
    leaf, _ = random_leaf(rng, X, weights, pairs, phases)
    X, weights = fractions(X), fractions(weights)
    leaf = {slot: Fraction(value) for slot, value in leaf.items()}
    pairs = [(i, j, sign, Fraction(ratio)) for i, j, sign, ratio in pairs]
    p, A, gammas = form(X, weights, pairs, phases, leaf)
    inside = 0
    for point in u:
        if all(phases[i] * (X[i] @ point) >= 0 for i in phases) and any(point):
            inside += 1
            inner = point * Fraction(1, int(np.sum(np.abs(point))))
            outer = point * Fraction(int(2**30 / np.linalg.norm(point)), 2**30)  # nearly of norm 1
            for v in (inner, outer):
                assert weights @ relu(X @ v) <= p @ v + v @ A @ v + gammas
    assert inside or not any(u[0])


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_form_is_that_of_the_theorem(seed):
    rng = np.random.default_rng(seed)
    X, Z = instance(rng)
    X, Z = X * 2.0 ** rng.integers(-5, 6), Z * 2.0 ** rng.integers(-5, 6)
    ray = tuple(map(int, rng.integers(-2, 3, Z.shape[1])))
    weights = Z @ np.array(ray)
    pairs = plain_phases.all_pairs(X, weights)
    positive = [i for i in range(len(X)) if weights[i] > 0]
    phases = {i: int(rng.choice([1, -1])) for i in positive if rng.random() < 0.5}
    leaf, h = random_leaf(rng, X, weights, pairs, phases)
    h = max(h, 1e-3)
    direction = PhasesDirection(matrix(X), weights_of(matrix(Z), ray), h, pairs)
    placed = {direction.places[i]: sign for i, sign in phases.items()}
    S = direction._form(
        direction.read(placed, InTurn(multipliers=array("d", leaf.values()))), Work(1 << 24)
    )

    exact = {slot: Fraction(value) for slot, value in leaf.items()}
    pairs = [(i, j, sign, Fraction(ratio)) for i, j, sign, ratio in pairs]
    p, A, gammas = form(fractions(X), fractions(weights), pairs, phases, exact)
    d = X.shape[1]
    expected = [[Fraction(h) - exact["mu",] - gammas, *(-p / 2)]]
    expected += [
        [-p[k] / 2, *((exact["mu",] if j == k else 0) - A[k, j] for j in range(d))]
        for k in range(d)
    ]
    unit = next(Fraction(S[k][k]) / expected[k][k] for k in range(1, d + 1) if expected[k][k])
    assert unit.numerator == 1 or unit.denominator == 1
    assert (unit.numerator * unit.denominator).bit_count() == 1
    flat = [(i, j) for i, j in product(range(d + 1), repeat=2) if (i, j) != (0, 0)]
    assert all(S[i][j] == unit * expected[i][j] for i, j in flat)
    # Each gamma is rounded up to a multiple of 2⁻⁶⁴ times a power of two below h.
    rounded = expected[0][0] - S[0][0] / unit
    assert 0 <= rounded <= Fraction(h) * len(leaf) / 2**64


@settings(max_examples=60, deadline=None)
@given(SEEDS)
@example(4097375)  # with a row of Z that is zero
def test_proofs_of_all_kinds_are_accepted_and_true(seed):
    rng = np.random.default_rng(seed)
    X, Z = instance(rng)
    parts = prove(X, Z, rng)
    check(X, Z, parts)
    below = sampled_norm(X, Z, rng)
    assert below <= parts.kappa * (1 + 1e-12)
    # Whatever the multipliers, nothing below the truth is accepted.
    parts.kappa *= 0.999 * below / parts.kappa
    if parts.kappa > 0:
        factors = np.linspace(1, 0, 5)
        for factor in factors:
            lower = deepcopy(parts)
            lower.bounds = [bound * (factor or 1e-3) for bound in parts.bounds]
            assert not accepted(X, Z, lower)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_changed_proofs_are_rejected_or_true(seed):
    """Changes of multipliers, bounds and splits; each verdict is that of the other checker too."""
    rng = np.random.default_rng(seed)
    X, Z = instance(rng)
    parts = prove(X, Z, rng)
    below = sampled_norm(X, Z, rng)
    for _ in range(3):
        other = deepcopy(parts)
        other.bounds = [bound * rng.choice([1.0, 0.7, 2.0]) for bound in parts.bounds]
        for leaf in other.leaves:
            slot = list(leaf)[rng.integers(len(leaf))]
            change = rng.choice([0.0, -1.0, 0.5, 2.0, 1.0, 1.0 + 2.0**-20])
            if rng.random() < 0.3:
                leaf[slot] = float(np.float32(leaf[slot] * change))
        if rng.random() < 0.2:
            other.splits[rng.integers(len(other.splits))] = int(rng.integers(-1, len(X)))
        if accepted(X, Z, other):
            assert below <= other.kappa * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_good_proofs_are_sharp(seed):
    """With the best multipliers, so that a mistake in the inequality would prove too much."""
    rng = np.random.default_rng(seed)
    n, d, c = 5, 1 + seed % 3, 1 + seed % 2
    X, Z = rng.integers(-4, 5, (n, d)) / 2, rng.integers(-4, 5, (n, c)) / 2
    parts = prove(X, Z, rng, most_splits=4, prove_leaf=best_leaf, depth=2)
    check(X, Z, parts)
    below = max(sampled_norm(X, Z, rng), 1e-3)
    assert below / 1.0001 <= parts.kappa
    if c == 1:
        assert parts.kappa <= 1.02 * below
        parts.kappa = 0.98 * below
        parts.bounds = [min(bound, parts.kappa) for bound in parts.bounds]
        assert not accepted(X, Z, parts)


def test_one_point_is_exact():
    """σ(xᵀu)₊ ≤ σ‖x‖‖u‖, by a split and by a term; only equality is not positive definite."""
    X, Z, up = [[2.0]], [[1.0]], nextafter(2.0, inf)
    active = {("mu",): 1.0, ("lambda", 0): 0.0}
    term = {("mu",): 1.0, ("pi", 0): 1.0, ("alpha", 0): 1 / 8}  # p = 1, A = 1/2, gamma = 1/2
    idle = {("mu",): 2.0**-11, ("theta", 0): 0.0, ("eta", 0): 0.0}
    for splits, leaves in (([0, -1, -1, -1], [active, active, idle]), ([-1, -1], [term, idle])):
        parts = Parts(up, bytearray(2), [up, 2.0**-10], splits, [[], []], leaves)
        check(X, Z, parts)
        parts.kappa = 2.0
        with pytest.raises(Rejected, match="kappa"):
            check(X, Z, parts)
        parts.bounds[0] = 2.0
        with pytest.raises(Rejected, match="positive definite"):
            check(X, Z, parts)


def test_no_weights():
    """Zᵀ(Xu)₊ = 0: every leaf has μ only."""
    leaf = {("mu",): 0.5}
    parts = Parts(2.0, bytearray(4), [1.0] * 4, [-1] * 4, [[]] * 4, [leaf] * 4)
    check([[1.0, 2.0]], [[0.0, 0.0]], parts)
    for mu in (0.0, 1.0, -0.5, 2.0):
        parts.leaves = [{("mu",): mu}, leaf, leaf, leaf]
        with pytest.raises(Rejected, match="positive definite"):
            check([[1.0, 2.0]], [[0.0, 0.0]], parts)


def example():
    """Two outputs with a split direction, splits of two points, and multipliers of all kinds."""
    rng = np.random.default_rng(5)
    X = np.array([[1.0, 0.5], [-0.25, 1.0], [0.5, -1.0], [-1.0, -0.5], [1.0, -0.75]])
    Z = np.array([[1.0, 0.25], [0.5, -1.0], [-1.0, 0.5], [0.75, 1.0], [-0.5, -0.75]])
    parts = prove(X, Z, rng, most_splits=3, prove_leaf=best_leaf, depth=2)
    return X, Z, parts


X, Z, GOOD = example()


def test_the_example_has_everything():
    check(X, Z, GOOD)
    kinds = {slot[0] for leaf in GOOD.leaves for slot in leaf}
    assert kinds == {"mu", "lambda", "theta", "eta", "pi", "alpha", "pair pi", "pair alpha", "nu"}
    values = [(slot[0], value) for leaf in GOOD.leaves for slot, value in leaf.items()]
    assert {kind for kind, value in values if value > 0} == kinds
    assert len(GOOD.bounds) > 4
    assert {pair[2] for pairs in GOOD.pairs for pair in pairs} == {1, -1}
    assert GOOD.kappa < 1.3 * sampled_norm(X, Z, np.random.default_rng(0))


def with_multiplier(kind, change, chosen=lambda value: value > 1e-3):
    """The example with one multiplier of this kind changed."""
    parts = deepcopy(GOOD)
    for leaf in parts.leaves:
        for slot, value in leaf.items():
            if slot[0] == kind and chosen(value):
                leaf[slot] = float(np.float32(change(value)))
                return parts
    raise AssertionError(kind)


@pytest.mark.parametrize(
    ("kind", "change", "reason"),
    [
        ("eta", lambda t: -t, "negative"),
        ("eta", lambda t: -(2.0**-149), "negative"),
        ("eta", lambda t: 1e3, "minorant"),
        ("theta", lambda t: 1e3, "minorant"),
        ("theta", lambda t: 0.0, "minorant|definite"),
        ("theta", lambda t: -t, "negative"),
        ("lambda", lambda t: -t, "negative"),
        ("nu", lambda t: -t, "negative"),
        ("nu", lambda t: t + 1e3, "definite"),
        ("pi", lambda t: -t, "negative"),
        ("pi", lambda t: 0.999 * t, "less than its weight"),
        ("pi", lambda t: 100 * t, "definite"),
        ("pi", lambda t: 0.0, "only one"),
        ("alpha", lambda t: -t, "negative"),
        ("alpha", lambda t: 0.0, "only one"),
        ("alpha", lambda t: 1e-4 * t, "definite"),
        ("alpha", lambda t: 1e4 * t, "definite"),
        ("pair pi", lambda t: -t, "negative"),
        ("pair pi", lambda t: 0.9 * t, "less than its weight"),
        ("pair pi", lambda t: 100 * t, "minorant"),
        ("pair alpha", lambda t: 0.0, "only one"),
        ("pair alpha", lambda t: -t, "negative"),
        ("pair alpha", lambda t: 1e-5 * t, "definite"),
        ("pair alpha", lambda t: 1e5 * t, "definite"),
        ("mu", lambda t: -10 * t, "definite"),
        ("mu", lambda t: 10 * t, "definite"),
    ],
)
def test_wrong_multipliers(kind, change, reason):
    with pytest.raises(Rejected, match=reason):
        check(X, Z, with_multiplier(kind, change))


@pytest.mark.parametrize("scale", [1.0, 0.5, 2.0**-40, 2.0**40])
@pytest.mark.parametrize("ratio", [1.0, 1.25])
def test_minorants_are_bounded_on_both_sides(scale, ratio):
    """‖x‖ = 5 and η = 1/8: 5/8 ≤ θ ≤ 2 − 5/8, and less by what the pair takes."""
    direction = PhasesDirection(
        matrix(scale * np.array([[3.0, 4.0], [0.0, 1.0]])),
        matrix([[-2.0], [1.0]]),
        1.0,
        [(1, 0, 1, ratio)],
    )

    def fits(theta, pi):
        values = [1.0, theta, 0.125 / scale, 1.0, 1.0, pi, float(pi > 0)]
        try:
            direction._require_cover(direction.read({}, InTurn(multipliers=array("d", values))))
        except Rejected:
            return False
        return True

    for pi in (0.0, 0.25):
        lowest, highest = 0.625, 1.375 - pi * ratio
        assert fits(lowest, pi)
        assert fits(highest, pi)
        assert not fits(nextafter(lowest, 0.0), pi)
        assert not fits(nextafter(highest, 2.0), pi)
        assert not fits(10.0, pi)


def test_alpha_without_pi():
    none = with_multiplier("pair pi", lambda t: 0.0, chosen=lambda t: t == 0)
    check(X, Z, none)
    with pytest.raises(Rejected, match="only one"):
        check(X, Z, with_multiplier("pair alpha", lambda t: 1e-6, chosen=lambda t: t == 0))


def test_every_multiplier_counts():
    """One more or one less anywhere in the file."""
    for index in range(0, len(GOOD.leaves), 3):
        less, more = deepcopy(GOOD), deepcopy(GOOD)
        less.leaves[index].popitem()
        assert not accepted(X, Z, less)
        more.leaves[index]["more",] = 0.0
        assert not accepted(X, Z, more)
    missing, rest = deepcopy(GOOD), deepcopy(GOOD)
    missing.leaves[-1].popitem()
    with pytest.raises(Rejected, match="multipliers end"):
        check(X, Z, missing)
    rest.leaves[-1]["more",] = 0.0
    with pytest.raises(Rejected, match="multipliers go on"):
        check(X, Z, rest)


def changed(**lists):
    parts = deepcopy(GOOD)
    for name, change in lists.items():
        setattr(parts, name, change(getattr(parts, name)))
    return parts


def first_split(splits):
    return next(k for k, node in enumerate(splits) if node >= 0)


WEIGHTS = Z[:, 0]  # the first direction is (1, 0)


def resplit(to):
    """Another point in place of the first that is split below the first split."""

    def change(splits):
        at = first_split(splits) + 1
        assert splits[at] >= 0
        return [*splits[:at], to(splits), *splits[at + 1 :]]

    return changed(splits=change)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (changed(splits=lambda s: s[:-1]), "splits end"),
        (changed(splits=lambda s: []), "splits end"),
        (changed(splits=lambda s: [*s, -1]), "splits go on"),
        (resplit(lambda s: s[first_split(s)]), "not mixed"),
        (resplit(lambda s: int(np.argmin(WEIGHTS))), "not mixed"),
        (changed(bounds=lambda h: [0.9 * h[0], *h[1:]]), "definite"),
        (changed(bounds=lambda h: [1.5 * h[0], *h[1:]]), "kappa"),
        (changed(bounds=lambda h: [0.0, *h[1:]]), "not positive"),
        (changed(bounds=lambda h: [*h[:-1], -h[-1]]), "not positive"),
        (changed(kappa=lambda k: 0.99 * k), "kappa"),
        (changed(kappa=lambda k: 5e-324), "kappa"),
        (changed(directions=lambda t: t[:-1]), "directions end"),
        (changed(directions=lambda t: b""), "directions end"),
        (changed(directions=lambda t: t + b"\0"), "directions go on"),
        (changed(directions=lambda t: t[:-1] + b"\1\1"), "directions end"),
        (changed(directions=lambda t: b"\2\1\1" + t), "not there"),
        (changed(directions=lambda t: b"\1\0\1\0" + t), "at its end"),
        (changed(directions=lambda t: b"\1\1\0\0" + t), "at its end"),
        (changed(directions=lambda t: b"\1\1\1" * (DEEPEST + 1) + t), "more than 400"),
        (changed(directions=lambda t: bytes(4)), "kappa|bounds go on"),
        (changed(bounds=lambda h: h[:-1], pairs=lambda p: p[:-1]), "bounds end"),
        (changed(bounds=lambda h: [*h, 1.0], pairs=lambda p: [*p, []]), "bounds go on"),
    ],
)
def test_wrong_trees_and_bounds(parts, reason):
    with pytest.raises(Rejected, match=reason):
        check(X, Z, parts)


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (lambda i, j, s, r: (j, i, s, r), "pair"),
        (lambda i, j, s, r: (i, i, s, r), "pair"),
        (lambda i, j, s, r: (j, j, s, r), "pair"),
        (lambda i, j, s, r: (i, j, s, 0.0), "ratio"),
        (lambda i, j, s, r: (i, j, s, -r), "ratio"),
        (lambda i, j, s, r: (i, j, s, 1e3 * r), "minorant"),
        (lambda i, j, s, r: (i, j, -s, r), "definite"),
    ],
)
def test_wrong_pairs(pair, reason):
    parts = deepcopy(GOOD)
    used = {
        slot[1] for slot, value in parts.leaves[0].items() if slot[0] == "pair pi" and value > 1e-2
    }
    parts.pairs[0] = [
        pair(*given) if k in used else given for k, given in enumerate(parts.pairs[0])
    ]
    with pytest.raises(Rejected, match=reason):
        check(X, Z, parts)


def test_a_point_without_weight_takes_no_part():
    parts = deepcopy(GOOD)
    more_X, more_Z = np.vstack([X, [[9.0, 9.0]]]), np.vstack([Z, [[0.0, 0.0]]])
    check(more_X, more_Z, parts)
    at = first_split(parts.splits)
    parts.splits[at] = len(X)
    with pytest.raises(Rejected, match="not mixed"):
        check(more_X, more_Z, parts)
    parts = deepcopy(GOOD)
    i, _, sign, ratio = parts.pairs[0][0]
    parts.pairs[0][0] = i, len(X), sign, ratio
    with pytest.raises(Rejected, match="pair"):
        check(more_X, more_Z, parts)


def test_every_prefix_of_the_splits_is_rejected():
    for length in range(len(GOOD.splits)):
        assert not accepted(X, Z, changed(splits=lambda s, length=length: s[:length]))


def test_bounds_belong_to_the_rays_in_the_order_of_the_leaves():
    """A direction that is split off has its number where its ray first comes up."""
    X, Z = np.zeros((1, 1)), np.ones((1, 2))
    leaf = {("mu",): 0.25}
    # Rays (1,0), (1,2), (0,1), (0,-1), (-1,0): weights 1, 3, 1, -1, -1.
    signs = [1, 1, 1, -1, -1]
    heights = [1.0, 3.0, 1.0, 1.0, 1.0]
    parts = Parts(2.0, bytearray([1, 1, 2, 0, 0, 0, 0, 0]), heights, [-1] * 5, [[]] * 5)
    other = {1: ("pi", "alpha"), -1: ("theta", "eta")}
    for sign in signs:
        values = (3.0, 9.0) if sign > 0 else (0.0, 0.0)
        parts.leaves.append(leaf | {(k, 0): t for k, t in zip(other[sign], values, strict=True)})
    check(X, Z, parts)
    for order in ([0, 2, 1, 3, 4], [1, 0, 2, 3, 4]):
        parts.bounds = [heights[k] for k in order]
        with pytest.raises(Rejected, match="kappa"):
            check(X, Z, parts)


def scaled(parts, of_X, of_Z):
    """The same proof for X and Z times powers of two."""
    linear = {"theta", "pi", "pair pi", "lambda"}
    parts = deepcopy(parts)
    parts.kappa *= of_X * of_Z
    parts.bounds = [bound * of_X * of_Z for bound in parts.bounds]
    for leaf in parts.leaves:
        for slot in leaf:
            factor = of_Z if slot[0] in linear else of_Z / of_X
            leaf[slot] *= of_X * of_Z if slot[0] == "mu" else factor
    return parts


@pytest.mark.parametrize("of_X", [1.0, 2.0**-30, 0.5, 2.0**30])
@pytest.mark.parametrize("of_Z", [1.0, 2.0**-20, 4.0, 2.0**20])
def test_scales(of_X, of_Z):
    good = scaled(GOOD, of_X, of_Z)
    check(of_X * X, of_Z * Z, good)
    good.kappa *= 0.99
    assert not accepted(of_X * X, of_Z * Z, good)
    for other in (scaled(GOOD, of_X / 2, of_Z), scaled(GOOD, of_X, of_Z / 2)):
        assert not accepted(of_X * X, of_Z * Z, other)


def test_numbers_written_with_other_exponents():
    features, proof = matrix(X), GOOD.proof(Z)
    longer = ExactMatrix(features.at(features.exponent - 3), features.exponent - 3)
    check_phases(longer, proof, Work(1 << 24))
    for times in (1, 2, 40):
        with pytest.raises(Rejected):
            check_phases(ExactMatrix(longer.rows, longer.exponent + times), proof, Work(1 << 24))


@pytest.mark.parametrize("value", [2.0**-149, 2.0**127, -(2.0**127)])
def test_multipliers_of_any_size_end_in_a_verdict(value):
    for slot in ("mu", "theta", "eta", "pi", "alpha", "lambda", "nu", "pair pi", "pair alpha"):
        accepted(X, Z, with_multiplier(slot, lambda t: value))


def test_numbers_of_any_size_end_in_a_verdict():
    """The integers have some thousand bits."""
    proof = GOOD.proof(Z)
    mixed = X.copy()
    mixed[0, 0], mixed[1, 1] = 2.0**-1074, 2.0**900
    with suppress(Rejected):
        check_phases(matrix(2.0**-1000 * X), proof, Work(1 << 24))
    for dual in (2.0**-1000 * Z, 2.0**900 * Z):
        with pytest.raises(Rejected):
            check_phases(matrix(X), replace(proof, Z=matrix(dual)), Work(1 << 24))
    for features in (2.0**900 * X, mixed):
        with pytest.raises(Rejected):
            check_phases(matrix(features), proof, Work(1 << 24))
    for tiny in (5e-324, 2.0**-1000):
        assert not accepted(X, Z, changed(bounds=lambda h, tiny=tiny: [tiny, *h[1:]]))
        ratios = changed(
            pairs=lambda p, tiny=tiny: [[(*pair[:3], pair[3] * tiny) for pair in q] for q in p]
        )
        assert not accepted(X, Z, ratios)
    large = changed(kappa=lambda k: 1e308, bounds=lambda h: [1e300] * len(h))
    check(X, Z, large)


def malformed(path, to):
    """The example's file with one list of numbers replaced."""
    text = json.loads(document(X, Z, GOOD))
    inner = text["proof"]
    for key in path[:-1]:
        inner = inner[key]
    kinds = {"bounds": "<f8", "ratio": "<f8", "multipliers": "<f4", "sign": "<i4", "splits": "<i4"}
    kind = kinds.get(path[-1], "<u4")
    numbers = np.frombuffer(b64decode(inner[path[-1]]), kind)
    inner[path[-1]] = b64encode(np.asarray(to(numbers.copy()), kind).tobytes()).decode()
    return json.dumps(text).encode()


def put(index, value):
    def change(numbers):
        numbers[index] = value
        return numbers

    return change


@pytest.mark.parametrize(
    ("path", "to"),
    [
        *((("bounds",), put(0, bad)) for bad in (nan, inf, -inf)),
        *((("multipliers",), put(3, bad)) for bad in (nan, inf, -inf)),
        *((("pairs", "ratio"), put(0, bad)) for bad in (nan, inf, -inf)),
        *((("pairs", "sign"), put(0, bad)) for bad in (0, 2, -2, 2**31 - 1, -(2**31))),
        *((("splits",), put(0, bad)) for bad in (-2, 5, 2**31 - 1, -(2**31))),
        *((("pairs", key), put(-1, bad)) for key in ("first", "second") for bad in (5, 2**32 - 1)),
        (("pairs", "count"), lambda t: t + 1),
        (("pairs", "count"), lambda t: t[1:]),
        (("pairs", "count"), lambda t: [*t, 0]),
        (("pairs", "count"), put(0, 2**32 - 1)),
        (("bounds",), lambda t: t[1:]),
        *((("pairs", key), lambda t: t[1:]) for key in ("first", "second", "sign", "ratio")),
    ],
)
def test_malformed_lists(path, to):
    others = {"count": "count|first", "bounds": "bounds|count"}
    with pytest.raises(Malformed, match=others.get(path[-1], path[-1])):
        check_certificate(malformed(path, to))


def surely_definite(S):
    """By the rounded factor alone: an arrow without blocks."""
    return arrow_definite([], ExactMatrix(S, 0), len(S), Work(1 << 40))


@settings(max_examples=300, deadline=None)
@given(SEEDS, st.integers(1, 5), st.integers(0, 300))
def test_positive_definite(seed, order, bits):
    """Against elimination in fractions; the quick test is never wrong, and nearly always enough."""
    rng = np.random.default_rng(seed)
    root = rng.integers(-9, 10, (order, rng.integers(1, order + 2)))
    S = root @ root.T + rng.integers(-3, 3) * np.eye(order, dtype=int)
    exponents = rng.integers(0, bits + 1, order)
    S = [
        [int(S[i, j]) << int(exponents[i] + exponents[j]) for j in range(order)]
        for i in range(order)
    ]
    table, truth = fractions(np.array(S, dtype=object)), True
    for k in range(order):
        truth = truth and table[k, k] > 0
        if truth:
            table[k + 1 :] -= np.outer(table[k + 1 :, k] / table[k, k], table[k])
    assert positive_definite(S, Work(1 << 24)) is truth
    assert surely_definite(S) is truth  # the eigenvalues are integers of few digits


def test_the_quick_test_leaves_close_calls_to_the_minors():
    one = 1 << 400
    for below, truth in ((one - 1, True), (one, False), (one + 1, False)):
        S = [[one, below], [below, one]]
        assert positive_definite(S, Work(1 << 24)) is truth
        assert not surely_definite(S)
    assert surely_definite([[one, one - (one >> 50)], [one - (one >> 50), one]])
    for S in ([[0]], [[-1]], [[1, 0], [0, 0]], [[1, 1], [1, 1]], [[-1, 0], [0, -1]]):
        assert not surely_definite(S)
        assert not positive_definite(S, Work(1 << 24))


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(1, 4))
def test_solution(seed, c):
    rng = np.random.default_rng(seed)
    rows = rng.integers(-3, 4, (c, c)).tolist()
    right = rng.integers(-9, 10, c).tolist()
    if round(np.linalg.det(rows)) == 0:
        return
    determinant, v = solution(rows, right)
    assert abs(determinant) == abs(round(np.linalg.det(rows)))
    assert [sum(a * t for a, t in zip(row, v, strict=True)) for row in rows] == [
        determinant * b for b in right
    ]
    assert determinant != 0


@pytest.mark.parametrize(
    ("tree", "lengths", "angle"),
    [
        (b"\0", [1, 1, 1, 1], 90),
        (b"\1\1\1\0\0", [1, sqrt(2), 1, sqrt(2), 1, 1, sqrt(2), sqrt(2)], 45),
    ],
)
def test_cover_of_directions(tree, lengths, angle):
    """Theorem 18(d) for two outputs: kappa is h over the cosine of half the angle."""
    needed, count = 1 / np.cos(np.radians(angle / 2)), len(lengths)
    parts = Parts(needed * (1 + 1e-12), tree * 4, lengths, [-1] * count, [[]] * count)
    parts.leaves = [{("mu",): 0.5}] * count
    check([[1.0]], [[0.0, 0.0]], parts)
    parts.kappa = needed * (1 - 1e-9)
    with pytest.raises(Rejected, match="kappa"):
        check([[1.0]], [[0.0, 0.0]], parts)


def test_deep_trees_need_no_recursion():
    """A chain of splits, one for each point, deeper than Python's stack would bear."""
    n = 1500
    X, Z = np.ones((n, 1)), np.full((n, 1), 2.0**-11)
    leaf = {("mu",): 0.5} | {("lambda", i): 0.0 for i in range(n)}
    idle = {("mu",): 2.0**-11} | {(kind, i): 0.0 for i in range(n) for kind in ("theta", "eta")}
    parts = Parts(1.0, bytearray(2), [1.0, 2.0**-10], [*range(n), -1, -1], [[], []])
    # The first leaf, on which no point is active, is proved; the second lacks multipliers.
    parts.leaves = [leaf, idle]
    with pytest.raises(Rejected, match="end before"):
        check_phases(matrix(X), parts.proof(Z), Work(1 << 24))


def test_slots_are_as_many_as_the_multipliers():
    parts = prove(X, Z, np.random.default_rng(1))
    assert sum(map(len, parts.leaves)) == len(parts.proof(Z).rest["multipliers"])
    assert slots(X, Z[:, 0], [], {})[0] == ("mu",)
