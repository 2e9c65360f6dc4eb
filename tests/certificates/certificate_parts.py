"""Certificates taken apart and put together again, without certnn."""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from fractions import Fraction
from pathlib import Path

FOLDER = Path(__file__).parent
ARRAYS = ("Z", "weights", "L_points", "L_cross", "L_corner")


def files(folder):
    found = sorted(path for path in (FOLDER / folder).iterdir() if path.is_file())
    assert found, f"{folder} is empty"
    return found


def names(paths):
    return [path.stem for path in paths]


def load(path):
    return json.loads(Path(path).read_bytes())


def dump(parsed):
    return json.dumps(parsed, indent=1).encode() + b"\n"


def unpack(text, kind="d"):
    data = b64decode(text)
    return list(struct.unpack(f"<{len(data) // struct.calcsize('<' + kind)}{kind}", data))


def pack(values, kind="d"):
    return b64encode(struct.pack(f"<{len(values)}{kind}", *values)).decode()


def changed(parsed, *path, to):
    """A deep copy with the value at `path` replaced, or given to the function `to`."""
    copy = json.loads(json.dumps(parsed))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to(inner[path[-1]]) if callable(to) else to
    return copy


def array_changed(parsed, *path, to, kind="d"):
    """A deep copy with the array at `path`, a list of numbers, given to the function `to`.

    Where it is a sum of arrays, each of them is.
    """

    def change(given):
        return [change(part) for part in given] if isinstance(given, list) else repacked(given)

    def repacked(text):
        return pack(to(unpack(text, kind)), kind)

    return changed(parsed, *path, to=change)


def exact_numbers(given):
    """The numbers of an array, or of a sum of arrays, as fractions."""
    if isinstance(given, str):
        return [Fraction(x) for x in unpack(given)]
    return [sum(parts) for parts in zip(*map(exact_numbers, given), strict=True)]
