"""Searches side by side: their order, their counts, and how they end."""

import math
import signal
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget, Stop, stoppable
from certnn.splitting.ordered_search import in_order

THREADS = (1, 2, 5)


@pytest.fixture(params=THREADS)
def threads(request, monkeypatch):
    monkeypatch.setattr("certnn.splitting.ordered_search.thread_count", lambda: request.param)
    return request.param


def counting(place, most, delays=None, started=None):
    """A search of so many nodes that looks at its gauge at each of them."""

    def search(gauge):
        if started is not None:
            started.append(place)
        for _ in range(most):
            if gauge.stop[0]:
                break
            if delays is not None:
                time.sleep(delays.uniform(0.0, 1e-3))
            gauge.count[0] += 1
        return place, int(gauge.count[0])

    return search


def until_told(place, told):
    """A search that ends only when it is told to."""

    def search(gauge):
        while not gauge.stop[0]:
            time.sleep(1e-3)
        told.append(place)
        return place

    return search


def outcome(sizes, most, delays=None, budget=None):
    searches = [counting(k, size, delays) for k, size in enumerate(sizes)]
    found = []
    for ended in in_order(searches, most, budget or Budget()):
        found.append((ended.place, ended.count, ended.found))
    return found


def test_results_come_in_the_order_of_the_searches(threads):
    waits = [0.02, 0.0, 0.01, 0.0, 0.005, 0.0, 0.0]

    def slow(place):
        def search(gauge):
            time.sleep(waits[place])
            return place

        return search

    found = list(in_order([slow(k) for k in range(7)], math.inf, Budget()))
    assert [(one.place, one.count, one.found) for one in found] == [(k, 0, k) for k in range(7)]


def test_of_no_searches_there_is_nothing(threads):
    assert list(in_order([], 1.0, Budget())) == []


@settings(max_examples=15)
@given(
    sizes=st.lists(st.integers(0, 20), min_size=1, max_size=8),
    most=st.integers(0, 80),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_limit_of_counts_says_the_same_for_any_number_of_threads(sizes, most, seed):
    sums = np.cumsum(sizes).tolist()
    expected = [(k, sizes[k], (k, sizes[k])) for k, total in enumerate(sums) if total <= most]
    if sums[-1] > most:
        expected.append((len(expected), most - sum(sizes[: len(expected)]), None))
    for count in THREADS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("certnn.splitting.ordered_search.thread_count", lambda count=count: count)
            assert outcome(sizes, most, np.random.default_rng(seed)) == expected


def test_a_search_that_would_never_end_is_told_once_its_count_is_too_large(threads):
    def endless(gauge):
        while not gauge.stop[0]:
            gauge.count[0] += 1

    (ended,) = in_order([endless, endless, endless], 1000, Budget())
    assert (ended.place, ended.count, ended.found) == (0, 1000, None)


def test_what_comes_after_a_search_that_is_too_large_does_not_count(threads):
    assert outcome([3, 50, 0, 0], 20) == [(0, 3, (0, 3)), (1, 17, None)]


def test_searches_ahead_of_the_order_wait_while_counts_are_too_large(threads):
    """Those running may finish, but none is begun that is not needed yet."""
    gate, started = threading.Event(), []

    def first(gauge):
        gate.wait()
        return 0

    searches = [first, *(counting(k, 10, started=started) for k in range(1, 40))]
    iteration = in_order(searches, 25, Budget())
    # Two or three of ten nodes fit; every other thread may have begun one more meanwhile.
    timer = threading.Timer(0.2, gate.set)
    timer.start()
    found = [(ended.place, ended.count, ended.found) for ended in iteration]
    timer.join()
    assert found == [(0, 0, 0), (1, 10, (1, 10)), (2, 10, (2, 10)), (3, 5, None)]
    assert len(started) <= 3 + threads


def test_leaving_the_iteration_tells_the_searches_to_stop(threads):
    told, before = [], threading.active_count()
    searches = [counting(0, 3), *(until_told(k, told) for k in range(1, 20))]
    for ended in in_order(searches, math.inf, Budget()):
        assert ended.found == (0, 3)
        break
    assert threading.active_count() == before
    assert len(told) <= threads


def test_closing_the_iteration_waits_for_the_searches(threads):
    told, before = [], threading.active_count()
    iteration = in_order(
        [counting(0, 3), *(until_told(k, told) for k in range(1, 20))], math.inf, Budget()
    )
    next(iteration)
    iteration.close()
    assert threading.active_count() == before
    assert len(told) <= threads


def test_an_error_of_a_search_is_passed_on_and_stops_the_others(threads):
    told, before = [], threading.active_count()

    def broken(gauge):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(in_order([broken, *(until_told(k, told) for k in range(1, 9))], math.inf, Budget()))
    assert threading.active_count() == before


def test_a_budget_that_is_over_ends_it(threads):
    told = []
    stop = Stop()
    stop.ask()
    for budget in (Budget(seconds=0.0), Budget(work=0.0), Budget(stop=stop)):
        (ended,) = in_order([until_told(k, told) for k in range(5)], math.inf, budget)
        assert (ended.place, ended.found) == (0, None)


def test_a_signal_ends_it(threads):
    told = []
    with stoppable() as stop:

        def asking(gauge):
            signal.raise_signal(signal.SIGINT)
            return until_told(0, told)(gauge)

        searches = [asking, *(until_told(k, told) for k in range(1, 6))]
        (ended,) = in_order(searches, math.inf, Budget(stop=stop))
    assert (ended.place, ended.found) == (0, None)
    assert told


def test_quick_searches_end_with_the_budget_too(threads):
    """All have ended before they are asked for; the rest of them does not count."""
    stop, found = Stop(), []
    for ended in in_order([counting(k, 1) for k in range(50)], math.inf, Budget(stop=stop)):
        found.append(ended.found)
        if ended.place == 3:
            stop.ask()
    assert found == [(k, 1) for k in range(4)] + [None]
