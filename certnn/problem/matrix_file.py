"""A matrix that lies in a file, and some of its rows for whoever sees the file too."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from platform import node
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import CHUNK_ROWS, FloatArray, frozen_matrix
from certnn.errors import InputError, refused

#: Which rows: some of them in a row, or by their numbers.
RowNumbers = slice | NDArray[np.int64]
_ADVICE = "; rows of an array in memory, or of an .npz file, are sent instead"


@dataclass(frozen=True)
class MatrixFile(ABC):
    """A matrix of numbers in a file, of which the rows asked for are read.

    Attributes
    ----------
    path : str
        From the root, as others may have another working folder.
    shape : tuple of int
        (n, d).
    """

    path: str
    shape: tuple[int, int]

    @abstractmethod
    def _read(self, rows: RowNumbers) -> NDArray[Any]:
        """The rows as they are in the file, whatever that raises."""

    def read(self, rows: RowNumbers = slice(None)) -> NDArray[Any]:
        """Some rows as they are there by now, or all.

        Raises `InputError` if the file is not there, is another one, or is damaged.
        """
        if not os.path.exists(self.path):
            raise InputError(self.path, f"does not exist on {node()}{_ADVICE}")
        with refused(self.path, f"cannot be read on {node()}"):
            return self._read(rows)

    def __getitem__(self, rows: Any) -> FloatArray:
        """Some rows as float64.

        Raises `InputError` as `read`, or if they hold anything but finite numbers.
        """
        rows = rows if isinstance(rows, slice) else np.asarray(rows, dtype=np.int64)
        return frozen_matrix("X", self.read(rows), smallest=0.0)

    def pieces(self) -> Iterator[FloatArray]:
        """All rows in order, so many at a time that they take little memory.

        Raises `InputError` as `__getitem__`.
        """
        starts = range(0, self.shape[0], CHUNK_ROWS)
        return (self[start : start + CHUNK_ROWS] for start in starts)

    def require_shape(self, shape: tuple[int, ...]) -> None:
        """Raise `InputError` if that is not the shape of what the file has now."""
        if shape != self.shape:
            raise InputError(
                self.path, f"is another file on {node()}: shape {shape}, and not {self.shape}"
            )


@dataclass(frozen=True)
class NpyFile(MatrixFile):
    """A matrix in an .npy file, which is mapped into memory."""

    @classmethod
    def of(cls, given: Any) -> Self | None:
        """The file of an array that is all that `numpy.load` maps; None of other arrays."""
        if not isinstance(given, np.memmap) or given.filename is None or given.mode != "r":
            return None
        path = os.path.abspath(given.filename)
        with suppress(OSError, ValueError):
            whole = _mapped(path)
            looks = [(a.shape, a.strides, a.dtype, a.offset) for a in (given, whole)]
            if given.ndim == 2 and looks[0] == looks[1]:
                return cls(path, given.shape)
        return None

    def _read(self, rows: RowNumbers) -> NDArray[Any]:
        there = _mapped(self.path)
        self.require_shape(there.shape)
        x: NDArray[Any] = there[rows]
        return x


def _mapped(path: str) -> Any:
    """The matrix of an .npy file; raises `ValueError` or `OSError` if it is none."""
    there = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(there, np.memmap):
        raise ValueError("it is no .npy file")
    return there[:, None] if there.ndim == 1 else there


@dataclass(frozen=True, eq=False)
class FileRows:
    """Rows of a file, to be read in another process or on another machine.

    Attributes
    ----------
    sha256 : str
        Of them as float64, row by row: they are these rows, or none.
    """

    file: MatrixFile
    rows: RowNumbers
    sha256: str

    def read(self) -> FloatArray:
        """The rows, shape (m, d).

        Raises `InputError` if the file is not there, or has other rows.
        """
        x = self.file[self.rows]
        if digest(x) != self.sha256:
            raise InputError(
                self.file.path,
                f"has other rows on {node()} than it had where they were asked for: it has changed "
                "since, or is another file",
            )
        return x


def handed(x: FloatArray, file: MatrixFile | None, rows: RowNumbers) -> FloatArray | FileRows:
    """What a task is given of these rows: the rows, or where it finds them if there is a file."""
    return x if file is None else FileRows(file, rows, digest(x))


def received(x: FloatArray | FileRows) -> FloatArray:
    """The rows that a task was given; raises `InputError` as `FileRows.read`."""
    return x.read() if isinstance(x, FileRows) else x


def digest(x: FloatArray) -> str:
    """SHA-256 of the numbers, row by row as little-endian doubles."""
    return sha256(np.ascontiguousarray(x, dtype="<f8").data).hexdigest()
