"""Whether anything has become worse than it was: bounds and ratios against a kept file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from certnn.atomic_files import read_bytes, unique_keys, write_atomically
from certnn.errors import InputError
from certnn.studies.sweep import Outcome

#: A bound may be lower by this share: solvers end a little differently on other machines.
TOLERANCE = 1e-4
_LARGEST = 2**28
#: Bound and ratio of each level of each problem.
Baseline = dict[str, dict[str, float]]


def save_baseline(path: str | Path, outcomes: Iterable[Outcome]) -> None:
    """Keep the ratios and bounds of these outcomes, those that failed left out."""
    kept = {_name(outcome, level): figures for outcome, level, figures in _figures(outcomes)}
    write_atomically(path, json.dumps(kept, indent=1, sort_keys=True).encode() + b"\n")


def worse_than_baseline(kept: Baseline, outcomes: Iterable[Outcome]) -> list[str]:
    """One line for each level of a problem that is worse than was kept, or no longer proved.

    What was not kept is new, and not compared; neither is what was not run.
    """
    outcomes = list(outcomes)
    now = {_name(outcome, level): figures for outcome, level, figures in _figures(outcomes)}
    run = {_name(outcome, level) for outcome in outcomes for level in outcome.cell["levels"]}
    lines = []
    for name in sorted(run & kept.keys()):
        if name not in now:
            lines.append(f"{name}: was proved, is not")
            continue
        for figure in ("bound", "ratio"):
            before, after = kept[name][figure], now[name][figure]
            if after < before - TOLERANCE * abs(before):
                lines.append(f"{name}: {figure} {after:.9g}, was {before:.9g}")
    return lines


def _figures(outcomes: Iterable[Outcome]) -> Iterable[tuple[Outcome, str, dict[str, float]]]:
    for outcome in outcomes:
        for level, found in (outcome.values or {"levels": {}})["levels"].items():
            if "bound" in found:
                yield outcome, level, {name: found[name] for name in ("bound", "ratio")}


def _name(outcome: Outcome, level: str) -> str:
    cell = outcome.cell
    return (
        " ".join(f"{cell[key]}" for key in ("family", "n", "d", "c", "reg", "seed")) + f" {level}"
    )


def read_baseline(path: str | Path) -> Baseline:
    """What `save_baseline` has kept.

    Raises
    ------
    InputError
        If the file is not a baseline, or cannot be read.
    """
    content = read_bytes(path, _LARGEST)
    try:
        kept: Any = json.loads(content, object_pairs_hook=unique_keys)
        found = {
            str(name): {figure: float(figures[figure]) for figure in ("bound", "ratio")}
            for name, figures in kept.items()
        }
        if not all(math.isfinite(f) for figures in found.values() for f in figures.values()):
            raise ValueError("a figure is not finite")
        return found
    except (ValueError, TypeError, OverflowError, KeyError, AttributeError, RecursionError):
        raise InputError(str(path), "is not a baseline") from None
