"""Bound and network against the optimum by a convex program over activation patterns."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loss_cases import BIASES, DELTA, LOSSES, expression, optimum_over_patterns, problem, targets
from sklearn.datasets import load_iris

import certnn
from certnn.problem.losses import Huber, loss_named

ONE_OUTPUT = [loss for loss in LOSSES if loss != "softmax"]


ALL = [(loss, hidden, output) for loss in ONE_OUTPUT for hidden in BIASES for output in BIASES]


@pytest.mark.parametrize(
    ("loss", "hidden_bias", "output_bias"),
    [
        case if k % 4 == 0 else pytest.param(*case, marks=pytest.mark.slow)
        for k, case in enumerate(ALL)
    ],
)
def test_sandwich_around_the_optimum(loss, hidden_bias, output_bias):
    case = problem(loss, hidden_bias, output_bias)
    optimum = optimum_over_patterns(case)
    result = certnn.train(case, gap=2e-3, level="partition")
    assert result.gap <= 2e-3
    assert result.lower.value <= optimum * (1.0 + 1e-6)
    assert result.objective.rounded >= optimum * (1.0 - 1e-6)


@settings(max_examples=8)
@given(
    st.sampled_from(LOSSES),
    st.sampled_from(BIASES),
    st.sampled_from(BIASES),
    st.sampled_from(["shor", "partition", "phases"]),
    st.integers(0, 1000),
)
def test_no_network_is_below_a_bound(loss, hidden_bias, output_bias, level, seed):
    case = problem(loss, hidden_bias, output_bias, n=6, c=1 + seed % 2, seed=seed)
    result = certnn.train(case, gap=1e-2, level=level, work_limit=5.0)
    low = result.lower.bound.value
    assert low > 0
    rng = np.random.default_rng(seed)
    best = result.network
    for scale in (1e-6, 1e-3, 0.1, 1.0):
        U = best.U + scale * rng.standard_normal(best.U.shape)
        V = best.V + scale * rng.standard_normal(best.V.shape)
        bias = rng.standard_normal(case.c) if output_bias else None
        if best.output_bias is not None:
            bias = best.output_bias + scale * rng.standard_normal(case.c)
        assert certnn.TwoLayerNetwork(U, V, bias).evaluate(case).value >= low
    for width in (0, 1, 5):
        bias = rng.standard_normal(case.c) if output_bias else None
        network = certnn.TwoLayerNetwork(
            rng.standard_normal((case.inputs.shape[1], width)),
            rng.standard_normal((width, case.c)),
            bias,
        )
        assert network.evaluate(case).value >= low


@pytest.mark.parametrize(
    "loss",
    [
        "logistic",
        *(pytest.param(loss, marks=pytest.mark.slow) for loss in LOSSES if loss != "logistic"),
    ],
)
def test_relaxation_with_a_general_solver(loss):
    """The level dnn, certified, is between shor and the best network, near what is printed."""
    case = problem(loss, True, "free", n=6, c=2)
    result = certnn.lower_bound(case, "dnn")
    bounds = {proved.level: proved.bound.value for proved in result.proved}
    printed = result.solver_figures[-1].primal_value
    network = certnn.train(case, gap=1e-2, level="partition").objective
    assert bounds["shor"] < bounds["dnn"] <= network.value
    assert bounds["dnn"] == pytest.approx(printed, rel=1e-3)


def test_own_solvers_refuse_other_losses():
    case = problem("hinge", n=6, c=1)
    choice = certnn.SolverChoice("certnn")
    result = certnn.lower_bound(case, "dnn", choice=choice)
    assert result.level == "shor"
    assert any("half-squared" in note for note in result.notes)


def test_softmax_with_two_classes_is_logistic():
    """log(1 + exp(f₁ − f₂)): V of rank one, with v = (t, −t)/√2 for each neuron."""
    soft = problem("softmax", True, "free", n=8)
    labels = np.where(soft.Y[:, :1] > 0.0, 1.0, -1.0)
    # f₁ − f₂ = √2·t where the decay is t²: reg of the other problem is reg/√2.
    other = certnn.TrainingProblem(
        soft.X, labels, soft.reg / np.sqrt(2.0), True, loss="logistic", output_bias="free"
    )
    one = certnn.train(soft, gap=1e-3, level="partition")
    two = certnn.train(other, gap=1e-3, level="partition")
    assert one.lower.value <= two.objective.rounded
    assert two.lower.value <= one.objective.rounded


def test_large_delta_is_half_squared():
    plain = problem("half-squared", n=6)
    huber = certnn.TrainingProblem(plain.X, plain.Y, plain.reg, loss=Huber(1e6))
    one = certnn.train(plain, gap=1e-3, level="partition")
    two = certnn.train(huber, gap=1e-3, level="partition")
    assert one.lower.value <= two.objective.rounded
    assert two.lower.value <= one.objective.rounded


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hidden_bias", "output_bias"), [(True, True), (True, "free"), ("free", "free")]
)
def test_logistic_loss_on_two_classes_of_iris(hidden_bias, output_bias):
    data = load_iris()
    rows = data.target > 0
    labels = np.where(data.target[rows] == 1, -1.0, 1.0)[:, None]
    case = certnn.TrainingProblem(
        data.data[rows], labels, 0.1, hidden_bias, loss="logistic", output_bias=output_bias
    )
    result = certnn.train(case, gap=0.02, work_limit=120.0)
    assert result.gap <= 0.05


@pytest.mark.parametrize("name", LOSSES)
def test_data_that_are_all_zero(name):
    """Every network's outputs are 0 there, and the least penalty is that of no neurons."""
    Y = targets(name, 3, 2, np.random.default_rng(0))
    optimum = float(expression(name, cp.Constant(np.zeros((3, 2))), Y).value)
    zero = certnn.TrainingProblem(np.zeros((3, 2)), Y, 0.1, loss=loss_named(name, DELTA))
    result = certnn.train(zero, gap=1e-6)
    assert result.objective.rounded == pytest.approx(optimum, rel=1e-12)
    assert result.lower.value == pytest.approx(optimum, rel=1e-5)
    assert result.lower.bound.value <= result.objective.value
