"""Tables of text with a header: fields apart by commas, semicolons or tabs, perhaps in a .gz."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError, printable, shorten

ENDINGS = (".csv", ".tsv", ".txt")
_COMPRESSED = ".gz"
#: Characters of a line and of a file once it is unpacked, at most.
_LONGEST_LINE, _MOST_CHARACTERS = 1 << 24, 1 << 34
#: From here on float64 has not all whole numbers.
_INEXACT = 2.0**53
#: How pandas and R write booleans.
_BOOLEANS = {"True": 1.0, "False": 0.0, "TRUE": 1.0, "FALSE": 0.0, "true": 1.0, "false": 0.0}
#: What pandas makes of the nameless column in which it writes its index, and R its row names.
_INDEX_NAMES = ("", "Unnamed: 0")


def is_text_table(path: Path) -> bool:
    """Whether the name ends as that of a table of text does, such as in .csv or .tsv.gz."""
    return _ending(path) in ENDINGS


def read_text_table(
    path: Path, target_columns: Sequence[str], as_labels: bool
) -> tuple[FloatArray, Any]:
    """X and the target columns, or the labels, of a table of text in UTF-8.

    Raises `InputError` if the file is damaged, has no such columns, or has a field that is no
    number where there should be one; it names row and column.

    Parameters
    ----------
    path : Path
        Fields are apart by tabs in a .tsv, else by whatever of comma, semicolon and tab the header
        has most of. Blanks around a field are not of it; True is 1 and False 0 where a number is
        needed. A first column without a name, which is an
        index that pandas wrote, is left out of X.
    as_labels : bool
        Take the one target column for labels.

    Returns
    -------
    X : ndarray, shape (n, d)
    targets : ndarray of shape (n, c), or the list of labels
        Labels are numbers if all of them are written as numbers, else texts.
    """
    opened: Any = gzip.open if path.suffix.lower() == _COMPRESSED else open
    try:
        with opened(path, "rt", newline="", encoding="utf-8-sig") as file:
            return _table(path, _lines(path, file), target_columns, as_labels)
    except FileNotFoundError:
        raise InputError(str(path), "does not exist") from None
    except InputError:
        raise
    except (OSError, ValueError, EOFError, csv.Error, zlib.error) as error:
        raise InputError(
            str(path), f"is not a readable table of text with a header: {shorten(error)}"
        ) from None


def input_columns(
    path: Path, header: Sequence[str], wanted: Sequence[str], as_labels: bool, index: Sequence[int]
) -> list[int]:
    """The places of the columns of X: all but those of the targets and of an index.

    Raises `InputError` if a column of the targets is not there once, or none is left for X.
    """
    for name in wanted:
        if list(header).count(name) != 1:
            there = ", ".join(printable(name, 20) for name in header[:8])
            raise InputError(
                "label" if as_labels else "target_columns",
                f"has {shorten(name)}, which is not one column of {path} (it has {there}"
                f"{', …' if len(header) > 8 else ''})",
            )
    left = [k for k, name in enumerate(header) if name not in wanted and k not in index]
    if not left:
        raise InputError(str(path), "has no columns for X beside those of the targets")
    return left


def _ending(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [_COMPRESSED]:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    """The lines, of bounded length and number: few bytes unpack to a great many characters."""
    left = _MOST_CHARACTERS
    while line := file.readline(_LONGEST_LINE):
        left -= len(line)
        if len(line) == _LONGEST_LINE or left < 0:
            raise InputError(str(path), "has a line that is too long, or too many of them")
        yield line


def _table(
    path: Path, lines: Iterator[str], target_columns: Sequence[str], as_labels: bool
) -> tuple[FloatArray, Any]:
    first = next(lines, "")
    if not first.strip():
        raise InputError(str(path), "is not a readable table of text with a header: it is empty")
    between = "\t" if _ending(path) == ".tsv" else max(",;\t", key=first.count)
    rows = csv.reader(chain([first], lines), delimiter=between, skipinitialspace=True, strict=True)
    header = [name.strip() for name in next(rows)]
    index = [0] if header[:1] and header[0] in _INDEX_NAMES else []
    inputs = input_columns(path, header, target_columns, as_labels, index)
    places = [header.index(name) for name in target_columns]
    numbers = inputs if as_labels else [*inputs, *places]
    values, labels = array("d"), list[str]()
    for fields in rows:
        if not fields:
            continue
        if len(fields) != len(header):
            raise InputError(
                str(path), f"has {len(fields)} fields in row {rows.line_num}, not {len(header)}"
            )
        for k in numbers:
            value, wrong = _field(fields[k])
            if wrong:
                raise InputError(
                    str(path),
                    f"has {repr(printable(fields[k], 40)) if fields[k].strip() else 'no value'} in "
                    f"row {rows.line_num} of column {shorten(header[k]) or k + 1}, {wrong}",
                )
            values.append(value)
        if as_labels:
            labels.append(fields[places[0]].strip())
    if not values:
        raise InputError(str(path), "has a header and no rows")
    matrix = np.array(values, dtype=np.float64).reshape(-1, len(numbers))
    x = np.ascontiguousarray(matrix[:, : len(inputs)])
    if as_labels:
        return x, _as_numbers(labels)
    return x, np.ascontiguousarray(matrix[:, len(inputs) :])


def _field(text: str) -> tuple[float, str]:
    """A field of a column of numbers, and what is wrong with it, "" if nothing is."""
    value = _number(text)
    if value is None:
        value = _BOOLEANS.get(text.strip(), math.nan)
    if not math.isfinite(value):
        return value, "where a number is needed: encode the column as numbers, or leave it out"
    whole = abs(value) >= _INEXACT and text.strip().lstrip("+-").isdecimal()
    if whole and int(text) != value:  # a fraction in decimals is rounded, as everybody does
        return value, "which float64 cannot hold exactly: round it, or leave the column out"
    return value, ""


def _number(text: str) -> float | None:
    if "_" in text:  # which Python reads over, and nobody else
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _as_numbers(labels: list[str]) -> list[Any]:
    """The same as numbers if all are, whole ones exactly."""
    numbers: dict[str, Any] = {text: _number(text) for text in set(labels)}
    if None in numbers.values():
        return labels
    for text in numbers:
        with suppress(ValueError):  # of what has a point or an exponent
            numbers[text] = int(text)
    return [numbers[text] for text in labels]
