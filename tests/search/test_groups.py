"""Groups of points: which, with what shares of reg, and the level that adds up their bounds."""

from __future__ import annotations

import json
import os
import signal
from fractions import Fraction

import numpy as np
import pytest
from distributed import LocalCluster
from hypothesis import given
from hypothesis import strategies as st
from small_problems import normal

import certnn
from certnn.budget import Budget
from certnn.certificates import Certificate
from certnn.certificates.groups_document import groups_certificate, proved_groups
from certnn.certificates.proved_dual_point import dual_point
from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import random_network_data
from certnn.relaxation.shor.distributed import connected
from certnn.search.groups import tasks
from certnn.search.groups.representative import representative_groups
from certnn.search.groups.shares import even_shares, moved_shares
from certnn.search.groups.tasks import open_workers
from certnn.search.levels.schedule import Case, stages
from certnn.search.lower_bound import lower_bound
from certnn.search.resume import earlier_result


@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 4), st.booleans(), st.data())
def test_groups_are_all_points_once_and_alike_in_size(seed, n, d, classes, data):
    rng = np.random.default_rng(seed)
    Y = np.eye(3)[rng.integers(0, 3, n)] if classes else rng.standard_normal((n, 2))
    X = rng.standard_normal((n, d)) * 10.0 ** rng.integers(-90, 90)
    count = data.draw(st.integers(1, n))
    groups = representative_groups(TrainingProblem(X, Y, 0.1), count, seed)
    assert sorted(np.concatenate(groups).tolist()) == list(range(n))
    assert all(np.all(np.diff(group) > 0) for group in groups)
    assert len(groups) == count
    assert max(map(len, groups)) - min(map(len, groups)) <= 1
    if classes and len(np.unique(Y, axis=0)) * count <= n:
        members = [np.sum(Y[group], axis=0) for group in groups]
        assert np.max(np.ptp(members, axis=0)) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_near_points_go_to_different_groups(seed):
    """Sixteen bunches of five points: each group has a point of each bunch."""
    rng = np.random.default_rng(seed)
    bunch = rng.permutation(np.repeat(np.arange(16), 5))
    corners = np.array([[i >> k & 1 for k in range(4)] for i in range(16)], dtype=float)
    X = corners[bunch] + 1e-3 * rng.standard_normal((80, 4))
    for group in representative_groups(TrainingProblem(X, X[:, :1], 0.1), 5, seed):
        assert sorted(bunch[group].tolist()) == list(range(16))


def test_which_groups_depends_on_the_seed_alone():
    problem = normal(0, 30, 2, 1)
    one, same, other = (representative_groups(problem, 3, seed) for seed in (0, 0, 1))
    assert [g.tolist() for g in one] == [g.tolist() for g in same] != [g.tolist() for g in other]


@given(
    st.floats(1e-90, 1e90),
    st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30),
)
def test_shares_come_to_reg_and_no_more(reg, slopes):
    shares = even_shares(reg, len(slopes))
    for _ in range(3):
        assert sum(map(Fraction, shares)) <= Fraction(reg)
        assert sum(shares) >= reg * (1.0 - 1e-9)
        assert min(shares) > 0.0
        shares = moved_shares(shares, slopes)


def test_shares_climb_to_where_all_slopes_are_the_same():
    """The optimum of Σ aᵢ log rᵢ on Σ rᵢ = 1 is r = a / Σ a; of Σ 2 aᵢ √rᵢ it is r ∝ a²."""
    a = np.array([1.0, 2.0, 5.0])
    log, root = even_shares(1.0, 3), even_shares(1.0, 3)
    for _ in range(40):
        log, root = moved_shares(log, a / log), moved_shares(root, a / np.sqrt(root))
    np.testing.assert_allclose(log, a / 8.0, rtol=1e-9)
    np.testing.assert_allclose(root, a**2 / 30.0, rtol=1e-6)


def test_shares_stay_where_no_network_has_weights():
    assert moved_shares([0.25, 0.5], [0.0, 0.0]) == [0.25, 0.5]


PROBLEM = random_network_data(3, 1.0, n=24, d=2, c=1)


@pytest.fixture(scope="module")
def halves():
    return lower_bound(PROBLEM, "groups(2)", work_limit=20.0)


