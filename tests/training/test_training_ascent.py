"""Local ascent: monotone, exact where the maximum is known, and on the ridges of the score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.arcs import arc_maxima
from certnn.training.ascent import ascend


def drawn(seed, n, d, c):
    rng = np.random.default_rng(seed)
    return TrainingProblem(rng.standard_normal((n, d)), rng.standard_normal((n, c)), 0.1)


@settings(max_examples=40, deadline=None)
@example(seed=672548, n=9, d=3, c=1, twice=True)
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 20),
    d=st.integers(1, 6),
    c=st.integers(1, 4),
    twice=st.booleans(),
)
def test_unit_directions_that_score_what_is_said_and_not_less_than_before(seed, n, d, c, twice):
    problem = drawn(seed, n, d, c)
    if twice:
        rows = np.vstack([problem.X, problem.X, np.zeros((1, d))])
        Y = np.vstack([problem.Y, problem.Y, np.ones((1, c))])
        problem = TrainingProblem(rows, Y, 0.1)
    starts = np.random.default_rng(seed + 1).standard_normal((d, 25))
    before = candidates.score(problem, problem.Y, starts)
    found, scores = ascend(problem, problem.Y, starts, Budget())
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), 1.0, rtol=1e-12)
    np.testing.assert_allclose(scores, candidates.score(problem, problem.Y, found), atol=1e-12)
    assert np.all(scores >= before * (1 - 1e-9))


def test_the_top_singular_vector_of_a_linear_score():
    X = np.abs(np.random.default_rng(0).standard_normal((10, 3))) + 0.1
    Z = np.abs(np.random.default_rng(1).standard_normal((10, 2)))
    # ZᵀX is positive, so by Perron and Frobenius its top vector is active on every point.
    found, _ = ascend(TrainingProblem(X, Z, 0.1), Z, np.ones((3, 1)), Budget())
    top = np.linalg.svd(Z.T @ X)[2][0]
    np.testing.assert_allclose(found[:, 0], np.abs(top), atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), c=st.integers(1, 3))
def test_in_the_plane_every_end_is_one_of_the_exact_local_maxima(seed, c):
    problem = drawn(seed, 8, 2, c)
    exact = arc_maxima(problem.X, problem.Y).directions
    found, scores = ascend(
        problem, problem.Y, np.random.default_rng(seed).standard_normal((2, 40)), Budget()
    )
    alive = scores > 1e-6 * np.max(scores)
    distance = np.linalg.norm(found[:, alive, None] - exact[:, None, :], axis=0).min(axis=1)
    assert np.max(distance) < 1e-4


@pytest.mark.parametrize(("d", "c"), [(3, 1), (4, 2), (5, 3)])
def test_no_small_step_is_uphill_from_where_it_ends(d, c):
    problem = drawn(d, 15, d, c)
    rng = np.random.default_rng(0)
    found, scores = ascend(problem, problem.Y, rng.standard_normal((d, 60)), Budget())
    on_a_ridge = 0
    for k in np.flatnonzero(scores > 1e-6):
        values = np.abs(problem.X @ found[:, k]) / np.linalg.norm(problem.X, axis=1)
        on_a_ridge += bool(np.any(values < 1e-12))
        steps = rng.standard_normal((d, 300))
        near = found[:, [k]] + 1e-5 * steps / np.linalg.norm(steps, axis=0)
        assert np.max(candidates.score(problem, problem.Y, near)) <= scores[k] * (1 + 1e-8)
    assert on_a_ridge > 10  # the test would miss the point without any


def test_the_arguments_are_left_as_they_are():
    problem = drawn(3, 9, 3, 2)
    starts = np.random.default_rng(0).standard_normal((3, 7))
    copy = starts.copy()
    ascend(problem, problem.Y, starts, Budget())
    ascend(problem, problem.Y, np.asfortranarray(starts), Budget())
    np.testing.assert_array_equal(starts, copy)
