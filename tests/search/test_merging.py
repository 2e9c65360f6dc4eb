"""Groups of points that are merged: what each round proves, of which rows, and how often."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from small_problems import normal

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.first_order import first_order
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.reduced import own_solvers
from certnn.relaxation.reduced.reduced_problem import reduce_problem
from certnn.search.groups.tasks import Workers
from certnn.search.levels import merging
from certnn.search.levels.level import Context, Goal
from certnn.search.levels.merging import MergedGroups
from certnn.search.levels.relaxed import Dnn
from certnn.search.lower_bound import lower_bound
from certnn.training import train_locally, training_objective


@pytest.fixture(autouse=True)
def small_groups(monkeypatch):
    monkeypatch.setattr(merging, "_SMALLEST", 9)
    monkeypatch.setattr(own_solvers, "_UNKNOWNS_UP_TO", 1)


def value(problem):
    """Of the relaxation, by another method."""
    found = interior_point(reduce_problem(problem), Budget())
    return max(iterate.bound for iterate in found)


def with_lines(seed=0):
    """Thirty points, of which some are zero, repeated, or lie on the line of another."""
    base = normal(seed, n=30, d=3, c=4)
    X = base.X.copy()
    X[3] = X[17] = 0.0
    X[5], X[11], X[20] = X[4], 2.0 * X[4], -0.5 * X[9]
    return TrainingProblem(X, base.Y, 0.3)


def rounds(problem, budget=None):
    reduced = reduce_problem(problem)
    merged = MergedGroups(problem, reduced, budget or Budget(), seed=0)
    counts = [len(merged.groups)]
    found = []
    for iterate in merged.rounds(Workers(None)):
        point = reduced.original_point(iterate.Z, iterate.products)
        found.append((iterate, certify(problem, point, {}).bound.rounded))
        counts.append(len(merged.groups))
    return merged, counts, found


@pytest.mark.parametrize(
    "problem", [normal(1, n=36, d=3, c=4), with_lines()], ids=["plain", "lines"]
)
def test_each_round_proves_more_and_none_more_than_all_products(problem):
    merged, counts, found = rounds(problem)
    assert counts == [4, 4, 2]
    assert len(merged.groups) == 1
    for iterate, proved in found:  # all groups share the moments of (u, v)
        assert iterate.bound * (1.0 - 1e-6) <= proved <= value(problem) * (1.0 + 1e-6)
    (first, _), (second, _) = found
    assert second.bound > first.bound
    [whole] = merged.points
    assert whole.Z.shape == problem.Y.shape
    assert whole.bound == pytest.approx(second.bound)


def test_what_groups_prove_together_is_no_estimate_of_what_they_prove_as_one(monkeypatch):
    """Else a round of merged groups would be over before it begins."""
    begun, solved = [], merging._solved

    def noted(task, budget):
        begun.append((task.tolerance, task.begin))
        return solved(task, budget)

    monkeypatch.setattr(merging, "_solved", noted)
    _, counts, _ = rounds(normal(1, n=36, d=3, c=4))
    assert counts[:2] == [4, 4]
    firsts, merged = begun[:4], begun[4:]
    assert [begin for _, begin in firsts] == [None] * 4
    assert len(merged) == 2
    assert all(math.isinf(begin.estimate) for _, begin in merged)


def test_groups_are_all_directions_once_and_their_rows_keep_their_targets():
    problem = with_lines()
    reduced = reduce_problem(problem)
    merged = MergedGroups(problem, reduced, Budget(), seed=0)
    assert sorted(np.concatenate(merged.sets).tolist()) == list(range(reduced.directions.count))
    assert max(map(len, merged.sets)) <= 9
    for chosen in merged.sets:
        part = reduced.part(chosen, 0.1)
        rows = np.flatnonzero(np.isin(reduced.directions.label, chosen))
        assert np.array_equal(part.targets, reduced.targets[rows])
        assert np.array_equal(chosen[part.directions.label], reduced.directions.label[rows])
        x = (part.lift_a - part.lift_b) @ part.rows  # the rows, as far as they are scaled
        whole = (reduced.lift_a - reduced.lift_b) @ reduced.rows
        assert np.allclose(x, whole[rows])
        own = part.directions.representative
        assert np.array_equal(part.directions.label[own], np.arange(chosen.size))


def test_parts_prove_no_more_than_the_whole():
    """With shares of reg (Theorem 53); and with all of it one part is the whole."""
    problem = normal(2, n=24, d=3, c=4)
    reduced = reduce_problem(problem)
    halves = np.arange(12), np.arange(12, 24)

    def of_part(chosen, reg):
        return max(iterate.bound for iterate in interior_point(reduced.part(chosen, reg), Budget()))

    whole = value(problem)
    assert of_part(np.arange(24), reduced.reg) == pytest.approx(whole, rel=1e-6)
    assert sum(of_part(half, 0.5 * reduced.reg) for half in halves) <= whole * (1.0 + 1e-6)


def test_the_first_order_method_begins_with_what_it_is_given():
    problem = normal(3, n=20, d=3, c=4)
    reduced = reduce_problem(problem)
    *_, good = interior_point(reduced, Budget())
    steps = first_order(reduced, Budget(), begin=(good,))
    bounds = [next(steps).bound for _ in range(3)]
    assert bounds[1] == pytest.approx(good.bound, rel=1e-6)
    assert bounds[2] == pytest.approx(bounds[1], rel=1e-9)
    assert bounds[1] > bounds[0]


def test_the_level_certifies_rounds_and_ends_with_all_products():
    problem = normal(1, n=36, d=3, c=4)
    told = []
    result = lower_bound(problem, "dnn", gap=0.0, progress=lambda stage, *_: told.append(stage))
    assert result.value == pytest.approx(value(problem), rel=5e-3)
    assert [stage for stage in told if stage.endswith("in 2 groups")]
    assert "groups" not in json.loads(result.certificate.document)["about"]
    assert result.products["dnn"].n == 36


def test_the_same_work_gives_the_same_proof():
    problem = normal(1, n=36, d=3, c=4)
    one, two = (lower_bound(problem, "dnn", gap=0.0, work_limit=1.0, seed=4) for _ in range(2))
    assert one.certificate.document == two.certificate.document


def test_groups_that_may_not_be_merged_end_with_a_small_gap(monkeypatch):
    monkeypatch.setattr(merging, "_LARGEST", 10)
    problem = normal(1, n=36, d=3, c=4)
    merged, counts, found = rounds(problem)
    assert counts == [4, 4, 4]
    assert len(merged.groups) == 4
    assert found[1][0].bound > found[0][0].bound
    assert found[1][0].bound == pytest.approx(found[1][0].estimate, rel=5e-3)


def test_a_budget_that_is_over_proves_nothing_or_something():
    problem = normal(1, n=36, d=3, c=4)
    budget = Budget()
    budget.stop()
    with pytest.raises(SolverError, match="longer than the time left"):
        list(Dnn().proofs(Context(problem, Goal(budget))))


@pytest.mark.parametrize("loss", ["half-squared", "softmax"])
@pytest.mark.parametrize("biases", [(True, True), ("free", "free")])
def test_other_losses_and_biases_are_proved_in_groups_too(loss, biases):
    plain = normal(2, n=36, d=3, c=4)
    Y = plain.Y if loss == "half-squared" else np.eye(4)[np.arange(36) % 4]
    problem = TrainingProblem(plain.X, Y, 0.5, biases[0], loss=loss, output_bias=biases[1])
    found = lower_bound(problem, "dnn", budget=Budget(work=2.0))
    by_level = {proved.level: proved.bound.rounded for proved in found.proved}
    assert by_level["dnn"] > 1.5 * by_level["shor"]
    network = train_locally(problem, Budget(work=0.5)).network
    assert found.value < training_objective(problem, network)