def test_the_bound_is_the_sum_of_those_of_the_groups(halves):
    assert halves.level == "groups(2)"
    groups = proved_groups(halves.certificate)
    assert sum(Fraction(group.reg) for group in groups) <= Fraction(PROBLEM.reg)
    assert sorted(np.concatenate([group.points for group in groups]).tolist()) == list(range(24))
    total = sum(Fraction(group.bound) for group in groups)
    assert halves.bound.value <= total <= halves.bound.value * (1 + Fraction(1, 2**50))
    best = certnn.train(PROBLEM, work_limit=20.0)
    assert 0.7 * best.objective.value < halves.bound.value <= best.objective.value
    said = json.loads(halves.certificate.document)["about"]
    assert said["level"] == "groups(2)"
    assert sum(int(part.split()[-1]) for part in said["groups by level"].split(", ")) == 2


def test_the_same_again(halves):
    again = lower_bound(PROBLEM, "groups(2)", work_limit=20.0)
    assert again.certificate.document == halves.certificate.document


def test_the_dual_point_of_groups_is_one_of_the_whole(halves):
    Z, kappa = dual_point(halves.certificate, (24, 1))
    assert kappa == PROBLEM.reg
    rays = np.random.default_rng(0).standard_normal((PROBLEM.d, 4000))
    scores = np.linalg.norm(Z.T @ np.maximum(PROBLEM.X @ rays, 0.0), axis=0)
    assert np.max(scores / np.linalg.norm(rays, axis=0)) <= kappa * (1.0 + 1e-9)
    value = float(np.vdot(Z, PROBLEM.Y) - 0.5 * np.vdot(Z, Z))
    assert value == pytest.approx(halves.bound.rounded, rel=0.05)


def test_an_earlier_result_keeps_its_groups(halves):
    whole = proved_groups(halves.certificate)
    half = groups_certificate(PROBLEM, whole[:1], {"level": "groups(2)"})
    earlier = earlier_result(PROBLEM, half, "half")
    more = lower_bound(PROBLEM, "groups(2)", work_limit=20.0, improve=earlier)
    first, second = proved_groups(more.certificate)
    assert (first.proof, first.reg) == (whole[0].proof, whole[0].reg)
    assert second.points.tolist() == whole[1].points.tolist()
    assert more.bound.value > 1.2 * earlier.bound.value
    done = lower_bound(PROBLEM, "groups(2)", work_limit=20.0, improve=more)
    assert done.certificate == more.certificate
    assert "2 of 2 groups are proved" in " ".join(done.notes)


def test_other_groups_are_not_taken_over(halves):
    other = lower_bound(PROBLEM, "groups(3)", work_limit=20.0, improve=halves)
    assert other.bound.value >= halves.bound.value
    proved = [one for one in other.proved if one.level == "groups(3)"]
    assert not proved or proved[0].bound.value > halves.bound.value


def test_what_is_proved_is_kept_where_it_is_stopped():
    """Groups that are not proved count as zero."""
    problem = random_network_data(3, 20.0, n=40, d=2, c=1)
    budget, seen = Budget(work=60.0), []

    def stop(stage, bound, objective):
        seen.append(stage)
        if "1 of 2 proved" in stage:
            budget.stop()

    found = lower_bound(problem, "groups(2)", budget=budget, progress=stop)
    assert found.interrupted
    assert "groups(2): 1 of 2 proved" in seen
    assert "groups(2): 2 of 2 proved" not in seen
    groups = proved_groups(found.certificate)
    assert [p.level for p in found.proved] in (["shor"], ["shor", "groups(2)"])
    assert len(groups) == (found.level == "groups(2)")


def test_a_group_is_a_problem_of_its_own():
    problem = normal(0, 8, 2, 1)
    with pytest.raises(InputError, match="level: groups\\(9\\) is for at least 9 points, here 8"):
        lower_bound(problem, "groups(9)", work_limit=5.0)
    Y = np.where(np.arange(8) < 2, 1.0, -1.0)
    rare = TrainingProblem(problem.X, Y, 0.1, loss="logistic", output_bias="free")
    with pytest.raises(InputError, match="level: makes a group of points whose Y: has a column"):
        lower_bound(rare, "groups(4)", work_limit=5.0)


