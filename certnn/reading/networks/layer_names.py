"""What the names of two layers tell of their order."""

from __future__ import annotations

import re

#: Words that stand for what comes first and what comes after it.
_PAIRS = {
    *(("encoder", "decoder"), ("enc", "dec"), ("encode", "decode")),
    *(("input", "output"), ("in", "out"), ("hidden", "output"), ("hidden", "out")),
    *(("first", "second"), ("first", "last"), ("body", "head"), ("backbone", "head")),
    ("features", "classifier"),
}
_PARTS = re.compile(r"[0-9]+|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^A-Za-z0-9._-]+")


def comes_before(first: str, second: str) -> bool:
    """Whether the names say that one layer comes before the other.

    Parameters
    ----------
    first, second : str
        Names as in a state_dict, such as ``"layers.0"`` and ``"layers.2"``. What decides is the
        first part in which they differ: two numbers, or two words of opposite meaning.
    """
    parts, others = _PARTS.findall(first), _PARTS.findall(second)
    for one, other in zip(parts, others, strict=False):
        if one.lower() != other.lower():
            if one.isdigit() and other.isdigit():
                return int(one) < int(other)
            return (one.lower(), other.lower()) in _PAIRS
    return False
