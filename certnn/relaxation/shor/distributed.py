"""Sums over points on a Dask cluster, where the rows stay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from certnn.errors import InputError, SolverError
from certnn.relaxation.shor.chunks import Chunk, Terms, added

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

    Rows are sent once, and again where a worker dies, which takes its own with it. For each W a few
    matrices of order columns + c travel. The sums are those of one process but for the order of
    their terms, that is to rounding.

    Parameters
    ----------
    client : distributed.Client
    chunks : sequence of Chunk
        In the order of the rows.
    """

    def __init__(self, client: Client, chunks: Sequence[Chunk]) -> None:
        self._client = client
        size = max(1, -(-len(chunks) // (_PARTS_A_THREAD * max(1, thread_total(client)))))
        self._parts = [list(chunks[i : i + size]) for i in range(0, len(chunks), size)]
        self._sent: list[Any] = []

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
                    if not self._sent:
                        self._sent = self._client.scatter(self._parts, hash=False)
                    futures = self._client.map(
                        run, self._sent, function=function, arguments=arguments, pure=False
                    )
                    results: list[Any] = self._client.gather(futures)
                    return results
                except (CancelledError, KilledWorker, OSError) as error:
                    self._sent, last = [], error
                    thread_total(self._client)  # waits where the scheduler does not answer
        if isinstance(last, OSError):  # such as of a file that the workers do not see
            raise last
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


def _each(
    part: list[Chunk], function: Callable[..., _Result], arguments: tuple[Any, ...]
) -> list[_Result]:
    return [function(chunk, *arguments) for chunk in part]


def _total(part: list[Chunk], function: Callable[..., Terms], arguments: tuple[Any, ...]) -> Terms:
    return added(function(chunk, *arguments) for chunk in part)
