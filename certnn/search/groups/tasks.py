"""Tasks that share a budget; one whose process dies is begun again."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from operator import call
from typing import TYPE_CHECKING, Generic, TypeVar

from certnn.budget import Budget, thread_count
from certnn.search.side_by_side import Cluster, Pool, Processes, TaskLost

if TYPE_CHECKING:
    from distributed import Client

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")
#: How often a task is begun whose process dies each time.
_ATTEMPTS = 3


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
    if cluster is not None:
        yield Workers(Cluster(cluster))
    elif processes > 1:
        with closing(Processes(processes, _ATTEMPTS)) as pool:
            yield Workers(pool, in_one_memory=processes)
    else:
        yield Workers(None)


@dataclass(frozen=True)
class Workers:
    """Who runs tasks.

    Attributes
    ----------
    pool : Pool or None
        None where it is this process.
    in_one_memory : int
        How many share the memory of this machine; a cluster's workers have their own.
    """

    pool: Pool | None
    in_one_memory: int = 1

    def finished(
        self,
        run: Callable[[_Task, Budget], _Result],
        tasks: Sequence[_Task],
        limit: Budget,
        budget: Budget,
    ) -> Generator[tuple[int, _Result]]:
        """Run all tasks, and hand over what is done as soon as it is.

        A task whose process dies is run again; if it dies every time there is no result of it.
        Raises `certnn.relaxation.shor.distributed.ClusterLost` if the cluster does not answer any
        more.

        Parameters
        ----------
        run : callable
            Called as ``run(task, budget)``. It can be pickled, as tasks and results can.
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
        work, spent = limit.work_left / max(1, len(tasks)), []

        def begun() -> Iterator[_Limited[_Task, _Result]]:
            """How long each may take is known when there is a place for it."""
            for number, task in enumerate(tasks):
                places = 1 if self.pool is None else self.pool.places
                turns = -(-(len(tasks) - number) // places)
                seconds = math.inf if limit.seconds_left is None else limit.seconds_left / turns
                yield _Limited(number, run, task, seconds, work)

        try:
            if self.pool is None:
                for limited in begun():
                    if _ended(budget):
                        break
                    result, worked = limited.within(budget)
                    spent.append(worked)
                    yield limited.number, result
                return
            with closing(self.pool.finished(call, begun(), lambda: _ended(budget))) as finished:
                for limited, outcome in finished:
                    try:
                        result, worked = outcome()
                    except TaskLost:
                        continue
                    spent.append(worked)
                    yield limited.number, result
        finally:
            # In one sum that is rounded once, as tasks are not done in the same order each time.
            limit.spend(math.fsum(spent))


@dataclass(frozen=True)
class _Limited(Generic[_Task, _Result]):
    """A task with limits of its own; called, it returns its result and the work that it took."""

    number: int
    run: Callable[[_Task, Budget], _Result]
    task: _Task
    seconds: float
    work: float

    def __call__(self) -> tuple[_Result, float]:
        return self.within(Budget())

    def within(self, whole: Budget) -> tuple[_Result, float]:
        """The same, where whoever stops the whole stops it too."""
        budget = whole.apart(self.seconds, self.work)
        result = self.run(self.task, budget)
        return result, 0.0 if math.isinf(self.work) else self.work - budget.work_left


def _ended(budget: Budget) -> bool:
    return budget.stopped or budget.seconds_left == 0.0
