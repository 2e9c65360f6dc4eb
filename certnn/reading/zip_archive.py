"""Zip archives from strangers: sizes are checked before anything is unpacked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from certnn.atomic_files import LARGEST_CONTENT, open_file
from certnn.errors import InputError, shorten

#: Bytes of a directory of entries, about 46 and a name each.
_LARGEST_DIRECTORY = 1 << 20
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"


class ZipArchive:
    """An open zip file; use `open_zip`.

    Attributes
    ----------
    path : str
        For error messages.
    sizes : dict
        Uncompressed size by name, as the file says; no more than that is unpacked of an entry.
    largest : int
        Most bytes that all entries read may have, uncompressed.
    """

    def __init__(self, path: str, archive: zipfile.ZipFile, largest: int) -> None:
        self.path = path
        self._archive = archive
        self.sizes = {info.filename: info.file_size for info in archive.infolist()}
        self.largest = self._left = largest
        if len(self.sizes) != len(archive.infolist()):
            raise InputError(path, "is a zip file with two entries of the same name")

    def read(self, name: str, largest: int | None = None) -> bytes:
        """The content of an entry.

        Raises `InputError` if there is no such entry, it or all entries read so far are too large,
        or it is damaged, encrypted or compressed in another way than deflate.
        """
        if name not in self.sizes:
            raise InputError(self.path, f"has no entry {shorten(name)}")
        if largest is not None and self.sizes[name] > largest:
            reason = f"entry {shorten(name)} would unpack to more than {largest} bytes"
            raise InputError(self.path, reason)
        self._left -= self.sizes[name]
        if self._left < 0:
            raise InputError(self.path, f"would unpack to more than {self.largest} bytes")
        info = self._archive.getinfo(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(self.path, f"entry {shorten(name)} is compressed in an unusual way")
        try:
            with self._archive.open(info) as member:
                # Without a number Python inflates up to 2 GiB before it looks at the size.
                return member.read(info.file_size)
        except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
            # RuntimeError: encrypted
            raise InputError(
                self.path, f"entry {shorten(name)} cannot be read: {shorten(str(error))}"
            ) from None


@contextmanager
def open_zip(path: str | Path, largest: int = LARGEST_CONTENT) -> Iterator[ZipArchive]:
    """Open a zip file for reading entries of at most `largest` bytes in all, uncompressed.

    Raises `InputError` if it cannot be read, is not a whole zip file, or has a very large
    directory.
    """
    name = str(path)
    with ExitStack() as opened:
        stream = opened.enter_context(open_file(path))
        try:
            if _directory_size(stream) > _LARGEST_DIRECTORY:
                raise InputError(name, "is a zip file with too many entries")
            archive = opened.enter_context(zipfile.ZipFile(stream))
        except InputError:
            raise
        except (OSError, NotImplementedError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(name, f"is not a whole zip file: {shorten(str(error))}") from None
        yield ZipArchive(name, archive, largest)


def _directory_size(stream: BinaryIO) -> int:
    """The largest of the sizes of the directory that the end records claim; 0 without any."""
    end = stream.seek(0, 2)
    start = stream.seek(max(0, end - (1 << 16) - 98))
    tail = stream.read()
    at = tail.rfind(_END)
    if at < 0 or at + 16 > len(tail):
        return 0  # zipfile says what is wrong
    sizes: list[int] = [struct.unpack_from("<L", tail, at + 12)[0]]
    locator = at - 20
    if locator >= 0 and tail[locator : locator + 4] == _LOCATOR_64:
        (named,) = struct.unpack_from("<Q", tail, locator + 8)
        for where in (named, start + locator - 56):  # where it says, and where zipfile looks
            if 0 <= where <= end - 56:
                stream.seek(where)
                record = stream.read(56)
                if record[:4] == _END_64:
                    sizes.append(struct.unpack_from("<Q", record, 40)[0])
    # 0xFFFFFFFF stands for a size that is in the larger record.
    return max(sizes[1:], default=sizes[0])
