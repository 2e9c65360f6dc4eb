"""Files as bytes: read with care, written whole or not at all. Imports nothing heavy."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from certnn.errors import InputError
from certnn.paths import require_file, require_replaceable

#: Most bytes of arrays, uncompressed, that are read from one file, if it is not as large itself.
LARGEST_CONTENT = 256 << 20


def read_bytes(path: str | Path, largest: int) -> bytes:
    """The content of a regular file of at most `largest` bytes.

    Raises
    ------
    InputError
        If the file does not exist, is not a regular file, cannot be read or is larger.
    """
    path = require_file(path)
    try:
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
        If the folder does not exist or cannot be written to, or something else than a file is
        there.
    """
    path = require_replaceable(path)
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