@pytest.mark.parametrize(
    ("loss", "hidden_bias", "output_bias"),
    [
        ("half-squared", "free", False),
        ("huber", True, True),
        ("hinge", False, "free"),
        ("logistic", "free", "free"),
    ],
)
def test_every_loss_and_bias(loss, hidden_bias, output_bias):
    rng = np.random.default_rng(5)
    X = rng.standard_normal((16, 2))
    Y = np.where(X[:, 0] + 0.3 * rng.standard_normal(16) > 0.0, 1.0, -1.0)
    problem = TrainingProblem(X, Y, 0.5, hidden_bias, loss=loss, output_bias=output_bias)
    found = lower_bound(problem, "groups(2)", work_limit=6.0)
    groups = [one for one in found.proved if one.level == "groups(2)"]
    assert len(groups) == 1
    best = certnn.train(problem, work_limit=5.0).objective.value
    assert 0.5 * best < groups[0].bound.value <= best


def test_the_schedule_takes_it():
    assert [str(level) for level in stages("groups(8)", Case(100, 3, 1))] == ["shor", "groups(8)"]
    assert [str(level) for level in stages("groups", Case(100, 3, 1))] == ["shor", "groups"]
    for wrong in ("groups(0)", "groups()", "groups(-1)", "groups(2.5)"):
        with pytest.raises(InputError, match="level"):
            stages(wrong, Case(100, 3, 1))


def squared(task, budget):
    return task**2


def dies_at_first(task, budget):
    marker, number = task
    if number == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def dies_always(task, budget):
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def share(task, budget):
    left = budget.work_left
    budget.spend(5.0 if task == 0 else 0.5)
    return left


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(tasks, "thread_count", lambda: 2)


def finished(run, given, budget=None):
    budget = budget or Budget()
    with open_workers(None, len(given)) as workers:
        return dict(workers.finished(run, given, budget, budget))


@pytest.mark.usefixtures("two_threads")
def test_tasks_on_processes():
    assert finished(squared, [1, 2, 3]) == {0: 1, 1: 4, 2: 9}


@pytest.mark.usefixtures("two_threads")
def test_a_task_whose_process_is_killed_is_run_again(tmp_path):
    given = [(tmp_path / "marker", number) for number in range(4)]
    assert finished(dies_at_first, given) == {0: 0, 1: 1, 2: 2, 3: 3}


@pytest.mark.usefixtures("two_threads")
def test_a_task_that_always_kills_its_process_is_given_up():
    found = finished(dies_always, [0, 1])
    assert 1 not in found


@pytest.mark.parametrize("threads", [1, 2])
def test_each_task_has_its_share_of_the_work(monkeypatch, threads):
    monkeypatch.setattr(tasks, "thread_count", lambda: threads)
    budget = Budget(work=8.0)
    found = finished(share, range(4), budget)
    assert [found[number] for number in range(4)] == [2.0] * 4  # though the first took more
    assert budget.work_left == pytest.approx(8.0 - 2.0 - 3 * 0.5)


@pytest.mark.slow
def test_workers_of_a_cluster_may_be_killed():
    """All are, one while it proves; others take their places, and the result is the same."""
    killed = []

    def kill_all(stage, bound, objective):
        if "1 of 4 proved" in stage and not killed:
            killed.extend(client.run(os.getpid).values())
            for process in killed:
                os.kill(process, signal.SIGKILL)

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    found = []
    for progress in (None, kill_all):
        with (
            LocalCluster(processes=True, **options) as cluster,
            connected(cluster.scheduler_address) as client,
        ):
            given = {"work_limit": 40.0, "cluster": client, "progress": progress}
            found.append(lower_bound(PROBLEM, "groups(4)", **given))
    assert len(killed) == 2
    assert found[1].level == "groups(4)"
    assert len(proved_groups(found[1].certificate)) == 4
    assert found[1].certificate.document == found[0].certificate.document


@pytest.mark.usefixtures("two_threads")
def test_groups_on_processes_prove_what_they_prove_here(halves):
    """With work counted, and nothing left over by the first group for the second."""
    found = lower_bound(PROBLEM, "groups(2)", work_limit=20.0)
    assert found.bound.value == pytest.approx(halves.bound.value, rel=1e-3)
    assert Certificate(found.certificate.document).check().value == found.bound.value
