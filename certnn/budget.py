"""How long a search may go on, and who may stop it: one object that every long loop looks at."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from certnn.errors import InputError, positive_number

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


class Budget:
    """Until a time, until so much work is done, or until somebody asks to stop.

    Work is counted in nominal seconds: what steps are estimated to take on one core from the sizes
    of their arrays, never what they took. So a search that is limited by work ends at the same step
    on every machine, however busy it is.

    Parameters
    ----------
    seconds : float
        Seconds of wall time, from now.
    work : float
        Nominal seconds, from now.
    stop : Stop or None
        Who may ask to stop.

    Examples
    --------
    >>> import certnn
    >>> budget = certnn.Budget(work=60.0)  # for both calls together
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> best = certnn.train(problem, budget=budget)
    >>> tighter = certnn.lower_bound(problem, "dnn", budget=budget)
    >>> 0.0 < budget.work_left < 60.0
    True
    """

    def __init__(
        self, seconds: float = math.inf, work: float = math.inf, stop: Stop | None = None
    ) -> None:
        self._deadline = time.monotonic() + seconds
        self._most_work = work
        self._stop = stop or Stop()
        self._worked = [0.0]  # shared with the parts

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self._stop.asked

    def stop(self) -> None:
        """Ask to stop, as Ctrl-C does."""
        self._stop.ask()

    @property
    def over(self) -> bool:
        """Whether to stop, for whatever reason."""
        return (
            self._stop.asked
            or self._worked[0] >= self._most_work
            or time.monotonic() >= self._deadline
        )

    @property
    def limited(self) -> bool:
        """Whether there is a limit on time or work."""
        return not (math.isinf(self._deadline) and math.isinf(self._most_work))

    @property
    def now(self) -> float:
        """What to measure durations by: wall time if that alone is limited, work otherwise.

        Choices that follow it are the same on every machine unless time is what ends the search.
        """
        return time.monotonic() if self._by_time else self._worked[0]

    @property
    def left(self) -> float:
        """How much is left, in units of `now`; 0 where it is over."""
        if self.over:
            return 0.0
        return (self._deadline if self._by_time else self._most_work) - self.now

    @property
    def seconds_left(self) -> float | None:
        """Wall time that is left, for programs that know nothing else; None without a limit."""
        if math.isinf(self._deadline):
            return None
        return max(self._deadline - time.monotonic(), 0.0)

    @property
    def worked(self) -> float:
        """Work that has been counted, in nominal seconds."""
        return self._worked[0]

    @property
    def work_left(self) -> float:
        """Work that is left, in nominal seconds."""
        return max(self._most_work - self._worked[0], 0.0)

    def spend(self, work: float) -> None:
        """Count work, in nominal seconds."""
        self._worked[0] += work

    def affords(self, cost: float) -> bool:
        """Whether something of this cost, in units of `now`, ends in time."""
        return self.left > cost

    def part(self, share: float, otherwise: float = math.inf) -> Budget:
        """A budget that is over with a share of what is left, counted in this one too.

        Parameters
        ----------
        share : float
            Between 0 and 1.
        otherwise : float
            Nominal seconds, where there is no limit to have a share of.
        """
        part = Budget(stop=self._stop)
        part._worked = self._worked
        worked, now = self._worked[0], time.monotonic()
        part._deadline = now + share * (self._deadline - now)
        part._most_work = worked + (
            share * (self._most_work - worked) if self.limited else otherwise
        )
        return part

    def extend(self, whole: Budget) -> None:
        """End with the whole from now on, of which this is a part."""
        self._deadline, self._most_work = whole._deadline, whole._most_work

    def apart(self, seconds: float, work: float) -> Budget:
        """A budget of its own: its work is not counted in this one, but it is stopped with it."""
        return Budget(seconds, work, self._stop)

    def but(self, kept: float) -> Budget:
        """The same budget without its end: so much is kept, in units of `now`, for what follows."""
        rest = self.part(1.0)
        if self._by_time:
            rest._deadline = self._deadline - kept
        else:
            rest._most_work = self._most_work - kept
        return rest

    @property
    def _by_time(self) -> bool:
        return math.isinf(self._most_work) and not math.isinf(self._deadline)


@contextmanager
def budgeted(
    time_limit: float | None, work_limit: float | None = None, budget: Budget | None = None
) -> Iterator[Budget]:
    """The budget of a call, within which Ctrl-C asks to stop.

    Raises `InputError` if a limit is not a positive finite number, or there is one beside a budget.

    Parameters
    ----------
    time_limit : float or None
        Seconds.
    work_limit : float or None
        Nominal seconds.
    budget : Budget or None
        One to share, in place of the limits.
    """
    if budget is not None:
        if time_limit is not None or work_limit is not None:
            raise InputError("budget", "is given in place of time_limit and work_limit")
        yield budget
        return
    seconds = require_limit("time_limit", time_limit)
    work = require_limit("work_limit", work_limit)
    with stoppable() as stop:
        yield Budget(seconds, work, stop)


def require_limit(name: str, limit: float | None) -> float:
    """The limit, infinite where it is None.

    Raises `InputError` if it is not a positive finite number.
    """
    return math.inf if limit is None else positive_number(name, limit)


def thread_count() -> int:
    """The processors that this process may use; where OMP_NUM_THREADS is set no more than that."""
    import joblib

    # joblib's count knows of affinity masks and of the quotas of containers.
    allowed = int(joblib.cpu_count())
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(allowed, int(stated))) if stated.isdecimal() else allowed
