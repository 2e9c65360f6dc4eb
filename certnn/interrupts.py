"""Ctrl-C and SIGTERM as a wish to stop that searches look at, not as an exception anywhere."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

#: Seconds within which Ctrl-C again says nothing new: what is proved is being written.
_PATIENCE = 5.0


class Stop:
    """Whether somebody asked a search to stop.

    Attributes
    ----------
    signal : int or None
        The signal by which it was asked first; None if it was not, or not by a signal.
    """

    def __init__(self) -> None:
        self.signal: int | None = None
        self._asked_at: float | None = None

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._asked_at is not None

    def ask(self) -> None:
        """Ask for it."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: the first asks, and one much later raises KeyboardInterrupt."""
        if self._asked_at is not None and time.monotonic() > self._asked_at + _PATIENCE:
            raise KeyboardInterrupt
        if self.signal is None:
            self.signal = number
        self.ask()


@contextmanager
def stoppable(*signals: signal.Signals) -> Iterator[Stop]:
    """Within it the signals, SIGINT if none is named, ask to stop and raise nothing.

    Where an outer one handles them already, that one's is shared. In other threads than the first,
    where Python handles no signals, nothing ever asks.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Stop()
        return
    present = signal.getsignal(signal.SIGINT)
    if isinstance(present, Stop):
        yield present
        return
    stop = Stop()
    with _handled(stop, signals or (signal.SIGINT,)):
        yield stop


@contextmanager
def interruptible(*signals: signal.Signals) -> Iterator[Stop]:
    """Within it each of the signals raises KeyboardInterrupt; which it was is kept."""
    stop = Stop()

    def interrupt(number: int, frame: FrameType | None) -> None:
        stop(number, frame)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        signals = ()
    with _handled(interrupt, signals):
        yield stop


@contextmanager
def _handled(
    handler: Callable[[int, FrameType | None], None], signals: Sequence[signal.Signals]
) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
