"""The level cuts as a whole: between dnn and the optimum, certified round by round."""

from __future__ import annotations

import re
import signal
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import normal, random_family, repeated_rows

import certnn
from certnn import lower_bound
from certnn.budget import Budget
from certnn.certificates.cuts_certify import certify_cuts
from certnn.errors import InputError, SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.cuts import CutFamilies, cut_rounds
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.reduced.reduced_problem import reduce_problem
from certnn.search.levels.cuts import Cuts
from certnn.search.levels.level import Context, Goal
from certnn.search.levels.schedule import CUTS, DNN, SHOR, Case, stages

SMALL = normal(0, 8, 2, 2, reg=0.1)


@pytest.fixture(scope="module")
def optimum():
    return certnn.train(SMALL, gap=1e-6).objective.rounded


@pytest.fixture(scope="module")
def points():
    return [iterate.point for iterate in cut_rounds(SMALL, Budget())]


def test_levels_of_a_request():
    assert stages("cuts", Case(8, 2, 2)) == (SHOR, DNN, CUTS)
    assert str(CUTS) == "cuts"
    assert not CUTS.trains


def test_bounds_rise_from_dnn_to_nearly_the_optimum(optimum):
    result = lower_bound(SMALL, "cuts", work_limit=60.0)
    proved = {level.level: level.bound.rounded for level in result.proved}
    assert result.notes == ()
    assert result.level == "cuts"
    assert proved["shor"] < proved["dnn"] < proved["cuts"] <= optimum
    assert proved["cuts"] - proved["dnn"] > 0.95 * (optimum - proved["dnn"])
    assert result.certificate.check().value == result.bound.value
    assert result.solver_figures[-1].level == "cuts"


def test_products_of_dnn_need_not_be_searched_for_again():
    problem = normal(1, 25, 3, 1, reg=0.1)
    *_, dnn = interior_point(reduce_problem(problem), Budget())
    alone, after = Budget(), Budget()
    first = next(cut_rounds(problem, alone))
    again = next(cut_rounds(problem, after, known=dnn.products))
    assert again.bound == pytest.approx(first.bound, rel=1e-2)
    assert certify_cuts(problem, again.point, {}).bound.value <= dnn.estimate * (1 + 1e-6)
    assert after.worked < 0.8 * alone.worked


@pytest.mark.parametrize(
    "families", [CutFamilies(True, 0), CutFamilies(False, 3), CutFamilies(False, 4)], ids=str
)
def test_each_family_alone_raises_the_bound(families):
    problem = normal(1, 8, 3, 2, reg=0.1)
    context = Context(problem, Goal(Budget(work=30.0)))
    proofs = Cuts(families).proofs(context)
    bounds = [certified.bound.rounded for certified in islice(proofs, 2)]
    proofs.close()
    dnn = lower_bound(problem, "dnn").value
    best = certnn.train(problem, gap=1e-2, work_limit=60.0).objective.rounded
    slacks, sets = (int(number) for number in re.findall(r"\d+", context.figures[-1].settings))
    assert (slacks > 0) is families.slacks
    assert (sets > 0) is (families.set_size > 0)
    assert 1.01 * dnn < max(bounds) <= best


@pytest.mark.parametrize(
    "problem",
    [
        normal(4, 6, 1, 1, reg=0.05, hidden_bias=True),
        repeated_rows(1, [2.0, -1.0, -0.5], zero_rows=1, reg=0.05),
        normal(7, 1, 3, 2),
        TrainingProblem(1e8 * SMALL.X[:5], 1e8 * SMALL.Y[:5], 1e15),
        TrainingProblem(SMALL.X, 0.0 * SMALL.Y, 0.1),
        TrainingProblem(SMALL.X, SMALL.Y, 1e6),
    ],
    ids=["hidden bias", "repeated rows", "one point", "large", "no targets", "large reg"],
)
def test_awkward_problems_get_a_bound_no_worse_than_dnn(problem):
    result = lower_bound(problem, "cuts", work_limit=2.0)
    proved = {level.level: level.bound.rounded for level in result.proved}
    assert result.notes == ()
    assert proved["cuts"] >= proved["dnn"] * (1.0 - 1e-5)
    best = certnn.train(problem, gap=1e-3, work_limit=30.0).objective.rounded
    assert proved["cuts"] <= best


def test_zero_data_need_no_cuts():
    result = lower_bound(TrainingProblem(0.0 * SMALL.X, SMALL.Y, 0.1), "cuts")
    assert [level.level for level in result.proved] == ["shor"]


@given(data=st.data())
@settings(deadline=None, max_examples=15)
def test_no_poor_point_proves_too_much(data, points, optimum):
    """Multipliers, θ and forms are changed at random: what is proved stays below the optimum."""
    point = data.draw(st.sampled_from(points))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    size = 10.0 ** data.draw(st.integers(-9, 1))

    def noisy(array):
        return array * (1.0 + size * rng.standard_normal(array.shape))

    slacks = replace(point.slacks, theta=noisy(point.slacks.theta))
    changed = replace(point, slacks=slacks, multiplier=noisy(point.multiplier), Z=noisy(point.Z))
    try:
        certified = certify_cuts(SMALL, changed, {})
    except SolverError:
        return
    assert 0 <= certified.bound.value <= optimum


def test_a_point_near_a_good_one_proves_nearly_as_much(points):
    good = certify_cuts(SMALL, points[-1], {}).bound.rounded
    noise = np.random.default_rng(0).standard_normal(points[-1].multiplier.size)
    near = replace(points[-1], multiplier=points[-1].multiplier * (1.0 + 1e-6 * noise))
    assert certify_cuts(SMALL, near, {}).bound.rounded > 0.999 * good


def test_points_that_are_not_finite_are_refused(points):
    bad = np.full(points[-1].multiplier.shape, np.nan)
    with pytest.raises(SolverError, match="not finite"):
        certify_cuts(SMALL, replace(points[-1], multiplier=bad), {})


def test_other_losses_are_left_to_other_levels():
    problem = TrainingProblem(SMALL.X, np.sign(SMALL.Y), 0.1, loss="squared-hinge")
    with pytest.raises(SolverError, match="half-squared"):
        next(cut_rounds(problem, Budget()))


@pytest.mark.parametrize("size", [-1, 1, 2, 5, 12])
def test_sets_have_three_or_four_points(size):
    with pytest.raises(InputError, match="set_size"):
        CutFamilies(True, size)


def test_too_many_directions_are_refused_at_once():
    with pytest.raises(SolverError, match="up to 300"):
        next(cut_rounds(normal(0, 310, 3, 1), Budget()))


def test_no_round_begins_without_time():
    assert list(cut_rounds(SMALL, Budget(work=0.0))) == []


def test_an_interrupt_ends_the_rounds_and_keeps_the_bound():
    asked = []

    def interrupt(stage, bound, objective):
        if stage.startswith("cuts: ") and not asked:
            asked.append(stage)
            signal.raise_signal(signal.SIGINT)

    result = lower_bound(random_family(0), "cuts", gap=0.0, progress=interrupt)
    assert asked
    assert result.interrupted
    assert result.value > 0.0
