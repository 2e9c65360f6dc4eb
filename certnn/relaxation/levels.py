"""The levels of the relaxation, and which of them to run for a given request (Theorem 13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from certnn.errors import InputError

#: Group size of the level block when none is given.
DEFAULT_GROUP = 16
#: Up to this many directions the level auto runs dnn; above, general solvers take too long.
_DNN_UP_TO = 80
#: Up to this many directions the level auto runs block.
_BLOCK_UP_TO = 2000


@dataclass(frozen=True)
class Level:
    """One level: shor ⊂ block(k) ⊂ dnn, from the cheapest to the tightest.

    Attributes
    ----------
    kind : {"shor", "block", "dnn"}
    group : int
        Largest group of directions of the level block; 0 for the others.
    """

    kind: Literal["shor", "block", "dnn"]
    group: int = 0

    def __str__(self) -> str:
        return f"block({self.group})" if self.kind == "block" else self.kind


SHOR = Level("shor")
DNN = Level("dnn")


def stages(request: str, directions: int) -> tuple[Level, ...]:
    """The levels to run, weakest first, so that there is a bound early on.

    Parameters
    ----------
    request : str
        "shor", "block" (groups of 16), "block(k)", "dnn", or "auto", which goes as far as general
        solvers do in minutes: dnn up to 80 distinct directions, block up to 2000, shor above.
    directions : int
        Number of distinct directions among the rows of X.

    Raises
    ------
    InputError
        If the request is none of these.
    """
    if request == "auto":
        if directions <= _DNN_UP_TO:
            return stages("dnn", directions)
        return stages("block" if directions <= _BLOCK_UP_TO else "shor", directions)
    if request == "shor":
        return (SHOR,)
    if request == "dnn":
        if directions <= DEFAULT_GROUP:
            return (SHOR, DNN)
        return (SHOR, Level("block", DEFAULT_GROUP), DNN)
    match = re.fullmatch(r"block(?:\(([1-9][0-9]{0,5})\))?", request)
    if match is None:
        raise InputError("level", f"must be auto, shor, block, block(k) or dnn, got {request!r}")
    group = int(match[1]) if match[1] else DEFAULT_GROUP
    return (SHOR, Level("block", group)) if directions > group else (SHOR, DNN)
