"""Changes of a network that lower its objective, against closed forms."""

import numpy as np
import pytest

import certnn
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.problem.losses import as_loss
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import random_network_data
from certnn.training import improvements, training_objective


def by_change(problem, network, **more):
    return {
        found.change.split(",")[0]: training_objective(problem, found.network)
        for found in improvements(problem, network, Budget(), **more)
    }


def test_a_neuron_out_of_balance():
    # Outputs stay as |u| and |v| become equal: the decay falls from reg/2·(4 + 1/4) to reg.
    problem = TrainingProblem([[1.0]], [[1.0]], 0.1)
    found = by_change(problem, TwoLayerNetwork([[2.0]], [[0.5]]), neurons=0)
    assert found["neurons balanced"] == pytest.approx(0.1, rel=1e-12)
    # And the best output weight for a unit direction is shrunk by reg.
    assert found["output weights refitted"] == pytest.approx(0.5 * 0.1**2 + 0.1 * 0.9, rel=1e-6)


def test_the_first_neuron_in_closed_form():
    # From no neurons the gain of direction u is (score − reg)²/2|a|², a = (Xu)₊; in one column
    # there are two directions.
    x, y = np.array([1.0, 2.0, -1.0]), np.array([1.0, 3.0, 2.0])
    problem = TrainingProblem(x[:, None], y[:, None], 0.2)
    nothing = TwoLayerNetwork(np.zeros((1, 0)), np.zeros((0, 1)))
    [found] = improvements(problem, nothing, Budget(), neurons=1)
    expected = min(
        0.5 * y @ y - 0.5 * (a @ y - 0.2) ** 2 / (a @ a)
        for a in (np.maximum(x, 0.0), np.maximum(-x, 0.0))
    )
    assert training_objective(problem, found.network) == pytest.approx(expected, rel=1e-9)
    assert "active on 2 of 3 points" in found.change


def test_an_optimal_network_has_none():
    problem = random_network_data(0, 0.1, 10, 2, 2)
    best = certnn.train(problem, gap=1e-9)
    for found in improvements(problem, best.network, Budget()):
        gain = best.objective.rounded - training_objective(problem, found.network)
        assert gain <= 2e-9 * best.objective.rounded


@pytest.mark.parametrize("loss", ["half-squared", "huber", "hinge", "logistic", "softmax"])
@pytest.mark.parametrize("bias", [False, True, "free"])
def test_every_one_is_better(loss, bias):
    draw = np.random.default_rng(1)
    X, labels = draw.standard_normal((12, 3)), draw.integers(0, 2, 12)
    Y = np.eye(2)[labels]
    if as_loss(loss).name in ("hinge", "logistic"):
        Y = 2.0 * Y - 1.0
    problem = TrainingProblem(X, Y, 0.05, bias, loss=loss, output_bias=bias)
    rows = problem.features.shape[1]
    network = TwoLayerNetwork(
        draw.standard_normal((rows, 4)),
        0.1 * draw.standard_normal((4, 2)),
        draw.standard_normal(2) if bias else None,
    )
    found = improvements(problem, network, Budget())
    values = [training_objective(problem, one.network) for one in found]
    assert values
    assert values == sorted(values)
    before = network.evaluate(problem).value
    assert all(one.network.evaluate(problem).value < before for one in found)
    assert sum("new neuron" in one.change for one in found) >= 1


def test_another_shape_is_refused():
    problem = random_network_data(0, 0.1, 10, 2, 2)
    with pytest.raises(InputError):
        improvements(problem, TwoLayerNetwork(np.ones((3, 1)), np.ones((1, 2))), Budget())
