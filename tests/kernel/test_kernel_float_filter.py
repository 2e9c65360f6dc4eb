"""Theorem 17: what the filter settles integers would accept, and it settles nearly everything."""

from __future__ import annotations

from array import array
from fractions import Fraction
from math import nextafter

import numpy as np
import pytest
from plain_partition import cover, fractions

from certnn.budget import Budget
from certnn.kernel import Rejected, float_filter, partition
from certnn.kernel.exact import exact_matrix
from certnn.kernel.outputs import DEEPEST
from certnn.kernel.partition import PartitionProof, _trees, check_partition
from certnn.kernel.partition_costs import PartitionCosts
from certnn.kernel.work import Work
from certnn.reading.datasets import iris
from certnn.splitting.partition.cones import isotropic_basis
from certnn.splitting.partition.proof import Partition, find_partition
from certnn.splitting.prover import Limits
from certnn.training import train_locally


@pytest.fixture(autouse=True)
def filter_whatever_the_size(monkeypatch):
    monkeypatch.setattr(partition, "_SMALL", 0)


def matrix(entries):
    entries = np.ascontiguousarray(np.asarray(entries, dtype=float))
    return exact_matrix(entries.astype("<f8").tobytes(), *entries.shape)


def proof_of(Z, kappa, basis, tree, witnesses):
    return PartitionProof(
        float(kappa), matrix(Z), matrix(basis), bytes(tree), array("I", witnesses)
    )


def open_nodes(X, proof):
    """The nodes that are left to integers and then the end, or None if all are."""
    trees = _trees(matrix(X), proof, Work(1 << 24))
    nodes = partition._filtered(trees)
    if nodes is None:
        return None
    found = []
    for node in nodes:
        found.append(node)
        at_a_leaf = node.orthant < trees.count and proof.tree[node.at : node.at + 1] == b"\0"
        if not at_a_leaf or len(proof.witnesses) < (node.leaf + 1) * proof.basis.height:
            return found


def verdict(X, proof, backend):
    try:
        check_partition(matrix(X), proof, Work(1 << 24, backend))
    except Rejected as error:
        return str(error)
    return "proved"


def verdict_of_both(X, proof):
    exact = verdict(X, proof, "python")
    assert verdict(X, proof, "auto") == exact
    return exact


def dual_norm_and_partition(X, Z, factor):
    """A partition for about `factor` times the dual norm."""
    kappa = 1e-3 * float(np.linalg.norm(Z.T @ X, 2)) or 1.0
    while True:
        found = find_partition(X, Z, factor * kappa, isotropic_basis(X), Limits())
        if isinstance(found, Partition):
            return found
        u = found.violators
        for _ in range(100):
            active = X @ u > 0.0
            u = X.T @ (active * (Z @ (Z.T @ (active * (X @ u)))))
            u = u / np.maximum(np.linalg.norm(u, axis=0), 1e-300)
        images = np.linalg.norm(Z.T @ np.maximum(X @ u, 0.0), axis=0)
        kappa = max(1.001 * kappa, float(np.max(images)))


def searched(n, d, seed=0):
    draw = np.random.default_rng(seed).standard_normal
    X, Z = draw((n, d)), draw((n, 2))
    found = dual_norm_and_partition(X, Z, 1.001)
    return X, Z, found, proof_of(Z, found.kappa, found.basis, found.tree, found.witnesses)


# Leaf by leaf


def random_tree(rng, k, most_splits):
    tree, splits = bytearray(), 0
    edges = k * (k - 1) // 2
    for _ in range(2**k):
        open_cones = 1
        while open_cones:
            if edges and splits < most_splits and rng.random() < 0.6:
                shares = rng.choice([1, 1, 2, 3, 15, 255], 2)
                tree += bytes([int(rng.integers(1, edges + 1)), *shares.tolist()])
                open_cones, splits = open_cones + 1, splits + 1
            else:
                tree.append(0)
                open_cones -= 1
    return bytes(tree)


