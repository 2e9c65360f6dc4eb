"""Where each level stops being useful, as sizes grow and the weight decay falls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from certnn.studies.sweep import Outcome
from certnn.studies.tightness.plots import AXES, along

#: What a longer level has to add, a share of the objective of the best network.
_WORTH = 0.005


@dataclass(frozen=True)
class Reach:
    """How far along an axis a level is useful.

    Attributes
    ----------
    values : tuple of float
        That there are, the easiest first: ascending sizes, descending decays.
    useful : tuple of float
        Share of the problems at each value on which the level is useful.
    """

    level: str
    axis: str
    values: tuple[float, ...]
    useful: tuple[float, ...]

    @property
    def last(self) -> float | None:
        """The last value up to which it is useful on half of the problems or more; None: nowhere.

        Of values before which it is not useful nothing is said.
        """
        found = None
        for value, share in zip(self.values, self.useful, strict=True):
            if share < 0.5:
                break
            found = value
        return found

    @property
    def text(self) -> str:
        """In a few words."""
        if not self.values:
            return "–"
        if self.last is None:
            return "nowhere" if max(self.useful) < 0.5 else f"not at {self.values[0]:g}"
        if self.last == self.values[-1]:
            return f"all, to {self.last:g}"
        return f"{'≥' if self.axis == 'reg' else '≤'} {self.last:g}"


def useful_levels(outcome: Outcome) -> set[str]:
    """Levels of which no quicker one proves as much, but for half a percent of the best network."""
    proved = {
        level: found
        for level, found in (outcome.values or {"levels": {}})["levels"].items()
        if "ratio" in found
    }
    return {
        level
        for level, found in proved.items()
        if not any(
            other["seconds"] < found["seconds"] and other["ratio"] >= found["ratio"] - _WORTH
            for other in proved.values()
        )
    }


def reaches(outcomes: Sequence[Outcome]) -> list[Reach]:
    """For each level and axis; problems are compared that differ along the axis alone."""
    levels = list(dict.fromkeys(level for one in outcomes for level in one.cell["levels"]))
    found = []
    for axis in AXES:
        counts: dict[str, dict[float, list[bool]]] = {level: defaultdict(list) for level in levels}
        for outcome in along(outcomes, axis):
            useful = useful_levels(outcome)
            for level in outcome.cell["levels"]:
                counts[level][outcome.cell[axis]].append(level in useful)
        for level in levels:
            values = sorted(counts[level], reverse=axis == "reg")
            shares = [sum(counts[level][v]) / len(counts[level][v]) for v in values]
            found.append(Reach(level, axis, tuple(values), tuple(shares)))
    return found


def reach_rows(outcomes: Sequence[Outcome]) -> list[list[str]]:
    """A row for each level: its name, and where it is useful along each axis."""
    by_level: dict[str, list[str]] = defaultdict(list)
    for reach in reaches(outcomes):
        by_level[reach.level].append(reach.text)
    return [[level, *texts] for level, texts in by_level.items()]
