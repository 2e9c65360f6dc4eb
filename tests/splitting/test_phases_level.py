"""The level phases as users run it."""

import numpy as np
import pytest
from small_problems import best_sampled, normal, random_family

from certnn import lower_bound, train
from certnn.problem.training_problem import TrainingProblem


@pytest.mark.parametrize("shape", [(14, 7, 2), (9, 12, 1), (8, 6, 3)])
def test_trains_to_a_proved_gap(shape):
    problem = normal(0, *shape, reg=0.5)
    result = train(problem, gap=0.01, level="phases")
    assert result.lower.level == "phases"
    assert 0.0 <= result.gap <= 0.01
    assert result.lower.value <= best_sampled(problem, np.random.default_rng(0))
    assert result.certificate.check().value == result.lower.bound.value


def test_agrees_with_the_arcs_of_the_plane():
    problem = random_family(3, n=12, c=2)
    exact = lower_bound(problem, "partition", gap=1e-7)
    by_phases = lower_bound(problem, "phases", gap=1e-3)
    assert by_phases.value <= exact.value * (1.0 + 1e-7)
    assert by_phases.value >= exact.value * (1.0 - 1.1e-3)


def test_stages_show_a_bound_that_rises():
    seen = []

    def tell(stage, bound, objective):
        if stage == "phases: proved":
            seen.append(bound)

    lower_bound(normal(1, 12, 6, 2, reg=0.5), "phases", gap=0.02, progress=tell)
    assert len(seen) > 1
    assert seen == sorted(set(seen))


def test_data_beyond_float32_leave_the_bound_of_shor():
    problem = TrainingProblem(1e60 * normal(2, 5, 6, 1).X, normal(2, 5, 6, 1).Y, 1e60)
    result = lower_bound(problem, "phases")
    assert [proved.level for proved in result.proved] == ["shor"]
    assert result.notes[0].startswith("phases: ")