def random_problem(rng, kind):
    n, k, c = rng.integers(1, 30), rng.integers(1, 5), rng.integers(1, 4)
    X, Z, basis = (rng.standard_normal(shape) for shape in ((n, k), (n, c), (k, k)))
    kappa = float(rng.uniform(0.3, 3.0) * np.linalg.norm(Z.T @ X, 2))
    if kind == "integers":  # so that activations and balances vanish exactly
        X, Z, basis, kappa = np.round(X), np.round(Z), np.round(4 * basis), float(round(kappa + 1))
    if kind == "scales":
        X = X * 10.0 ** rng.integers(-120, 120, (n, 1)) * 10.0 ** rng.integers(-5, 5, k)
        Z = Z / np.max(np.abs(X), axis=1, keepdims=True)
        basis = basis * 10.0 ** rng.integers(-100, 100)
        kappa = float(rng.uniform(0.1, 1.0) * np.linalg.norm(Z.T @ X, 2))
    if kind == "cancellation":  # images are far smaller than the sums of their terms
        Z = Z - X @ np.linalg.lstsq(X, Z, rcond=None)[0] + 1e-9 * Z
        X = np.vstack([X, X[:5] * (1.0 + 1e-10)])
        Z = np.vstack([Z, -Z[:5] * (1.0 + 1e-10)])
    if np.linalg.matrix_rank(basis / np.max(np.abs(basis))) < k:
        basis = np.eye(k)
    return X, Z, basis, kappa


def judged_leaves(X, proof, next_witness):
    """For each leaf: the cone, in integers, and what the filter makes of it with some witness."""
    trees = _trees(matrix(X), proof, Work(1 << 24))
    values = trees.values[::2]
    data, rays = float_filter.scaled_data(proof, values, trees.image_unit)
    costs = PartitionCosts(trees.costs.orthant, *map(np.array, trees.costs[1:]))
    path = float_filter.new_path(rays)
    path.place[-2:] = 1 << 62
    scratch = float_filter.new_scratch(data, rays)
    first_ray = proof.basis.rows[0]
    p = next(p for p, entry in enumerate(first_ray) if entry)
    unit = Fraction(rays.coordinates[0, p]) / first_ray[p]
    unit = 2 * Fraction(data.kappa) ** 2 * unit**2 / trees.norm_factor
    kept = [i for i, point in enumerate(zip(*values, strict=True)) if any(point)]
    while True:  # without witnesses, the walk comes to a stop at every leaf
        while not float_filter.walk(data, rays, path, scratch, costs):
            pass
        _, _, orthant, depth, *_ = path.place.tolist()
        if orthant == trees.count:
            return
        cone = trees.orthant(orthant)
        for at, half in zip(path.split_at[:depth].tolist(), path.in_second[:depth], strict=True):
            cone = trees.visit(cone, at, 0)[half]
        w = next_witness()
        scratch.w[:] = w
        scratch.values[:] = np.nan
        settled = float_filter.judge_leaf(data, rays, path, depth, scratch)
        live = [kept[i] for i in path.live[depth + 1, : path.live_count[depth + 1]]]
        form = cone.form(w, trees.norm_factor, trees.image_factor)
        exact = [
            unit
            * sum(q * t for j, (q, t) in enumerate(zip(row, w, strict=True)) if i == j or q < 0)
            for i, row in enumerate(form)
        ]
        yield cone, live, settled, scratch, exact


