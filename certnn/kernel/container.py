"""A certificate's file: JSON alone, or a zip file of it with its large arrays beside it.

Members are stored and not compressed, so that a file's size says what it may cost, and each is read
once, whatever becomes of the file meanwhile.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from shutil import copyfileobj
from struct import error as StructError
from typing import Any, BinaryIO, Final

from certnn.kernel.document import LARGEST_FILE, Malformed, Numbers, parse

#: A certificate's file: its bytes, or the file itself, open, of which not all is read at once.
Document = bytes | BinaryIO
#: Larger containers are refused before they are read.
LARGEST_CONTAINER: Final = 1 << 32
_HEAD: Final = "certificate.json"
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}\.npy|certificate\.json")
_HEADER: Final = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '(<f8|<f4|<u4|<i4|\|u1)', 'fortran_order': False, "
    rb"'shape': \((0|[1-9][0-9]{0,9}),\), \} *\n",
    re.DOTALL,
)
_DAMAGED = (OSError, EOFError, ArithmeticError, RuntimeError, ValueError, StructError)


@dataclass(frozen=True)
class File:
    """The JSON object of a certificate, with its arrays; bytes of the file, and their SHA-256."""

    parsed: dict[str, Any]
    size: int
    sha256: str


def read_file(document: Document) -> File:
    """Read a certificate's file.

    Raises `Malformed` if it is neither JSON nor a container, or too large.
    """
    stream = BytesIO(document) if isinstance(document, bytes) else document
    size, _ = stream.seek(0, 2), stream.seek(0)
    contained = stream.read(2) == b"PK"
    if size > (largest := LARGEST_CONTAINER if contained else LARGEST_FILE):
        raise Malformed(f"larger than {largest} bytes")
    digest, _ = sha256(), stream.seek(0)
    while piece := stream.read(1 << 20):
        digest.update(piece)
    stream.seek(0)
    parsed = _contained(stream, size) if contained else parse(stream.read(size))
    return File(parsed, size, digest.hexdigest())


def _contained(stream: BinaryIO, size: int) -> dict[str, Any]:
    arrays: dict[str, Numbers] = {}
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if sum(info.file_size for info in members) > size:
                raise Malformed("members of the zip file overlap")
            for info in members:
                if info.compress_type or info.file_size != info.compress_size:
                    raise Malformed("a member of the zip file is compressed")
                if info.filename in arrays or not _NAME.fullmatch(info.filename):
                    raise Malformed("the zip file has two members of a name, or a strange name")
                with archive.open(info) as member:
                    arrays[info.filename] = _numbers(member, info.filename == _HEAD)
    except Malformed:
        raise
    except (*_DAMAGED, zipfile.BadZipFile) as error:
        raise Malformed(f"not a whole zip file: {str(error)[:80]!r}") from None
    if _HEAD not in arrays:
        raise Malformed(f"the zip file lacks {_HEAD}")
    parsed = parse(arrays.pop(_HEAD).data, arrays)
    if arrays:
        raise Malformed("the zip file has a member that the certificate does not speak of")
    return parsed


def _numbers(member: Any, is_head: bool) -> Numbers:
    """An array; or what is JSON, as bytes of no type."""
    content, kind, count = BytesIO(), "", 0
    if not is_head:
        begin = member.read(10)
        header = _HEADER.fullmatch(begin + member.read(int.from_bytes(begin[8:], "little")))
        if header is None:
            raise Malformed("a member is not .npy of one row of f8, f4, u4, i4 or bytes")
        kind, count = header[1].decode("ascii"), int(header[2]) * int(header[1][-1:])
    copyfileobj(member, content)  # in pieces, so that nothing is in memory twice
    if not is_head and content.tell() != count:
        raise Malformed("a member has more or fewer bytes than its shape and type")
    return Numbers(kind, content.getvalue())
