"""The float assembly of 2S and its elimination, against the definitions in Theorems 9 to 12."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import normal

from certnn.certificates import quadratic_form as assembly
from certnn.certificates.dual_point import DualPoint, Products, summed
from certnn.certificates.psd_witness import psd_witness
from certnn.certificates.quadratic_form import eliminate, largest_eigenvalue, quadratic_form
from certnn.certificates.repair import repair, shor_products


def random_point(rng, n, c, share=1.0):
    """Any Z, and admissible multipliers on a random share of all products."""
    first, second = np.triu_indices(2 * n)
    keep = rng.random(first.size) < share
    first, second = first[keep], second[keep]
    multiplier = rng.standard_normal(first.size)
    multiplier = np.where(second == first + n, multiplier, np.abs(multiplier))
    return DualPoint(rng.standard_normal((n, c)), Products(n, first, second, multiplier))


def form_value(features, point, kappa, a, u, v):
    """2q of Theorem 9, term by term."""
    forms = np.concatenate([a, a - features @ u])
    products = point.products
    total = kappa * (u @ u + v @ v) - 2.0 * a @ point.Z @ v
    for first, second, y in zip(products.first, products.second, products.multiplier, strict=True):
        total -= 2.0 * y * forms[first] * forms[second]
    return total


def dense(form, kappa):
    """2S over (a, u, v) from its blocks."""
    n = sum(batch.members.size for batch in form.batches)
    q = form.corner.shape[0]
    S = np.zeros((n + q, n + q))
    for batch in form.batches:
        for members, points, borders in zip(
            batch.members, batch.points, batch.borders, strict=True
        ):
            S[np.ix_(members, members)] = points
            S[members, n:] = borders
            S[n:, members] = borders.T
    S[n:, n:] = kappa * np.eye(q) - form.corner
    return S


@pytest.mark.parametrize("share", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("working", [np.float64, np.longdouble])
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 6), d=st.integers(1, 3))
@settings(max_examples=15)
def test_blocks_are_the_form_of_theorem_9(share, working, seed, n, d):
    rng = np.random.default_rng(seed)
    c = int(rng.integers(1, 3))
    features = rng.standard_normal((n, d))
    point = random_point(rng, n, c, share)
    S = dense(quadratic_form(features, point, working), 1.7)
    assert np.array_equal(S, S.T)
    for _ in range(3):
        a, u, v = (rng.standard_normal(size) for size in (n, d, c))
        z = np.concatenate([a, u, v])
        expected = form_value(features, point, 1.7, a, u, v)
        assert z @ S @ z == pytest.approx(expected, rel=1e-11, abs=1e-10)


def test_a_few_groups_at_a_time_are_the_same_form(monkeypatch):
    rng = np.random.default_rng(2)
    features, point = rng.standard_normal((40, 2)), random_point(rng, 40, 1, 0.004)
    whole = quadratic_form(features, point)
    together = dense(whole, 1.0)
    monkeypatch.setattr(assembly, "_ENTRIES", 12)
    assert len(list(whole.batches)) > 2 * len({b.members.shape[1] for b in whole.batches})
    parts = dense(quadratic_form(features, point), 1.0)
    assert np.array_equal(parts[:40], together[:40])
    assert np.allclose(parts, together, rtol=0.0, atol=1e-12)


def test_from_blocks_are_the_products_of_the_blocks():
    rng = np.random.default_rng(0)
    n, c = 4, 2
    features = rng.standard_normal((n, 3))
    aa, bb = (np.abs(m + m.T) for m in rng.standard_normal((2, n, n)))
    ab = np.abs(rng.standard_normal((n, n))) - 3.0 * np.eye(n)
    point = DualPoint(rng.standard_normal((n, c)), Products.from_blocks(aa, ab, bb))
    a, u, v = rng.standard_normal(n), rng.standard_normal(3), rng.standard_normal(c)
    b = a - features @ u
    expected = 2.0 * (u @ u + v @ v) - 2.0 * a @ point.Z @ v
    expected -= 2.0 * (a @ aa @ a + a @ ab @ b + b @ bb @ b)
    assert form_value(features, point, 2.0, a, u, v) == pytest.approx(expected, rel=1e-12)


def test_from_blocks_clips_all_but_the_vanishing_products():
    n = 3
    ones = np.ones((n, n))
    products = Products.from_blocks(-ones, -ones, -ones)
    assert np.array_equal(products.second, products.first + n)
    assert np.array_equal(products.multiplier, [-1.0] * n)


def test_summed_adds_and_keeps_each_product_once():
    rng = np.random.default_rng(1)
    parts = [random_point(rng, 3, 1, 0.5).products for _ in range(4)]
    total = summed(parts)
    pairs = set(zip(total.first.tolist(), total.second.tolist(), strict=True))
    assert len(pairs) == total.first.size
    for r, s, y in zip(total.first, total.second, total.multiplier, strict=True):
        expected = sum(p.multiplier[(p.first == r) & (p.second == s)].sum() for p in parts)
        assert y == pytest.approx(expected, rel=1e-14)


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 6))
@settings(max_examples=40)
def test_shor_form_is_theorem_12(seed, n):
    rng = np.random.default_rng(seed)
    features, Z = rng.standard_normal((n, 2)), rng.standard_normal((n, 2))
    t = rng.uniform(0.1, 3.0, n)
    form = quadratic_form(features, DualPoint(Z, Products.vanishing(-t)))
    B = np.hstack([features * np.sqrt(t)[:, None], Z / np.sqrt(t)[:, None]])
    expected = 0.5 * np.linalg.eigvalsh(B.T @ B)[-1]
    assert largest_eigenvalue(eliminate(form, 0.0)) == pytest.approx(expected, rel=1e-10)
    least = np.linalg.eigvalsh(dense(form, expected))[0]
    assert least == pytest.approx(0.0, abs=1e-9 * (1.0 + expected))
    assert np.linalg.eigvalsh(dense(form, 0.99 * expected))[0] < 0.0


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_shor_products_are_no_worse_than_the_triangle_inequality(seed):
    rng = np.random.default_rng(seed)
    features, Z = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    Z[0] = 0.0
    form = quadratic_form(features, DualPoint(Z, shor_products(features, Z)))
    kappa = largest_eigenvalue(eliminate(form, 0.0))
    triangle = np.sum(np.linalg.norm(features, axis=1) * np.linalg.norm(Z, axis=1))
    assert kappa <= triangle * (1.0 + 1e-6)


def test_a_priori_shift_is_theorem_11a():
    rng = np.random.default_rng(3)
    n, d, c = 4, 3, 2
    features = rng.standard_normal((n, d))
    point = random_point(rng, n, c)
    delta = rng.uniform(0.1, 2.0, n)
    points = np.arange(n)
    shift = Products(
        n,
        np.concatenate([points, points + n]),
        np.concatenate([points + n, points + n]),
        np.concatenate([-2.0 * delta, delta]),
    )
    shifted = DualPoint(point.Z, summed([point.products, shift]))
    change = dense(quadratic_form(features, shifted), 1.0)
    change -= dense(quadratic_form(features, point), 1.0)
    expected = np.zeros_like(change)
    expected[:n, :n] = np.diag(2.0 * delta)
    expected[n : n + d, n : n + d] = -2.0 * (features.T * delta) @ features
    assert np.allclose(change, expected, rtol=0.0, atol=1e-12)


def test_elimination_gives_the_least_kappa():
    """Theorem 11(c): 2S is psd exactly from the largest eigenvalue of the Schur complement on."""
    rng = np.random.default_rng(4)
    problem = normal(4, 5, 2, 2)
    point = repair(problem.features, random_point(rng, 5, 2, 0.4), 1e-15).point
    form = quadratic_form(problem.features, point)
    kappa = largest_eigenvalue(eliminate(form, 0.0))
    S = dense(form, kappa)
    assert np.linalg.eigvalsh(S)[0] >= -1e-9 * np.abs(S).max()
    assert np.linalg.eigvalsh(dense(form, kappa * (1.0 - 1e-4)))[0] < -1e-9 * np.abs(S).max()


def test_indefinite_points_are_not_eliminated():
    features = np.eye(2)
    point = DualPoint(np.ones((2, 1)), Products.vanishing(np.array([-1.0, 1.0])))
    form = quadratic_form(features, point)
    assert eliminate(form, 1e-15) is None
    assert psd_witness(form, 2, 1e-15) is None
