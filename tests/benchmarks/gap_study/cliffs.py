"""Where gaps jump: neighbours that are much further apart than other neighbours are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .design import WHOLE
from .fitting import log_odds
from .runs import MeasuredAudit

#: A jump is a cliff beyond so many deviations of all jumps, of which a robust one is measured.
_DEVIATIONS = 3.0
_MEDIAN_OF_NORMAL = 0.6745


@dataclass(frozen=True)
class Jump:
    """Two neighbours, which differ in the decay alone, or in half of the points.

    Attributes
    ----------
    easier, harder : MeasuredAudit
        That with the larger decay or half of the points, and the other one.
    beyond : float
        By how much the log-odds of their gaps differ more than those of most such neighbours;
        negative where they differ less, or the other way.
    """

    easier: MeasuredAudit
    harder: MeasuredAudit
    beyond: float


def jumps(runs: Sequence[MeasuredAudit]) -> list[Jump]:
    """Between all neighbours, the furthest from what most do first, whichever way."""
    found = []
    for pairs in ([*_of_decay(runs)], [*_of_points(runs)]):
        steps = [log_odds(harder.gap) - log_odds(easier.gap) for easier, harder in pairs]
        usual = float(np.median(steps)) if steps else 0.0
        found += [Jump(*pair, step - usual) for pair, step in zip(pairs, steps, strict=True)]
    return sorted(found, key=lambda jump: -abs(jump.beyond))


def cliffs(found: Sequence[Jump]) -> list[Jump]:
    """Those of the jumps that stand out."""
    scale = float(np.median([abs(jump.beyond) for jump in found])) / _MEDIAN_OF_NORMAL
    return [jump for jump in found if abs(jump.beyond) > _DEVIATIONS * scale]


def _of_decay(runs: Sequence[MeasuredAudit]) -> Iterator[tuple[MeasuredAudit, MeasuredAudit]]:
    """The larger decay first."""
    for together in _by_setting(runs):
        whole = sorted((run for run in together if run.rows == WHOLE), key=lambda run: -run.times)
        yield from ((a, b) for a, b in pairwise(whole) if a.times < 4.0 * b.times)


def _of_points(runs: Sequence[MeasuredAudit]) -> Iterator[tuple[MeasuredAudit, MeasuredAudit]]:
    """The half first."""
    for together in _by_setting(runs):
        for half in (run for run in together if run.rows != WHOLE):
            yield from (
                (half, run) for run in together if (run.rows, run.times) == (WHOLE, half.times)
            )


def _by_setting(runs: Sequence[MeasuredAudit]) -> list[list[MeasuredAudit]]:
    settings: dict[tuple[str, str, str, float], list[MeasuredAudit]] = defaultdict(list)
    for run in runs:
        settings[run.setting].append(run)
    return [*settings.values()]
