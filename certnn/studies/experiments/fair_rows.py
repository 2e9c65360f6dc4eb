"""The fair table: means over splits, and whether global optimality helps."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Literal

from certnn.studies.experiments.methods import METHODS
from certnn.studies.experiments.rows import Row
from certnn.studies.experiments.tables import FAIR

#: The method with a proof, and the one that trains the same networks without.
CERTIFIED, LOCAL = "global", "sgd"
#: Of means of shares, which are equal but for rounding within this.
_ROUNDING = 1e-12
Effect = Literal["helps", "no difference", "costs", "unknown"]


@dataclass(frozen=True)
class Mean:
    """A mean over splits.

    Attributes
    ----------
    values : tuple of float
        One a split, in the order of the splits.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return fmean(self.values)

    @property
    def error(self) -> float:
        """The standard error of the mean; NaN for one split."""
        count = len(self.values)
        return stdev(self.values) / math.sqrt(count) if count > 1 else math.nan


@dataclass(frozen=True)
class FairRow:
    """One data set with or without bias, at decays of one kind.

    Attributes
    ----------
    data : str
    hidden_bias : bool
    reg : float or None
        The decay of all networks; None where cross-validation chose it.
    accuracies : dict of Mean
        By method, on the test halves; of methods that have done all splits.
    failed : tuple of str
        The others.
    decays : tuple of float
        That cross-validation chose for the certified network, one a split.
    gaps : tuple of float
        Proved of the certified network, one a split, by whichever method; rounded up.
    """

    data: str
    hidden_bias: bool
    reg: float | None
    accuracies: dict[str, Mean]
    failed: tuple[str, ...]
    decays: tuple[float, ...]
    gaps: tuple[float, ...]

    @property
    def best(self) -> str:
        """The method with the highest mean among the others than the certified one; or ""."""
        others = [name for name in self.accuracies if name != CERTIFIED]
        return max(others, key=lambda name: self.accuracies[name].mean, default="")

    @property
    def within_an_error(self) -> bool | None:
        """Whether the certified network is at most a standard error below the best of the others.

        None where that cannot be said: one of them is missing, or there is one split only.
        """
        if CERTIFIED not in self.accuracies or not self.best:
            return None
        ours, best = self.accuracies[CERTIFIED], self.accuracies[self.best]
        if math.isnan(best.error):
            return None
        return ours.mean >= best.mean - best.error - _ROUNDING

    @property
    def effect(self) -> Effect:
        """What global optimality does to the accuracy, against local descent with the same folds.

        Of the differences split by split, whether the mean is more than its standard error.
        """
        if not {CERTIFIED, LOCAL} <= self.accuracies.keys():
            return "unknown"
        ours, theirs = (self.accuracies[name].values for name in (CERTIFIED, LOCAL))
        difference = Mean(tuple(a - b for a, b in zip(ours, theirs, strict=True)))
        if math.isnan(difference.error):
            return "unknown"
        if abs(difference.mean) <= difference.error + _ROUNDING:
            return "no difference"
        return "helps" if difference.mean > 0.0 else "costs"

    @property
    def largest_gap(self) -> float | None:
        """The largest proved gap of the splits."""
        return max(self.gaps, default=None)

    @property
    def middle_gap(self) -> float | None:
        """Their median."""
        return median(self.gaps) if self.gaps else None


def fair_rows(rows: Sequence[Row]) -> list[FairRow]:
    """A row for each data set, bias and kind of decay that has cells in the fair table."""
    groups: dict[tuple[str, bool, float | None], list[Row]] = defaultdict(list)
    for row in rows:
        cell = row.cell
        if cell["table"] == FAIR:
            groups[cell["data"], cell["hidden_bias"], cell["reg"]].append(row)
    return [_fair_row(*key, members) for key, members in groups.items()]


def _fair_row(data: str, bias: bool, reg: float | None, members: Sequence[Row]) -> FairRow:
    seeds = {row.cell["seed"] for row in members}
    accuracies: dict[str, Mean] = {}
    for name in METHODS:
        done = {
            row.cell["seed"]: row.values["honest"]["accuracy"]
            for row in members
            if row.cell["method"] == name and row.values
        }
        if done.keys() == seeds:
            accuracies[name] = Mean(tuple(done[seed] for seed in sorted(done)))
    ran = {row.cell["method"] for row in members}
    certified = [row for row in members if row.cell["method"] == CERTIFIED]
    decays = tuple(row.values["decay"] for row in certified if "decay" in row.values)
    gaps = tuple(row.gap for row in certified if row.gap is not None)
    return FairRow(
        data, bias, reg, accuracies, tuple(sorted(ran - accuracies.keys())), decays, gaps
    )
