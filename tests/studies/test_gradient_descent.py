"""Gradient descent against its own steps in numpy, and against a proved optimum."""

import numpy as np
import pytest

from certnn import TrainingProblem, train
from certnn.budget import Budget
from certnn.errors import InputError
from certnn.reading.datasets import random_network_data
from certnn.studies.baselines.gradient_descent import gradient_descent
from certnn.training.objective import value_and_gradient


def test_without_torch_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(InputError, match=r"or pip install 'certnn\[torch\]'") as error:
        gradient_descent(random_network_data(0, 0.1), Budget())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 0}, "at least 1"),
        ({"runs": 0}, "at least 1"),
        ({"optimiser": "newton"}, "adam or sgd"),
        ({"learning_rate": float("nan")}, "must be positive"),
        ({"learning_rate": 0.0}, "must be positive"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        gradient_descent(random_network_data(0, 0.1), Budget(), **arguments)


def test_other_losses_are_refused():
    problem = TrainingProblem(np.eye(2), [[1.0], [-1.0]], 0.1, loss="logistic")
    with pytest.raises(InputError, match="half-squared"):
        gradient_descent(problem, Budget())


@pytest.mark.torch
@pytest.mark.parametrize("bias", [False, True])
def test_a_step_of_sgd_is_one(bias):
    plain = random_network_data(3, 0.2, n=12, d=3, c=2)
    problem = TrainingProblem(plain.X, plain.Y, plain.reg, bias)
    found = gradient_descent(
        problem, Budget(), 7, runs=1, steps=1, optimiser="sgd", learning_rate=1e-4, seed=1
    )
    start, end = found.snapshots[0], found.snapshots[-1]
    value, slope_U, slope_V, _ = value_and_gradient(problem, start.U, start.V)
    np.testing.assert_allclose(end.U, start.U - 1e-4 * slope_U, rtol=1e-10)
    np.testing.assert_allclose(end.V, start.V - 1e-4 * slope_V, rtol=1e-10)
    assert found.histories[0, 0] == pytest.approx(value, rel=1e-12)


@pytest.mark.torch
@pytest.mark.parametrize("batch", [25, 10])
def test_it_comes_near_the_optimum_and_never_below(batch):
    problem = random_network_data(0, 0.1)
    proved = train(problem, gap=1e-6)
    found = gradient_descent(problem, Budget(), 50, runs=3, steps=2500, batch=batch)
    objective = found.network.evaluate(problem)
    assert objective.value >= proved.lower.bound.value
    assert objective.rounded == pytest.approx(min(found.objectives), rel=1e-12)
    assert objective.rounded <= 1.1 * proved.objective.rounded
    assert found.histories.shape == (3, len(found.steps))
    assert found.steps[-1] == 2500
    np.testing.assert_allclose(found.histories[:, -1], found.objectives)
    assert found.network is found.snapshots[-1]


@pytest.mark.torch
def test_runs_differ_and_seeds_repeat():
    problem = random_network_data(1, 0.1)
    first, again, other = (
        gradient_descent(problem, Budget(), 5, runs=2, steps=50, seed=seed) for seed in (0, 0, 1)
    )
    assert first.objectives == again.objectives
    assert first.objectives[0] != first.objectives[1]
    assert first.objectives != other.objectives


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:overflow encountered")
def test_a_run_that_diverges_is_infinite():
    problem = random_network_data(1, 0.1)
    found = gradient_descent(
        problem, Budget(), 5, runs=1, steps=300, optimiser="sgd", learning_rate=1e3
    )
    assert found.objectives == (np.inf,)
    assert found.network.width == 5