def compare(X, proof, rng):
    """Row by row, against the integers; and no point that is mixed has been dropped."""
    k, compared = len(proof.basis.rows), 0

    def witness():
        return rng.integers(1, rng.choice([1, 5, 2**20, 2**32 - 1]), k, endpoint=True).tolist()

    for cone, live, settled, scratch, exact in judged_leaves(X, proof, witness):
        rows = [tuple(sum(map(int.__mul__, x, r)) for r in cone.rays) for x in matrix(X).rows]
        mixed = {i for i, row in enumerate(rows) if min(row) < 0 < max(row)}
        assert len(mixed) == len(cone.mixed)
        assert mixed <= set(live)
        if np.isnan(scratch.values[0]):  # the choice of an error is not certain
            assert not settled
            continue
        for value, margin, true in zip(scratch.values, scratch.margins, exact, strict=True):
            assert abs(Fraction(value) - true) <= Fraction(margin)
            compared += 1
        assert not settled or min(exact) >= 0
    return compared


@pytest.mark.parametrize("kind", ["reals", "integers", "scales", "cancellation"])
@pytest.mark.parametrize("seed", range(12))
def test_errors_are_within_their_bounds(kind, seed):
    rng = np.random.default_rng(seed)
    X, Z, basis, kappa = random_problem(rng, kind)
    proof = proof_of(Z, kappa, basis, random_tree(rng, X.shape[1], 40), [])
    assert compare(X, proof, rng) > 0 or kind == "integers"


@pytest.mark.parametrize("seed", range(5))
def test_points_that_graze_rays_are_not_dropped(seed):
    """Orthogonal to a ray but for rounding: in floats the sign there is as good as random."""
    rng = np.random.default_rng(seed)
    k, basis = 2 + seed % 2, rng.standard_normal((2 + seed % 2,) * 2)
    tree = random_tree(rng, k, 30)
    bare = proof_of(np.ones((1, 1)), 1.0, basis, tree, [])
    cones = judged_leaves(np.ones((1, k)), bare, lambda: [1] * k)
    rays = np.array([ray for cone, *_ in cones for ray in cone.rays], dtype=float)
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    X = rng.standard_normal(rays.shape)
    for _ in range(2):
        X -= np.sum(X * rays, axis=1, keepdims=True) * rays
    compare(X, proof_of(rng.standard_normal((len(X), 1)), 10.0, basis, tree, []), rng)


def test_errors_are_not_zero_and_bounds_not_absurd():
    """Otherwise the test above would say nothing."""
    rng = np.random.default_rng(5)
    X, Z, basis = (rng.standard_normal(shape) for shape in ((20, 3), (20, 2), (3, 3)))
    kappa = float(np.linalg.norm(Z.T @ X, 2))
    proof = proof_of(Z, kappa, basis, random_tree(rng, 3, 100), [])
    shares, settled_leaves, positive, leaves = [], 0, 0, 0
    for _, _, settled, scratch, exact in judged_leaves(X, proof, lambda: [1, 1, 1]):
        for value, margin, true in zip(scratch.values, scratch.margins, exact, strict=True):
            shares.append(float(abs(Fraction(value) - true) / Fraction(margin)))
        leaves += 1
        settled_leaves += settled
        positive += min(exact) >= 0
    assert leaves == 108
    assert settled_leaves == positive > 0
    assert np.count_nonzero(shares) > len(shares) // 2
    assert max(shares) > 1e-5


# Proofs


@pytest.fixture(scope="module")
def iris_proof():
    problem = iris(0.1)
    trained = train_locally(problem, Budget(work=5.0))
    X, Z = problem.features, problem.Y - trained.network.output(problem.features)
    kappa = 1.05 * trained.local_dual_norm * problem.reg
    found = find_partition(X, Z, kappa, isotropic_basis(X), Limits())
    return X, proof_of(Z, kappa, found.basis, found.tree, found.witnesses)


def test_nearly_all_leaves_of_iris_are_settled(iris_proof, monkeypatch):
    X, proof = iris_proof
    leaves = len(proof.witnesses) // 4
    assert leaves > 2000
    *left, end = open_nodes(X, proof)
    assert len(left) <= leaves // 1000
    assert end == (16, [], len(proof.tree), leaves)
    if not left:  # then integers see no node
        monkeypatch.setattr(partition._Trees, "visit", None)
    check_partition(matrix(X), proof, Work(1 << 24, "auto"))


