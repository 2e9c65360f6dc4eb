"""What is kept of a cell: read strictly, and searched for figures that contradict each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.report.codec import decode
from certnn.report.exact import parse_exact
from certnn.studies.experiments.instances import instance_key
from certnn.studies.experiments.rows import Row
from certnn.studies.sweep import Record

#: Objectives are no larger, of the data that are taken, nor steps; plots have room for these.
_LARGEST, _MOST_STEPS = 1e200, 1e9


@dataclass(frozen=True)
class _Exact:
    value: float
    exact: str

    def __post_init__(self) -> None:
        if not 0 <= parse_exact("exact", self.exact) <= _LARGEST:
            raise InputError("exact", f"must be from 0 to {_LARGEST:g}")


#: Names of what `certnn.studies.experiments.cells.measure` returns, by what comes together.
_ALWAYS: dict[str, Any] = {
    "shape": tuple[int, ...],
    "null_loss": float,
    "history": tuple[tuple[float, ...], ...],
    "notes": tuple[str, ...],
}
_TOGETHER: tuple[dict[str, Any], ...] = (
    {"width": int, "objective": _Exact},
    {"lower": _Exact, "level": str, "solver": float | None},
    {"honest": dict[str, float], "paper": dict[str, float]},
    {"decay": float, "validation": tuple[tuple[float, ...], ...]},
)
_SCORES = ("accuracy", "precision", "recall", "f1")


def examine(values: Record) -> None:
    """Refuse what is not such as `certnn.studies.experiments.cells.measure` returns.

    Raises
    ------
    InputError
        It names the figure.
    """
    kinds = dict(_ALWAYS)
    for group in _TOGETHER:
        if group.keys() & values.keys():
            kinds |= group
    if unknown := sorted(values.keys() - kinds.keys()):
        raise InputError(unknown[0], "is not a figure of a cell")
    for name, kind in kinds.items():
        if name not in values:
            raise InputError(name, "is missing")
        decode(kind, values[name], name)
    if not values.get("decay", 1.0) > 0.0:
        raise InputError("decay", "must be positive")
    if any(len(pair) != 2 for pair in values.get("validation", ())):
        raise InputError("validation", "must be pairs")
    if len(values["shape"]) != 3 or any(len(pair) != 2 for pair in values["history"]):
        raise InputError("shape", "and history must be three numbers, and pairs")
    for step, objective in values["history"]:
        if not (0 <= step <= _MOST_STEPS and 0 <= objective <= _LARGEST):
            raise InputError("history", "has a step or an objective that cannot be")
    for protocol, more in (("honest", ()), ("paper", ("threshold", "leak"))):
        for name in (*_SCORES, *more):
            if protocol in values and not 0.0 <= values[protocol].get(name, -1.0) <= 1.0:
                raise InputError(f"{protocol}.{name}", "must be a share from 0 to 1")


def contradictions(rows: Sequence[Row]) -> list[str]:
    """A line for each figure that another one shows to be wrong."""
    wrong, compared = [], set()
    for row in rows:
        key = instance_key(row.outcome)
        where = f"{key.title}, seed {key.points[1]}"
        if row.lower is not None and row.best is not None and row.lower > row.best:
            if key not in compared:
                wrong.append(f"{where}: the bound by {row.level} is above a network's objective")
            compared.add(key)
        for name, rounding in (("objective", rounded_up), ("lower", rounded_down)):
            figure = row.values.get(name)
            if figure and figure["value"] != rounding(parse_exact(name, figure["exact"])):
                wrong.append(
                    f"{where}, {row.cell['method']}: {name} is not its exact value rounded"
                )
    return wrong
