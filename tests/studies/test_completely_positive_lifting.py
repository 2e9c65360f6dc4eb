"""Λ of a network: its blocks, its constraints, its objective; all exact."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import DEGENERATE, PLAIN, normal, problems, sampled_networks

from certnn import TrainingProblem, TwoLayerNetwork
from certnn.cones import NotCompletelyPositive, Rejected, complete_positivity, verify
from certnn.errors import InputError
from certnn.studies.completely_positive import LiftedNetwork, lift


def exact(matrix):
    return [[Fraction(float(x)) for x in row] for row in matrix]


@settings(max_examples=25)
@given(problems(), st.integers(0, 1000))
def test_objective_of_the_matrix_is_the_network_s(problem, seed):
    for network in sampled_networks(problem, np.random.default_rng(seed), count=2):
        assert lift(network, problem).objective() == network.evaluate(problem).value


@pytest.mark.parametrize("name", ["d=2, c=2", "hidden bias", "rank deficient"])
def test_constraints_hold_exactly(name):
    problem = PLAIN[name]
    (network, *_) = sampled_networks(problem, np.random.default_rng(1), count=1)
    point = lift(network, problem)
    rows = point.matrix().rows
    n, columns = problem.features.shape
    assert point.matrix().order == point.order == 2 * n + columns + problem.c
    assert all(rows[i][n + i] == 0 for i in range(n))
    assert all(rows[i][j] >= 0 for i in range(2 * n) for j in range(2 * n))
    features = exact(problem.features)
    for i, x in enumerate(features):  # MΛ = 0 with M = [−I, I, X, 0]
        for j in range(point.order):
            through = sum(x[k] * rows[2 * n + k][j] for k in range(columns))
            assert through - rows[i][j] + rows[n + i][j] == 0
    assert point.activation_block() == point.matrix().restricted(range(2 * n))
    point.verify()


def test_floats_are_the_sum_of_squares():
    problem = PLAIN["d=3, c=3, large reg"]
    draw = np.random.default_rng(0).standard_normal
    network = TwoLayerNetwork(draw((3, 4)), draw((4, 3)))
    inputs = problem.X @ network.U
    z = np.vstack([np.maximum(inputs, 0), np.maximum(-inputs, 0), network.U, network.V.T])
    np.testing.assert_allclose(lift(network, problem).to_floats(), z @ z.T, atol=1e-12)


def test_membership_is_accepted_and_no_search_contradicts_it():
    problem = normal(3, 3, 2, 1)
    point = lift(TwoLayerNetwork([[1, -2, 3], [2, 1, -1]], [[1], [2], [-1]]), problem)
    verify(point.membership())
    assert not isinstance(complete_positivity(point.activation_block()), NotCompletelyPositive)


def test_network_comes_back():
    problem = PLAIN["hidden bias"]
    (network, *_) = sampled_networks(problem, np.random.default_rng(2), count=1)
    back = lift(network, problem).network()
    assert np.array_equal(back.U, network.U)
    assert np.array_equal(back.V, network.V)


def test_no_neurons():
    problem = PLAIN["d=2, c=2"]
    point = lift(TwoLayerNetwork(np.zeros((2, 0)), np.zeros((0, 2))), problem)
    assert not np.any(point.to_floats())
    assert point.objective() == sum(Fraction(float(y)) ** 2 for y in problem.Y.flat) / 2
    assert point.network().width == 0
    point.verify()


def test_what_is_not_a_neuron_is_refused():
    problem = DEGENERATE["antiparallel"]
    point = lift(TwoLayerNetwork([[1.0], [2.0]], [[1.0, -1.0]]), problem)
    (neuron,) = point.neurons

    def changed(**parts):
        return LiftedNetwork(problem, (replace(neuron, **parts),))

    more = tuple(a + 1 for a in neuron.alpha)
    with pytest.raises(InputError, match="one side only"):
        changed(alpha=more, beta=tuple(b + 1 for b in neuron.beta)).verify()
    with pytest.raises(InputError, match="α − β"):
        changed(u=tuple(2 * x for x in neuron.u)).verify()
    with pytest.raises(InputError, match="lengths"):
        changed(v=neuron.v[:1]).verify()
    negative = changed(alpha=tuple(-b for b in neuron.beta), beta=tuple(-a for a in neuron.alpha))
    with pytest.raises(Rejected):
        negative.verify()


def test_other_settings_are_refused():
    network = TwoLayerNetwork([[1.0]], [[1.0]])
    with pytest.raises(InputError, match="U: has 1 rows"):
        lift(network, PLAIN["d=2, c=1"])
    hinge = TrainingProblem([[1.0]], [[1.0]], 0.1, loss="hinge")
    with pytest.raises(InputError, match="loss: must be half-squared"):
        lift(network, hinge)
