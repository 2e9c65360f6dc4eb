"""Searches in a fixed order as tasks on a Dask cluster; the outcome is that of one machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from threadpoolctl import threadpool_limits

from certnn.budget import Budget, Stop
from certnn.errors import SolverError
from certnn.search.side_by_side import Cluster, TaskLost
from certnn.splitting.ordered_search import Finished, Gauge, in_order

if TYPE_CHECKING:
    from distributed import Client

Found = TypeVar("Found")


@dataclass(frozen=True, eq=False)
class OnCluster:
    """Runs searches as `certnn.splitting.ordered_search.in_order` does, on a cluster's workers.

    What it hands out is the same, on however many workers, and whichever of them die, but where
    the time is over. Searches can be pickled, as what they return can.
    """

    client: Client

    def __call__(
        self, searches: Sequence[Callable[[Gauge], Found]], most: float, budget: Budget
    ) -> Iterator[Finished[Found]]:
        """As `in_order`. One whose worker dies is begun again.

        Raises
        ------
        SolverError
            If it dies every time.
        certnn.relaxation.shor.distributed.ClusterLost
            If the cluster does not answer any more.
        """
        tasks = (  # how long each may take is known when there is a place for it
            _Limited(place, search, most, budget.seconds_left)
            for place, search in enumerate(searches)
        )
        there: dict[int, Finished[Found]] = {}
        reached, total = 0, 0.0
        pool = Cluster(self.client)
        with closing(pool.finished(_searched, tasks, lambda: budget.over)) as finished:
            for task, result in finished:
                try:
                    there[task.place] = result()
                except TaskLost as error:
                    raise SolverError(str(error)) from None
                ahead = total + sum(one.count for one in there.values())
                if ahead > most:  # then the last of them will not count, and need not be kept
                    last = max(there)
                    there[last] = replace(there[last], found=None)
                while reached in there:
                    one, left = there.pop(reached), most - total
                    if one.found is None or one.count > left:
                        yield Finished(reached, min(one.count, left), None)
                        return
                    reached, total = reached + 1, total + one.count
                    yield one
        if reached < len(searches):  # the time is over
            yield Finished(reached, 0.0, None)


@dataclass(frozen=True, eq=False)
class _Limited(Generic[Found]):
    """A search with limits of its own."""

    place: int
    search: Callable[[Gauge], Found]
    most: float
    seconds: float | None


def _searched(task: _Limited[Found]) -> Finished[Found]:
    """On a worker: ends early where the task is wanted no more."""
    budget = Budget(math.inf if task.seconds is None else task.seconds, stop=_Dropped())
    with threadpool_limits(1):  # as beside other searches of one process
        [one] = in_order([task.search], task.most, budget)
    return replace(one, place=task.place)


class _Dropped(Stop):
    """Asked to stop where Dask has dropped the task of this thread, which it cannot end itself."""

    @property
    def asked(self) -> bool:
        from distributed import get_worker

        worker = get_worker()
        task = worker.state.tasks.get(worker.get_current_task())
        return task is None or task.state == "cancelled"
