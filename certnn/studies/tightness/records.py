"""What is kept of a problem: read strictly, and searched for figures that contradict each other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, get_args

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.report.codec import decode
from certnn.report.exact import parse_exact
from certnn.studies.sweep import Outcome, Record
from certnn.studies.tightness.verdict import Standing


@dataclass(frozen=True)
class _Best:
    objective: float
    objective_exact: str
    null_loss: float
    width: int
    optimum: float
    optimum_level: str
    gap: float


@dataclass(frozen=True)
class _Proved:
    bound: float
    bound_exact: str
    ratio: float
    solver: float | None
    seconds: float


@dataclass(frozen=True)
class _Unproved:
    note: str


@dataclass(frozen=True)
class _Verdict:
    verdict: str
    reason: str
    distance: tuple[float, ...]


def examine(values: Record) -> None:
    """Refuse what is not such as `certnn.studies.tightness.cells.measure` returns.

    The `InputError` names the figure.
    """
    _read(values)


def problem_text(cell: Record) -> str:
    """Which problem a cell is about, in words."""
    sizes = [f"{name} {cell[name]}" for name in ("n", "d", "c") if name in cell]
    return ", ".join([cell["family"], *sizes, f"reg {cell['reg']:g}", f"seed {cell['seed']}"])


def contradictions(outcome: Outcome) -> list[str]:
    """A line for each figure of an outcome that another one shows to be wrong."""
    if outcome.values is None:
        return []
    best, levels, verdict = _read(outcome.values)
    objective = parse_exact("objective_exact", best.objective_exact)
    wrong = []
    if best.objective != rounded_up(objective):
        wrong.append(f"objective {best.objective:.10g} is not the exact one rounded up")
    if best.optimum > objective:
        wrong.append(f"optimum {best.optimum:.10g} is above the objective {best.objective:.10g}")
    elif not _gap_follows(best):
        wrong.append(f"gap {best.gap:.10g} does not follow from objective and optimum")
    for level, found in levels.items():
        bound = parse_exact("bound_exact", found.bound_exact)
        if bound > objective:
            wrong.append(
                f"{level} bound {found.bound:.10g} is above the objective {best.objective:.10g}"
            )
        if found.bound != rounded_down(bound):
            wrong.append(f"{level} bound {found.bound:.10g} is not the exact one rounded down")
        if found.ratio != (rounded_down(bound / objective) if objective else 1.0):
            wrong.append(f"{level} ratio {found.ratio:.10g} does not follow from the bound")
    if verdict is not None and not 0.0 <= verdict.distance[0] <= verdict.distance[1] <= 1.0:
        wrong.append(f"distance {verdict.distance!r} is not an interval of shares")
    return [f"{problem_text(outcome.cell)}: {line}" for line in wrong]


def _read(values: Record) -> tuple[_Best, dict[str, _Proved], _Verdict | None]:
    """The parts of a result; levels that were not proved are left out."""
    kept: dict[str, Any] = dict(values)
    levels, proved = kept.pop("levels", None), {}
    if not isinstance(levels, dict):
        raise InputError("levels", "must be an object")
    for level, found in levels.items():
        if isinstance(found, dict) and "note" in found:
            decode(_Unproved, found, f"levels.{level}")
        else:
            proved[level] = decode(_Proved, found, f"levels.{level}")
    judged = {name: kept.pop(name) for name in ("verdict", "reason", "distance") if name in kept}
    verdict = decode(_Verdict, judged, "") if judged else None
    if verdict is not None and verdict.verdict not in get_args(Standing):
        raise InputError("verdict", f"must be one of {', '.join(get_args(Standing))}")
    if verdict is not None and len(verdict.distance) != 2:
        raise InputError("distance", "must be two numbers")
    best: _Best = decode(_Best, kept, "")
    for name, text in (
        ("objective_exact", best.objective_exact),
        *((f"levels.{level}.bound_exact", found.bound_exact) for level, found in proved.items()),
    ):
        if parse_exact(name, text) < 0:
            raise InputError(name, "must not be negative")
    return best, proved, verdict


def _gap_follows(best: _Best) -> bool:
    """The optimum is rounded down, and the gap is of the exact one."""
    objective = parse_exact("objective_exact", best.objective_exact)
    if objective == 0:
        return best.gap == 0.0
    least, most = (
        rounded_up(1 - Fraction(optimum) / objective)
        for optimum in (math.nextafter(best.optimum, math.inf), best.optimum)
    )
    return least <= best.gap <= most