def test_columns_of_different_scales_are_settled():
    draw = np.random.default_rng(4).standard_normal
    X = draw((200, 3)) * [1e4, 1.0, 1e-3]
    labels = X[:, 0] * X[:, 1] > 0.0
    Y = np.stack([labels, ~labels], axis=1).astype(float)
    Z = Y - X @ np.linalg.lstsq(X, Y, rcond=None)[0]
    found = dual_norm_and_partition(X, Z, 1.05)
    proof = proof_of(Z, found.kappa, found.basis, found.tree, found.witnesses)
    assert len(open_nodes(X, proof)) - 1 <= len(proof.witnesses) // 3 // 100
    check_partition(matrix(X), proof, Work(1 << 24, "auto"))


def test_kappa_falls_through_the_threshold():
    """The least kappa that integers accept is found to the last bit; there both agree."""
    X, Z, found, proof = searched(15, 3)

    def changed(kappa):
        return proof_of(Z, kappa, found.basis, found.tree, found.witnesses)

    low, high = 0.5 * found.kappa, found.kappa
    assert verdict_of_both(X, proof) == "proved"
    while nextafter(low, high) < high:
        middle = 0.5 * (low + high)
        if verdict_of_both(X, changed(middle)) == "proved":
            high = middle
        else:
            low = middle
    assert len(open_nodes(X, changed(high))) > 1  # not by the filter alone
    for step in range(1, 53, 3):
        for sign in (-1.0, 1.0):
            verdict_of_both(X, changed(high * (1.0 + sign * 2.0**-step)))
    share = 1.0 + 2.0**-30
    assert len(open_nodes(X, changed(high * share))) == 1


@pytest.mark.parametrize("seed", range(4))
def test_mutants_get_the_verdict_and_the_reason_of_integers(seed):
    rng = np.random.default_rng(seed)
    X, Z, found, proof = searched(12, 2 + seed % 2, seed)
    basis, witnesses, tree = found.basis, found.witnesses.tolist(), found.tree
    seen = [verdict_of_both(X, proof)]
    for _ in range(25):
        t, w = bytearray(tree), list(witnesses)
        where, leaf = int(rng.integers(len(t))), int(rng.integers(len(w)))
        t[where] = int(rng.integers(256))
        seen.append(verdict_of_both(X, proof_of(Z, found.kappa, basis, t, w)))
        seen.append(verdict_of_both(X, proof_of(Z, found.kappa, basis, tree[:where], w)))
        seen.append(verdict_of_both(X, proof_of(Z, found.kappa, basis, tree, w[:leaf])))
        w[leaf] = int(w[leaf] * 2.0 ** rng.normal(0.0, 0.3)) if rng.random() < 0.8 else 0
        seen.append(verdict_of_both(X, proof_of(Z, found.kappa, basis, tree, w)))
        other = Z + 10.0 ** rng.uniform(-4, 0) * rng.standard_normal(Z.shape)
        seen.append(verdict_of_both(X, proof_of(other, found.kappa, basis, tree, witnesses)))
    for more in (b"\0", b"\1\1\1", b"\1"):
        seen.append(verdict_of_both(X, proof_of(Z, found.kappa, basis, tree + more, witnesses)))
    seen.append(verdict_of_both(X, proof_of(Z, found.kappa, basis, tree, [*witnesses, 1])))
    reasons = ("proved", "not proved", "ends before", "goes on", "not positive")
    assert all(any(reason in verdict for verdict in seen) for reason in reasons)


