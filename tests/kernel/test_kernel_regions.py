"""Theorems 48 and 49: what the kernel makes of a leaf, in integers and for random multipliers."""

from __future__ import annotations

import base64
import json
import struct
from array import array
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_problems import region_form
from specification import plain_checker

from certnn.budget import Budget
from certnn.certificates.directions import cover
from certnn.certificates.dual_point import Products
from certnn.certificates.regions_certify import certify_regions
from certnn.certificates.regions_point import RegionLeaf, RegionsPoint
from certnn.kernel import Rejected, check_certificate
from certnn.kernel.definite import whole
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.forms import ProductList
from certnn.kernel.instance import Instance
from certnn.kernel.outputs import DirectedProof, leaves
from certnn.kernel.regions import RegionLeaf as KernelLeaf
from certnn.kernel.regions import check_regions
from certnn.kernel.work import Work
from certnn.problem.bias_ball import BiasBall
from certnn.problem.training_problem import TrainingProblem

SEEDS = st.integers(0, 2**32 - 1)
PROVED = plain_checker()


def random_leaf(rng, n, columns, direction, signs, safe):
    """Multipliers of random products; a strong μ and strong squares where they should be proved."""
    pairs = [(r, s) for r in range(2 * n) for s in range(r, 2 * n) if s != r + n]
    chosen = [pairs[k] for k in rng.choice(len(pairs), 3)]
    first, second = (np.array([pair[k] for pair in chosen]) for k in (0, 1))
    points = np.arange(n)
    free = np.full(n, -4.0 if safe else rng.normal())
    products = Products(
        n,
        np.concatenate([first, points]),
        np.concatenate([second, points + n]),
        np.concatenate([0.1 * rng.random(3), free]),
    )
    vectors = 0.1 * rng.standard_normal((2, columns))
    heights = np.linalg.norm(vectors, axis=1) * (1.0 + rng.random(2))
    mu = 40.0 if safe else 5.0 * rng.random()
    balls = rng.integers(0, 2 * n, 2)
    partners = np.hstack([vectors, heights[:, None]])
    return RegionLeaf(direction, signs, mu, 0.0, products, balls, partners)


def random_point(rng, n, columns, c, safe=True):
    of = cover(c, 1.5, Budget())
    splits, found = [], []
    for direction in range(len(of.rays)):
        trees = ([-1], [int(rng.integers(n)), -1, -1])
        tree = trees[int(rng.integers(2))]
        splits += tree
        for signs in leaves(iter(tree), frozenset(range(n))):
            own = np.zeros(n, dtype=np.int8)
            for point, sign in signs.items():
                own[point] = sign
            found.append(random_leaf(rng, n, columns, direction, own, safe))
    return RegionsPoint(rng.standard_normal((n, c)), of, np.array(splits), tuple(found))


@given(seed=SEEDS, n=st.integers(1, 4), columns=st.integers(1, 3), c=st.integers(1, 2))
@example(seed=185, n=1, columns=1, c=1)  # nothing is left of a leaf's form
@settings(max_examples=25, deadline=None)
def test_a_proved_kappa_is_above_every_neuron(seed, n, columns, c):
    rng = np.random.default_rng(seed)
    problem = TrainingProblem(rng.standard_normal((n, columns)), rng.standard_normal((n, c)), 0.1)
    point = random_point(rng, n, columns, c)
    certificate = certify_regions(problem, point, {}).certificate
    kappa = json.loads(certificate.document)["proof"]["kappa"]
    u = rng.standard_normal((columns, 2000))
    outputs = np.linalg.norm(point.Z.T @ np.maximum(problem.X @ u, 0.0), axis=0)
    assert np.all(outputs <= kappa * np.linalg.norm(u, axis=0))
    assert PROVED(certificate.document)


