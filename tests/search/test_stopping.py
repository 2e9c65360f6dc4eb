"""Ctrl-C and SIGTERM ask to stop; only patience that has run out is an exception."""

import signal
import threading
from types import SimpleNamespace

import pytest

from certnn.budget import Stop, interruptible, stoppable


@pytest.fixture
def clock(monkeypatch):
    """Stands still but for what is added to its `now`."""
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr("certnn.budget.time", clock)
    return clock


@pytest.fixture(autouse=True)
def handlers():
    """Those of Python before each test, and after it."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    assert [signal.getsignal(number) for number in numbers] == before


def test_nobody_has_asked_at_first():
    stop = Stop()
    assert not stop.asked
    assert stop.signal is None


def test_asking_needs_no_signal():
    stop = Stop()
    stop.ask()
    assert stop.asked
    assert stop.signal is None


def test_a_signal_asks_and_raises_nothing():
    reached = []
    with stoppable() as stop:
        signal.raise_signal(signal.SIGINT)
        reached.append("inside")
        assert stop.asked
        assert stop.signal == signal.SIGINT
    reached.append("after")
    assert reached == ["inside", "after"]
    assert stop.asked


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_which_signal_it_was_is_kept(number):
    with stoppable(signal.SIGINT, signal.SIGTERM) as stop:
        signal.raise_signal(number)
        assert stop.signal == number
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
    assert stop.signal == number


def test_a_signal_after_somebody_asked_without_one_is_kept_too():
    with stoppable() as stop:
        stop.ask()
        signal.raise_signal(signal.SIGINT)
    assert stop.signal == signal.SIGINT


def test_a_second_signal_says_nothing_new_and_one_much_later_is_an_exception(clock):
    with stoppable() as stop:
        signal.raise_signal(signal.SIGINT)
        clock.now += 4.0
        signal.raise_signal(signal.SIGINT)
        assert stop.asked
        # Patience begins with the first one.
        clock.now += 1.5
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_signal_that_is_not_named_is_left_alone():
    terminate, interrupt = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is terminate
    with stoppable(signal.SIGTERM):
        assert signal.getsignal(signal.SIGINT) is interrupt


def test_an_error_is_passed_on_and_the_handlers_are_back():
    interrupt = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), stoppable(signal.SIGINT, signal.SIGTERM):
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is interrupt
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_outermost_is_shared():
    with stoppable(signal.SIGINT, signal.SIGTERM) as outer:
        with stoppable() as middle, stoppable() as inner:
            assert inner is middle is outer
            signal.raise_signal(signal.SIGTERM)
        # The inner ones did not put the handlers back.
        signal.raise_signal(signal.SIGINT)
        assert outer.asked
    with stoppable() as another:
        assert another is not outer
        assert not another.asked


def test_other_threads_are_not_asked():
    found = []

    def work():
        with stoppable() as stop, interruptible(signal.SIGINT) as other:
            found.append((stop, other))

    with stoppable() as mine:
        signal.raise_signal(signal.SIGINT)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    ((theirs, other),) = found
    assert mine.asked
    assert theirs is not mine
    assert not theirs.asked
    assert not other.asked


def test_a_signal_while_another_thread_waits_is_seen_there():
    with stoppable() as stop:
        seen = threading.Event()

        def work():
            while not stop.asked:
                seen.wait(1e-3)
            seen.set()

        thread = threading.Thread(target=work)
        thread.start()
        signal.raise_signal(signal.SIGINT)
        thread.join()
    assert seen.is_set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_interruptible_is_interrupted(number):
    reached = []

    def work(kept):
        with interruptible(signal.SIGINT, signal.SIGTERM) as stop:
            kept.append(stop)
            signal.raise_signal(number)
            reached.append("inside")

    kept = []
    with pytest.raises(KeyboardInterrupt):
        work(kept)
    assert reached == []
    assert kept[0].asked
    assert kept[0].signal == number
