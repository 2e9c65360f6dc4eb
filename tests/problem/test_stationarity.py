"""The exact stationarity residual against gradients in floats, finite differences and optima."""

import numpy as np
import pytest

import certnn
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.stationarity import stationarity_residual
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import random_network_data
from certnn.training import training_objective


def by_differences(problem, network):
    """Central differences of the objective, entry by entry, and the decay's own gradient."""
    arrays = [network.U, network.V]
    if network.output_bias is not None:
        arrays.append(network.output_bias)
    gradient, step = [], 1e-6
    for k, array in enumerate(arrays):
        for index in np.ndindex(array.shape):
            values = []
            for sign in (1.0, -1.0):
                moved = [np.array(one) for one in arrays]
                moved[k][index] += sign * step
                values.append(training_objective(problem, TwoLayerNetwork(*moved)))
            gradient.append((values[0] - values[1]) / (2.0 * step))
    U = network.U[: problem.d] if problem.hidden_bias == "free" else network.U
    decayed = [U.ravel(), network.V.ravel()]
    if problem.output_bias is True:
        decayed.append(network.output_bias)
    return np.linalg.norm(gradient) / np.linalg.norm(problem.reg * np.concatenate(decayed))


@pytest.mark.parametrize("hidden", [False, True, "free"])
@pytest.mark.parametrize("output", [False, True, "free"])
def test_against_differences(hidden, output):
    draw = np.random.default_rng(3).standard_normal
    problem = TrainingProblem(draw((9, 3)), draw((9, 2)), 0.25, hidden, output_bias=output)
    rows = problem.features.shape[1]
    network = TwoLayerNetwork(draw((rows, 4)), draw((4, 2)), draw(2) if output else None)
    expected = by_differences(problem, network)
    assert stationarity_residual(problem, network) == pytest.approx(expected, rel=1e-6)


def test_an_optimum_is_stationary_and_what_is_near_is_not():
    problem = random_network_data(0, 0.1, 10, 2, 2)
    network = certnn.train(problem, gap=1e-8).network
    assert stationarity_residual(problem, network) < 1e-3
    far = TwoLayerNetwork(1.5 * network.U, network.V)
    assert stationarity_residual(problem, far) > 1.0


def test_nothing_to_say():
    draw = np.random.default_rng(0).standard_normal
    problem = TrainingProblem(draw((4, 2)), draw((4, 1)), 0.1)
    empty = TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 1)))
    assert stationarity_residual(problem, empty) is None
    zero = TwoLayerNetwork(np.zeros((2, 1)), np.zeros((1, 1)))
    assert stationarity_residual(problem, zero) is None
    logistic = TrainingProblem(problem.X, np.sign(problem.Y), 0.1, loss="logistic")
    assert stationarity_residual(logistic, TwoLayerNetwork(draw((2, 1)), draw((1, 1)))) is None
    with pytest.raises(InputError):
        stationarity_residual(problem, TwoLayerNetwork(draw((3, 1)), draw((1, 1))))


def test_weights_near_zero():
    """The bias pulls with 1 and is decayed by reg·t: the square of their ratio is no float."""
    problem = TrainingProblem([[1.0]], [[1.0]], 0.5, output_bias=True)
    for size, expected in ((1e-100, 1e100), (1e-170, 1e170), (5e-324, None)):
        network = TwoLayerNetwork([[size]], [[size]], [size])
        found = stationarity_residual(problem, network)
        assert found == (None if expected is None else pytest.approx(2 / 3**0.5 * expected))
