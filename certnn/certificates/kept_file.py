"""A large certificate's file, of which little is in memory at a time."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from hashlib import file_digest
from pathlib import Path
from typing import Any, BinaryIO

from certnn.atomic_files import open_file
from certnn.errors import InputError


@dataclass(frozen=True)
class KeptFile:
    """A file and what it had in it when it was written or found.

    Attributes
    ----------
    size : int
        In bytes.
    sha256 : str
        Of its content, in hexadecimal.
    """

    path: Path = field(compare=False)
    size: int
    sha256: str

    @classmethod
    def found(cls, path: Path) -> KeptFile:
        """One that is there, and stays where it is; raises `InputError` if it cannot be read."""
        with open_file(path) as stream:
            digest = file_digest(stream, "sha256").hexdigest()
            return cls(path, stream.tell(), digest)

    @classmethod
    def written(cls, write: Callable[[BinaryIO], object]) -> KeptFile:
        """A new one among the temporary files, which goes when nothing refers to it any more.

        Raises `InputError` if there is no room for it.
        """
        handle, name = tempfile.mkstemp(prefix="certnn-", suffix=".zip")
        remove = partial(Path(name).unlink, missing_ok=True)
        try:
            with os.fdopen(handle, "w+b") as stream:
                write(stream)
            kept = cls.found(Path(name))
        except OSError as error:
            remove()
            raise InputError(name, f"cannot be written: {error.strerror}") from None
        except BaseException:
            remove()
            raise
        weakref.finalize(kept, remove)
        return kept

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, for reading; raises `InputError` if it is not there any more."""
        with open_file(self.path) as stream:
            yield stream

    def read(self) -> bytes:
        """All of it."""
        with self.opened() as stream:
            return stream.read()

    def __reduce__(self) -> tuple[Any, ...]:
        return _copied, (self.read(),)


def _copied(content: bytes) -> KeptFile:
    """In another process, which may be on another machine."""
    return KeptFile.written(lambda stream: stream.write(content))
