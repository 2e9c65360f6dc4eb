"""Ctrl-C is put off, not lost."""

import signal
import threading

import pytest

from certnn.interrupts import interrupts_deferred


def test_an_interrupt_is_raised_at_the_end():
    reached = []

    def work():
        with interrupts_deferred():
            signal.raise_signal(signal.SIGINT)
            reached.append("inside")
        reached.append("after")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert reached == ["inside"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_is_passed_on_and_the_handler_is_back():
    with pytest.raises(ZeroDivisionError), interrupts_deferred():
        1 / 0  # noqa: B018
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_other_threads_may_use_it():
    done = []

    def work():
        with interrupts_deferred():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
