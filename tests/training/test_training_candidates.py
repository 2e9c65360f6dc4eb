"""Candidate directions: on the hyperplanes they claim, in the row space, scored as defined."""

from __future__ import annotations

import numpy as np
import pytest

from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates


def problem_of(kind):
    rng = np.random.default_rng(11)
    X = {
        "tall": rng.standard_normal((12, 3)),
        "wide": rng.standard_normal((3, 6)),
        "rank 2": rng.standard_normal((10, 2)) @ rng.standard_normal((2, 5)),
        "narrow cone": np.array([10.0, 5.0, 7.0]) + 0.01 * rng.standard_normal((12, 3)),
        "one column": rng.standard_normal((8, 1)),
        "zero rows and columns": np.pad(rng.standard_normal((9, 3)), ((0, 2), (1, 0))),
        "duplicates": np.repeat(rng.standard_normal((4, 3)), 3, axis=0),
    }[kind]
    return TrainingProblem(X, rng.standard_normal((X.shape[0], 2)), 0.1)


KINDS = [
    "tall",
    "wide",
    "rank 2",
    "narrow cone",
    "one column",
    "zero rows and columns",
    "duplicates",
]
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_isotropic_coordinates(kind):
    X = problem_of(kind).features
    space = candidates.isotropic(problem_of(kind))
    assert space.rank == np.linalg.matrix_rank(X)
    np.testing.assert_allclose(X @ space.to_u, space.rows, atol=1e-9)
    np.testing.assert_allclose(space.rows.T @ space.rows, np.eye(space.rank), atol=1e-12)
    np.testing.assert_allclose(space.from_u @ space.to_u, np.eye(space.rank), atol=1e-9)


@each_kind
def test_vertices_lie_on_hyperplanes(kind):
    problem = problem_of(kind)
    space = candidates.isotropic(problem)
    U = candidates.vertices(space, 20, np.random.default_rng(0))
    assert U.shape == (problem.d, 40)
    np.testing.assert_allclose(np.linalg.norm(U, axis=0), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(U[:, :20], -U[:, 20:])
    images = problem.features @ U / np.linalg.norm(problem.features @ U, axis=0)
    assert np.all(np.sum(np.abs(images) < 1e-9, axis=0) >= space.rank - 1)


def test_vertices_differ():
    space = candidates.isotropic(problem_of("tall"))
    U = candidates.vertices(space, 50, np.random.default_rng(0))
    assert np.unique(np.round(U, 9), axis=1).shape[1] > 60


def test_no_directions_without_data():
    space = candidates.isotropic(TrainingProblem(np.zeros((3, 2)), np.ones((3, 1)), 0.1))
    rng = np.random.default_rng(0)
    assert candidates.vertices(space, 5, rng).shape == (2, 0)
    assert candidates.gaussian(space, 5, rng).shape == (2, 0)


def test_gaussian_directions_are_isotropic_on_the_data():
    problem = problem_of("narrow cone")
    U = candidates.gaussian(candidates.isotropic(problem), 400, np.random.default_rng(0))
    # In a narrow cone nearly every plain Gaussian direction is active on all points or none.
    mixed = np.any(problem.features @ U > 0, axis=0) & np.any(problem.features @ U < 0, axis=0)
    assert np.mean(mixed) > 0.5


@each_kind
def test_orthogonal_to_the_points_drawn(kind):
    problem = problem_of(kind)
    space = candidates.isotropic(problem)
    keys = np.random.default_rng(1).random((30, problem.n))
    points = np.argsort(keys, axis=1)[:, : space.rank - 1]
    around = candidates.orthogonal(space, points)
    for k in range(30):
        image = problem.features @ around[:, k]
        assert np.all(np.abs(image[points[k]]) <= 1e-9 * np.linalg.norm(image))


def test_score_by_hand():
    problem = TrainingProblem([[1.0, 0.0], [0.0, 2.0]], [[1.0], [1.0]], 0.1)
    Z = np.array([[3.0, 0.0], [0.0, -4.0]])
    U = np.array([[1.0, 0.0, 3.0, -1.0], [0.0, -5.0, 4.0, -1.0]])
    # Hidden (1, 0), (0, 0), (3, 8), (0, 0); Zᵀh = (3, 0) and (9, −32).
    expected = [3.0, 0.0, np.hypot(9.0, 32.0) / 5.0, 0.0]
    np.testing.assert_allclose(candidates.score(problem, Z, U), expected)


def test_batches_do_not_change_scores(monkeypatch):
    problem = problem_of("tall")
    U = np.random.default_rng(0).standard_normal((3, 17))
    whole = candidates.score(problem, problem.Y, U)
    monkeypatch.setattr(candidates, "_BATCH_NUMBERS", 40)
    np.testing.assert_allclose(candidates.score(problem, problem.Y, U), whole, rtol=1e-14)


def test_spread_keeps_the_best_and_the_distance():
    problem = problem_of("tall")
    space = candidates.isotropic(problem)
    U = candidates.gaussian(space, 300, np.random.default_rng(0))
    scores = np.random.default_rng(1).random(300)
    kept = candidates.spread(space, U, scores, 25, 0.3)
    assert kept.shape[1] == 25
    np.testing.assert_array_equal(kept[:, 0], U[:, np.argmax(scores)])
    images = problem.features @ kept
    images /= np.linalg.norm(images, axis=0)
    apart = np.linalg.norm(images[:, :, None] - images[:, None, :], axis=0)
    assert np.min(apart[~np.eye(25, dtype=bool)]) >= 0.3
