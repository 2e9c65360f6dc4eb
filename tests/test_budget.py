"""Budgets: time by a clock that stands still, work, shares of both, and limits that are refused."""

import math
import signal
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import certnn
from certnn.budget import Budget, Stop, budgeted, require_limit
from certnn.errors import InputError
from certnn.splitting.patterns import bound_over_patterns, collect_patterns

SHARES = st.floats(0.0, 1.0)
AMOUNTS = st.floats(1e-3, 1e6)
UNUSABLE = [0.0, -1.0, math.nan, math.inf, -math.inf, True, False, "1", [1.0], 1j]


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Stands still but for what is added to its `now`."""
    clock = SimpleNamespace(now=1000.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr("certnn.budget.time", clock)
    return clock


def test_without_limits_it_is_never_over(clock):
    budget = Budget()
    budget.spend(1e9)
    clock.now += 1e9
    assert not budget.limited
    assert not budget.over
    assert not budget.stopped
    assert budget.left == math.inf
    assert budget.seconds_left is None
    assert budget.work_left == math.inf
    assert budget.affords(1e100)


def test_it_is_over_when_its_time_is_up(clock):
    budget = Budget(seconds=2.0)
    clock.now += 1.5
    assert budget.limited
    assert not budget.over
    assert budget.left == budget.seconds_left == 0.5
    assert budget.work_left == math.inf
    clock.now += 0.5
    assert budget.over
    assert not budget.stopped
    assert budget.left == budget.seconds_left == 0.0
    clock.now += 10.0
    assert budget.left == budget.seconds_left == 0.0


def test_it_is_over_when_its_work_is_done(clock):
    budget = Budget(work=2.0)
    budget.spend(1.5)
    clock.now += 1e9
    assert budget.limited
    assert not budget.over
    assert budget.left == budget.work_left == 0.5
    assert budget.seconds_left is None
    budget.spend(0.5)
    assert budget.over
    budget.spend(10.0)
    assert budget.left == budget.work_left == 0.0


def test_it_is_over_when_somebody_asks():
    stop = Stop()
    budget = Budget(100.0, 100.0, stop)
    part = budget.part(0.5)
    assert not budget.over
    stop.ask()
    for one in (budget, part, budget.part(1.0), budget.but(1.0)):
        assert one.stopped
        assert one.over
        assert one.left == 0.0
        assert not one.affords(0.0)


def test_the_first_limit_that_is_reached_ends_it(clock):
    by_time, by_work = Budget(1.0, 5.0), Budget(1.0, 5.0)
    clock.now += 1.0
    by_work = Budget(1.0, 5.0)
    by_work.spend(5.0)
    assert by_time.over
    assert by_time.work_left == 5.0
    assert by_work.over
    assert by_work.seconds_left == 1.0


def test_durations_are_work_unless_time_alone_is_limited(clock):
    none, time, work, both = Budget(), Budget(seconds=9.0), Budget(work=9.0), Budget(9.0, 9.0)
    before = [budget.now for budget in (none, time, work, both)]
    clock.now += 2.0
    for budget in (none, time, work, both):
        budget.spend(3.0)
    after = [budget.now for budget in (none, time, work, both)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [3.0, 2.0, 3.0, 3.0]
    assert [budget.left for budget in (none, time, work, both)] == [math.inf, 7.0, 6.0, 6.0]


def test_it_affords_what_ends_before_it(clock):
    time, work = Budget(seconds=3.0), Budget(work=3.0)
    clock.now += 1.0
    work.spend(1.0)
    for budget in (time, work):
        assert budget.affords(0.0)
        assert budget.affords(1.99)
        assert not budget.affords(2.0)
        assert not budget.affords(math.inf)


@given(share=SHARES, seconds=AMOUNTS, work=AMOUNTS, used=SHARES)
def test_a_part_is_a_share_of_what_is_left(share, seconds, work, used):
    budget = Budget(seconds, work)
    budget.spend(used * work)
    part = budget.part(share)
    # Deadlines are rounded to floats of the size of the clock.
    assert part.seconds_left == pytest.approx(share * budget.seconds_left, rel=1e-9, abs=1e-9)
    assert part.work_left == pytest.approx(share * budget.work_left, rel=1e-9, abs=1e-9 * work)
    assert part.limited


@given(shares=st.lists(SHARES, max_size=6), spent=st.lists(AMOUNTS, min_size=1, max_size=6))
def test_the_work_of_parts_counts_in_the_whole(shares, spent):
    whole = Budget(work=1e9)
    budgets = [whole]
    for share in shares:
        budgets.append(budgets[-1].part(share))
    for k, work in enumerate(spent):
        budgets[k % len(budgets)].spend(work)
    assert {budget.now for budget in budgets} == {whole.now}
    assert whole.now == pytest.approx(sum(spent))
    assert {budget.worked for budget in budgets} == {whole.worked} == {whole.now}
    assert whole.work_left == pytest.approx(1e9 - sum(spent))


@given(share=SHARES, seconds=AMOUNTS, work=AMOUNTS)
def test_no_part_outlasts_the_whole(share, seconds, work):
    budget = Budget(seconds, work)
    budget.part(share).spend(work)
    assert budget.over
    assert budget.part(share).over


def test_parts_one_after_another_share_what_is_left():
    budget = Budget(work=12.0)
    for left in (9.0, 6.0, 3.0, 0.0):
        part = budget.part(3.0 / budget.work_left)
        assert not part.over
        part.spend(3.0)
        assert part.over
        assert budget.work_left == left


def test_what_is_spent_in_the_whole_ends_a_part():
    budget = Budget(work=10.0)
    part = budget.part(0.2)
    budget.spend(2.0)
    assert part.over
    assert not budget.over


def test_a_part_of_no_limit_has_the_one_that_is_named(clock):
    part = Budget().part(0.1, 7.0)
    assert part.work_left == 7.0
    assert part.seconds_left is None
    clock.now += 1e9
    assert not part.over
    part.spend(7.0)
    assert part.over
    for budget in (Budget(seconds=10.0), Budget(work=10.0)):
        assert budget.part(0.1, 7.0).left == pytest.approx(1.0)
    assert Budget(seconds=10.0).part(0.1, 7.0).work_left == math.inf
    assert not Budget().part(0.1).limited


def test_a_budget_without_its_end(clock):
    time, work = Budget(seconds=10.0), Budget(work=10.0)
    clock.now += 1.0
    work.spend(1.0)
    for budget in (time, work):
        rest = budget.but(2.0)
        assert rest.left == 7.0
        assert budget.but(20.0).over
    rest.spend(7.0)
    assert rest.over
    assert work.left == 2.0
    assert not Budget().but(5.0).limited


def test_work_of_several_threads_is_all_counted():
    budget = Budget(work=1e9)
    threads = [
        threading.Thread(target=lambda: [budget.part(0.5).spend(1.0) for _ in range(500)])
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert budget.now <= 2000.0


@pytest.mark.parametrize("limit", UNUSABLE, ids=repr)
@pytest.mark.parametrize("name", ["time_limit", "work_limit"])
def test_unusable_limits_are_refused_by_name(name, limit):
    with pytest.raises(InputError, match=r"must be (a number|positive and finite), got ") as caught:
        require_limit(name, limit)
    assert caught.value.argument == name
    with pytest.raises(InputError) as caught, budgeted(**{"time_limit": None, name: limit}):
        pass
    assert caught.value.argument == name


@pytest.mark.parametrize("limit", [1e-9, 1, 2.5, np.float64(3.0)])
def test_limits_are_positive_numbers_or_none(limit):
    assert require_limit("time_limit", limit) == float(limit)
    assert type(require_limit("time_limit", limit)) is float
    assert require_limit("time_limit", None) == math.inf


def test_the_budget_of_a_call_has_its_limits_and_listens_to_signals():
    with budgeted(3.0, 4.0) as budget:
        assert budget.seconds_left == 3.0
        assert budget.work_left == 4.0
        signal.raise_signal(signal.SIGINT)
        assert budget.stopped
    with budgeted(None) as budget:
        assert not budget.limited
        assert not budget.stopped


def test_a_budget_is_shared_as_it_is():
    own = Budget(work=5.0)
    with budgeted(None, None, own) as budget:
        assert budget is own


@pytest.mark.parametrize("name", ["time_limit", "work_limit"])
def test_a_budget_beside_a_limit_is_refused(name):
    problem = certnn.TrainingProblem([[1.0], [-1.0]], [[1.0], [2.0]], 0.1)
    more = {"budget": Budget(), name: 1.0}
    patterns = collect_patterns(problem, [], 2)
    for call in (
        lambda: certnn.lower_bound(problem, **more),
        lambda: certnn.train(problem, **more),
        lambda: certnn.audit(None, problem, **more),
        lambda: bound_over_patterns(problem, patterns, **more),
    ):
        with pytest.raises(InputError, match="in place of") as caught:
            call()
        assert caught.value.argument == "budget"


@pytest.mark.parametrize("limit", UNUSABLE, ids=repr)
@pytest.mark.parametrize("name", ["time_limit", "work_limit"])
def test_every_call_refuses_unusable_limits_by_name(name, limit):
    problem = certnn.TrainingProblem([[1.0], [-1.0]], [[1.0], [2.0]], 0.1)
    patterns = collect_patterns(problem, [], 2)
    more = {name: limit}
    for call in (
        lambda: certnn.lower_bound(problem, **more),
        lambda: certnn.train(problem, **more),
        lambda: certnn.audit(None, problem, **more),
        lambda: certnn.exact_solution(problem, **more),
        lambda: certnn.regularisation_path(problem, [0.1, 0.2], **more),
        lambda: certnn.sampled_bound(problem, size=1, **more),
        lambda: certnn.CertifiedReLURegressor(**more).fit(problem.X, problem.Y[:, 0]),
        lambda: bound_over_patterns(problem, patterns, **more),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.argument == name


def test_work_done_in_one_call_is_missing_in_the_next():
    problem = certnn.TrainingProblem(np.eye(3), [[1.0], [-2.0], [3.0]], 0.1)
    budget = Budget(work=100.0)
    first = certnn.lower_bound(problem, "dnn", budget=budget)
    spent = budget.now
    assert 0.0 < spent < 100.0
    assert budget.work_left == pytest.approx(100.0 - spent)
    certnn.lower_bound(problem, "dnn", budget=budget)
    assert budget.now == pytest.approx(2.0 * spent)
    budget.spend(100.0)
    last = certnn.lower_bound(problem, "dnn", budget=budget)
    assert [proved.level for proved in first.proved] == ["shor", "dnn"]
    assert [proved.level for proved in last.proved] == ["shor"]


def test_a_budget_apart_counts_by_itself_and_is_stopped_with_the_other():
    whole = Budget(work=10.0)
    own = whole.apart(100.0, 3.0)
    own.spend(2.0)
    whole.spend(4.0)
    assert (own.work_left, whole.work_left) == (1.0, 6.0)
    assert 99.0 < own.seconds_left <= 100.0
    assert not own.over
    whole.stop()
    assert own.stopped


def test_a_part_that_is_extended_ends_with_the_whole():
    whole = Budget(100.0, work=10.0)
    part = whole.part(0.4)
    part.spend(5.0)
    assert part.over
    part.extend(whole)
    assert not part.over
    assert part.work_left == whole.work_left == 5.0
    assert 99.0 < part.seconds_left <= 100.0
