"""Frozen dataclasses to and from plain JSON values, strictly."""

from __future__ import annotations

import json
import math
import types
import typing
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

from certnn.atomic_files import unique_keys
from certnn.errors import InputError

#: Characters of a text, which may be an exact number or a command, and entries of a dict.
_LONGEST_TEXT, _MOST_ENTRIES = 10_000, 100
_NAMES = {str: "text", int: "an integer", float: "a number", bool: "true or false"}


def encode(value: Any, where: str) -> Any:
    """Return `value` (a dataclass of plain values) as objects that JSON can write.

    Raises `InputError` if a number is NaN or infinite, which JSON cannot say.

    Parameters
    ----------
    value : Any
        A dataclass, tuple, dict, text, number or None, nested at will.
    where : str
        Path of `value` inside the report, for the error message.
    """
    if is_dataclass(value):
        names = _stored(value)
        return {name: encode(getattr(value, name), _join(where, name)) for name in names}
    if isinstance(value, tuple):
        return [encode(item, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: encode(item, _join(where, key)) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(where, f"must be finite, got {value!r}")
    return value


def decode(kind: Any, value: Any, where: str) -> Any:
    """Return the JSON value as an object of type `kind`.

    Raises `InputError` if a field is missing, unknown, or of another type; the message names it.

    Parameters
    ----------
    kind : type
        A dataclass, str, int, float, bool, ``T | None``, ``tuple[T, ...]`` or ``dict[str, T]``.
    value : Any
        What the JSON says.
    where : str
        Path of `value` inside the report, for the error message.
    """
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        (kind,) = (option for option in typing.get_args(kind) if option is not type(None))
    origin = typing.get_origin(kind)
    if origin is tuple:
        if not isinstance(value, list):
            raise InputError(where, "must be a list")
        item = typing.get_args(kind)[0]
        return tuple(decode(item, entry, f"{where}[{i}]") for i, entry in enumerate(value))
    if origin is dict:
        item = typing.get_args(kind)[1]
        entries = _object(value, where)
        if len(entries) > _MOST_ENTRIES:
            raise InputError(where, f"has more than {_MOST_ENTRIES} entries")
        return {_bounded(k, where): decode(item, v, where) for k, v in entries.items()}
    if is_dataclass(kind):
        return _decode_dataclass(kind, _object(value, where), where)
    return _decode_plain(kind, value, where)


def parse_object(text: str, what: str = "report") -> dict[str, Any]:
    """Return the JSON object written in `text`; no NaN, no name given twice.

    Raises `InputError` if `text` is not one strict JSON object.

    Parameters
    ----------
    what : str
        What it is, for the error message.
    """
    try:
        value = json.loads(
            text, object_pairs_hook=unique_keys, parse_constant=partial(_refuse_constant, what)
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(what, f"is not JSON: {error}") from None
    except InputError:
        raise
    except ValueError:  # an integer with more digits than Python converts
        raise InputError(what, "holds an integer that is too long") from None
    return _object(value, what)


def _stored(kind: Any) -> list[str]:
    """The fields that are written: those that two equal values share."""
    return [f.name for f in fields(kind) if f.compare]


def _decode_dataclass(kind: Any, value: dict[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(kind)
    names = _stored(kind)
    for name in names:
        if name not in value:
            raise InputError(_join(where, name), "is missing from the report")
    for name in value:
        if name not in names:
            raise InputError(_join(where, name), "is not a field of a report")
    parts = {name: decode(hints[name], value[name], _join(where, name)) for name in names}
    try:
        return kind(**parts)
    except InputError as error:
        raise InputError(_join(where, error.argument), error.reason) from None


def _decode_plain(kind: Any, value: Any, where: str) -> Any:
    wanted = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind is not bool):
        raise InputError(where, f"must be {_NAMES[kind]}, got {value!r:.40}")
    if isinstance(value, str):
        return _bounded(value, where)
    if kind is int and abs(value) >= 1 << 63:
        raise InputError(where, "is beyond 64 bits")
    try:
        plain = kind(value)
    except OverflowError:
        plain = math.inf
    if plain in (math.inf, -math.inf):  # JSON's 1e999
        raise InputError(where, "is beyond the range of float64")
    return plain


def _bounded(text: str, where: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise InputError(where, f"is longer than {_LONGEST_TEXT} characters")
    return text


def _object(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(where, "must be an object")
    return value


def _refuse_constant(what: str, name: str) -> None:
    raise InputError(what, f"holds {name}, which is not JSON")


def _join(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
