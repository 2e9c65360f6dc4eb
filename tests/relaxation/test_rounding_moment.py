"""Moment matrices that roundings start from."""

from __future__ import annotations

import numpy as np
import pytest
from small_problems import DEGENERATE, PLAIN, normal

import certnn
from certnn.errors import InputError
from certnn.problem.losses import Huber
from certnn.problem.network import TwoLayerNetwork
from certnn.relaxation.moments import relaxed_moment as module
from certnn.relaxation.moments.lifted_moment import LiftedMoment
from certnn.relaxation.moments.relaxed_moment import relaxed_moment
from certnn.studies.completely_positive import lift


def violations(moment):
    """Largest violation of the range, of signs, and of α_i β_i = 0, shares of the largest entry."""
    n, problem, matrix = moment.problem.n, moment.problem, moment.matrix
    M = np.hstack([-np.eye(n), np.eye(n), problem.features, np.zeros((n, problem.c))])
    return (
        np.max(np.abs(M @ matrix)) / np.max(matrix),
        -np.min(matrix[: 2 * n, : 2 * n]) / np.max(matrix),
        np.max(np.abs(np.diag(matrix[:n, n : 2 * n]))) / np.max(matrix),
    )


def network(problem, seed, width=3):
    rng = np.random.default_rng(seed)
    U = rng.standard_normal((problem.features.shape[1], width))
    return TwoLayerNetwork(U, rng.standard_normal((width, problem.c)))


@pytest.mark.parametrize("name", ["d=2, c=2", "hidden bias", "rank deficient", "n < d"])
def test_moment_of_a_network_is_the_exact_lifting(name):
    problem = PLAIN[name]
    some = network(problem, 1)
    moment = LiftedMoment.of_network(problem, some)
    np.testing.assert_allclose(moment.matrix, lift(some, problem).to_floats(), atol=1e-12)
    assert moment.objective == pytest.approx(float(some.evaluate(problem).value), rel=1e-12)


@pytest.mark.parametrize("problem", [*PLAIN.values(), *DEGENERATE.values()])
def test_relaxed_moment_is_feasible_and_below_every_network(problem):
    moment = relaxed_moment(problem)
    assert max(violations(moment)) < 1e-8
    proved = certnn.lower_bound(problem, "dnn").bound.value
    assert float(proved) <= moment.objective * (1 + 1e-9)
    assert moment.objective == pytest.approx(float(proved), rel=1e-3)


@pytest.mark.parametrize("name", ["d=2, c=2", "rank deficient"])
def test_clarabel_agrees(name):
    ours, other = relaxed_moment(PLAIN[name]), relaxed_moment(PLAIN[name], "CLARABEL")
    assert max(violations(other)) < 1e-4
    assert other.objective == pytest.approx(ours.objective, rel=1e-4)


def test_first_order_moment_for_many_points(monkeypatch):
    problem = normal(3, 40, 3, 2, reg=1.0)
    expected = relaxed_moment(problem).objective
    monkeypatch.setattr(module, "is_large", lambda _: True)
    moment = relaxed_moment(problem)
    assert moment.objective == pytest.approx(expected, rel=2e-2)
    assert max(violations(moment)) < 1e-2


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_scales(scale):
    plain = PLAIN["d=2, c=2"]
    other = certnn.TrainingProblem(scale * plain.X, plain.Y, scale * plain.reg)
    assert relaxed_moment(other).objective == pytest.approx(
        relaxed_moment(plain).objective, rel=1e-4
    )


@pytest.mark.parametrize("problem", [(np.zeros((3, 2)), np.ones((3, 1))), (np.eye(2), [[0], [0]])])
def test_nothing_to_fit(problem):
    assert not np.any(relaxed_moment(certnn.TrainingProblem(*problem, 0.1)).matrix)


def changed(matrix, row, column, value):
    copy = matrix.copy()
    copy[row, column] = value
    return copy


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m[:-1, :-1], "shape"),
        (lambda m: changed(m, 0, 0, np.nan), "NaN"),
        (lambda m: changed(m, 0, 1, 1e3), "symmetric"),
        (lambda m: -m, "semidefinite"),
    ],
)
def test_unusable_matrices(change, message):
    problem = PLAIN["d=2, c=1"]
    matrix = LiftedMoment.of_network(problem, network(problem, 0)).matrix
    with pytest.raises(InputError, match=message):
        LiftedMoment(problem, change(matrix))


def test_other_problems_are_refused():
    problem = PLAIN["d=2, c=1"]
    for other in (
        certnn.TrainingProblem(problem.X, problem.Y, 0.1, loss=Huber(1.0)),
        certnn.TrainingProblem(problem.X, problem.Y, 0.1, output_bias=True),
    ):
        with pytest.raises(InputError):
            relaxed_moment(other)
    with pytest.raises(InputError, match="solver"):
        relaxed_moment(problem, "NOSUCH")
