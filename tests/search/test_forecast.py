"""What is to be expected of an audit: the model by hand, when nothing is said, and in words."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import certnn
from certnn.problem.useful_decay import largest_useful_reg
from certnn.reading.datasets import PRACTICE_SETS
from certnn.search.forecast import GapForecast, GapModel, Traits, fitted_models
from certnn.search.levels.schedule import Case, stages
from certnn.search.levels.tightening import Partition

TRAITS = Traits(
    points=100,
    columns=10,
    outputs=2,
    decay=0.01,
    other_loss=False,
    free_bias=True,
    seconds=60.0,
)
MODEL = GapModel(
    constant=-1.0,
    weights={"log points": 0.5, "log decay": -0.25, "free bias": 2.0},
    low=-1.0,
    high=0.5,
    measured={"log points": (math.log(50.0), math.log(1000.0))},
)


def test_the_model_by_hand():
    # −1 + ½ log 100 − ¼ log 0.01 + 2 = 1 + 1½ log 10 = 4.453878, and e to its negative 0.0116333.
    assert MODEL.log_odds(TRAITS) == pytest.approx(4.453878, abs=1e-6)
    found = MODEL.forecast(TRAITS)
    assert found.gap == pytest.approx(0.9885004, abs=1e-6)
    assert found.low == pytest.approx(1 / (1 + math.exp(-3.453878)), abs=1e-6)
    assert (found.high, found.seconds) == (0.99, 60.0)  # nothing is above 99 %


def test_nothing_is_known_far_from_what_was_measured():
    known = {points: MODEL.knows(replace(TRAITS, points=points)) for points in (9, 11, 4900, 5100)}
    assert known == {9: False, 11: True, 4900: True, 5100: False}


@given(
    st.integers(1, 10_000),
    st.integers(1, 100),
    st.integers(1, 10),
    st.floats(1e-4, 0.9),
    st.booleans(),
    st.booleans(),
    st.floats(1.0, 100.0),
    st.floats(1.0, 10.0),
)
def test_more_time_never_makes_it_worse(n, d, c, decay, other, free, seconds, longer):
    traits = Traits(n, d, c, decay, other, free, seconds)
    soon, later = (
        fitted_models()[traits.regime].forecast(replace(traits, seconds=s))
        for s in (seconds, longer * seconds)
    )
    for name in ("low", "gap", "high"):
        assert getattr(later, name) <= getattr(soon, name)
    assert 0.01 <= soon.low <= soon.gap <= soon.high <= 0.99


@pytest.mark.parametrize("columns", [2, 5, 6, 17])
def test_few_columns_are_those_of_a_partition(columns):
    plan = stages("auto", Case(100, columns, 3), limited=True)
    has_one = any(isinstance(level, Partition) for level in plan)
    assert has_one == (replace(TRAITS, columns=columns).regime == "few columns")


def test_of_a_problem():
    problem = PRACTICE_SETS["breast-cancer"].problem()
    found = certnn.forecast_gap(problem)
    assert found == fitted_models()["more columns"].forecast(Traits.of(problem, 60.0))
    traits = Traits.of(problem, 5.0)
    assert (traits.points, traits.columns, traits.outputs) == (569, 31, 2)
    assert (traits.other_loss, traits.free_bias, traits.seconds) == (False, False, 5.0)
    free = certnn.TrainingProblem(problem.X, problem.Y[:, 0], 10.0, "free", loss="logistic")
    traits = Traits.of(free, 60.0)
    assert (traits.outputs, traits.other_loss, traits.free_bias) == (1, True, True)


def test_where_nothing_is_said():
    X, Y = np.linspace(-1.0, 1.0, 40).reshape(20, 2), np.ones((20, 1))
    assert certnn.forecast_gap(certnn.TrainingProblem(X, Y, 0.1)) is not None
    for problem in (
        certnn.TrainingProblem(X, Y, 1e3),  # no neuron pays
        certnn.TrainingProblem(X, 0.0 * Y, 0.1),
        certnn.TrainingProblem(X, Y, 0.1, loss="huber"),
        certnn.TrainingProblem(X, Y, 1e-9),
    ):
        assert certnn.forecast_gap(problem) is None
    with pytest.raises(certnn.InputError, match="seconds"):
        certnn.forecast_gap(certnn.TrainingProblem(X, Y, 0.1), -1.0)


@pytest.mark.parametrize(
    ("forecast", "said"),
    [
        (GapForecast(0.17, 0.1, 0.284, 60.0), "about 17 % (10–28 %)"),
        (GapForecast(0.034, 0.01, 0.09, 60.0), "about 3.4 % (below 9 %)"),
        (GapForecast(0.01, 0.01 + 1e-15, 0.01, 60.0), "below 1 %"),
        (GapForecast(0.01 + 1e-15, 0.01, 0.27, 60.0), "below 1 % (or up to 27 %)"),
    ],
)
def test_in_words(forecast, said):
    assert str(forecast) == said


def test_the_largest_useful_decay_by_hand():
    # A neuron with u = −1 has the values 0 and 1, and scores 2 against the targets.
    assert largest_useful_reg(certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], 0.1)) == 2.0
    far = certnn.TrainingProblem(np.ones((5000, 1)), np.ones(5000), 0.1)
    assert largest_useful_reg(far) == pytest.approx(5000.0)


@pytest.mark.parametrize("seed", range(4))
def test_the_largest_useful_decay_in_the_plane(seed):
    draw = np.random.default_rng(seed).standard_normal
    problem = certnn.TrainingProblem(draw((30, 2)), draw((30, 2)), 0.1)
    angles = np.linspace(0.0, 2.0 * np.pi, 20_000)
    values = np.maximum(problem.X @ np.array([np.cos(angles), np.sin(angles)]), 0.0)
    most = np.linalg.norm(problem.Y.T @ values, axis=0).max()
    assert 0.9 * most <= largest_useful_reg(problem) <= most * (1.0 + 1e-6)


def test_with_free_biases_points_may_lie_anywhere():
    draw = np.random.default_rng(0).standard_normal
    X, Y = draw((30, 3)), draw((30, 1))
    here, there = (
        largest_useful_reg(certnn.TrainingProblem(X + shift, Y, 0.1, "free")) for shift in (0, 1e3)
    )
    assert there == pytest.approx(here, rel=1e-9)
