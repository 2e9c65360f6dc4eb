"""Certificates packed by xz, as they lie with the records."""

from __future__ import annotations

import lzma
from pathlib import Path

from certnn.atomic_files import read_bytes
from certnn.certificates import Certificate
from certnn.errors import InputError
from certnn.kernel import LARGEST_FILE

#: Bytes of a file that lies with the records, and of a certificate that packing may make so small.
MOST_BYTES = 200_000
_MOST_UNPACKED = 20 * MOST_BYTES
#: Bytes of memory for unpacking.
_MEMORY = 2**27


def packed(certificate: Certificate) -> bytes | None:
    """The content of a file for the certificate; None if it is too large for the records."""
    if certificate.size > _MOST_UNPACKED:
        return None
    content = lzma.compress(certificate.document)
    return content if len(content) <= MOST_BYTES else None


def load_packed(path: Path) -> Certificate:
    """The certificate of a packed file, in bounded time and memory.

    Raises
    ------
    InputError
        If it is not such a file, or its content is larger than the kernel accepts.
    """
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    try:
        document = unpacker.decompress(read_bytes(path, MOST_BYTES), LARGEST_FILE)
    except lzma.LZMAError as error:
        raise InputError(str(path), f"cannot be unpacked: {error}") from None
    if not unpacker.eof or unpacker.unused_data:
        raise InputError(str(path), "ends too early or too late, or holds too much")
    return Certificate(document)
