"""Whether anything has become worse than it was: bounds and ratios against a kept file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from certnn.errors import InputError
from certnn.studies.kept_figures import TOLERANCE, Figures, read_figures, save_figures
from certnn.studies.sweep import Outcome

#: What is kept of each level of each problem.
_KEPT = ("bound", "ratio")


def save_baseline(path: str | Path, outcomes: Iterable[Outcome]) -> None:
    """Keep the ratios and bounds of these outcomes, those that failed left out."""
    kept = {_name(outcome, level): figures for outcome, level, figures in _figures(outcomes)}
    save_figures(path, kept)


def worse_than_baseline(kept: Figures, outcomes: Iterable[Outcome]) -> list[str]:
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
        for figure in _KEPT:
            before, after = kept[name][figure], now[name][figure]
            if after < before - TOLERANCE * abs(before):
                lines.append(f"{name}: {figure} {after:.9g}, was {before:.9g}")
    return lines


def _figures(outcomes: Iterable[Outcome]) -> Iterable[tuple[Outcome, str, dict[str, float]]]:
    for outcome in outcomes:
        for level, found in (outcome.values or {"levels": {}})["levels"].items():
            if "bound" in found:
                yield outcome, level, {name: found[name] for name in _KEPT}


def _name(outcome: Outcome, level: str) -> str:
    cell = outcome.cell
    return (
        " ".join(f"{cell[key]}" for key in ("family", "n", "d", "c", "reg", "seed")) + f" {level}"
    )


def read_baseline(path: str | Path) -> Figures:
    """What `save_baseline` has kept.

    Raises `InputError` if the file is not a baseline, or cannot be read.
    """
    kept = read_figures(path)
    for figures in kept.values():
        if figures.keys() != {*_KEPT}:
            raise InputError(str(path), "is not a baseline of bounds and ratios")
    return kept
