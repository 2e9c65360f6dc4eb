"""Reading a certificate: a file from a stranger, taken apart strictly and without trust."""

from __future__ import annotations

import binascii
import json
import re
import sys
from array import array
from base64 import b64decode
from fractions import Fraction
from typing import Any

#: Larger files are refused before they are parsed.
LARGEST_FILE = 1 << 30
_DEEPEST = 8
_RATIO = re.compile(r"(0|-?[1-9][0-9]{0,3999})/([1-9][0-9]{0,3999})")


class Malformed(ValueError):
    """The file is not a certificate of a known format; says nothing about the claim."""


def parse(document: bytes) -> dict[str, Any]:
    """Parse a JSON object strictly: no duplicate keys, no NaN, no deep nesting.

    Raises
    ------
    Malformed
        With the reason.
    """
    if len(document) > LARGEST_FILE:
        raise Malformed(f"larger than {LARGEST_FILE} bytes")
    if not document.lstrip(b" \t\r\n")[:1] == b"{":
        raise Malformed("not a JSON object")
    try:
        parsed = json.loads(document, object_pairs_hook=_unique, parse_constant=_no_constant)
    except Malformed:
        raise
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except ValueError as error:
        raise Malformed(f"not JSON: {error}") from None
    if not isinstance(parsed, dict):
        raise Malformed("not a JSON object")
    return parsed


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("a key is given twice")
    return result


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is not a number")


class Section:
    """One JSON object with exactly the keys that its reader knows."""

    def __init__(self, name: str, value: Any, keys: tuple[str, ...]) -> None:
        if not isinstance(value, dict):
            raise Malformed(f"{name} must be an object")
        missing, unknown = set(keys) - set(value), set(value) - set(keys)
        if missing or unknown:
            what = (
                f"lacks {sorted(missing)[0]}" if missing else f"has unknown {min(unknown)[:40]!r}"
            )
            raise Malformed(f"{name} {what}")
        self._name = name
        self._values: dict[str, Any] = value

    def _wrong(self, key: str, what: str) -> Malformed:
        return Malformed(f"{self._name}.{key} {what}")

    def value(self, key: str) -> Any:
        """The raw value."""
        return self._values[key]

    def text(self, key: str) -> str:
        """A string."""
        value = self._values[key]
        if not isinstance(value, str):
            raise self._wrong(key, "must be a string")
        return value

    def flag(self, key: str) -> bool:
        """A boolean."""
        value = self._values[key]
        if not isinstance(value, bool):
            raise self._wrong(key, "must be true or false")
        return value

    def size(self, key: str) -> int:
        """An integer of at least 1."""
        value = self._values[key]
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 31:
            raise self._wrong(key, "must be a positive integer")
        return value

    def positive(self, key: str) -> float:
        """A positive finite float64."""
        value = self._values[key]
        if not isinstance(value, float) or not 0.0 < value < float("inf"):
            raise self._wrong(key, "must be a positive number with a decimal point")
        return value

    def ratio(self, key: str) -> Fraction:
        """An exact rational, written "p/q"."""
        match = _RATIO.fullmatch(self.text(key))
        if match is None:
            raise self._wrong(key, 'must be a fraction "p/q" of integers of at most 4000 digits')
        return Fraction(int(match[1]), int(match[2]))

    def doubles(self, key: str, count: int | None = None) -> bytes:
        """Base64 of little-endian IEEE doubles, `count` of them if given; finiteness is not tested."""
        return self._array(key, 8, count)

    def indices(self, key: str, count: int, below: int) -> list[int]:
        """Base64 of `count` little-endian unsigned 32-bit integers, each less than `below`."""
        numbers = array("I", self._array(key, 4, count))
        if sys.byteorder == "big":
            numbers.byteswap()
        if max(numbers, default=0) >= below:
            raise self._wrong(key, f"has an index that is not below {below}")
        return numbers.tolist()

    def _array(self, key: str, item: int, count: int | None) -> bytes:
        text = self.text(key)
        if count is not None and len(text) != -(-item * count // 3) * 4:
            raise self._wrong(key, f"must be base64 of {count} items of {item} bytes")
        try:
            data = b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise self._wrong(key, "is not base64") from None
        if len(data) % item or (count is not None and len(data) != item * count):
            raise self._wrong(key, "has the wrong length")
        return data
