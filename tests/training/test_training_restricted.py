"""Fewer neurons with the same outputs, and the restricted optimum to many digits."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.problem.losses import Logistic
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.dual_barrier import solve_dual_barrier
from certnn.training.group_lasso import group_lasso, refined_group_lasso
from certnn.training.objective import training_objective
from certnn.training.restricted import no_directions, recombined, solve_restricted


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), c=st.integers(1, 3), k=st.integers(1, 60))
def test_recombination_keeps_the_sum_and_not_more_terms_than_it_has_numbers(seed, n, c, k):
    rng = np.random.default_rng(seed)
    A = np.abs(rng.standard_normal((n, k)))
    images = rng.standard_normal((k, c))
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    weights = np.exp(rng.standard_normal(k))
    fewer = recombined(A, images, weights, 1e-12)
    assert np.all(fewer >= 0.0)
    assert np.count_nonzero(fewer) <= n * c
    np.testing.assert_allclose((A * fewer) @ images, (A * weights) @ images, atol=1e-6)
    assert np.sum(fewer) <= np.sum(weights) * (1 + 1e-9)


def test_independent_terms_are_left_alone():
    fewer = recombined(np.eye(3), np.eye(3), np.array([1.0, 2.0, 3.0]), 1e-12)
    np.testing.assert_allclose(fewer, [1.0, 2.0, 3.0])


def test_refinement_reaches_the_optimality_conditions():
    rng = np.random.default_rng(0)
    A, Y = np.abs(rng.standard_normal((12, 4))), rng.standard_normal((12, 3))
    coarse = group_lasso(A, Y, 0.2, Budget(), tolerance=1e-4)
    lengths = np.linalg.norm(coarse.V, axis=1)
    assert np.all(lengths > 0)
    before = np.abs(np.linalg.norm(A.T @ coarse.residual, axis=1) / 0.2 - 1)
    refined = refined_group_lasso(A, Y, 0.2, lengths, 0.0)
    after = np.abs(np.linalg.norm(A.T @ refined.residual, axis=1) / 0.2 - 1)
    assert np.max(after) < 1e-12 < np.max(before)
    assert refined.objective <= coarse.objective


def test_the_gap_of_a_refinement_counts_the_columns_left_out():
    rng = np.random.default_rng(0)
    A, Y = np.abs(rng.standard_normal((12, 4))), np.abs(rng.standard_normal((12, 3)))
    lengths = np.linalg.norm(group_lasso(A, Y, 0.1, Budget(), tolerance=1e-12).V, axis=1)
    some = np.where(np.arange(4) == int(np.argmax(lengths)), lengths, 0.0)
    alone = refined_group_lasso(A, Y, 0.1, some, 0.0)
    best = group_lasso(A, Y, 0.1, Budget(), tolerance=1e-12).objective
    assert alone.gap >= alone.objective - best > 1e-3 * best


@pytest.mark.parametrize("factor", [1e6, 1e8])
def test_scores_at_the_restricted_optimum_where_a_column_is_huge(factor):
    rng = np.random.default_rng(1)
    X = rng.standard_normal((12, 3)) * np.array([1.0, 1.0 / factor, 1.0 / factor])
    Y = rng.standard_normal((12, 1))
    # As in a search: some directions along which X is small, some general ones.
    U = rng.standard_normal((3, 40))
    U[0, ::2] /= factor
    problem = TrainingProblem(X, Y, 0.01 / factor)
    U = candidates.unit(U)
    found = solve_restricted(problem, U, np.zeros(40), 0.0, 1e-6)  # no gain is given back
    # None is far above reg, so that the residual is as good as a dual point.
    assert np.max(candidates.score(problem, found.residual, U)) <= 1.05 * problem.reg


def test_a_good_guess_leads_to_the_same_optimum():
    rng = np.random.default_rng(1)
    A, Y = np.maximum(rng.standard_normal((15, 30)), 0.0), rng.standard_normal((15, 2))
    cold = group_lasso(A, Y, 0.1, Budget(), 1e-11)
    lengths = np.linalg.norm(cold.V, axis=1)
    for guess in (lengths, lengths * rng.random(30), np.ones(30), np.zeros(30)):
        warm = group_lasso(A, Y, 0.1, Budget(), 1e-11, guess)
        assert warm.objective == pytest.approx(cold.objective, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_restricted_optimum_against_a_conic_solver(seed):
    rng = np.random.default_rng(seed)
    problem = TrainingProblem(rng.standard_normal((9, 3)), rng.standard_normal((9, 2)), 0.3)
    U = rng.standard_normal((3, 80))
    U /= np.linalg.norm(U, axis=0)
    hidden = np.maximum(problem.X @ U, 0.0)
    V = cp.Variable((80, 2))
    loss = 0.5 * cp.sum_squares(hidden @ V - problem.Y) + 0.3 * cp.sum(cp.norm(V, 2, axis=1))
    expected = cp.Problem(cp.Minimize(loss)).solve(solver=cp.CLARABEL)
    found = solve_restricted(problem, U, np.zeros(80), expected + 1e-3, 1e-6)
    # A tenth of what is gained over the last argument may go for fewer neurons.
    assert expected - 1e-7 <= found.objective <= expected + 2e-4
    assert found.directions.shape[1] <= 18
    assert training_objective(problem, found.network) == pytest.approx(found.objective, rel=1e-12)
    Z = problem.Y - found.network.output(problem.X)
    np.testing.assert_allclose(found.residual, Z, atol=1e-12)


def test_no_direction_worth_a_neuron():
    problem = TrainingProblem(np.eye(2), np.ones((2, 1)), 10.0)
    found = solve_restricted(problem, np.eye(2), np.zeros(2), problem.null_loss, 1e-6)
    assert found.directions.shape == (2, 0)
    assert found.objective == no_directions(problem).objective == 1.0


@pytest.mark.parametrize("decay", [0.0, 0.3, 1e6])
def test_output_bias_in_closed_form_is_that_of_the_barrier_method(decay):
    draw = np.random.default_rng(0).standard_normal
    bias = "free" if decay == 0.0 else True
    problem = TrainingProblem(draw((15, 3)), draw((15, 2)) + 3.0, 0.3, output_bias=bias)
    directions = candidates.unit(draw((3, 20)))
    found = solve_restricted(problem, directions, np.zeros(20), 0.0, 1e-6, decay)
    hidden = np.maximum(problem.features @ directions, 0.0)
    other = solve_dual_barrier(hidden, problem.Y, 0.3, problem.loss, decay, 1e-8, Budget())
    assert found.objective == pytest.approx(other.objective, rel=1e-6)
    np.testing.assert_allclose(found.bias, other.bias, atol=1e-3)
    np.testing.assert_allclose(found.residual, other.Z, atol=1e-3)
    outputs = np.maximum(problem.features @ found.directions, 0.0) @ found.V + found.bias
    np.testing.assert_allclose(found.residual, problem.Y - outputs, atol=1e-9)


def test_no_iteration_begins_that_outlasts_the_budget():
    rng = np.random.default_rng(0)
    A, Y = np.maximum(rng.standard_normal((30, 8)), 0.0), np.sign(rng.standard_normal((30, 1)))
    short, ample = Budget(work=1e-7), Budget(work=10.0)
    first = solve_dual_barrier(A, Y, 0.3, Logistic(), None, 1e-8, short)
    last = solve_dual_barrier(A, Y, 0.3, Logistic(), None, 1e-8, ample)
    assert short.work_left == 1e-7
    assert not np.any(first.V)
    assert last.objective < first.objective
    assert last.gap <= 1e-8 < first.gap
