"""The float objective against its definition, and its gradient against finite differences."""

from __future__ import annotations

import numpy as np
import pytest

from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import training_objective
from certnn.training.objective import value_and_gradient
from certnn.training.scaling import scaled


@pytest.fixture(params=[False, True], ids=["plain", "hidden-bias"])
def problem(request):
    rng = np.random.default_rng(3)
    X, Y = rng.standard_normal((7, 3)), rng.standard_normal((7, 2))
    return TrainingProblem(X, Y, 0.3, hidden_bias=request.param)


def weights(problem, width=4, seed=5):
    rng = np.random.default_rng(seed)
    rows = problem.features.shape[1]
    return rng.standard_normal((rows, width)), rng.standard_normal((width, problem.c))


def test_objective_by_hand():
    problem = TrainingProblem([[1.0, 2.0], [-1.0, 0.0]], [[1.0], [2.0]], 0.5)
    network = TwoLayerNetwork([[1.0, -2.0], [1.0, 0.0]], [[2.0], [1.0]])
    # Hidden (3, 0) and (0, 2); outputs 6 and 2; errors 5 and 0; weights 1 + 1 + 4 + 4 + 1.
    assert training_objective(problem, network) == 0.5 * 25 + 0.25 * 11


def test_objective_refuses_other_shapes(problem):
    with pytest.raises(InputError, match="U: has 9 rows"):
        training_objective(problem, TwoLayerNetwork(np.ones((9, 1)), np.ones((1, 2))))


def test_gradient_against_central_differences(problem):
    U, V = weights(problem)
    value, slope_u, slope_v, _ = value_and_gradient(problem, U, V)
    assert value == pytest.approx(training_objective(problem, TwoLayerNetwork(U, V)), rel=1e-14)
    h = 1e-6
    for matrix, slope in ((U, slope_u), (V, slope_v)):
        for index in np.ndindex(matrix.shape):
            kept = matrix[index]
            matrix[index] = kept + h
            above = value_and_gradient(problem, U, V)[0]
            matrix[index] = kept - h
            below = value_and_gradient(problem, U, V)[0]
            matrix[index] = kept
            assert slope[index] == pytest.approx((above - below) / (2 * h), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize(("sx", "sy"), [(1e8, 1.0), (1e-8, 1.0), (3.0, 1e8), (1e-5, 1e-7)])
def test_scaling_keeps_objectives_in_proportion(sx, sy):
    rng = np.random.default_rng(0)
    problem = TrainingProblem(
        sx * rng.standard_normal((6, 2)), sy * rng.standard_normal((6, 3)), 0.1 * sx * sy
    )
    inner = scaled(problem)
    assert 0.5 <= np.linalg.norm(inner.problem.Y) <= 1.0
    network = TwoLayerNetwork(rng.standard_normal((2, 4)), rng.standard_normal((4, 3)))
    value = training_objective(problem, inner.outward(network))
    expected = inner.output_scale**2 * training_objective(inner.problem, network)
    assert value == pytest.approx(expected, rel=1e-12)
    back = inner.inward(inner.outward(network))
    np.testing.assert_allclose(back.U, network.U, rtol=1e-14)
    np.testing.assert_allclose(back.V, network.V, rtol=1e-14)
