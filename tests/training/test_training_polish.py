"""Polishing, balancing and merging never make a network worse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import polish, training_objective
from certnn.training.merging import balanced, merged


def instance(seed, scale_x=1.0, scale_y=1.0):
    rng = np.random.default_rng(seed)
    X, Y = rng.standard_normal((10, 3)), rng.standard_normal((10, 2))
    problem = TrainingProblem(scale_x * X, scale_y * Y, 0.1 * scale_x * scale_y)
    weight = np.sqrt(scale_y / scale_x)
    U, V = rng.standard_normal((3, 6)), rng.standard_normal((6, 2))
    return problem, TwoLayerNetwork(weight * U, weight * V)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), iterations=st.integers(0, 40))
def test_polish_is_monotone(seed, iterations):
    problem, network = instance(seed)
    better = polish(problem, network, Budget(), iterations)
    assert training_objective(problem, better) <= training_objective(problem, network)
    assert better.width <= network.width


@pytest.mark.parametrize(("sx", "sy"), [(4.0**13, 1.0), (4.0**-13, 4.0**13)])
def test_polish_does_not_depend_on_units(sx, sy):
    problem, network = instance(0)
    plain = training_objective(problem, polish(problem, network, Budget()))
    assert plain < 0.5 * training_objective(problem, network)
    far_problem, far_network = instance(0, sx, sy)
    far = training_objective(far_problem, polish(far_problem, far_network, Budget()))
    # Powers of four scale the weights exactly, so the very same search is run.
    assert far == plain * sy**2


def test_polish_reaches_a_stationary_point_of_a_smooth_problem():
    # One positive point and one neuron: F = y(1 − reg/(|x||y|)), objective ½y² − ½(y − reg/x)².
    problem = TrainingProblem([[2.0]], [[3.0]], 0.5)
    better = polish(problem, TwoLayerNetwork([[0.3]], [[0.1]]), Budget())
    assert training_objective(problem, better) == pytest.approx(4.5 - 0.5 * 2.75**2, rel=1e-12)
    assert abs(better.U[0, 0]) == pytest.approx(abs(better.V[0, 0]), rel=1e-12)


def test_polish_of_nothing_and_without_time():
    problem, network = instance(1)
    empty = polish(problem, TwoLayerNetwork(np.zeros((3, 0)), np.zeros((0, 2))), Budget())
    assert empty.width == 0
    late = polish(problem, network, Budget(work=0.0))
    assert training_objective(problem, late) <= training_objective(problem, network)
    assert training_objective(problem, late) > 1.1 * training_objective(
        problem, polish(problem, network, Budget())
    )


def test_balancing_keeps_outputs_and_drops_the_dead():
    problem = TrainingProblem([[1.0, 0.0], [1.0, 1.0]], [[1.0], [0.0]], 0.1)
    U = np.array([[1.0, -3.0, 4.0, 0.0, 1.0], [2.0, -1.0, -1.0, 0.0, 1.0]])
    V = np.array([[5.0], [2.0], [0.3], [1.0], [0.0]])
    network = TwoLayerNetwork(U, V)
    small = balanced(problem, network)
    assert small.width == 2  # inactive, zero hidden and zero output weights are gone
    np.testing.assert_allclose(small.output(problem.X), network.output(problem.X), rtol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(small.U, axis=0), np.linalg.norm(small.V, axis=1))
    assert training_objective(problem, small) < training_objective(problem, network)


def test_merging_parallel_neurons_keeps_outputs():
    problem, network = instance(2)
    U = np.hstack([network.U, 3.0 * network.U, -network.U])
    V = np.vstack([network.V, np.flip(network.V), network.V])
    wide = TwoLayerNetwork(U, V)
    small = merged(problem, wide)
    assert small.width == 12  # opposite directions are different neurons
    np.testing.assert_allclose(small.output(problem.X), wide.output(problem.X), atol=1e-12)
    before = training_objective(problem, balanced(problem, wide))
    assert training_objective(problem, small) < before


def test_merging_neurons_that_cancel():
    problem, network = instance(3)
    both = TwoLayerNetwork(np.hstack([network.U, network.U]), np.vstack([network.V, -network.V]))
    assert training_objective(problem, merged(problem, both)) == pytest.approx(problem.null_loss)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), tolerance=st.floats(1e-8, 1.0))
def test_merging_is_never_worse(seed, tolerance):
    problem, network = instance(seed)
    rng = np.random.default_rng(seed)
    nudged = network.U + 0.1 * tolerance * rng.standard_normal(network.U.shape)
    near = TwoLayerNetwork(np.hstack([network.U, nudged]), np.vstack([network.V, network.V]))
    before = training_objective(problem, near)
    assert training_objective(problem, merged(problem, near, tolerance)) <= before * (1 + 1e-12)