def test_leaves_that_are_left_are_found_by_their_paths():
    """Spoil single leaves deep in the tree: the filter stops there, and integers reject."""
    X, Z, found, proof = searched(40, 4)
    leaves, rejected = len(proof.witnesses) // 4, 0
    for leaf in range(0, leaves, leaves // 40):
        witnesses = found.witnesses.copy()
        witnesses[4 * leaf] *= 1000
        spoiled = proof_of(Z, found.kappa, found.basis, found.tree, witnesses)
        proved = verdict_of_both(X, spoiled) == "proved"
        assert [node.leaf for node in open_nodes(X, spoiled)] == [leaf] * (not proved) + [leaves]
        rejected += not proved
    assert rejected > 10


def test_equality_in_two_columns_is_left_to_integers():
    """‖Zᵀ(Xu)₊‖ = 2(u₁)₊: the bound is tight on the ray e₁."""
    X, Z = np.eye(2), np.array([[2.0], [0.0]])
    tight = proof_of(Z, 2.0, np.eye(2), bytes(4), [1] * 8)
    assert [node.leaf for node in open_nodes(X, tight)] == [0, 1, 4]
    assert verdict_of_both(X, tight) == "proved"
    below = proof_of(Z, nextafter(2.0, 0.0), np.eye(2), bytes(4), [1] * 8)
    assert "not proved" in verdict_of_both(X, below)


def test_integers_visit_a_node_once_where_all_leaves_are_left(monkeypatch):
    """‖Zᵀ(Xu)₊‖ = 3‖u‖ for all u ≥ 0, so Q = 0 on every leaf of the first cone."""
    tree = random_tree(np.random.default_rng(3), 3, 200)
    splits = (len(tree) - 8) // 4
    proof = proof_of(3.0 * np.eye(3), 3.0, np.eye(3), tree, [1, 2, 5] * (8 + splits))
    left = open_nodes(np.eye(3), proof)[:-1]
    first = [node.leaf for node in left if node.orthant == 0]
    assert first == list(range(len(first)))
    assert len(first) > 50
    assert verdict_of_both(np.eye(3), proof) == "proved"
    below = proof_of(3.0 * np.eye(3), nextafter(3.0, 0.0), np.eye(3), tree, proof.witnesses)
    assert "not proved" in verdict_of_both(np.eye(3), below)

    visited, visit = [], partition._Trees.visit

    def counted(trees, cone, at, leaf):
        visited.append(at)
        return visit(trees, cone, at, leaf)

    monkeypatch.setattr(partition._Trees, "visit", counted)
    check_partition(matrix(np.eye(3)), proof, Work(1 << 24, "auto"))
    assert len(set(visited)) == len(visited) < len(left) + splits + 1
    visited.clear()
    check_partition(matrix(np.eye(3)), proof, Work(1 << 24, "python"))
    assert len(visited) == 8 + 2 * splits


def test_equality_in_one_column_is_left_to_integers():
    X, Z = np.array([[3.0], [-1.0]]), np.array([[1.0], [10.0]])
    tight = proof_of(Z, 10.0, [[1.0]], b"\0\0", [1, 7])
    assert [node.leaf for node in open_nodes(X, tight)] == [1, 2]
    assert verdict_of_both(X, tight) == "proved"
    below = proof_of(Z, nextafter(10.0, 0.0), [[1.0]], b"\0\0", [1, 7])
    assert "not proved" in verdict_of_both(X, below)


def test_a_balance_of_zero_is_left_to_integers():
    """x is as positive as it is negative at w: which E is meant, floats cannot tell."""
    X, Z = np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[1.0], [1.0]])
    proof = proof_of(Z, 10.0, np.eye(2), bytes(4), [1] * 8)
    assert [node.leaf for node in open_nodes(X, proof)] == [0, 1, 2, 3, 4]
    assert verdict_of_both(X, proof) == "proved"


@pytest.mark.parametrize("n", [0, 1, 3])
def test_zero_points_and_points_that_vanish_on_rays(n):
    """They are settled here: zero is certain where x is zero."""
    X = np.vstack([np.zeros((n, 2)), [[1.0, 0.0]], [[0.0, 1.0]], [[2.0, -1.0]], np.zeros((n, 2))])
    Z = np.linspace(-1.0, 1.0, len(X))[:, None]
    found = cover(fractions(X), fractions(Z), Fraction(4), fractions(np.eye(2)))
    proof = proof_of(Z, 4.0, np.eye(2), *found)
    assert len(open_nodes(X, proof)) == 1
    assert verdict_of_both(X, proof) == "proved"


