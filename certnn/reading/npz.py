"""Data and networks in .npz files: nothing is unpickled."""

from __future__ import annotations

import io
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.atomic_files import LARGEST_CONTENT, open_file, write_atomically
from certnn.errors import InputError, refused, shorten
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.zip_archive import open_zip

#: An array of more is no matrix; numpy itself stops at 64.
_MOST_DIMENSIONS = 32
#: Bytes of the header of an .npy file, which are about 100.
_LONGEST_HEADER = 1 << 16


def read_npz(
    path: str | Path, names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[NDArray[Any]]:
    """The named arrays of an .npz file, and the optional ones it has; nothing is unpickled.

    They are read-only. Raises `InputError` if the file is not an .npz, lacks one of the arrays, or
    holds anything but real numbers in it; if a header promises more than there is; or if compressed
    arrays would unpack to more than `LARGEST_CONTENT` bytes.
    """
    with open_file(path) as stream:
        is_zip, size = stream.read(2) == b"PK", stream.seek(0, io.SEEK_END)
    if not is_zip:
        raise InputError(str(path), "is not an .npz file, as numpy.savez writes it")
    # What is stored without compression takes as much on disk.
    with open_zip(path, max(LARGEST_CONTENT, size)) as archive:
        there = [entry.removesuffix(".npy") for entry in archive.sizes]
        missing = [name for name in names if name not in there]
        if missing:
            some = shorten(", ".join(there[:8])) or "nothing"
            raise InputError(str(path), f"has no array {missing[0]} (it has {some})")
        found = (*names, *(name for name in optional if name in there))
        return [_array(str(path), name, archive.read(f"{name}.npy")) for name in found]


@dataclass(frozen=True)
class NpyLayout:
    """How an .npy file holds an array that fills the rest of it.

    Attributes
    ----------
    shape : tuple of int
    order : {"C", "F"}
    dtype : dtype
        Of real numbers or text.
    offset : int
        Where the numbers begin, in bytes.
    """

    shape: tuple[int, ...]
    order: Literal["C", "F"]
    dtype: np.dtype[Any]
    offset: int


def npy_layout(path: str, what: str, stream: BinaryIO) -> NpyLayout:
    """The header of an .npy file.

    Raises `InputError` if it is not read, is about neither real numbers nor text, or promises more
    or less than there is.

    Parameters
    ----------
    path, what : str
        For the error message: the file, and the array if the file has several, else "".
    stream : binary file
        At its beginning.
    """
    with refused(path, f"{what}is not a readable .npy file"):
        shape, by_columns, dtype = _npy_header(stream)
    if dtype.kind not in "biufUS":  # labels are text
        kind = shorten(str(dtype))
        raise InputError(path, f"{what}must hold numbers or text, got dtype {kind}")
    offset = stream.tell()
    left = stream.seek(0, io.SEEK_END) - offset
    sizes_fit = all(type(k) is int and 0 <= k < 1 << 31 for k in shape)
    if not sizes_fit or len(shape) > _MOST_DIMENSIONS:
        raise InputError(path, f"{what}has a shape that no array has")
    if prod(shape) * dtype.itemsize != left:
        raise InputError(path, f"{what}has {left} bytes, not those of its shape and type")
    return NpyLayout(shape, "F" if by_columns else "C", dtype, offset)


def _npy_header(stream: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(stream)
    length = int.from_bytes(stream.read(4), "little")  # numpy makes room for whatever it is
    if version != (2, 0) or length > _LONGEST_HEADER:
        raise ValueError("the header is of another version than 1.0 and 2.0, or too long")
    stream.seek(-4, io.SEEK_CUR)
    return np.lib.format.read_array_header_2_0(stream)


def _array(path: str, name: str, content: bytes) -> NDArray[Any]:
    layout = npy_layout(path, f"array {name} ", io.BytesIO(content))
    if 0 in layout.shape:  # a network without neurons has such weights
        return np.empty(layout.shape, layout.dtype)
    flat = np.frombuffer(content, layout.dtype, offset=layout.offset)
    return flat.reshape(layout.shape, order=layout.order)


def load_network(path: str | Path) -> TwoLayerNetwork:
    """Read a network from an .npz file, as `save_network` writes it.

    Parameters
    ----------
    path : str or Path
        A file with U (d×m), V (m×c) and, if there is one, output_bias (c,).

    Raises
    ------
    InputError
        If it is not such a file.

    Examples
    --------
    >>> import certnn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "network.npz")
    >>> certnn.save_network(path, certnn.TwoLayerNetwork([[2.0]], [[1.0]]))
    >>> certnn.load_network(path).predict([[3.0]]).tolist()
    [[6.0]]
    """
    return TwoLayerNetwork(*read_npz(path, ("U", "V"), ("output_bias",)))


def save_network(path: str | Path, network: TwoLayerNetwork) -> None:
    """Write a network as an .npz file that `load_network` reads, whole or not at all.

    Parameters
    ----------
    path : str or Path
    network : TwoLayerNetwork

    Raises
    ------
    InputError
        If the file cannot be written.

    Examples
    --------
    >>> import certnn, os, tempfile
    >>> folder, network = tempfile.mkdtemp(), certnn.TwoLayerNetwork([[2.0]], [[1.0]])
    >>> certnn.save_network(os.path.join(folder, "mine.npz"), network)
    >>> os.listdir(folder)
    ['mine.npz']
    """
    bias = {} if network.output_bias is None else {"output_bias": network.output_bias}
    _save(path, U=network.U, V=network.V, **bias)


def save_data(path: str | Path, problem: TrainingProblem) -> None:
    """Write a problem's data as an .npz file with X (n×d) and Y (n×c), whole or not at all."""
    _save(path, X=problem.X, Y=problem.Y)


def _save(path: str | Path, **arrays: FloatArray) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # keywords are arrays, not allow_pickle
    write_atomically(path, buffer.getvalue())
