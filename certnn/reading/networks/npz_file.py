"""certnn's own .npz files of networks, with biases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from certnn.atomic_files import LARGEST_CONTENT
from certnn.errors import InputError, shorten
from certnn.reading.networks.biased_network import PARTS, BiasedNetwork
from certnn.reading.npz import read_npz
from certnn.reading.zip_archive import ZipArchive, open_zip


def read_npz_network(path: str | Path) -> BiasedNetwork:
    """Read a network from an .npz file.

    Raises `InputError` if the file is not an .npz, lacks U or V, has other arrays, or would unpack
    to too much.

    Parameters
    ----------
    path : str or Path
        A file with U (d×m), V (m×c) and, if there are biases, hidden_bias (m,) and
        output_bias (c,).
    """
    with open_zip(path) as archive:
        require_npz(archive)
        found = [name.removesuffix(".npy") for name in archive.sizes]
    names = tuple(name for name in PARTS if name in found or name in ("U", "V"))
    arrays: dict[str, Any] = dict(zip(names, read_npz(path, names), strict=True))
    other = sorted(set(found) - set(PARTS))
    if other:
        raise InputError(str(path), f"has the array {shorten(other[0])}, which is not read")
    return BiasedNetwork(**arrays, source=f"file {Path(path).name}")


def require_npz(archive: ZipArchive) -> None:
    """Raise `InputError` unless the archive is an .npz whose arrays unpack to a bounded size."""
    if not archive.sizes or not all(name.endswith(".npy") for name in archive.sizes):
        raise InputError(archive.path, "is a zip file of another kind than is read")
    if sum(archive.sizes.values()) > LARGEST_CONTENT:
        raise InputError(archive.path, f"would unpack to more than {LARGEST_CONTENT} bytes")