def test_no_points_but_zeros_and_more_nodes_than_are_walked_at_once():
    """2¹⁷ cones with nothing to show; too many for integers here."""
    X, k = np.zeros((2, 17)), 17
    proof = proof_of(np.ones((2, 1)), 1.0, np.eye(k), bytes(2**k), [1] * (k * 2**k))
    assert open_nodes(X, proof) == [(2**k, [], 2**k, 2**k)]
    check_partition(matrix(X), proof, Work(1 << 24, "auto"))
    proof.witnesses[-1] = 0
    with pytest.raises(Rejected, match="not positive"):
        check_partition(matrix(X), proof, Work(1 << 24, "auto"))


@pytest.mark.parametrize("of_X", [1e-120, 1.0, 1e120])
@pytest.mark.parametrize("of_Z", [1e-120, 1e120])
def test_scales_do_not_matter(of_X, of_Z):
    X, Z, found, proof = searched(10, 3)
    here = proof_of(
        of_Z * Z, of_X * of_Z * found.kappa, 1e30 * found.basis, found.tree, found.witnesses
    )
    assert len(open_nodes(of_X * X, here)) == len(open_nodes(X, proof)) == 1
    assert verdict_of_both(of_X * X, here) == "proved"
    for share in (0.99, 0.5, 1e-100):
        below = proof_of(
            of_Z * Z, of_X * of_Z * found.kappa * share, found.basis, found.tree,
            found.witnesses,
        )  # fmt: skip
        verdict_of_both(of_X * X, below)


def test_points_of_very_different_scales():
    X, Z, found, proof = searched(10, 3)
    scales = 10.0 ** np.linspace(-100, 100, 10)[:, None]
    proof = proof_of(Z / scales, found.kappa, found.basis, found.tree, found.witnesses)
    assert len(open_nodes(scales * X, proof)) == 1
    assert verdict_of_both(scales * X, proof) == "proved"


def test_mixed_scales_that_floats_do_not_bear():
    X, Z, found, _ = searched(10, 3)
    X = X.copy()
    X[0] = [1e-200, 1e100, 1.0]
    proof = proof_of(Z, 1e102, np.eye(3), bytes(8), [1] * 24)
    assert open_nodes(X, proof) is None
    verdict_of_both(X, proof)
    tiny = proof_of(Z, 5e-324, found.basis, found.tree, found.witnesses)
    assert open_nodes(X[1:], proof_of(Z[1:], 5e-324, np.eye(3), bytes(8), [1] * 24)) is None
    assert "not proved" in verdict_of_both(X, tiny)


def test_rays_beyond_the_floats():
    """Shares of 255 all the way down: too large for doubles, and left to integers."""
    chain = b"\1\xff\xff" * DEEPEST + b"\0" * (DEEPEST + 1)
    X, Z = np.array([[1.0, 0.5], [-0.5, 1.0]]), np.array([[1e-3], [-1e-3]])
    proof = proof_of(Z, 1.0, np.eye(2), chain + bytes(3), [1, 1] * (DEEPEST + 4))
    left = open_nodes(X, proof)[:-1]
    assert 0 < len(left) < DEEPEST
    # The second halves come deepest first, and the rays are larger the deeper they are.
    assert [node.leaf for node in left] == list(range(len(left)))
    assert verdict_of_both(X, proof) == "proved"
    deeper = proof_of(Z, 1.0, np.eye(2), b"\1\xff\xff" + chain + bytes(4), [1, 1] * (DEEPEST + 5))
    assert "splits" in verdict_of_both(X, deeper)
