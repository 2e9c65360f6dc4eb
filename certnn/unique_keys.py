"""JSON from strangers: a key that is given twice means two things, so it is refused."""

from __future__ import annotations

from typing import Any

from certnn.errors import InputError, shorten


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON, for ``object_pairs_hook`` of `json.loads`.

    Raises
    ------
    InputError
        If a key is given twice; it is a ValueError too.
    """
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise InputError(shorten(key), "is given twice")
        result[key] = value
    return result
