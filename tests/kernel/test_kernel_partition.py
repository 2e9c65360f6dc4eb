"""Theorems 15 and 16: the leaf inequality, and what the kernel accepts and rejects."""

from __future__ import annotations

from array import array
from fractions import Fraction
from itertools import combinations
from math import nextafter, sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from plain_partition import cover, fractions, leaf_form, relu

from certnn.certificates.search_documents import PartitionDocument
from certnn.kernel import Rejected, partition
from certnn.kernel.exact import ExactMatrix, exact_matrix
from certnn.kernel.outputs import DEEPEST, MOST_COLUMNS
from certnn.kernel.partition import (
    PartitionProof,
    _check_leaf,
    _Cone,
    _trees,
    check_partition,
)
from certnn.kernel.work import Work
from certnn.problem.training_problem import TrainingProblem

SMALL = st.integers(-4, 4)
SHARES = st.sampled_from([1, 2, 3, 255])


@pytest.fixture(autouse=True)
def filter_whatever_the_size(monkeypatch):
    monkeypatch.setattr(partition, "_SMALL", 0)


def matrix(entries):
    entries = np.ascontiguousarray(np.asarray(entries, dtype=float))
    return exact_matrix(entries.astype("<f8").tobytes(), *entries.shape)


def rejection(features, proof, backend):
    try:
        check_partition(features, proof, Work(1 << 24, backend))
    except Rejected as error:
        return error
    return None


def check(X, Z, kappa, basis, tree, witnesses):
    """In integers, and with the filter in front of them: the same verdict."""
    words = array("I", witnesses)
    proof = PartitionProof(float(kappa), matrix(Z), matrix(basis), bytes(tree), words)
    exact, filtered = (rejection(matrix(X), proof, backend) for backend in ("python", "auto"))
    assert str(exact) == str(filtered)
    if exact is not None:
        raise exact


def orthants(X, Z, basis):
    proof = PartitionProof(1.0, matrix(Z), matrix(basis), b"", array("I"))
    trees = _trees(matrix(X), proof, Work(1 << 24))
    return [trees.orthant(number) for number in range(trees.count)]


def accepted(*arguments):
    try:
        check(*arguments)
    except Rejected:
        return False
    return True


@st.composite
def instances(draw, most_columns=3):
    n, d, c = draw(st.integers(1, 6)), draw(st.integers(1, most_columns)), draw(st.integers(1, 2))
    entries = st.lists(SMALL, min_size=n * (d + c), max_size=n * (d + c))
    values = np.reshape(draw(entries), (n, d + c)) / 2
    return values[:, :d], values[:, d:]


@st.composite
def cones(draw):
    """X, Z, and a cone inside an orthant of ±e_j, after some splits, as the kernel makes it."""
    X, Z = draw(instances())
    d = X.shape[1]
    basis = np.eye(d) + np.triu(np.ones((d, d)), 1) * draw(SMALL)
    cone = draw(st.sampled_from(orthants(X, Z, basis)))
    for _ in range(draw(st.integers(0, 4)) if d > 1 else 0):
        edge = draw(st.sampled_from(list(combinations(range(d), 2))))
        halves = cone.halves(*edge, draw(SHARES), draw(SHARES), 0)
        cone = halves[draw(st.integers(0, 1))]
    w = draw(st.lists(st.integers(1, 5), min_size=d, max_size=d))
    return X, Z, cone, w


def sampled_norm(X, Z):
    """The largest ‖Zᵀ(Xu)₊‖ over ‖u‖ = 1 that ascents from many u find: at most the maximum."""
    rng = np.random.default_rng(0)
    u = np.vstack([rng.standard_normal((4000, X.shape[1])), X, -X, np.eye(X.shape[1])])
    u = u[np.linalg.norm(u, axis=1) > 0]
    largest = 0.0
    for _ in range(30):
        u = u / np.linalg.norm(u, axis=1, keepdims=True)
        active = relu(u @ X.T)
        images = active @ Z
        largest = max(largest, np.max(np.linalg.norm(images, axis=1)))
        step = ((active > 0) * (images @ Z.T)) @ X  # the gradient; no ascent where Z is negative
        u = np.where(np.linalg.norm(step, axis=1, keepdims=True) > 0, step, u)
    return largest


