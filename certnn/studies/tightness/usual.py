"""The sweep that runs if nothing is said: every level and family, one size changed at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from certnn.studies.sweep import Record
from certnn.studies.tightness.cells import checked_levels
from certnn.studies.tightness.families import FAMILIES, FIXED_SHAPES, Size

#: From the cheapest on.
LEVELS = (*("shor", "block(8)", "lifts", "dnn", "cuts", "phases", "partition", "cells"),)
#: Seconds for each level and for the optimum, so that all ends within 20 minutes.
SECONDS = 2.0
#: Of n, d, c and reg: the first, and from it one at a time.
_SIZES = (
    *(Size(20, 3, 2, 0.1, 0), Size(10, 3, 2, 0.1, 0), Size(40, 3, 2, 0.1, 0)),
    *(Size(20, 2, 2, 0.1, 0), Size(20, 5, 2, 0.1, 0)),
    *(Size(20, 3, 1, 0.1, 0), Size(20, 3, 4, 0.1, 0)),
    *(Size(20, 3, 2, 1.0, 0), Size(20, 3, 2, 0.01, 0)),
)
#: Columns of the points of a spiral; and of orthogonal ones, of which there are no more than these.
_COLUMNS = {"spiral": 2, "orthogonal": 40}


def usual_cells(
    levels: Sequence[str] = LEVELS,
    seeds: int = 1,
    time_limit: float = SECONDS,
    verdicts: bool = False,
) -> list[Record]:
    """The cells of all families, those of a family together.

    Parameters
    ----------
    levels, seeds, time_limit, verdicts
        As in `certnn.studies.tightness.cells.cells`, as are errors.
    """
    more = checked_levels(list(levels), seeds, time_limit, verdicts)
    found: dict[tuple[str, Size], Record] = {}
    for family in FAMILIES:
        for size in _SIZES:
            for seed in range(seeds):
                columns, outputs = FIXED_SHAPES.get(family, (size.d, size.c))
                columns = _COLUMNS.get(family, columns)
                one = replace(size, d=columns, c=outputs, seed=seed)
                found[family, one] = {"family": family, **asdict(one), **more}
    return list(found.values())
