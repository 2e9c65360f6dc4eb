"""The forecast's model fitted to measured audits, and its error on data that it has not seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.atomic_files import write_atomically
from certnn.report.codec import encode
from certnn.search.forecast import FEW_COLUMNS, LEAST_GAP, MOST_GAP, GapModel

from .runs import MeasuredAudit

#: What the ridge's penalty is chosen from, for features of variance 1; and numbers of neighbours.
_PENALTIES, _NEIGHBOURS = (1.0, 3.0, 10.0, 30.0, 100.0), (1, 3, 5, 9, 15)
#: The interval is to hold four runs of five.
_OUTSIDE = 0.1
#: Of which more never makes a gap larger.
_FALLING = ("log seconds", "log decay")


@dataclass(frozen=True)
class FittedModel:
    """The model of a regime and how far off it is.

    Attributes
    ----------
    model : GapModel
    runs, sets : int
        To which it is fitted, and of how many data sets.
    error, of_neighbours, of_median : float
        The root mean square of the log-odds of each run's gap less those that are expected without
        its data set: by the model, and for comparison by the nearest neighbours and by the median.
    """

    model: GapModel
    runs: int
    sets: int
    error: float
    of_neighbours: float
    of_median: float


def log_odds(gap: float) -> float:
    """Of a gap, those below 1 % or above 99 % counted as these."""
    share = min(max(gap, LEAST_GAP), MOST_GAP)
    return float(np.log(share / (1.0 - share)))


def fit(runs: Sequence[MeasuredAudit]) -> dict[str, FittedModel]:
    """Fit a model for each regime.

    With few columns that is the median, since gaps are closed or not whatever else is known; with
    more a ridge. Its penalty, and the interval, are what leaving out each data set in turn asks.

    Parameters
    ----------
    runs : sequence of MeasuredAudit
        Of two data sets at least in each regime. Those at a decay without a useful neuron say
        nothing.
    """
    known = [run for run in runs if run.traits.decay < 1.0]
    regimes = dict.fromkeys(run.traits.regime for run in known)
    return {name: _fit([run for run in known if run.traits.regime == name]) for name in regimes}


def _fit(runs: Sequence[MeasuredAudit]) -> FittedModel:
    names = list(runs[0].traits.features)
    rows = np.array([[run.traits.features[name] for name in names] for run in runs])
    found = _Runs(rows, np.array([log_odds(run.gap) for run in runs]), [run.data for run in runs])
    falling = np.array([name in _FALLING for name in names])
    of_median = _left_out(found, lambda known, others: np.full(len(others), known.median))
    constant, weights, errors = found.median, np.zeros(len(names)), of_median
    if runs[0].traits.regime != FEW_COLUMNS:
        tried = {one: _left_out(found, _ridge_of(one, falling)) for one in _PENALTIES}
        penalty = min(_PENALTIES, key=lambda one: _size(tried[one]))
        constant, weights = _ridge(found, penalty, falling)
        errors = tried[penalty]
    low, high = np.quantile(errors, [_OUTSIDE, 1.0 - _OUTSIDE])
    model = GapModel(
        constant=constant,
        weights={name: float(w) for name, w in zip(names, weights, strict=True) if w},
        low=min(float(low), 0.0),
        high=max(float(high), 0.0),
        measured={
            name: (float(column.min()), float(column.max()))
            for name, column in zip(names, rows.T, strict=True)
        },
    )
    of_neighbours = min(_size(_left_out(found, _nearest(count))) for count in _NEIGHBOURS)
    sets = len({*found.sets})
    return FittedModel(model, len(runs), sets, _size(errors), of_neighbours, _size(of_median))


def save_models(path: str | Path, models: Mapping[str, GapModel]) -> None:
    """Write the numbers as `certnn.search.forecast.fitted_models` reads them.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    write_atomically(path, json.dumps(encode(dict(models), "models"), indent=1).encode() + b"\n")


class _Runs:
    """Features (k, p), log-odds (k,) and data sets of runs."""

    def __init__(self, rows: FloatArray, odds: FloatArray, sets: Sequence[str]) -> None:
        self.rows, self.odds, self.sets = rows, odds, np.array(sets)

    def of(self, chosen: NDArray[np.bool_]) -> _Runs:
        return _Runs(self.rows[chosen], self.odds[chosen], self.sets[chosen].tolist())

    @property
    def median(self) -> float:
        return float(np.median(self.odds))

    @property
    def scale(self) -> FloatArray:
        """Deviations of the features, 1 of those that do not vary."""
        scale: FloatArray = self.rows.std(axis=0)
        return np.where(scale > 0.0, scale, 1.0)


#: Log-odds of others, from runs and the features of the others.
_Predict = Callable[[_Runs, FloatArray], FloatArray]


def _ridge_of(penalty: float, falling: NDArray[np.bool_]) -> _Predict:
    def predict(known: _Runs, others: FloatArray) -> FloatArray:
        constant, weights = _ridge(known, penalty, falling)
        return constant + others @ weights

    return predict


def _ridge(runs: _Runs, penalty: float, falling: NDArray[np.bool_]) -> tuple[float, FloatArray]:
    """Constant and weights; those of falling features are not positive."""
    from scipy.optimize import lsq_linear

    centre, mean, columns = runs.rows.mean(axis=0), runs.odds.mean(), runs.rows.shape[1]
    shrunk = np.sqrt(penalty) * np.eye(columns)
    scaled = np.vstack([(runs.rows - centre) / runs.scale, shrunk])
    wanted = np.append(runs.odds - mean, np.zeros(columns))
    most = np.where(falling, 0.0, np.inf)
    weights: FloatArray = lsq_linear(scaled, wanted, (-np.inf, most)).x / runs.scale
    return float(mean - centre @ weights), weights


def _nearest(count: int) -> _Predict:
    """The mean of so many nearest runs, in features of variance 1."""

    def predict(known: _Runs, others: FloatArray) -> FloatArray:
        apart = np.linalg.norm((others[:, None] - known.rows[None]) / known.scale, axis=2)
        means: FloatArray = known.odds[np.argsort(apart, axis=1)[:, :count]].mean(axis=1)
        return means

    return predict


def _left_out(runs: _Runs, predict: _Predict) -> FloatArray:
    """Errors where each data set is predicted from the others."""
    errors = np.empty(len(runs.odds))
    for name in np.unique(runs.sets):
        out = runs.sets == name
        errors[out] = runs.odds[out] - predict(runs.of(~out), runs.rows[out])
    return errors


def _size(errors: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(errors))))