@settings(max_examples=150, deadline=None)
@given(cones(), st.lists(st.lists(st.integers(0, 6), min_size=3, max_size=3), max_size=12))
def test_leaf_inequality(made, points):
    X, Z, cone, w = made
    X, Z, R = fractions(X), fractions(Z), fractions(cone.rays).T
    kappa = Fraction(7, 3)
    Q = leaf_form(X, Z, kappa, R, np.array(w))
    for t in [*np.eye(len(w), dtype=int), np.ones(len(w), dtype=int), w, *points]:
        t = np.array(t[: len(w)], dtype=object)
        u = R @ t
        image = Z.T @ relu(X @ u)
        assert kappa * kappa * (u @ u) - image @ image >= t @ Q @ t


@settings(max_examples=150, deadline=None)
@given(cones(), st.integers(1, 50), st.integers(1, 50))
def test_form_and_images_are_those_of_the_theorem(made, norm_factor, image_factor):
    """Images and mixed sets are updated from cone to cone; here they are made anew."""
    X, Z, cone, w = made
    exact_X, exact_Z = matrix(X), matrix(Z)
    X, Z = (np.array(m.rows, dtype=object) for m in (exact_X, exact_Z))
    R = np.array(cone.rays, dtype=object).T
    assert cone.images == (Z.T @ relu(X @ R)).T.tolist()
    values = X @ R
    assert cone.mixed == [
        (list(Z[i]), tuple(values[i])) for i in range(len(X)) if min(values[i]) < 0 < max(values[i])
    ]
    # Q of kappa² = norm_factor / image_factor / 2, times 2 image_factor
    one, w_array = Fraction(1), np.array(w)
    with_one = leaf_form(fractions(X), fractions(Z), one, fractions(R), w_array)
    gram = R.T @ R
    expected = 2 * image_factor * (with_one - gram) + norm_factor * gram
    assert cone.form(w, norm_factor, image_factor) == expected.tolist()


@settings(max_examples=60, deadline=None)
@given(instances())
def test_a_bisection_is_accepted_and_proves_no_less_than_the_truth(instance):
    X, Z = instance
    below = sampled_norm(X, Z)
    kappa = 1.2 * below or 1.0
    basis = np.eye(X.shape[1])
    found = cover(fractions(X), fractions(Z), Fraction(kappa), fractions(basis), 400)
    if found is None:
        assert X.shape[1] == 3
        return
    check(X, Z, kappa, basis, *found)
    if below > 0:
        assert not accepted(X, Z, 0.999 * below, basis, *found)
        assert not accepted(X, Z, 1e-3 * below, basis, *found)
        assert not accepted(X, 1.3 * Z, kappa, basis, *found)
        assert not accepted(1.3 * X, Z, kappa, basis, *found)
    document = PartitionDocument(kappa, Z, basis, found[0], np.array(found[1], np.uint32))
    certificate = document.certificate(TrainingProblem(X, Z, 0.5), {})
    assert certificate.check().rounded > 0 or not Z.any()


@settings(max_examples=40, deadline=None)
@given(instances(most_columns=2), st.data())
def test_nothing_below_the_truth_is_accepted_whatever_the_tree(instance, data):
    X, Z = instance
    below = sampled_norm(X, Z)
    kappa = 0.999 * below
    assume(kappa > 0)
    basis = np.eye(X.shape[1])
    found = cover(X, Z, 1.1 * below, basis, 300)
    assume(found is not None)
    tree, witnesses = bytearray(found[0]), found[1]
    for _ in range(data.draw(st.integers(0, 3))):
        where = data.draw(st.integers(0, len(tree) - 1))
        if tree[where]:
            tree[where] = data.draw(st.integers(0, 3))
    witnesses = [max(1, w + data.draw(st.integers(-2, 2))) for w in witnesses]
    assert not accepted(X, Z, kappa, basis, tree, witnesses)


def test_one_column_is_exact():
    """κ(Z) = max(‖Zᵀx₊‖, ‖Zᵀ(−x)₊‖): there is nothing to split."""
    X, Z = np.array([[3.0], [-1.0]]), np.array([[1.0], [10.0]])
    for basis in ([[1.0]], [[-2.0]], [[2.0**-40]]):
        check(X, Z, 10.0, basis, [0, 0], [1, 7])
        assert not accepted(X, Z, nextafter(10.0, 0.0), basis, [0, 0], [1, 7])
        assert not accepted(X, Z, 10.0, basis, [1, 1, 1, 0, 0, 0], [1, 1, 1])
    assert not accepted(X, Z, 10.0, [[0.0]], [0, 0], [1, 1])


