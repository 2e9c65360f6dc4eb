"""Theorems 9 and 10 in the kernel, against dense fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
from dense_proofs import DenseProof
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certnn import kernel
from certnn.kernel import Rejected, check_certificate
from certnn.kernel.forms import connected_groups

# Few bits each, so that thresholds are float64 numbers exactly; scales far apart.
eighths = st.integers(-16, 16).map(lambda k: k / 8)
small = st.integers(-4, 4).map(lambda k: k / 32)


def accepted(proof, backend="auto"):
    try:
        bound = check_certificate(proof.document(), backend)
    except Rejected:
        return False
    assert bound.value == proof.claim
    return True


def matrices(rows, columns, entries):
    row = st.lists(entries, min_size=columns, max_size=columns)
    return st.lists(row, min_size=rows, max_size=rows)


@st.composite
def proofs(draw, free=True):
    """Any proof, most of them wrong."""
    n, d, c = (draw(st.integers(1, top)) for top in (3, 2, 2))
    bias = draw(st.booleans())
    order = n + d + bias + c
    pairs = st.tuples(st.integers(0, 2 * n - 1), st.integers(0, 2 * n - 1)).map(sorted)
    products = draw(st.lists(st.tuples(pairs, st.integers(0, 16).map(lambda k: k / 8)), max_size=5))
    products = [(r, s, y) for (r, s), y in products if free or s != r + n]
    products += [(i, i + n, draw(eighths)) for i in range(n if free else 0)]
    w = draw(st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0]), min_size=order, max_size=order))
    return DenseProof(
        X=draw(matrices(n, d, small)),
        Y=draw(matrices(n, c, eighths)),
        reg=1.0,
        kappa=draw(st.integers(1, 64).map(lambda k: k / 8)),
        Z=draw(matrices(n, c, eighths)),
        products=products,
        w=w,
        L=draw(matrices(order, order, small)),
        hidden_bias=bias,
    ).masked()


def with_margin(proof):
    """The same made dominant, with no margin to spare in some row of u or v.

    A product a_i·b_i with multiplier −t adds 2t to the diagonal and t|x_i| to the rest of row i.
    """
    n, w = proof.n, proof.w
    if proof.hidden_bias:
        w = [*w[:n], *[t / 16 for t in w[n:]]]
        proof = proof.replaced(w=w)
    # Lift the points first: t large enough for all of their rows.
    need = max(0.0, *(-float(m) for m in proof.margins()[:n]))
    t = 2.0 ** math.ceil(math.log2(need + 1.0)) * 64.0
    extra = [(i, i + n, -t) for i in range(n)]
    proof = proof.replaced(products=[*proof.products, *extra])
    if min(proof.margins()[:n]) < 0:
        return None
    # Then kappa, in which the margins of u and v are linear.
    missing = [-m / Fraction(w[n + k]) ** 2 for k, m in enumerate(proof.margins()[n:])]
    kappa = Fraction(proof.kappa) + max(missing)
    if kappa <= 0 or Fraction(float(kappa)) != kappa:
        return None
    return proof.replaced(kappa=float(kappa))


@settings(max_examples=25, deadline=None)
@given(proofs())
def test_verdict_is_that_of_dense_fractions(proof):
    assert accepted(proof, "python") is proof.proves_kappa()


@settings(max_examples=25, deadline=None)
@given(proofs(), st.integers(1, 2))
def test_verdict_is_the_same_in_pieces(proof, piece):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel.exact, "_PIECE", piece)
        for candidate in (proof, with_margin(proof)):
            if candidate is not None:
                assert accepted(candidate, "python") is candidate.proves_kappa()
                below = candidate.replaced(kappa=math.nextafter(candidate.kappa, 0.0))
                assert accepted(below, "python") is below.proves_kappa()


@settings(max_examples=30, deadline=None)
@given(proofs())
def test_verdict_turns_exactly_where_a_border_row_stops_being_dominant(proof):
    edge = with_margin(proof)
    if edge is None:
        return
    assert min(edge.margins()) == 0
    assert edge.proves_kappa()
    assert accepted(edge, "python")
    below = edge.replaced(kappa=math.nextafter(edge.kappa, 0.0))
    assert not below.proves_kappa()
    assert not accepted(below, "python")


@settings(max_examples=30, deadline=None)
@given(proofs(), st.data())
def test_verdict_turns_exactly_where_a_point_row_stops_being_dominant(proof, data):
    """A square a_i² with multiplier y takes 2y w_i² from row i and nothing from the others."""
    edge = with_margin(proof)
    if edge is None:
        return
    i = data.draw(st.integers(0, proof.n - 1))
    spare = edge.margins()[i] / (2 * Fraction(edge.w[i]) ** 2)
    if Fraction(float(spare)) != spare:
        return
    full = edge.replaced(products=[*edge.products, (i, i, float(spare))])
    assert full.margins()[i] == 0
    assert accepted(full, "python")
    more = math.nextafter(float(spare), math.inf)
    assert not accepted(edge.replaced(products=[*edge.products, (i, i, more)]), "python")


def test_edges_are_met_often():
    """The two tests above must not pass for want of examples."""
    found = []

    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(proofs())
    def count(proof):
        found.append(with_margin(proof) is not None)

    count()
    assert sum(found) > len(found) / 3


@settings(max_examples=25, deadline=None)
@given(proofs(), st.data())
def test_one_negative_multiplier_is_enough(proof, data):
    edge = with_margin(proof)
    if edge is None:
        return
    r = data.draw(st.integers(0, 2 * proof.n - 1))
    s = data.draw(st.integers(r, 2 * proof.n - 1).filter(lambda s: s != r + proof.n))
    same_groups = edge.replaced(products=[*edge.products, (r, s, 0.0)]).masked()
    if same_groups.proves_kappa():
        assert accepted(same_groups, "python")
    negative = edge.replaced(products=[*edge.products, (r, s, -5e-324)]).masked()
    with pytest.raises(Rejected, match="multiplier"):
        check_certificate(negative.document())


@settings(max_examples=25, deadline=None)
@given(proofs(), st.data())
def test_weights_must_be_positive(proof, data):
    edge = with_margin(proof)
    if edge is None:
        return
    i = data.draw(st.integers(0, edge.order - 1))
    for bad in (0.0, -0.0, -edge.w[i], -5e-324):
        wrong = edge.replaced(w=[*edge.w[:i], bad, *edge.w[i + 1 :]])
        with pytest.raises(Rejected, match="weight"):
            check_certificate(wrong.document())


@settings(max_examples=25, deadline=None)
@given(
    proofs(),
    st.lists(st.sampled_from([1e-300, 2.0**-600, 1.0, 2.0**500, 1e90, 1e-90, 5e-324]), min_size=4),
)
def test_extreme_scales(proof, scales):
    """Exponents as far apart as float64 allows."""
    x, z, y, k = scales[:4]
    scaled = proof.replaced(
        X=[[t * x for t in row] for row in proof.X],
        Z=[[t * z for t in row] for row in proof.Z],
        products=[(r, s, t * y) for r, s, t in proof.products],
        kappa=proof.kappa * k or 5e-324,
    )
    assert accepted(scaled, "python") is scaled.proves_kappa()
    assert accepted(scaled.zero_factor()) is scaled.zero_factor().proves_kappa()


@settings(max_examples=25, deadline=None)
@given(proofs(), st.integers(-400, 400), st.integers(-150, 150))
def test_scales_that_change_nothing(proof, cone, weight):
    """(Z, y, kappa) times 4**cone is the same proof with L times 2**cone; w with L likewise."""
    edge = with_margin(proof)
    if edge is None:
        return

    def scaled(proof):
        factor, root = 4.0**cone, 2.0 ** (cone + weight)
        return proof.replaced(
            kappa=proof.kappa * factor,
            Z=[[t * factor for t in row] for row in proof.Z],
            products=[(r, s, y * factor) for r, s, y in proof.products],
            w=[t * 2.0**weight for t in proof.w],
            L=[[t * root for t in row] for row in proof.L],
        )

    assert accepted(scaled(edge))
    assert not accepted(scaled(edge.replaced(kappa=math.nextafter(edge.kappa, 0.0))))


@settings(max_examples=25, deadline=None)
@given(proofs())
def test_backends_agree(proof):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel.exact, "_SMALL", 0)
        for candidate in (proof, with_margin(proof)):
            if candidate is not None:
                assert accepted(candidate, "flint") is accepted(candidate, "python")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_accepted_is_true_of_neurons(seed):
    """‖Zᵀ(Xu)₊‖ ≤ kappa‖u‖ for sampled u, whatever made the kernel accept kappa."""
    rng = np.random.default_rng(seed)
    n, d, c = rng.integers(1, 4), rng.integers(1, 3), rng.integers(1, 3)
    order = n + d + c
    pairs = [(r, s) for r in range(2 * n) for s in range(r, 2 * n) if s != r + n]
    products = [(*pair, float(rng.random())) for pair in pairs if rng.random() < 0.3]
    t = 2.0 ** rng.integers(0, 4)
    proof = DenseProof(
        X=rng.standard_normal((n, d)).tolist(),
        Y=np.ones((n, c)).tolist(),
        reg=1.0,
        kappa=1.0,
        Z=rng.standard_normal((n, c)).tolist(),
        products=[*products, *((i, i + n, -t) for i in range(n))],
        w=[1.0] * order,
    ).zero_factor()
    S2 = np.array(proof.matrix(), dtype=float)
    A, C, D = S2[:n, :n], S2[:n, n:], S2[n:, n:] - np.eye(d + c)
    if np.linalg.eigvalsh(A)[0] < 0.1:
        return
    kappa = float(np.linalg.eigvalsh(C.T @ np.linalg.solve(A, C) - D)[-1]) + 1e-3
    S2 = np.block([[A, C], [C.T, D + kappa * np.eye(d + c)]])
    L = np.linalg.cholesky(S2 - 1e-9 * np.eye(order))
    proof = proof.replaced(kappa=kappa, L=L.tolist()).masked()
    assert accepted(proof)
    u = rng.standard_normal((d, 200))
    scores = np.linalg.norm(np.array(proof.Z).T @ np.maximum(np.array(proof.X) @ u, 0.0), axis=0)
    assert np.all(scores <= proof.kappa * np.linalg.norm(u, axis=0) * (1.0 + 1e-12))
    halved = proof.replaced(kappa=float(np.max(scores / np.linalg.norm(u, axis=0))) * 0.999)
    assert not accepted(halved)


@given(
    st.integers(1, 12).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2), max_size=15)
        )
    )
)
@example((3, [(2, 1), (0, 2)]))
def test_groups_are_connected_components(case):
    n, pairs = case
    graph = nx.Graph(pairs)
    graph.add_nodes_from(range(n))
    expected = sorted(sorted(component) for component in nx.connected_components(graph))
    assert [list(group) for group in connected_groups(n, pairs)] == expected


def test_a_long_chain_of_points_is_one_group():
    n = 20_000
    chain = connected_groups(n, ((i, i + 1) for i in reversed(range(n - 1))))
    assert [list(group) for group in chain] == [list(range(n))]
