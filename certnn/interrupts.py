"""Ctrl-C put off while code runs that must not be cut short."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_deferred() -> Iterator[None]:
    """Within it Ctrl-C is kept, and raised at its end; in other threads than the first, nothing.

    For the first calls of functions that numba compiles or loads from its cache: it is not safe to
    raise an exception in the midst of those.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: kept.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if kept:
        signal.raise_signal(signal.SIGINT)
