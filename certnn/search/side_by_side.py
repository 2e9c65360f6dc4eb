"""Tasks on processes of this machine or on a Dask cluster, handed over as each is done."""

from __future__ import annotations

import os
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager, suppress
from functools import partial
from itertools import islice
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

from certnn.budget import Stop, thread_count

if TYPE_CHECKING:
    from distributed import Client
    from joblib.externals.loky import ProcessPoolExecutor

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
#: Seconds after which somebody who asks to stop is heard.
_POLL = 0.05
#: What keeps Python from looking for modules in the current folder.
_SAFE_PATH = "PYTHONSAFEPATH"
#: Tasks that wait on a cluster for each of its threads, so that none is idle.
_AHEAD = 2


class TaskLost(RuntimeError):
    """A process or worker has died, and with it what it was to do; the message says how."""


class Pool(ABC):
    """What runs tasks, in one call of `finished` after another."""

    #: What the future of a task raises whose process has died.
    _died: type[Exception]

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
        waiting = iter(tasks)
        running: dict[Any, _Task] = {}
        try:
            while not ended():
                for task in islice(waiting, max(0, self.places - len(running))):
                    running[self._submit(run, task)] = task
                if not running:
                    return
                self._wait(running)
                for future in [future for future in running if future.done()]:
                    yield running.pop(future), partial(self._result, future)
        finally:
            if running:
                self._drop(list(running))

    def _result(self, future: Any) -> Any:
        try:
            return future.result()
        except self._died as problem:
            raise TaskLost(f"a process died: {str(problem).splitlines()[0]}") from None

    @abstractmethod
    def _submit(self, run: Callable[[Any], Any], task: Any) -> Any:
        """Begin a task, and return its future."""

    @abstractmethod
    def _wait(self, running: Iterable[Any]) -> None:
        """Until something may be done, but no longer than one who asks to stop has to."""

    @abstractmethod
    def _drop(self, running: Sequence[Any]) -> None:
        """End what runs."""


class Processes(Pool):
    """Processes of this machine, which stay until it is closed, and are killed then.

    Together they use no more threads than this one may (`certnn.budget.thread_count`), or one each.
    Where one dies all do, and what they ran is lost, as it is not known which task it was; others
    take their places.
    """

    _died = BrokenProcessPool

    def __init__(self, count: int) -> None:
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

    def _submit(self, run: Callable[[Any], Any], task: Any) -> Any:
        if self._pool is None:
            self._pool = _opened(self._count)
        try:
            with _children_undisturbed():
                return self._pool.submit(run, task)
        except BrokenProcessPool:
            self.close()
            return self._submit(run, task)

    def _wait(self, running: Iterable[Any]) -> None:
        wait(running, timeout=_POLL, return_when=FIRST_COMPLETED)

    def _drop(self, running: Sequence[Any]) -> None:
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
    """A Dask cluster, whose workers need certnn, and are not killed.

    It runs a task whose worker died again by itself, as often as its settings say.

    Parameters
    ----------
    client : distributed.Client
    ahead : int
        Tasks that it has for each of its threads.
    """

    def __init__(self, client: Client, ahead: int = 1) -> None:
        from distributed import KilledWorker

        self._died = KilledWorker
        self._client, self._ahead, self._threads = client, ahead, 1

    @property
    def places(self) -> int:
        """As many as its threads by now, or a multiple of that."""
        with suppress(OSError, RuntimeError):  # without a scheduler, as each future says itself
            self._threads = max(1, sum(map(int, self._client.nthreads().values())))
        return self._ahead * self._threads

    def _submit(self, run: Callable[[Any], Any], task: Any) -> Any:
        return self._client.submit(run, task, pure=False)

    def _wait(self, running: Iterable[Any]) -> None:
        time.sleep(_POLL)

    def _drop(self, running: Sequence[Any]) -> None:
        self._client.cancel(running)


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
    return Cluster(cluster, _AHEAD).finished(run, tasks, lambda: stop.asked)
