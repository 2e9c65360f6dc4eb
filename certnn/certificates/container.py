"""The file of a certificate: JSON with arrays in base64, or a zip file with them beside it."""

from __future__ import annotations

import json
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Mapping
from io import BytesIO
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from certnn.certificates.certificate import Certificate

#: An array in a document: one row, little-endian.
Array = NDArray[Any]
#: The member of a container that is JSON.
_HEAD = "certificate.json"
_PIECE = 1 << 20


def json_bytes(document: dict[str, Any]) -> bytes:
    """JSON in which arrays are strings of base64."""
    # In pieces: the arrays need not be in memory four times over.
    pieces = json.JSONEncoder(indent=1, default=_in_base64).iterencode(document)
    return b"".join([*(piece.encode() for piece in pieces), b"\n"])


def write_container(document: dict[str, Any], stream: BinaryIO) -> None:
    """Write a zip file: JSON, and each array as .npy beside it, called as the keys above it."""
    arrays: dict[str, Array] = {}
    head = json_bytes(_referring(document, "", arrays))
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(_member(_HEAD, len(head)), head)
        for name, array in arrays.items():
            with archive.open(_member(name, array.nbytes), "w") as member:
                np.lib.format.write_array_header_1_0(
                    member, np.lib.format.header_data_from_array_1_0(array)
                )
                for start in range(0, array.size, _PIECE):
                    member.write(array[start : start + _PIECE].tobytes())


def read_document(certificate: Certificate) -> dict[str, Any]:
    """What is in a certificate that the kernel has accepted; arrays are for `numbers`."""
    with certificate.opened() as opened:
        stream = BytesIO(opened) if isinstance(opened, bytes) else opened
        if certificate.suffix == ".json":
            parsed: dict[str, Any] = json.load(stream)
            return parsed
        with zipfile.ZipFile(stream) as archive:

            def resolved(given: dict[str, Any]) -> Any:
                if list(given) != ["npy"]:
                    return given
                with archive.open(given["npy"]) as member:
                    return np.lib.format.read_array(member, allow_pickle=False)

            contained: dict[str, Any] = json.loads(archive.read(_HEAD), object_hook=resolved)
            return contained


def numbers(given: str | Array, kind: str) -> Array:
    """An array of `read_document`, of this type where it is base64."""
    return np.frombuffer(b64decode(given), kind) if isinstance(given, str) else given


def _in_base64(value: object) -> str:
    if not isinstance(value, np.ndarray):
        raise TypeError(f"a certificate has no {type(value).__name__}")
    return b64encode(value.tobytes()).decode("ascii")


def _referring(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """The same document with the names of arrays in their places; these go to `arrays`."""
    if isinstance(value, np.ndarray):
        arrays[f"{name}.npy"] = value
        return {"npy": f"{name}.npy"}
    if isinstance(value, list):
        return [_referring(part, f"{name}.{i}", arrays) for i, part in enumerate(value)]
    if isinstance(value, Mapping):
        place = f"{name}." if name else ""
        return {key: _referring(part, place + key, arrays) for key, part in value.items()}
    return value


def _member(name: str, size: int) -> zipfile.ZipInfo:
    """The same bytes whenever it is written; not compressed."""
    info = zipfile.ZipInfo(name)
    info.file_size, info.create_system = size, 3
    return info
