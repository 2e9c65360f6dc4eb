"""Reading a certificate: a file from a stranger, taken apart strictly and without trust."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from math import isfinite
from typing import Any

from certnn.kernel.exact import ExactMatrix, exact_matrix, stored

#: Larger files are refused before they are parsed.
LARGEST_FILE = 1 << 30
#: Most commas and opening brackets: each may become an object much larger than itself.
MOST_PARTS = 1 << 16
#: Most matrices whose sum one array may be.
MOST_SUMMANDS = 32
#: What a container calls the numbers of an array of Python.
_KINDS = {"I": "<u4", "i": "<i4", "f": "<f4", "d": "<f8"}
#: Digits of p and q. Every positive float64 needs fewer, and Python's own limit is never below 640.
_RATIO = re.compile(r"(0|[1-9][0-9]{0,599})/([1-9][0-9]{0,599})")


class Malformed(ValueError):
    """The file is not a certificate of a known format; says nothing about the claim."""


@dataclass(frozen=True)
class Numbers:
    """An array that lies beside the JSON in a container: the type of its numbers, and its bytes."""

    kind: str
    data: bytes


def parse(document: bytes, arrays: dict[str, Numbers] | None = None) -> dict[str, Any]:
    """Parse a JSON object in UTF-8 strictly: no duplicate keys, no NaN, no long integers.

    In a container an object with the key "npy" alone is an array, which is taken out of `arrays`.

    Raises `Malformed` with the reason.
    """
    if len(document) > LARGEST_FILE:
        raise Malformed(f"larger than {LARGEST_FILE} bytes")
    if sum(map(document.count, (b",", b"[", b"{"))) > MOST_PARTS:
        raise Malformed(f"more than {MOST_PARTS} commas and opening brackets")
    try:
        parsed = json.loads(
            document.decode("utf-8"),
            object_pairs_hook=partial(_unique, arrays),
            parse_int=_short_integer,
            parse_constant=_no_constant,
        )
    except Malformed:
        raise
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise Malformed("not a JSON object")
    return parsed


def _unique(arrays: dict[str, Numbers] | None, pairs: list[tuple[str, Any]]) -> Any:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("a key is given twice")
    if arrays is None or list(result) != ["npy"]:
        return result
    name = result["npy"]
    if not isinstance(name, str) or (array := arrays.pop(name, None)) is None:
        raise Malformed("an array is not in the zip file, or given twice")
    return array


def _short_integer(text: str) -> int:
    if len(text) > 10:
        raise Malformed("an integer is too long")
    return int(text)


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is not a number")


class Section:
    """One JSON object with exactly the keys that its reader knows."""

    def __init__(self, name: str, value: Any, keys: tuple[str, ...]) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{name} must be an object")
        if missing := set(keys) - set(value):
            raise Malformed(f"{name} lacks {min(missing)}")
        if unknown := set(value) - set(keys):
            raise Malformed(f"{name} has unknown {min(unknown)[:40]!r}")
        self._name = name
        self._values: dict[str, Any] = value

    def wrong(self, key: str, what: str) -> Malformed:
        """The error that says what is wrong with a value."""
        return Malformed(f"{self._name}.{key} {what}")

    def value(self, key: str) -> Any:
        """The raw value."""
        return self._values[key]

    def has(self, key: str) -> bool:
        """Whether the key, which may be missing, is there."""
        return key in self._values

    def inner(self, key: str, keys: tuple[str, ...]) -> Section:
        """The object at a key, with exactly these keys."""
        return Section(key, self._values[key], keys)

    def text(self, key: str) -> str:
        """A string."""
        value = self._values[key]
        if not isinstance(value, str):
            raise self.wrong(key, "must be a string")
        return value

    def flag(self, key: str) -> bool:
        """A boolean."""
        value = self._values[key]
        if not isinstance(value, bool):
            raise self.wrong(key, "must be true or false")
        return value

    def size(self, key: str) -> int:
        """An integer of at least 1, less than 2³¹."""
        value = self._values[key]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 31:
            raise self.wrong(key, "must be a positive integer")
        return value

    def positive(self, key: str) -> float:
        """A positive finite float64."""
        value = self._values[key]
        if not isinstance(value, float) or not 0.0 < value < float("inf"):
            raise self.wrong(key, "must be a positive number with a decimal point")
        return value

    def ratio(self, key: str) -> Fraction:
        """An exact rational of at least 0, written "p/q"."""
        match = _RATIO.fullmatch(self.text(key))
        if match is None:
            raise self.wrong(key, 'must be "p/q" with p >= 0 and q > 0 of at most 600 digits')
        return Fraction(int(match[1]), int(match[2]))

    def doubles(self, key: str, rows: int, columns: int) -> ExactMatrix:
        """Base64 of a matrix of finite little-endian IEEE doubles, row by row."""
        return self._matrix(key, self.array(key, "<f8"), rows, columns)

    def sum_of_doubles(self, key: str, rows: int, columns: int) -> ExactMatrix:
        """What `doubles` reads, or the exact sum of a list of such matrices."""
        first, *others = self.summands(key)
        total = self._matrix(key, first, rows, columns)
        for data in others:
            total += self._matrix(key, data, rows, columns)
        return total

    def _matrix(self, key: str, data: bytes, rows: int, columns: int) -> ExactMatrix:
        try:
            return exact_matrix(data, rows, columns)
        except ValueError as error:
            raise self.wrong(key, f"is not as it must be: {error}") from None

    def indices(self, key: str, count: int | None, below: int) -> Sequence[int]:
        """Base64 of `count` little-endian unsigned 32-bit integers, each less than `below`."""
        numbers = self.numbers(key, "I")
        if count is not None and len(numbers) != count:
            raise self.wrong(key, f"must have {count} integers of 4 bytes")
        if max(numbers, default=0) >= below:
            raise self.wrong(key, f"has an index that is not below {below}")
        return numbers

    def numbers(self, key: str, code: str) -> Sequence[Any]:
        """Base64 of finite little-endian numbers, of the type that an ``array(code)`` has."""
        data, size = self.array(key, _KINDS[code]), int(_KINDS[code][-1])
        if len(data) % size:
            raise self.wrong(key, f"must have numbers of {size} bytes")
        numbers = stored(data, code)
        if code in "fd" and not all(map(isfinite, numbers)):
            raise self.wrong(key, "has a number that is not finite")
        return numbers

    def summands(self, key: str) -> list[bytes]:
        """The bytes of doubles, or of a list of at least 1 and at most 32 such arrays."""
        given = self._values[key]
        parts = given if isinstance(given, list) else [given]
        if not 1 <= len(parts) <= MOST_SUMMANDS:
            raise self.wrong(key, f"must be an array or a list of 1 to {MOST_SUMMANDS} of them")
        return [self._decoded(key, part, "<f8") for part in parts]

    def array(self, key: str, kind: str = "|u1") -> bytes:
        """The bytes of an array: base64, or in a container those of one of this type."""
        return self._decoded(key, self._values[key], kind)

    def _decoded(self, key: str, text: object, kind: str) -> bytes:
        if isinstance(text, Numbers) and text.kind == kind:
            return text.data
        if not isinstance(text, str):
            raise self.wrong(key, f"must be a string, or in a container an array of {kind}")
        try:
            data = b64decode(text, validate=True)
        except ValueError:
            raise self.wrong(key, "is not base64") from None
        if b64encode(data).decode("ascii") != text:
            raise self.wrong(key, "is not base64")
        return data
