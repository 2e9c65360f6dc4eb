"""Data in chunks of rows, and sums over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from certnn.arrays import CHUNK_ROWS, FloatArray

_Result = TypeVar("_Result")
#: Results of a function on one chunk, to be added up one by one.
Terms = tuple[FloatArray, ...]


class Chunks(Protocol):
    """All rows of the data; functions of chunks run where the chunks are."""

    def each(self, function: Callable[..., _Result], *arguments: Any) -> Iterable[_Result]:
        """``function(chunk, *arguments)`` of each chunk, in the order of the rows."""
        ...

    def total(self, function: Callable[..., Terms], *arguments: Any) -> Terms:
        """The sums of ``function(chunk, *arguments)``."""
        ...


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some rows of the data."""

    x: FloatArray
    y: FloatArray

    def rows(self) -> tuple[FloatArray, FloatArray]:
        """X (with a column of ones for a hidden bias) and Y, shapes (m, columns) and (m, c)."""
        return self.x, self.y


@dataclass(frozen=True, eq=False)
class LocalChunks:
    """Chunks that this process goes through, one after the other."""

    chunks: Sequence[Chunk]

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray) -> LocalChunks:
        """Chunks of arrays in memory, which are not copied."""
        starts = range(0, x.shape[0], CHUNK_ROWS)
        return cls([Chunk(x[i : i + CHUNK_ROWS], y[i : i + CHUNK_ROWS]) for i in starts])

    def each(self, function: Callable[..., _Result], *arguments: Any) -> Iterable[_Result]:
        """As `Chunks`."""
        return (function(chunk, *arguments) for chunk in self.chunks)

    def total(self, function: Callable[..., Terms], *arguments: Any) -> Terms:
        """As `Chunks`."""
        return added(self.each(function, *arguments))


def added(terms: Iterable[Terms]) -> Terms:
    """Sums of tuples of arrays, one by one."""
    sums: list[FloatArray] = []
    for term in terms:
        sums = [s + t for s, t in zip(sums, term, strict=True)] if sums else list(term)
    return tuple(sums)


def extent(chunk: Chunk) -> tuple[float, float, tuple[int, int, int]]:
    """The largest norm of a row of X, largest entry of Y, and numbers of rows and columns."""
    x, y = chunk.rows()
    sizes = len(x), x.shape[1], y.shape[1]
    return float(np.max(np.linalg.norm(x, axis=1))), float(np.max(np.abs(y))), sizes


def sample_of(chunks: Chunks, share: float) -> tuple[FloatArray, FloatArray]:
    """X and Y of a share of all rows, drawn at random; the same whenever it is asked for."""
    x, y = (np.concatenate(parts) for parts in zip(*chunks.each(_sampled, share), strict=True))
    return x, y


def _sampled(chunk: Chunk, share: float) -> tuple[FloatArray, FloatArray]:
    x, y = chunk.rows()
    rows = np.random.default_rng(x.shape).random(x.shape[0]) < share
    return x[rows], y[rows]
