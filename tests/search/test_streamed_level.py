"""Lifts of each point alone, as a level and as the cheapest choice."""

from __future__ import annotations

import numpy as np
import pytest
from small_problems import normal

from certnn import lower_bound
from certnn.budget import Budget
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import random_network_data

STREAMED = "Newton on sums over points"


def bounds_by_level(result):
    return {proved.level: proved.bound.rounded for proved in result.proved}


@pytest.mark.parametrize("c", [1, 2, 3])
def test_the_level_is_above_shor(c):
    result = lower_bound(normal(3, 40, 4, c), "lifts(1)")
    found = bounds_by_level(result)
    assert result.level == "lifts(1)"
    assert found["lifts(1)"] > 1.2 * found["shor"]
    assert {figure.solver for figure in result.solver_figures} == {STREAMED}


def test_it_is_taken_where_there_are_many_points():
    """Groups would take longer than there is."""
    problem = random_network_data(0, 150.0, n=1500, d=18, c=1)
    result = lower_bound(problem, "lifts", budget=Budget(work=6.0))
    found = bounds_by_level(result)
    assert result.level == "lifts"
    assert [figure.solver for figure in result.solver_figures] == [STREAMED]
    assert found["lifts"] > 1.2 * found["shor"]


def test_of_points_that_are_repeated_it_is_the_interior_point_method():
    """What repeated points differ by in their targets no network fits, and that is proved."""
    base, rng = normal(5, 12, 3, 1), np.random.default_rng(0)
    Y = rng.choice([-1.0, 1.0], size=60)
    problem = TrainingProblem(np.tile(base.X, (5, 1)), Y, 0.3)
    apart = 0.5 * 5.0 * np.sum(np.var(Y.reshape(5, 12), axis=0))
    result = lower_bound(problem, "lifts(1)")
    assert result.level == "lifts(1)"
    assert result.value > apart


def test_of_another_loss_it_is_the_interior_point_method():
    problem = normal(4, 30, 3, 1)
    problem = TrainingProblem(problem.X, (problem.Y > 0.0).astype(float), 0.5, loss="logistic")
    result = lower_bound(problem, "lifts(1)")
    assert result.level == "lifts(1)"
    assert STREAMED not in {figure.solver for figure in result.solver_figures}
