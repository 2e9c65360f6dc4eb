"""Frank–Wolfe against closed forms and against a proved optimum."""

import numpy as np
import pytest

from certnn import TrainingProblem, train
from certnn.budget import Budget
from certnn.reading.datasets import random_network_data
from certnn.studies.baselines.frank_wolfe import frank_wolfe


def test_one_point_is_solved_in_closed_form():
    problem = TrainingProblem([[3.0, 4.0]], [[1.0, 2.0, 2.0]], 0.5)
    result = frank_wolfe(problem, Budget(), steps=500)
    optimum = 0.5 * 9.0 - 0.5 * (3.0 - 0.5 / 5.0) ** 2
    assert result.network.evaluate(problem).rounded == pytest.approx(optimum, rel=1e-6)


def test_it_comes_near_the_optimum_and_never_below():
    problem = random_network_data(0, 0.1, n=15)
    proved = train(problem, gap=1e-6)
    result = frank_wolfe(problem, Budget(), steps=400)
    objective = result.network.evaluate(problem)
    assert objective.value >= proved.lower.bound.value
    assert objective.rounded <= result.objectives[-1] * (1.0 + 1e-9)
    assert objective.rounded <= 1.3 * proved.objective.rounded
    assert all(np.diff(result.objectives[:-1]) < 0.0)


def test_heavy_decay_leaves_no_neuron():
    problem = TrainingProblem(np.eye(3), np.ones((3, 1)), 100.0)
    result = frank_wolfe(problem, Budget())
    assert result.network.width == 0
    assert result.objectives[-1] == problem.null_loss
