"""Files of users: read with care, written whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.errors import InputError
from certnn.network import TwoLayerNetwork


def read_bytes(path: str | Path, largest: int) -> bytes:
    """The content of a regular file of at most `largest` bytes.

    Raises
    ------
    InputError
        If the file does not exist, is not a regular file, cannot be read or is larger.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InputError(str(path), "is not a file" if path.exists() else "does not exist")
        if path.stat().st_size > largest:
            raise InputError(str(path), f"is larger than {largest} bytes")
        return path.read_bytes()
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from None


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file whole or not at all, replacing what is there.

    Raises
    ------
    InputError
        If the folder does not exist or cannot be written to.
    """
    path = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(str(path), f"cannot be written: {error.strerror}") from None


def read_npz(path: str | Path, names: tuple[str, ...]) -> list[NDArray[Any]]:
    """The named arrays of an .npz file; nothing is unpickled.

    Raises
    ------
    InputError
        If the file is not an .npz, lacks one of the arrays, or holds Python objects.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(str(path), "is not a file" if path.exists() else "does not exist")
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise InputError(str(path), "is not an .npz file")
            missing = [name for name in names if name not in archive.files]
            if missing:
                found = ", ".join(archive.files[:8]) or "nothing"
                raise InputError(str(path), f"has no array {missing[0]} (it has {found})")
            return [np.asarray(archive[name]) for name in names]
    except InputError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, MemoryError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(str(path), f"is not a readable .npz file: {reason}") from None


def load_network(path: str | Path) -> TwoLayerNetwork:
    """Read a network from an .npz file with U (d×m) and V (m×c)."""
    return TwoLayerNetwork(*read_npz(path, ("U", "V")))


def save_network(path: str | Path, network: TwoLayerNetwork) -> None:
    """Write a network as an .npz file with U (d×m) and V (m×c), whole or not at all."""
    buffer = io.BytesIO()
    np.savez(buffer, U=network.U, V=network.V)
    write_atomically(path, buffer.getvalue())
