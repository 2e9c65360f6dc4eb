"""Tasks on processes of this machine or on a Dask cluster, handed over as each is done."""

from __future__ import annotations

import os
import signal
import warnings
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import chain, islice
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

from certnn.budget import Stop, thread_count
from certnn.relaxation.shor.distributed import ClusterLost, lost_if_closed, thread_total

if TYPE_CHECKING:
    from distributed import Client
    from joblib.externals.loky import ProcessPoolExecutor

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
#: Seconds after which somebody who asks to stop is heard.
_POLL = 0.05
#: What keeps Python from looking for modules in the current folder.
_SAFE_PATH = "PYTHONSAFEPATH"
#: How often a cluster is given a task that it gives up, as its workers die.
_ATTEMPTS = 8


class TaskLost(RuntimeError):
    """A process or worker has died, and with it what it was to do; the message says how."""


class Pool(ABC):
    """What runs tasks, in one call of `finished` after another.

    Parameters
    ----------
    attempts : int
        How often a task is begun that is lost each time.
    """

    #: What the future of a task raises whose process has died.
    _died: type[Exception]

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts

    @property
    @abstractmethod
    def places(self) -> int:
        """How many tasks it has at a time."""

    def finished(
        self, run: Callable[[_Task], _Result], tasks: Iterable[_Task], ended: Callable[[], bool]
    ) -> Generator[tuple[_Task, Callable[[], _Result]]]:
        """Run a function on every task.

        Parameters
        ----------
        run : callable
            Defined at the top of a module, since it runs in other processes.
        tasks : iterable
            Taken up when there is a place for it, so that they need not all be there at once.
        ended : callable
            Asked again and again; if it says so, what runs then is dropped.

        Yields
        ------
        task, result
            When it is done; ``result()`` returns what `run` has returned, or raises what it has
            raised, or `TaskLost`.
        """
        # Those that were lost are begun again after all others, so that one which kills whatever
        # runs it is left to the end.
        waiting, lost = ((task, 1) for task in tasks), deque[tuple[_Task, int]]()
        running: dict[Future[_Result], tuple[_Task, int]] = {}
        try:
            while not ended():
                free = max(0, self.places - len(running))
                for task, attempt in islice(chain(waiting, _emptied(lost)), free):
                    running[self._submit(run, task)] = task, attempt
                if not running:
                    return
                for future in wait(running, _POLL, FIRST_COMPLETED).done:
                    task, attempt = running.pop(future)
                    if attempt < self._attempts and self._lost(future):
                        lost.append((task, attempt + 1))
                    else:
                        yield task, partial(self._result, future)
        finally:
            if running:
                self._drop()

    def _lost(self, future: Future[Any]) -> bool:
        return future.cancelled() or isinstance(future.exception(), self._died)

    def _result(self, future: Future[_Result]) -> _Result:
        if self._lost(future):
            reason = "" if future.cancelled() else str(future.exception()).partition("\n")[0]
            raise TaskLost(f"a process died: {reason or 'another scheduler took its place'}")
        return future.result()

    @abstractmethod
    def _submit(self, run: Callable[[_Task], _Result], task: _Task) -> Future[_Result]:
        """Begin a task."""

    @abstractmethod
    def _drop(self) -> None:
        """End what runs."""


def _emptied(queue: deque[_Task]) -> Iterator[_Task]:
    while queue:
        yield queue.popleft()


class Processes(Pool):
    """Processes of this machine, which stay until it is closed, and are killed then.

    Together they use no more threads than this one may (`certnn.budget.thread_count`), or one each.
    Where one dies all do, and what they ran is lost, as it is not known which task it was; others
    take their places.

    Parameters
    ----------
    attempts : int
        As in `Pool`.
    """

    _died = BrokenProcessPool

    def __init__(self, count: int, attempts: int = 1) -> None:
        super().__init__(attempts)
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    @property
    def places(self) -> int:
        """As many as processes, so that no task waits that would be lost with them."""
        return self._count

    def close(self) -> None:
        """Kill them."""
        if self._pool is not None:
            self._pool.shutdown(kill_workers=True)
            self._pool = None

    def _submit(self, run: Callable[[Any], Any], task: Any) -> Future[Any]:
        if self._pool is None:
            self._pool = _opened(self._count)
        try:
            with _children_undisturbed():
                future: Future[Any] = self._pool.submit(run, task)
                return future
        except BrokenProcessPool:
            self.close()
            return self._submit(run, task)

    def _drop(self) -> None:
        self.close()


def _opened(processes: int) -> ProcessPoolExecutor:
    from joblib.externals.loky import ProcessPoolExecutor

    # Here too for those that are started later, in the place of one whose memory has grown.
    env = {_SAFE_PATH: "1", "OMP_NUM_THREADS": str(max(1, thread_count() // processes))}
    with _children_undisturbed():
        # Now and not at the first task, because its start lets through what is blocked.
        resource_tracker.ensure_running()
        return ProcessPoolExecutor(processes, env=env)


@contextmanager
def _children_undisturbed() -> Iterator[None]:
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


class Cluster(Pool):
    """A Dask cluster, whose scheduler and workers need certnn; these are not killed.

    A task whose worker dies is begun again by Dask as often as its setting ``allowed-failures``
    says, and is handed to Dask again after that, as it is where the scheduler was restarted. Where
    none answers, or the client is closed, there is `ClusterLost`.
    """

    def __init__(self, client: Client) -> None:
        from distributed import KilledWorker

        super().__init__(_ATTEMPTS)
        self._died = KilledWorker
        self._client = client
        self._executor = client.get_executor(pure=False)

    @property
    def places(self) -> int:
        """As many as its threads by now: one that waits on a worker would be lost with it."""
        return max(1, thread_total(self._client))

    def _submit(self, run: Callable[[Any], Any], task: Any) -> Future[Any]:
        with lost_if_closed(self._client), warnings.catch_warnings():
            # A task has its data with it, so that any worker can begin it again.
            warnings.filterwarnings("ignore", "Sending large graph")
            future: Future[Any] = self._executor.submit(run, task)
            return future

    def _drop(self) -> None:
        with suppress(ClusterLost), lost_if_closed(self._client):
            self._executor.shutdown(wait=False)
        self._executor = self._client.get_executor(pure=False)


def on_processes(
    run: Callable[[_Task], _Result], tasks: Iterable[_Task], jobs: int, stop: Stop
) -> Generator[tuple[_Task, Callable[[], _Result]]]:
    """Run a function on every task, in processes of this machine, until somebody asks to stop.

    Parameters and what it yields are as in `Pool.finished`; `jobs` are processes side by side, as
    joblib counts them: -1 for as many as cores.
    """
    import joblib

    with closing(Processes(joblib.effective_n_jobs(jobs))) as pool:
        yield from pool.finished(run, tasks, lambda: stop.asked)


def on_cluster(
    run: Callable[[_Task], _Result], tasks: Iterable[_Task], cluster: Client, stop: Stop
) -> Generator[tuple[_Task, Callable[[], _Result]]]:
    """The same on a Dask cluster."""
    return Cluster(cluster).finished(run, tasks, lambda: stop.asked)