X = np.array([[1.0, 0.5], [-0.25, 1.0], [0.5, -1.0]])
Z = np.array([[1.0], [0.5], [-1.0]])
BASIS = np.array([[1.0, 0.0], [-1.0, 2.0]])
KAPPA = 1.05 * sampled_norm(X, Z)
TREE, WITNESSES = cover(fractions(X), fractions(Z), Fraction(KAPPA), fractions(BASIS))


def test_the_example_is_accepted_and_has_splits():
    check(X, Z, KAPPA, BASIS, TREE, WITNESSES)
    assert TREE.count(0) == len(WITNESSES) // 2 == 6
    assert TREE[0] == 1


@pytest.mark.parametrize("factor", [2.0**-600, 0.125, 2.0**400])
def test_scales(factor):
    """kappa is positively homogeneous in X and in Z, and does not depend on the basis' scale."""
    check(X, Z, KAPPA, factor * BASIS, TREE, WITNESSES)
    check(factor * X, Z, factor * KAPPA, BASIS, TREE, WITNESSES)
    check(X, factor * Z, factor * KAPPA, factor * BASIS, TREE, WITNESSES)
    lower = 0.999 * sampled_norm(X, Z)
    assert not accepted(X, factor * Z, factor * lower, BASIS, TREE, WITNESSES)
    assert not accepted(factor * X, Z, factor * lower, factor * BASIS, TREE, WITNESSES)


@pytest.mark.parametrize(
    ("tree", "witnesses", "reason"),
    [
        (TREE[:-1], WITNESSES, "ends before"),
        (TREE[:1], WITNESSES, "ends before"),
        (b"", [], "ends before"),
        (b"\0\0\0", [1, 1] * 3, "ends before|leaf"),
        (TREE + b"\0", WITNESSES, "goes on"),
        (TREE + TREE, WITNESSES * 2, "goes on"),
        (TREE, WITNESSES[:-1], "ends before"),
        (TREE, [], "ends before"),
        (TREE, [*WITNESSES, 1], "goes on"),
        (TREE, [0, *WITNESSES[1:]], "not positive"),
        (TREE, [*WITNESSES[:-1], 0], "not positive"),
        (b"\2" + TREE[1:], WITNESSES, "not there"),
        (b"\xff" + TREE[1:], WITNESSES, "not there"),
        (b"\1\0" + TREE[2:], WITNESSES, "at its end"),
        (b"\1\1\0" + TREE[3:], WITNESSES, "at its end"),
        (b"\1\1\1" * DEEPEST + b"\1\1\1", WITNESSES, "splits"),
        (b"\1\xff\1" * 10_000, WITNESSES, "splits"),
        (b"\1\1", WITNESSES, "ends before"),
    ],
)
def test_wrong_trees_and_witnesses(tree, witnesses, reason):
    with pytest.raises(Rejected, match=reason):
        check(X, Z, KAPPA, BASIS, tree, witnesses)


def test_every_prefix_of_the_tree_is_rejected():
    for length in range(len(TREE)):
        assert not accepted(X, Z, KAPPA, BASIS, TREE[:length], WITNESSES)


def test_every_missing_cone_is_noticed():
    """Drop one of the four orthants with its witnesses, or put another in its place."""
    parts, start, leaf = [], 0, 0
    for _ in range(4):
        missing, stop, leaves = 1, start, leaf
        while missing:
            missing, step = (missing + 1, 3) if TREE[stop] else (missing - 1, 1)
            leaves += step == 1
            stop += step
        parts.append((TREE[start:stop], WITNESSES[2 * leaf : 2 * leaves]))
        start, leaf = stop, leaves
    assert start == len(TREE)
    for k in range(4):
        rest = [part for j, part in enumerate(parts) if j != k]
        tree, witnesses = ([t for part in rest for t in part[i]] for i in (0, 1))
        assert not accepted(X, Z, KAPPA, BASIS, tree, witnesses)


def test_the_deepest_tree_that_is_allowed():
    """A chain of splits is as deep as it may be, on data for which every leaf is proved."""
    chain = b"\1\1\1" * DEEPEST + b"\0" * (DEEPEST + 1)
    tree = chain + b"\0\0\0"
    witnesses = [1, 1] * (DEEPEST + 4)
    zero = np.zeros((1, 2))
    # An obtuse cone needs no proof if nothing is to be shown but ‖u‖² ≥ 0.
    check(zero, [[1.0]], 1.0, np.eye(2), tree, witnesses)
    with pytest.raises(Rejected, match="splits"):
        check(zero, [[1.0]], 1.0, np.eye(2), b"\1\1\1" + tree + b"\0", [*witnesses, 1, 1])


