"""Tasks side by side, here, on processes or on a Dask cluster; where one dies it runs again."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from certnn.budget import Budget, thread_count

if TYPE_CHECKING:
    from distributed import Client

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
_POLL = 0.05
#: How often a task is begun whose process dies each time.
_ATTEMPTS = 3
#: What keeps Python from looking for modules in the current folder.
_SAFE_PATH = "PYTHONSAFEPATH"


@contextmanager
def open_workers(cluster: Client | None, most: int) -> Iterator[Workers]:
    """Workers for tasks, which are ended afterwards.

    Parameters
    ----------
    cluster : distributed.Client or None
        A Dask cluster in place of processes of this machine, of which there are as many as threads
        (`certnn.budget.thread_count`); with one thread all is done in this process.
    most : int
        Processes, at most.
    """
    processes = min(thread_count(), most)
    pool: _Pool | None = None
    if cluster is not None:
        pool = _Cluster(cluster)
    elif processes > 1:
        pool = _Processes(processes)
    try:
        yield Workers(pool)
    finally:
        if pool is not None:
            pool.close()


class Workers:
    """Who runs tasks: a pool of workers, or this process.

    Attributes
    ----------
    in_one_memory : int
        How many share the memory of this machine; a cluster's workers have their own.
    """

    def __init__(self, pool: _Pool | None) -> None:
        self._pool = pool
        self.in_one_memory = pool.count if isinstance(pool, _Processes) else 1

    def finished(
        self,
        run: Callable[[_Task, Budget], _Result],
        tasks: Sequence[_Task],
        limit: Budget,
        budget: Budget,
    ) -> Generator[tuple[int, _Result]]:
        """Run all tasks, and hand over what is done as soon as it is.

        A task whose process dies is run again; if it dies every time there is no result of it.

        Parameters
        ----------
        run : callable
            Called as ``run(task, budget)``. It can be pickled, as tasks and results can.
        tasks : sequence
        limit : Budget
            Of its work each task has an even share, whatever others take beyond theirs; of its time
            what is left, shared among those that wait.
        budget : Budget
            It ends where this one's time is over or somebody asks to stop, and what runs then is
            lost, but for what runs in this process. Work that is counted ends nothing here, so that
            results do not depend on which task is done first.

        Yields
        ------
        number : int
            Of the task.
        result : object
        """
        work = limit.work_left / max(1, len(tasks))
        if self._pool is not None:
            yield from _finished(self._pool, run, tasks, limit, work, budget)
            return
        for number, task in enumerate(tasks):
            if _ended(budget):
                break
            seconds = _share_of_time(limit, len(tasks) - number)
            result, spent = _limited(run, task, budget.apart(seconds, work))
            limit.spend(spent)
            yield number, result


def _finished(
    pool: _Pool,
    run: Callable[[_Task, Budget], _Result],
    tasks: Sequence[_Task],
    limit: Budget,
    work: float,
    budget: Budget,
) -> Generator[tuple[int, _Result]]:
    attempts = [0] * len(tasks)
    waiting = list(reversed(range(len(tasks))))
    running: dict[Any, int] = {}
    try:
        while (running or waiting) and not _ended(budget):
            # No more than there are workers: how long each may take is known when it begins.
            while waiting and len(running) < pool.count:
                turns = -(-len(waiting) // pool.count)
                number = waiting.pop()
                seconds = _share_of_time(limit, turns)
                attempts[number] += 1
                running[pool.submit(_Limited(run, seconds, work), tasks[number])] = number
            for future in [future for future in running if future.done()]:
                number = running.pop(future)
                try:
                    result, spent = future.result()
                except pool.died:
                    if attempts[number] < pool.attempts:
                        waiting.append(number)
                    continue
                limit.spend(spent)
                yield number, result
            time.sleep(_POLL)
    finally:
        if running:
            pool.drop(list(running))


def _share_of_time(limit: Budget, turns: int) -> float:
    return math.inf if limit.seconds_left is None else limit.seconds_left / turns


def _limited(
    run: Callable[[_Task, Budget], _Result], task: _Task, budget: Budget
) -> tuple[_Result, float]:
    """The result with the work that it took, which is no more than what it was to take."""
    before = budget.work_left
    result = run(task, budget)
    return result, 0.0 if math.isinf(before) else before - budget.work_left


@dataclass(frozen=True)
class _Limited(Generic[_Task, _Result]):
    """What runs elsewhere, with limits of its own."""

    run: Callable[[_Task, Budget], _Result]
    seconds: float
    work: float

    def __call__(self, task: _Task) -> tuple[_Result, float]:
        return _limited(self.run, task, Budget(self.seconds, self.work))


class _Pool(Protocol):
    """What runs tasks elsewhere; futures have ``done`` and ``result``."""

    #: What a future raises whose process has died, and how often to begin a task then.
    died: type[Exception]
    attempts: int

    @property
    def count(self) -> int:
        """Tasks that run side by side."""

    def submit(self, run: Callable[[Any], Any], task: Any) -> Any:
        """Begin a task, and return its future."""

    def drop(self, futures: list[Any]) -> None:
        """End what runs."""

    def close(self) -> None:
        """End all."""


class _Processes:
    """On this machine. Where one dies all end, as it is not known of which task it was."""

    died: type[Exception] = BrokenProcessPool
    attempts = _ATTEMPTS

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: Any = None

    def submit(self, run: Callable[[Any], Any], task: Any) -> Any:
        try:
            return self._submitted(run, task)
        except BrokenProcessPool:
            self.close()
            return self._submitted(run, task)

    def _submitted(self, run: Callable[[Any], Any], task: Any) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        with children_undisturbed():
            if self._pool is None:
                resource_tracker.ensure_running()  # now: its start lets through what is blocked
                self._pool = ProcessPoolExecutor(self.count, env={"OMP_NUM_THREADS": "1"})
            return self._pool.submit(run, task)

    def drop(self, futures: list[Any]) -> None:
        self.close()

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(kill_workers=True)
            self._pool = None


class _Cluster:
    """Dask, which itself runs a task again whose worker died, as often as its settings say."""

    attempts = 1

    def __init__(self, client: Client) -> None:
        from distributed import KilledWorker

        self.died: type[Exception] = KilledWorker
        self._client = client

    @property
    def count(self) -> int:
        return max(1, sum(map(int, self._client.nthreads().values())))

    def submit(self, run: Callable[[Any], Any], task: Any) -> Any:
        return self._client.submit(run, task, pure=False)

    def drop(self, futures: list[Any]) -> None:
        self._client.cancel(futures)

    def close(self) -> None:
        """The cluster is the user's."""


def _ended(budget: Budget) -> bool:
    return budget.stopped or budget.seconds_left == 0.0


@contextmanager
def children_undisturbed() -> Iterator[None]:
    """Processes started meanwhile do not look for modules in the current folder, nor see Ctrl-C.

    A terminal sends that to all of them, but it is the parent that decides what is kept.
    """
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before
