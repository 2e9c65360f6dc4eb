"""Files and folders: looked at before the work, read whole, and replaced all at once."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from certnn.errors import InputError, shorten

#: Most bytes of arrays, uncompressed, that are read from one file, if it is not as large itself.
LARGEST_CONTENT = 256 << 20


@contextmanager
def _reported(path: Path, what: str) -> Iterator[None]:
    """Make an `InputError` of an OSError."""
    try:
        yield
    except OSError as error:
        raise InputError(str(path), f"{what}: {error.strerror}") from None


def read_bytes(path: str | Path, largest: int) -> bytes:
    """The content of a regular file of at most `largest` bytes.

    Raises `InputError` if the file does not exist, is not a regular file, cannot be read or is
    larger.
    """
    path = require_file(path)
    with _reported(path, "cannot be read"):
        if path.stat().st_size > largest:
            raise InputError(str(path), f"is larger than {largest} bytes")
        return path.read_bytes()


@contextmanager
def open_file(path: str | Path) -> Iterator[BufferedReader]:
    """A regular file, for reading.

    Raises `InputError` if the file does not exist, is not a regular file or cannot be read.
    """
    path = require_file(path)
    with _reported(path, "cannot be read"), path.open("rb") as stream:
        yield stream


def write_atomically(path: str | Path, content: bytes) -> None:
    """Write a file whole or not at all, replacing what is there.

    Raises `InputError` as `replaced` does.
    """
    with replaced(path) as stream:
        stream.write(content)


@contextmanager
def replaced(path: str | Path) -> Iterator[IO[bytes]]:
    """What is to be written takes the place of a file when all is done, or is no file at all.

    Raises `InputError` if the folder does not exist or cannot be written to, or something else than
    a file is there.
    """
    path = require_replaceable(path)
    with _reported(path, "cannot be written"):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                yield stream
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def require_file(path: str | Path) -> Path:
    """The path of a regular file that is there; raises `InputError` if it is not."""
    path = Path(path)
    with _reported(path, "cannot be read"):  # a name that is too long, for one
        if not path.is_file():
            raise InputError(str(path), "is not a file" if path.exists() else "does not exist")
    return path


def require_replaceable(path: str | Path) -> Path:
    """The path of a regular file, or of nothing.

    Renaming a file over a device such as /dev/null would do away with the device. Raises
    `InputError` if something else is there.
    """
    path = Path(path)
    with _reported(path, "cannot be written"):
        if path.exists() and not path.is_file():
            what = "a folder" if path.is_dir() else "a device, or another thing that is no file"
            raise InputError(str(path), f"cannot be written: it is {what}")
    return path


def require_place(path: str | Path) -> Path:
    """The path of a file that can be written, as a trial beside it shows.

    Raises `InputError` if its folder does not exist or cannot be written to, or something else than
    a file is there.
    """
    path = require_replaceable(path)
    if not path.parent.is_dir():
        raise InputError(str(path), f"is in a folder that does not exist: {path.parent}")
    with _reported(path, "cannot be written"):
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.").close()
    return path


def require_folder(folder: str | Path) -> Path:
    """The path of a folder to write into, which is there or can be made, as a trial shows.

    Raises `InputError` if that is not possible.
    """
    folder = Path(folder)
    with _reported(folder, "cannot be written to"):
        there = next(place for place in (folder, *folder.parents) if place.exists())
        if not there.is_dir():
            what = "it" if there == folder else there
            raise InputError(str(folder), f"cannot be made a folder: {what} is a file")
        tempfile.TemporaryFile(dir=there).close()
    return folder


def make_folder(folder: str | Path) -> Path:
    """Make a folder to write results into, if it is not there.

    Raises `InputError` if that is not possible.
    """
    folder = require_folder(folder)
    with _reported(folder, "cannot be made a folder"):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, for ``object_pairs_hook`` of `json.loads`.

    Raises `InputError` if a key is given twice; it is a ValueError too.
    """
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise InputError(shorten(key), "is given twice")
        result[key] = value
    return result
