"""Networks from descent: better with time, the same for a seed, and good where data are many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import normal, problems

from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.training import train_locally, training_objective
from certnn.training.local_training import descend


@given(problem=problems(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_networks_of_the_problem_that_time_makes_no_worse(problem, seed):
    for short, long in zip(
        *(descend(problem, Budget(work=work), seed) for work in (0.01, 0.1)), strict=True
    ):
        short.require_fits(problem)
        least = training_objective(problem, short)
        assert training_objective(problem, long) <= least * (1.0 + 1e-9)


def test_the_same_for_a_seed_and_other_networks_for_another():
    problem = normal(0, 60, 4, 2)
    one, again, other = (descend(problem, Budget(work=5.0), seed) for seed in (1, 1, 2))
    assert len(one) == 3
    for first, second, third in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(first.U, second.U)
        assert first.U.shape != third.U.shape or np.any(first.U != third.U)


def test_zero_rows_have_none():
    assert descend(TrainingProblem(np.zeros((3, 2)), np.ones((3, 1)), 1.0), Budget()) == []


def test_training_is_at_least_as_good_as_descent():
    problem = normal(3, 150, 4, 2, reg=0.5)
    reached = [training_objective(problem, one) for one in descend(problem, Budget(work=4.0))]
    found = train_locally(problem, Budget(work=10.0), seed=0)
    assert found.objective <= min(reached) * (1.0 + 1e-9)
    assert found.objective == pytest.approx(training_objective(problem, found.network))
