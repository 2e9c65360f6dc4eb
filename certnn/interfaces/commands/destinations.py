"""What a command may write over: results of its own kind, and nothing else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from certnn.atomic_files import open_file, read_bytes, require_folder, require_place
from certnn.errors import InputError, printable

#: Bytes of a report that is read, and of a page.
_LARGEST, _LARGEST_PAGE = 50_000_000, 500_000_000


def report_folder(
    folder: str, title: str, *, on_network: bool | None, beside: Sequence[str] = ()
) -> Path:
    """A folder to write a report into, in which there is none, or one of its kind.

    Raises `InputError` if something else would be written over, or the folder cannot be written to.

    Parameters
    ----------
    title : str
        What the report is on.
    on_network : bool or None
        Whether it is on a network. Then it may take the place of any other report, else of one that
        is on none, and it is said which that is; None: of one with the same title alone.
    beside : sequence of str
        Names of files that come with the report.
    """
    from certnn.report.codec import parse_object
    from certnn.report.reading import REPORT, REPORT_FILES

    place = require_folder(folder)
    there = [name for name in (*REPORT_FILES, *beside) if (place / name).exists()]
    if not there:
        return place
    try:
        text = read_bytes(place / REPORT, _LARGEST).decode("utf-8", "replace")
        found = parse_object(text)
    except InputError:
        found = {}
    if not isinstance(found.get("title"), str):
        raise _held(folder, there[0])
    other = f"the report on {printable(found['title'], 200)}"
    if found["title"] != title:
        if on_network is None or (found.get("network") is not None and not on_network):
            raise _held(folder, other)
        print(f"certnn: {folder}: {other} will be replaced", file=sys.stderr)
    return place


def empty_folder(folder: str, *patterns: str) -> Path:
    """A folder to write into, in which there is nothing whose name matches.

    Raises `InputError` if there is, or the folder cannot be written to.
    """
    place = require_folder(folder)
    for found in (file for pattern in patterns for file in place.glob(pattern)):
        raise _held(folder, found.name)
    return place


def continued_folder(folder: str, results: str, tables: str) -> Path:
    """A folder with results to go on from, or one without what will be made of them.

    Raises `InputError` if there are tables without results, or the folder cannot be written to.

    Parameters
    ----------
    results, tables : str
        Patterns of names.
    """
    place = require_folder(folder)
    return place if any(place.glob(results)) else empty_folder(folder, tables)


def _held(folder: str, what: str) -> InputError:
    return InputError(folder, f"holds {what}, which would be lost: name another folder")


def output_file(path: str, kind: str, read: Callable[[Path], object]) -> Path:
    """A file to write, which is not there yet or is of the same kind.

    Raises `InputError` if something else would be written over, or nothing can be written there.

    Parameters
    ----------
    kind : str
        Such as "a network", for the message.
    read : callable
        Raises InputError where a file is not of the kind.
    """
    place = require_place(path)
    if place.exists():
        try:
            read(place)
        except InputError:
            raise InputError(path, f"is there and is not {kind}: name another file") from None
    return place


def marked_page(path: str, kind: str, mark: str) -> Path:
    """`output_file` for a page with this mark in it."""

    def read(place: Path) -> None:
        if mark.encode() not in read_bytes(place, _LARGEST_PAGE):
            raise InputError(path, f"is not {kind}")

    return output_file(path, kind, read)


def network_file(path: str) -> Path:
    """`output_file` for a network."""
    from certnn.reading.npz import load_network

    return output_file(path, "a network", load_network)


def certificate_file(path: str) -> Path:
    """`output_file` for a certificate."""
    return output_file(path, "a certificate", _read_certificate)


def _read_certificate(path: Path) -> None:
    from certnn.kernel import Malformed, read_instance

    try:
        with open_file(path) as stream:
            read_instance(stream)
    except Malformed as error:
        raise InputError(str(path), str(error)) from None
