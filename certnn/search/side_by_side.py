"""Tasks on processes of this machine or on a Dask cluster, handed over as each is done."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any, TypeVar

from certnn.budget import Stop

if TYPE_CHECKING:
    from distributed import Client
    from joblib.externals.loky import ProcessPoolExecutor

_Task = TypeVar("_Task")
#: Seconds after which somebody who asks to stop is heard.
_POLL = 0.05
#: What keeps Python from looking for modules in the current folder.
_SAFE_PATH = "PYTHONSAFEPATH"
#: Tasks that wait on a cluster for each of its threads, so that none is idle.
_AHEAD = 2


class TaskLost(RuntimeError):
    """A process or worker has died, and with it what it was to do; the message says how."""


def on_processes(
    run: Callable[[_Task], Any], tasks: Iterable[_Task], jobs: int, stop: Stop
) -> Generator[tuple[_Task, Callable[[], Any]]]:
    """Run a function on every task, in processes of this machine.

    Parameters
    ----------
    run : callable
        Defined at the top of a module, since it runs in other processes.
    tasks : iterable
        Taken up when a process is free for it, so that they need not all be there at once.
    jobs : int
        Processes side by side, as joblib counts them: -1 for as many as cores.
    stop : Stop
        When it is asked to stop, the processes are killed.

    Yields
    ------
    task, result
        When it is done; ``result()`` returns what `run` has returned, or raises what it has raised,
        or `TaskLost` where a process has died: then it is not known by which task, and those that
        ran beside it are lost too.
    """
    import joblib

    workers = joblib.effective_n_jobs(jobs)
    pool, broken = _pool(workers), False
    waiting = iter(tasks)
    running: dict[Future[Any], _Task] = {}
    try:
        while not stop.asked:
            if broken and not running:
                pool.shutdown(kill_workers=True)
                pool, broken = _pool(workers), False
            # No more than there are workers, so that none is queued when they are killed.
            while len(running) < workers and not broken:
                try:
                    task = next(waiting)
                except StopIteration:
                    break
                with _children_undisturbed():
                    running[pool.submit(run, task)] = task
            if not running and not broken:
                return
            for future in wait(running, timeout=_POLL, return_when=FIRST_COMPLETED).done:
                broken = broken or isinstance(future.exception(), BrokenProcessPool)
                yield running.pop(future), partial(_from_process, future)
    finally:
        pool.shutdown(kill_workers=True)


def _from_process(future: Future[Any]) -> Any:
    try:
        return future.result()
    except BrokenProcessPool as problem:
        raise TaskLost(f"a process died: {str(problem).splitlines()[0]}") from None


def _pool(workers: int) -> ProcessPoolExecutor:
    from joblib.externals.loky import ProcessPoolExecutor

    with _children_undisturbed():
        # Now, because its start lets through what is blocked.
        resource_tracker.ensure_running()
        return ProcessPoolExecutor(workers)


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


def on_cluster(
    run: Callable[[_Task], Any], tasks: Iterable[_Task], cluster: Client, stop: Stop
) -> Generator[tuple[_Task, Callable[[], Any]]]:
    """The same on a Dask cluster, whose workers need certnn, and are not killed.

    Parameters
    ----------
    run, tasks, stop
        As in `on_processes`.
    cluster : distributed.Client

    Yields
    ------
    task, result
        As in `on_processes`.
    """
    most = _AHEAD * max(1, sum(cluster.nthreads().values()))
    waiting = iter(tasks)
    running: dict[Any, _Task] = {}
    try:
        while not stop.asked:
            while len(running) < most:
                try:
                    task = next(waiting)
                except StopIteration:
                    break
                running[cluster.submit(run, task, pure=False)] = task
            if not running:
                return
            for future in [future for future in running if future.done()]:
                yield running.pop(future), partial(_from_worker, future)
            time.sleep(_POLL)
    finally:
        cluster.cancel(list(running))


def _from_worker(future: Any) -> Any:
    from distributed import KilledWorker

    try:
        return future.result()
    except KilledWorker as problem:
        raise TaskLost(f"workers died: {str(problem).splitlines()[0]}") from None
