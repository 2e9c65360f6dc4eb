"""The level shor by its own solver: derivatives, values, scales and stopping."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, problems

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import random_network_data
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.shor import chunks
from certnn.relaxation.shor import method as shor
from certnn.relaxation.shor.chunks import Chunk, LocalChunks
from certnn.relaxation.shor.method import _Objective, shor_point
from certnn.relaxation.shor.sums import Coordinates, Response, best_t, first_order


def bound_of(problem, budget=None, **arguments):
    return certify(problem, shor_point(problem, budget or Budget(), **arguments), {}).bound


PLAIN_COORDINATES = {d: Coordinates(np.eye(d), 1.0) for d in (1, 2, 3)}


def sums(x, y, W, mu):
    """Σφ(W) and its gradient."""
    gram, totals = first_order(Chunk(x, y), PLAIN_COORDINATES[x.shape[1]], W, mu)
    return totals[0], -gram


@given(seed=st.integers(0, 2**32 - 1), d=st.integers(1, 3), c=st.integers(1, 3))
@settings(max_examples=40)
def test_sums_have_these_derivatives(seed, d, c):
    rng = np.random.default_rng(seed)
    x, y, mu = rng.standard_normal((5, d)), rng.standard_normal((5, c)), 0.1
    root, change = rng.standard_normal((2, d + c, d + c))
    W = root @ root.T + 0.1 * np.eye(d + c)
    root = np.linalg.cholesky(W)
    change = change + change.T
    step = 1e-5
    (up, above), (down, below) = (
        sums(x, y, W + s * root @ change @ root.T, mu) for s in (step, -step)
    )
    slope = np.sum(sums(x, y, W, mu)[1] * (root @ change @ root.T))
    assert (up - down) / (2.0 * step) == pytest.approx(slope, rel=1e-4, abs=1e-6)
    whole = _Objective(
        LocalChunks.of(x, y), PLAIN_COORDINATES[d], np.ones(d), c, 0.3, (d + c) / 1.0
    )
    packing = Packing(d + c)
    second = whole.curvature(root, mu, packing) @ packing.packed(change)
    found = packing.packed(root.T @ (above - below) @ root) / (2.0 * step)
    assert np.allclose(found, second, rtol=1e-4, atol=1e-5 * np.max(np.abs(second)))


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 3))
def test_products_of_matrices_act_on_vectors_as_on_matrices(seed, order, count):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((count, order))
    drawn = rng.standard_normal((count + 1, order, order))
    *matrices, omega = drawn + drawn.swapaxes(1, 2)
    packing = Packing(order)
    wanted = np.zeros((order, order))
    for vector, matrix in zip(vectors, matrices, strict=True):
        product = np.outer(vector, vector) @ omega @ matrix
        wanted += 0.5 * (product + product.T)
        one = packing.kronecker(np.outer(vector, vector), matrix) @ packing.packed(omega)
        np.testing.assert_allclose(packing.unpacked(one), 0.5 * (product + product.T), atol=1e-9)
    found = packing.kroneckers(vectors, np.array(matrices)) @ packing.packed(omega)
    np.testing.assert_allclose(packing.unpacked(found), wanted, atol=1e-9)


@given(seed=st.integers(0, 2**32 - 1), mu=st.sampled_from([1e-9, 1e-3, 1.0]))
@settings(max_examples=40)
def test_the_response_is_the_best(seed, mu):
    """No other z_i and t_i give a larger Lagrangian for the same W."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((4, 2)), rng.standard_normal((4, 2))
    factor = rng.standard_normal((4, 4))
    W = factor @ factor.T

    def lagrangian(Z, t):
        b = np.hstack([x * np.sqrt(t)[:, None], Z / np.sqrt(t)[:, None]])
        own = np.sum(Z * y) - 0.5 * np.sum(Z**2) + mu * np.sum(np.log(t))
        return own - 0.5 * np.sum(W * (b.T @ b))

    best = Response.of(x, y, W, mu)
    assert lagrangian(best.Z, best.t) == pytest.approx(best.sums()[0], rel=1e-6, abs=1e-6)
    for size in (1e-3, 0.1, 1.0):
        Z = best.Z + size * rng.standard_normal(best.Z.shape)
        other = best.t * np.exp(size * rng.standard_normal(4))
        assert lagrangian(Z, other) <= best.sums()[0] + 1e-9


