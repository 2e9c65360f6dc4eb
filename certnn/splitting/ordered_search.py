"""Searches side by side whose outcome does not depend on which of them is faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from certnn.budget import Budget, thread_count
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.splitting.prover import Limits

Found = TypeVar("Found")

_POLL = 0.05


@dataclass(frozen=True, eq=False)
class Gauge:
    """How far a search is, and whether it is to stop; shared between threads and compiled code.

    Attributes
    ----------
    count : int64 array, shape (1,)
        Kept up by the search: its nodes, or bytes.
    stop : int64 array, shape (1,)
        Not zero where it is to stop.
    """

    count: IndexArray
    stop: IndexArray


@dataclass(frozen=True, eq=False)
class Finished(Generic[Found]):
    """One search that has ended.

    Attributes
    ----------
    place : int
        In the sequence of the searches.
    count : float
        What it counted, and no more than was left.
    found : object or None
        What it returned; None where it, and all that comes after it, does not count, because
        counts came to too much or the budget was over.
    """

    place: int
    count: float
    found: Found | None


class InOrder(Protocol):
    """Runs searches as `in_order` does, here or elsewhere."""

    def __call__(
        self, searches: Sequence[Callable[[Gauge], Found]], most: float, budget: Budget
    ) -> Iterator[Finished[Found]]:
        """What each has come to, in their order."""


def in_order(
    searches: Sequence[Callable[[Gauge], Found]], most: float, budget: Budget
) -> Iterator[Finished[Found]]:
    """Run searches on all cores and hand them out in their order, as long as all is within limits.

    Counts are added up in the order of the searches, so that whether they come to more than `most`
    does not depend on the number of threads. Leaving the iteration stops the searches.

    Parameters
    ----------
    searches : sequence of callable
        Called with a gauge, each in a thread; they end soon after they are told to stop.
    most : float
        Of the counts of all searches together.
    budget : Budget
        Where its time is up they stop; their work is counted by the caller.
    """
    stop = np.zeros(1, dtype=np.int64)
    gauges = [Gauge(np.zeros(1, dtype=np.int64), stop) for _ in searches]
    total, reached = 0, 0

    def started(place: int) -> Found:
        # What is ahead of the order waits, so that memory holds little more than counts.
        while place > reached and not stop[0] and sum(int(g.count[0]) for g in gauges) > most:
            time.sleep(_POLL)
        return searches[place](gauges[place])

    with ThreadPoolExecutor(thread_count()) as pool:
        running: list[Future[Found]] = [pool.submit(started, k) for k in range(len(searches))]
        try:
            for place, search in enumerate(running):
                # A last one that is there already makes the whole complete.
                complete = place + 1 == len(running) and search.done()
                reached, over = place, budget.over and not complete
                while not over and not wait([search], timeout=_POLL).done:
                    over = budget.over or total + int(gauges[place].count[0]) > most
                stop[0] = over
                found, left = search.result(), most - total
                count = int(gauges[place].count[0])
                if over or count > left:
                    yield Finished(place, min(count, left), None)
                    break
                total += count
                yield Finished(place, count, found)
        finally:
            stop[0] = 1
            pool.shutdown(cancel_futures=True)


def in_limits(
    searches: Sequence[Callable[[Gauge], Found]],
    cost: float,
    size: float,
    limits: Limits,
    run: InOrder = in_order,
) -> Iterator[tuple[int, Found]]:
    """Run searches side by side and hand out the number of each with what it returned.

    Neighbours are alike: they come in an order in which the first ones are from all over.

    Parameters
    ----------
    searches : sequence of callable
        As `in_order` has them.
    cost, size : float
        Nominal seconds of a count, which are spent, and bytes.
    limits : Limits
    run : callable
        Where: on all cores if nothing is said.

    Raises
    ------
    SolverError
        Where a limit is met.
    """
    budget, in_memory = limits.budget, limits.memory / size
    in_budget = budget.work_left / cost
    order = [int(number) for number in np.random.default_rng(0).permutation(len(searches))]
    chosen = [searches[number] for number in order]
    for ended in run(chosen, min(in_memory, in_budget), budget):
        short = ended.found is None and not budget.over and in_budget < in_memory
        budget.spend(budget.work_left if short else cost * ended.count)
        if ended.found is None:
            raise SolverError("time is up" if budget.over else "it is too large for its memory")
        yield order[ended.place], ended.found