@pytest.mark.parametrize(
    "basis",
    [
        [[0.0, 0.0], [0.0, 0.0]],
        [[1.0, 2.0], [2.0, 4.0]],
        [[0.0, 1.0], [0.0, 2.0**-900]],
        [[1.0, 1.0], [1.0, 1.0]],
    ],
)
def test_basis_that_does_not_span(basis):
    with pytest.raises(Rejected, match="span"):
        check(X, np.zeros((3, 1)), 1.0, basis, b"\0\0\0\0", [1] * 8)


def test_bases_that_span():
    """Pivots are found below and beside; zero data are proved on any acute or right cone."""
    rng = np.random.default_rng(3)
    for d in (1, 2, 3, 4):
        zero, witnesses = np.zeros((1, d)), [1] * (d * 2**d)
        for _ in range(5):
            check(zero, [[1.0]], 1.0, np.eye(d)[rng.permutation(d)], bytes(2**d), witnesses)
            low_rank = rng.integers(-2, 3, (d, d - 1)) @ rng.integers(-2, 3, (d - 1, d))
            assert not accepted(zero, [[1.0]], 1.0, low_rank, bytes(2**d), witnesses)


def test_halves_cover_the_cone_and_come_in_the_stated_order():
    cone = _Cone([[1, 0], [0, 1]], [[0], [0]], [], 0, 0)
    first, second = cone.halves(0, 1, 2, 3, 0)
    assert first.rays == [[1, 0], [2, 3]]
    assert second.rays == [[2, 3], [0, 1]]
    assert (first.depth, second.depth) == (1, 1)


def test_signs_come_in_the_stated_order():
    rays = [cone.rays for cone in orthants([[0, 0]], [[1]], [[1, 2], [3, 4]])]
    assert rays == [
        [[s * 1, s * 2], [t * 3, t * 4]] for s, t in [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    ]


def test_most_columns_is_what_a_byte_can_number():
    edges = MOST_COLUMNS * (MOST_COLUMNS - 1) // 2
    assert edges <= 255 < edges + MOST_COLUMNS


def test_a_leaf_that_needs_unequal_weights():
    """‖Zᵀ(Xu)₊‖ = u₁ + u₂ on the first orthant, whose rays have unequal lengths."""
    X, Z, basis = np.eye(2), np.ones((2, 1)), np.diag([1.0, 64.0])
    check(X, Z, 1.5, basis, bytes(4), [64, 1] + [1] * 6)
    assert not accepted(X, Z, 1.5, basis, bytes(4), [1] * 8)
    check(X, Z, nextafter(sqrt(2.0), 2.0), basis, bytes(4), [64, 1] + [1] * 6)
    assert not accepted(X, Z, nextafter(sqrt(2.0), 0.0), basis, bytes(4), [64, 1] + [1] * 6)


def test_positive_entries_off_the_diagonal_do_not_count():
    """Q = [[-7, 16], [16, -7]] / 4: Qw ≥ 0, and both rays have an image above kappa = 3/2."""
    cone = orthants([[1, 0], [0, 1]], [[2], [-2]], [[1, 0], [0, 1]])[0]
    assert cone.form([1, 1], 18, 4) == [[-14, 32], [32, -14]]
    with pytest.raises(Rejected, match="leaf"):
        _check_leaf(cone, [1, 1], 18, 4)
    _check_leaf(cone, [1, 1], 16, 2)
    with pytest.raises(Rejected, match="leaf"):
        _check_leaf(cone, [1, 1], 15, 2)


def test_numbers_written_with_other_exponents():
    features = matrix(X)
    longer = ExactMatrix(features.at(features.exponent - 3), features.exponent - 3)
    proof = PartitionProof(KAPPA, matrix(Z), matrix(BASIS), TREE, array("I", WITNESSES))
    for backend in ("python", "auto"):
        check_partition(longer, proof, Work(1 << 24, backend))
        coarser = ExactMatrix(longer.rows, longer.exponent + 1)
        with pytest.raises(Rejected, match="leaf"):
            check_partition(coarser, proof, Work(1 << 24, backend))