@given(seed=st.integers(0, 2**32 - 1), size=st.floats(-6.0, 6.0), mu=st.floats(-12.0, 1.0))
@settings(max_examples=40)
def test_best_t_solves_its_equation(seed, size, mu):
    rng = np.random.default_rng(seed)
    pull, barrier = 10.0**size * rng.standard_normal((6, 3)), 10.0**mu
    square, values = rng.uniform(0.01, 2.0, 6), np.array([0.0, 0.3, 2.0])
    t = best_t(pull, square, values, barrier)
    left = np.sum(values * pull**2 / (t[:, None] + values) ** 2, axis=1) + 2.0 * barrier / t
    assert np.allclose(left, square, rtol=1e-9)


def test_chunks_of_any_size_give_the_same_point(monkeypatch):
    problem = PLAIN["d=3, c=1"]
    whole = shor_point(problem, Budget())
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 3)
    assert len(LocalChunks.of(problem.features, problem.Y).chunks) > 1
    parts = shor_point(problem, Budget())
    assert np.allclose(parts.Z, whole.Z, rtol=1e-5, atol=1e-7)


def test_a_search_that_begins_on_a_sample_ends_in_the_same_place(monkeypatch):
    problem = random_network_data(0, 3.0, n=300, d=3, c=2)
    whole = bound_of(problem)
    monkeypatch.setattr(shor, "_SAMPLE", 100)
    assert bound_of(problem).rounded == pytest.approx(whole.rounded, rel=3e-5)


@pytest.mark.parametrize("name", DEGENERATE | AWKWARD)
def test_every_problem_gets_a_true_bound(name):
    problem = (DEGENERATE | AWKWARD)[name]
    bound = bound_of(problem)
    assert best_sampled(problem, np.random.default_rng(0)) >= bound.value >= 0


@given(problem=problems(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=12)
def test_random_problems_get_a_true_bound(problem, seed):
    assert best_sampled(problem, np.random.default_rng(seed)) >= bound_of(problem).value


def test_zero_rows_cost_their_whole_loss():
    problem = PLAIN["d=2, c=2"]
    more = TrainingProblem(
        np.vstack([problem.X, np.zeros((2, 2))]),
        np.vstack([problem.Y, [[3.0, 4.0], [0.0, 0.0]]]),
        problem.reg,
    )
    assert bound_of(more).rounded == pytest.approx(bound_of(problem).rounded + 12.5, rel=1e-4)


def test_no_row_can_help():
    problem = AWKWARD["zero X"]
    assert bound_of(problem).rounded == pytest.approx(problem.null_loss, rel=1e-5)
    assert bound_of(AWKWARD["zero Y"]).value == 0


def test_decay_so_large_that_no_neuron_pays():
    problem = AWKWARD["huge reg"]
    assert bound_of(problem).rounded == pytest.approx(problem.null_loss, rel=1e-9)


@pytest.mark.parametrize(("s", "t"), [(1e8, 1.0), (1e-8, 1.0), (1.0, 1e8), (1e-30, 1e40)])
def test_scaling_laws(s, t):
    """X → sX, Y → tY, reg → st·reg multiplies the value by t²."""
    problem = PLAIN["d=3, c=1"]
    scaled = TrainingProblem(s * problem.X, t * problem.Y, s * t * problem.reg)
    expected = bound_of(problem).rounded * t * t
    assert bound_of(scaled).rounded == pytest.approx(expected, rel=1e-4)


def test_progress_rises_to_the_bound():
    problem, seen = PLAIN["d=2, c=2"], []
    bound = bound_of(problem, progress=seen.append)
    assert len(seen) >= 3
    assert seen == sorted(seen)
    assert seen[-1] <= bound.rounded * (1.0 + 1e-6)
    assert seen[-1] == pytest.approx(bound.rounded, rel=1e-3)


def test_without_time_there_still_is_a_bound():
    problem, seen = PLAIN["d=2, c=2"], []
    early = bound_of(problem, Budget(work=0.0), progress=seen.append)
    assert seen == []  # no step was begun
    assert 0 <= early.value < bound_of(problem).value


def test_point_has_only_products_of_a_with_its_own_b():
    point = shor_point(DEGENERATE["everything"], Budget())
    assert point.products.sign_is_free.all()
    assert np.all(point.products.multiplier < 0.0)
    assert point.products.first.size == DEGENERATE["everything"].n