@given(seed=SEEDS, n=st.integers(2, 4), d=st.integers(1, 2), c=st.integers(1, 2))
@settings(max_examples=25, deadline=None)
def test_a_proved_kappa_is_above_every_neuron_with_a_free_bias(seed, n, d, c):
    """Theorem 51: with a ball around the points, for any bias, in the ball or far beyond it."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) + 3.0 * rng.standard_normal(d)
    problem = TrainingProblem(X, rng.standard_normal((n, c)), 0.1, "free")
    point = random_point(rng, n, d + 1, c)
    Z = point.Z - np.mean(point.Z, axis=0)
    leaves_of_bias = tuple(replace(leaf, nu=1.0 + 30.0 * rng.random()) for leaf in point.leaves)
    ball = BiasBall.around(X)
    point = replace(point, Z=Z, leaves=leaves_of_bias, ball=ball)
    certificate = certify_regions(problem, point, {}).certificate
    kappa = json.loads(certificate.document)["proof"]["kappa"]
    u = rng.standard_normal((d, 3000))
    norms = np.linalg.norm(u, axis=0)
    bias = ball.radius * norms * rng.standard_normal(3000) * 10.0 ** rng.integers(-1, 2, 3000)
    outputs = np.maximum(X @ u + bias - ball.center @ u, 0.0)
    assert np.all(np.linalg.norm(Z.T @ outputs, axis=0) <= kappa * norms * (1.0 + 1e-9))
    assert PROVED(certificate.document)


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_the_ball_is_around_the_points_and_hardly_larger_than_it_must_be(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((int(rng.integers(1, 20)), 2)) * 10.0 ** rng.integers(-9, 9)
    ball = BiasBall.around(X)
    distances = np.linalg.norm(X - ball.center, axis=1)
    assert np.max(distances) <= ball.radius
    apart = np.max(np.linalg.norm(X[:, None] - X[None], axis=-1))
    assert ball.radius <= apart / np.sqrt(3.0) * 1.02 + 1e-300  # Jung's theorem in the plane


@given(seed=SEEDS, n=st.integers(1, 4), columns=st.integers(1, 3))
@settings(max_examples=50, deadline=None)
def test_the_form_is_below_the_claim_on_neurons_of_the_region(seed, n, columns):
    """Of Theorem 48: q ≤ hρ² − ρ·wᵀg(u) for any multipliers of the right signs, on the region."""
    rng = np.random.default_rng(seed)
    X, Z = rng.standard_normal((n, columns)), rng.standard_normal((n, 1))
    u = rng.standard_normal(columns)
    signs = np.where(rng.random(n) < 0.5, np.sign(X @ u), 0.0).astype(np.int8)
    leaf = random_leaf(rng, n, columns, 0, signs, safe=False)
    form = region_form(X, Z, np.array([1.0]), leaf)
    z = np.concatenate([np.maximum(X @ u, 0.0)[leaf.mixed], u, [np.linalg.norm(u)]])
    claim = -2.0 * z[-1] * float(Z[:, 0] @ np.maximum(X @ u, 0.0))
    assert float(z @ form @ z) <= claim + 1e-9 * (1.0 + abs(claim) + float(z @ z))


def proof_of_one_point(**changes):
    """x = 1, z = 1, h = kappa = 1, split at x: then κ = 1 is proved with a remainder of zero."""
    whole = {
        "kind": "regions",
        "kappa": 1.0,
        "Z": ExactMatrix([[1]], 0),
        "directions": b"\0\0",
        "bounds": array("d", [1.0, 1.0]),
    }
    rest = {
        "splits": array("i", [0, -1, -1, 0, -1, -1]),
        "mu": array("d", [0.5] * 4),
        "product_counts": array("I", [0] * 4),
        "first": array("I"),
        "second": array("I"),
        "multipliers": array("d"),
        "ball_counts": array("I", [0] * 4),
        "balls": array("I"),
        "ball_multipliers": array("d"),
        "weights": array("d", [1.0] * 8),
        # Over (u, ρ): 2S is the unit matrix, with ∓1 off the diagonal where x is active.
        "L": array("d", [1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]),
    }
    for name, changed in changes.items():
        (rest if name in rest else whole)[name] = changed
    return DirectedProof(rest=rest, **whole)


_ONE = struct.pack("<d", 1.0)
ONE_POINT = Instance(1, 1, 1, 1.0, False, _ONE, _ONE).features()


def test_a_proof_by_hand_without_any_room():
    check_regions(ONE_POINT, proof_of_one_point(), Work(1 << 24, "python"))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Z": ExactMatrix([[1025]], -10)}, "dominant"),
        ({"bounds": array("d", [1.0, 0.0])}, "not positive"),
        ({"bounds": array("d", [1.0, 1.5])}, "do not prove kappa"),
        ({"mu": array("d", [0.5, 0.51, 0.5, 0.5])}, "dominant"),
        ({"splits": array("i", [0, -1, -1, 0, -1])}, "splits end"),
        ({"splits": array("i", [0, -1, 0, -1, -1, -1])}, "not mixed"),
        ({"weights": array("d", [1.0] * 7)}, "weights end"),
        ({"weights": array("d", [1.0] * 7 + [-1.0])}, "weight"),
        ({"L": array("d", [1.0, 0.0, 1.0, 1.0, -1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])}, "L end"),
        ({"ball_counts": array("I", [1, 0, 0, 0])}, "balls end"),
        ({"product_counts": array("I", [0, 0, 0, 1])}, "first end"),
    ],
)
def test_what_is_wrong_with_it(change, reason):
    proof = proof_of_one_point(**change)
    with pytest.raises(Rejected, match=reason):
        check_regions(ONE_POINT, proof, Work(1 << 24, "python"))


def ball(multiplier):
    """On the first leaf, where a is the zero form."""
    return {
        "ball_counts": array("I", [1, 0, 0, 0]),
        "balls": array("I", [0]),
        "ball_multipliers": array("d", multiplier),
    }


def test_norms_are_compared_exactly():
    check_regions(ONE_POINT, proof_of_one_point(**ball([1.0, 1.0])), Work(1 << 24, "python"))
    for r, s in ((1.0, np.nextafter(1.0, 0.0)), (1.0, -1.0), (0.0, -5e-324), (-2.0, 1.0)):
        with pytest.raises(Rejected, match="norm may be negative"):
            check_regions(ONE_POINT, proof_of_one_point(**ball([r, s])), Work(1 << 24, "python"))


def test_a_product_with_a_zero_form_may_have_any_multiplier_only_where_it_vanishes():
    def one(first, second, y):
        return proof_of_one_point(
            product_counts=array("I", [1, 0, 0, 0]),
            first=array("I", [first]),
            second=array("I", [second]),
            multipliers=array("d", [y]),
        )

    check_regions(ONE_POINT, one(0, 1, -7.0), Work(1 << 24, "python"))
    check_regions(ONE_POINT, one(0, 0, 7.0), Work(1 << 24, "python"))
    with pytest.raises(Rejected, match="negative"):
        check_regions(ONE_POINT, one(0, 0, -7.0), Work(1 << 24, "python"))


def unwitnessed(**changes):
    """The same, which has to be definite without a witness; so h is a little larger."""
    return proof_of_one_point(
        **{
            "kappa": 1.0 + 2.0**-40,
            "bounds": array("d", [1.0 + 2.0**-40] * 2),
            "weights": array("d"),
            "L": array("d"),
        }
        | changes
    )


def test_a_proof_by_hand_without_a_witness():
    check_regions(ONE_POINT, unwitnessed(), Work(1 << 24, "python"))
    semidefinite = {"kappa": 1.0, "bounds": array("d", [1.0, 1.0])}
    for change in (semidefinite, {"mu": array("d", [0.5, 0.51, 0.5, 0.5])}):
        with pytest.raises(Rejected, match="not positive definite"):
            check_regions(ONE_POINT, unwitnessed(**change), Work(1 << 24, "python"))
    with pytest.raises(Rejected, match="weights end"):
        check_regions(ONE_POINT, unwitnessed(L=array("d", [1.0])), Work(1 << 24, "python"))


def in_groups(point):
    """With the products alone that join points 2k and 2k + 1, or are with a fixed one."""
    kept = []
    for leaf in point.leaves:
        i, j = (forms % leaf.signs.size for forms in (leaf.products.first, leaf.products.second))
        near = (i // 2 == j // 2) | (leaf.signs[i] != 0) | (leaf.signs[j] != 0)
        kept.append(replace(leaf, products=leaf.products.selected(near)))
    return replace(point, leaves=tuple(kept))


@given(seed=SEEDS, n=st.integers(2, 5), columns=st.integers(1, 2), lower=st.floats(1e-12, 0.5))
@settings(max_examples=30, deadline=None)
def test_a_factor_in_groups_decides_as_elimination_in_fractions_does(seed, n, columns, lower):
    rng = np.random.default_rng(seed)
    problem = TrainingProblem(rng.standard_normal((n, columns)), rng.standard_normal((n, 1)), 0.1)
    point = in_groups(random_point(rng, n, columns, 1))
    certificate = certify_regions(problem, point, {}).certificate
    given_file = json.loads(certificate.document)
    assert given_file["proof"]["weights"] == given_file["proof"]["L"] == ""
    proof = given_file["proof"]
    heights = np.frombuffer(base64.b64decode(proof["bounds"])) * (1.0 - lower)
    proof["bounds"] = base64.b64encode(heights.tobytes()).decode()
    proof["kappa"] *= 1.0 - 0.5 * lower  # the directions prove it; the leaves may not
    document = json.dumps(given_file).encode()
    if PROVED(document):
        assert lower < 1e-3  # the highest bound is as low as its leaf allows
        check_certificate(document, "python")
    else:
        with pytest.raises(Rejected, match="not positive definite"):
            check_certificate(document, "python")


def test_fixed_points_cost_what_their_number_says():
    """Where no product joins them: twice as many take twice the work, not four times."""

    def spent(n):
        features, Z = ExactMatrix([[1, 2]] * n, 0), ExactMatrix([[1]] * n, 0)
        none = ExactMatrix([], 0)
        leaf, work = KernelLeaf(1.0, None, ProductList([], [], none), [], none), Work(0)
        before = work.left
        blocks = list(leaf.blocks(features, Z, (1,), dict.fromkeys(range(n), 1), False, work))
        assert not any(points for points, *_ in blocks)
        S = whole(blocks, leaf.corner(4.0, 3))
        assert ExactMatrix([[2, 0, -n], [0, 2, -2 * n], [-n, -2 * n, 6]], 0) == S
        return before - work.left

    assert spent(400) < 2.1 * spent(200)
