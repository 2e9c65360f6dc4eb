"""Sums over points on a Dask cluster, where the rows stay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from certnn.arrays import CHUNK_ROWS, FloatArray
from certnn.errors import InputError, SolverError
from certnn.problem.matrix_file import FileRows, handed, received
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.shor.chunks import LocalChunks, Terms, added

if TYPE_CHECKING:
    from distributed import Client

_Result = TypeVar("_Result")
#: Parts for each thread of the cluster: several, so that fast workers take more.
_PARTS_A_THREAD = 4
#: How often the same sum is begun if workers die each time, and a question asked; in seconds.
_ATTEMPTS, _PAUSE = 5, 0.5
_GONE = "the cluster does not answer any more, or its client was closed"


class ClusterLost(SolverError):
    """A Dask cluster does not answer any more, or its workers die again and again."""


class ClusterChunks:
    """Chunks (`certnn.relaxation.shor.chunks.Chunks`) that lie on the workers of a cluster.

    The workers read the rows of a problem that has a file from it, and are sent those of others;
    once, and again where a worker dies, which takes its own with it. For each W a few matrices of
    order columns + c travel. The sums are those of one process but for the order of their terms,
    that is to rounding. `InputError` if a worker finds no such file.

    Parameters
    ----------
    client : distributed.Client
    problem : TrainingProblem
    """

    def __init__(self, client: Client, problem: TrainingProblem) -> None:
        self._client = client
        chunks = -(-problem.n // CHUNK_ROWS)
        size = max(1, -(-chunks // (_PARTS_A_THREAD * max(1, thread_total(client)))))
        starts = range(0, problem.n, size * CHUNK_ROWS)
        self._parts = [_Part.of(problem, slice(i, i + starts.step)) for i in starts]
        self._there: list[Any] = []

    def each(self, function: Callable[..., _Result], *arguments: Any) -> Iterable[_Result]:
        """As `Chunks`."""
        found: list[list[_Result]] = self._on_all(_each, function, arguments)
        return (result for part in found for result in part)

    def total(self, function: Callable[..., Terms], *arguments: Any) -> Terms:
        """As `Chunks`."""
        return added(self._on_all(_total, function, arguments))

    def _on_all(
        self, run: Callable[..., Any], function: Callable[..., Any], arguments: tuple[Any, ...]
    ) -> list[Any]:
        from distributed import KilledWorker

        for _ in range(_ATTEMPTS):
            with lost_if_closed(self._client):
                try:
                    if not self._there:
                        sent = self._client.scatter(self._parts, hash=False)
                        self._there = self._client.map(_chunks, sent, pure=False)
                    futures = self._client.map(
                        run, self._there, function=function, arguments=arguments, pure=False
                    )
                    results: list[Any] = self._client.gather(futures)
                    return results
                except (CancelledError, KilledWorker, OSError):
                    self._there = []
                    thread_total(self._client)  # waits where the scheduler does not answer
        raise ClusterLost(f"its workers died in each of {_ATTEMPTS} attempts at a sum")


@contextmanager
def lost_if_closed(client: Client) -> Iterator[None]:
    """Within it whatever is raised where the client is closed, or about to be, is `ClusterLost`."""
    try:
        yield
    except Exception:
        if client.status in ("running", "connecting"):
            raise
        raise ClusterLost(_GONE) from None


def thread_total(client: Client) -> int:
    """The threads of all workers that there are now; Dask waits if it has lost the scheduler.

    Raises
    ------
    ClusterLost
        If that does not answer for as long as the client was to wait for it at first.
    """
    for _ in range(_ATTEMPTS):
        try:
            with lost_if_closed(client):
                return sum(map(int, client.nthreads().values()))
        except OSError:  # of a connection that is lost, which the client is to find out
            time.sleep(_PAUSE)
            while client.status == "connecting":
                time.sleep(_PAUSE)
    raise ClusterLost(_GONE)


def connected(address: str, patience: float = 10.0) -> Client:
    """A client of the cluster at this address, such as ``tcp://10.0.0.1:8786``.

    Parameters
    ----------
    address : str
    patience : float
        Seconds to wait for an answer.

    Raises
    ------
    InputError
        If Dask is not installed, or nothing answers there.
    """
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise InputError("cluster", "needs Dask: pip install 'certnn[cluster]'") from None
    try:
        return Client(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError("cluster", f"cannot be reached at {address}: {error}") from None


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows as they are handed to a worker.

    Attributes
    ----------
    bias : float or None
        The entries of a last column, if X has one more for a hidden bias.
    """

    x: FloatArray | FileRows
    y: FloatArray
    bias: float | None

    @classmethod
    def of(cls, problem: TrainingProblem, rows: slice) -> _Part:
        bias = problem.bias_scale if problem.hidden_bias else None
        return cls(handed(problem.X[rows], problem.file, rows), problem.Y[rows], bias)


def _chunks(part: _Part) -> LocalChunks:
    """On a worker, where they stay."""
    x = received(part.x)
    if part.bias is not None:
        x = np.hstack([x, np.full((len(x), 1), part.bias)])
    return LocalChunks.of(x, part.y)


def _each(
    part: LocalChunks, function: Callable[..., _Result], arguments: tuple[Any, ...]
) -> list[_Result]:
    return list(part.each(function, *arguments))


def _total(part: LocalChunks, function: Callable[..., Terms], arguments: tuple[Any, ...]) -> Terms:
    return part.total(function, *arguments)
