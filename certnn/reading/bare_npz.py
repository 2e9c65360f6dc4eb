"""X and Y of an .npz file by the standard library alone, for a check without NumPy."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from struct import iter_unpack

from certnn.atomic_files import LARGEST_CONTENT, require_file
from certnn.errors import InputError
from certnn.reading.zip_archive import open_zip

#: The header as NumPy writes it, behind which the numbers begin.
_HEADER = re.compile(
    rb"\x93NUMPY(?:\x01\x00..|\x02\x00..\x00\x00)\{'descr': '([<>|])([biuf][1248])', "
    rb"'fortran_order': (True|False), 'shape': \((\d{1,9}),(?: (\d{1,9}))?\), \} *\n",
    re.DOTALL,
)
_CODES = {
    **{"b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q"},
    **{"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "f2": "e", "f4": "f", "f8": "d"},
}


def read_doubles(path: str | Path) -> list[bytes]:
    """X and Y row by row as little-endian doubles; one column may be a vector.

    Raises `InputError` if it is no .npz file of numbers that doubles hold exactly, as NumPy writes
    it.
    """
    path = require_file(path)
    with open_zip(path, max(LARGEST_CONTENT, path.stat().st_size)) as archive:
        return [_doubles(str(path), name, archive.read(f"{name}.npy")) for name in ("X", "Y")]


def _doubles(path: str, name: str, content: bytes) -> bytes:
    header = _HEADER.match(content)
    code = header and _CODES.get(header[2].decode("ascii"))
    if header is None or code is None:
        raise InputError(path, f"array {name} is not one of numbers that is read without NumPy")
    order = ">" if header[1] == b">" else "<"
    rows, columns = int(header[4]), int(header[5] or 1)
    numbers = content[header.end() :]
    if len(numbers) != rows * columns * int(header[2][1:]):
        raise InputError(path, f"array {name} has not the bytes of its shape and type")
    doubles = array("d", _exactly(path, name, numbers, order + code))
    if header[3] == b"True":
        doubles = array("d", (x for i in range(rows) for x in doubles[i::rows]))
    if sys.byteorder == "big":
        doubles.byteswap()
    return doubles.tobytes()


def _exactly(path: str, name: str, numbers: bytes, code: str) -> Iterator[float]:
    for (number,) in iter_unpack(code, numbers):
        double = float(number)
        if double != number:
            raise InputError(path, f"array {name} has a number that float64 cannot hold")
        yield double
