"""Sums over points on a Dask cluster, where the rows stay."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from certnn.errors import InputError
from certnn.relaxation.shor.chunks import Chunk, Terms, added

if TYPE_CHECKING:
    from distributed import Client

_Result = TypeVar("_Result")
#: Parts for each thread of the cluster: several, so that fast workers take more.
_PARTS_A_THREAD = 4


class ClusterChunks:
    """Chunks (`certnn.relaxation.shor.chunks.Chunks`) that lie on the workers of a cluster.

    Arrays are sent once; of chunks that are read from files (`certnn.reading.data`) only the names
    are, and the workers must see the files. For each W a few matrices of order columns + c travel.
    The sums are those of one process but for the order of their terms, that is to rounding.

    Parameters
    ----------
    client : distributed.Client
    chunks : sequence of Chunk
        In the order of the rows.
    """

    def __init__(self, client: Client, chunks: Sequence[Chunk]) -> None:
        self._client = client
        threads = max(1, sum(client.nthreads().values()))
        size = max(1, -(-len(chunks) // (_PARTS_A_THREAD * threads)))
        parts = [list(chunks[i : i + size]) for i in range(0, len(chunks), size)]
        self._parts = client.scatter(parts, hash=False)

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
        futures = self._client.map(
            run, self._parts, function=function, arguments=arguments, pure=False
        )
        results: list[Any] = self._client.gather(futures)
        return results


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
