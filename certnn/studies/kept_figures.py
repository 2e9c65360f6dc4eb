"""Figures kept from one run, for the next to be compared with: a file that people can read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from certnn.atomic_files import read_bytes, write_atomically
from certnn.errors import InputError, shorten
from certnn.report.codec import decode, parse_object

#: What is reproducible may be worse by this share: solvers end a little differently on other
#: machines.
TOLERANCE = 1e-4
_LARGEST = 2**28
#: Figures by their name, for each thing that has some.
Figures = dict[str, dict[str, float]]


def save_figures(path: str | Path, kept: Mapping[str, Mapping[str, float]]) -> None:
    """Write a baseline in the order of its names, whole or not at all.

    Raises `InputError` if it cannot be written.
    """
    write_atomically(path, json.dumps(kept, indent=1, sort_keys=True).encode() + b"\n")


def read_figures(path: str | Path) -> Figures:
    """What `save_figures` has written.

    Raises `InputError` if the file is not a baseline, or cannot be read.
    """
    content = read_bytes(path, _LARGEST)
    try:
        kept = parse_object(content.decode(), "the file")
        return {name: decode(dict[str, float], found, name) for name, found in kept.items()}
    except (UnicodeDecodeError, InputError) as error:
        raise InputError(str(path), f"is not a baseline: {shorten(error)}") from None
