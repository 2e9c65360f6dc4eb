"""Data and networks in .npz files: nothing is unpickled."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem
from certnn.raw_files import write_atomically


def read_npz(
    path: str | Path, names: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[NDArray[Any]]:
    """The named arrays of an .npz file, and the optional ones it has; nothing is unpickled.

    Raises
    ------
    InputError
        If the file is not an .npz, lacks one of the arrays, or holds Python objects.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(str(path), "is not a file" if path.exists() else "does not exist")
    try:
        with path.open("rb") as stream:
            archive = np.load(stream, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError(str(path), "is not an .npz file")
            missing = [name for name in names if name not in archive.files]
            if missing:
                there = ", ".join(archive.files[:8]) or "nothing"
                raise InputError(str(path), f"has no array {missing[0]} (it has {there})")
            found = (*names, *(name for name in optional if name in archive.files))
            return [np.asarray(archive[name]) for name in found]
    except InputError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(str(path), f"is not a readable .npz file: {reason}") from None


def load_network(path: str | Path) -> TwoLayerNetwork:
    """Read a network from an .npz file with U (d×m), V (m×c) and, if there is one, output_bias."""
    return TwoLayerNetwork(*read_npz(path, ("U", "V"), ("output_bias",)))


def save_network(path: str | Path, network: TwoLayerNetwork) -> None:
    """Write a network as an .npz file that `load_network` reads, whole or not at all."""
    bias = {} if network.output_bias is None else {"output_bias": network.output_bias}
    _save(path, U=network.U, V=network.V, **bias)


def save_data(path: str | Path, problem: TrainingProblem) -> None:
    """Write a problem's data as an .npz file with X (n×d) and Y (n×c), whole or not at all."""
    _save(path, X=problem.X, Y=problem.Y)


def _save(path: str | Path, **arrays: FloatArray) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # keywords are arrays, not allow_pickle
    write_atomically(path, buffer.getvalue())
