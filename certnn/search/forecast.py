"""What an audit may be expected to prove, before it starts: a forecast, which proves nothing.

The model is fitted to measured audits by ``tests/benchmarks/gaps.py``; its numbers are in
forecast.json.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from certnn.errors import positive_number
from certnn.problem.losses import HALF_SQUARED, Logistic, Softmax
from certnn.problem.training_problem import TrainingProblem, require_problem
from certnn.problem.useful_decay import largest_useful_reg
from certnn.report.codec import decode
from certnn.search.levels.limits import LIFTS_OUTPUTS_UP_TO, PARTITION_UP_TO

#: Where the fitted numbers are.
FITTED = Path(__file__).with_name("forecast.json")
#: Seconds of an audit where nobody says how long.
USUAL_SECONDS = 60.0
#: Gaps below the first or above the second are as good as these: nobody acts on the difference.
LEAST_GAP, MOST_GAP = 0.01, 0.99
#: What such a gap may be off by, as a share, by the way through its log-odds.
_ROUNDED = 1e-9
#: Nothing is said of problems whose sizes, decay or time are outside of those measured by more than
#: this factor.
_BEYOND = 5.0
#: Problems that a model each is fitted to.
FEW_COLUMNS, MORE_COLUMNS = "few columns", "more columns"
_MEASURED_LOSSES = (HALF_SQUARED.name, Logistic.name, Softmax.name)


@dataclass(frozen=True)
class Traits:
    """What is known of a problem and an audit of it before it starts.

    Attributes
    ----------
    points, columns, outputs : int
        Columns count a hidden bias.
    decay : float
        The weight decay over the largest useful one, positive.
    other_loss, free_bias : bool
        Whether the loss is another than the half-squared one, and whether a bias is free.
    seconds : float
        Nominal seconds of the audit.
    """

    points: int
    columns: int
    outputs: int
    decay: float
    other_loss: bool
    free_bias: bool
    seconds: float

    @staticmethod
    def of(problem: TrainingProblem, seconds: float) -> Traits:
        """Those of a problem."""
        useful = largest_useful_reg(problem)
        return Traits(
            points=problem.n,
            columns=problem.d + bool(problem.hidden_bias),
            outputs=problem.c,
            decay=problem.reg / useful if useful > 0.0 else math.inf,
            other_loss=problem.loss != HALF_SQUARED,
            free_bias=problem.output_bias_decay == 0.0,
            seconds=seconds,
        )

    @property
    def regime(self) -> str:
        """Which of the fitted models is for it: with few columns a partition settles most."""
        return FEW_COLUMNS if self.columns <= PARTITION_UP_TO else MORE_COLUMNS

    @property
    def features(self) -> dict[str, float]:
        """What the model is linear in, by name."""
        return {
            "log points": math.log(self.points),
            "log columns": math.log(self.columns),
            "log outputs": math.log(self.outputs),
            "log decay": math.log(self.decay),
            "log seconds": math.log(self.seconds),
            "other loss": float(self.other_loss),
            "free bias": float(self.free_bias),
            # No level but shor is soon done.
            "shor alone": float(
                self.outputs > LIFTS_OUTPUTS_UP_TO and (self.other_loss or self.free_bias)
            ),
        }


@dataclass(frozen=True)
class GapModel:
    """The log-odds of a gap, linear in features of traits.

    Attributes
    ----------
    weights : dict of float
        By feature.
    low, high : float
        Log-odds to add for the ends of the interval.
    measured : dict of tuple of float
        By feature, the least and the greatest that the model was fitted to.
    """

    constant: float
    weights: dict[str, float]
    low: float
    high: float
    measured: dict[str, tuple[float, ...]]

    def log_odds(self, traits: Traits) -> float:
        """Of the gap."""
        features = traits.features
        return self.constant + math.fsum(w * features[name] for name, w in self.weights.items())

    def knows(self, traits: Traits) -> bool:
        """Whether anything like it has been measured."""
        margin = math.log(_BEYOND)
        return all(
            low - margin <= traits.features[name] <= high + margin
            for name, (low, high) in self.measured.items()
        )

    def forecast(self, traits: Traits) -> GapForecast:
        """Of an audit of a problem with these traits."""
        middle = self.log_odds(traits)
        gap, low, high = (
            min(max(1.0 / (1.0 + math.exp(-odds)), LEAST_GAP), MOST_GAP)
            for odds in (middle, middle + self.low, middle + self.high)
        )
        return GapForecast(gap, low, high, traits.seconds)


@dataclass(frozen=True)
class GapForecast:
    """A forecast, not proved: how far apart an audit's bound and best network will be.

    Attributes
    ----------
    gap : float
        A share of the best network's objective, as likely too high as too low.
    low, high : float
        Four of five audits of data that the model had not seen ended between them.
    seconds : float
        Nominal seconds of the audit, which are those of one core.
    """

    gap: float
    low: float
    high: float
    seconds: float

    def __str__(self) -> str:
        least = LEAST_GAP * (1.0 + _ROUNDED)
        if self.high <= least:
            return f"below {_percent(LEAST_GAP)} %"
        if self.gap <= least:
            return f"below {_percent(LEAST_GAP)} % (or up to {_percent(self.high)} %)"
        if self.low <= least:
            return f"about {_percent(self.gap)} % (below {_percent(self.high)} %)"
        return f"about {_percent(self.gap)} % ({_percent(self.low)}–{_percent(self.high)} %)"


def forecast_gap(problem: TrainingProblem, seconds: float = USUAL_SECONDS) -> GapForecast | None:
    """What a default audit of this length may be expected to prove. It proves nothing itself.

    Milliseconds, from sizes, the loss, the biases, and the weight decay beside the largest useful
    one.

    Parameters
    ----------
    problem : TrainingProblem
    seconds : float
        Nominal seconds of the audit; those of a minute are 60 on one core.

    Returns
    -------
    GapForecast or None
        None where nothing like the problem has been measured: much larger or smaller ones, other
        losses, and weight decays at which the best network has no neurons.

    Raises
    ------
    InputError
        If `problem` is no TrainingProblem, or `seconds` not a positive finite number.

    Examples
    --------
    >>> import certnn
    >>> from certnn.reading.datasets import iris
    >>> expected = certnn.forecast_gap(iris(reg=1.0), seconds=30.0)
    >>> 0.0 < expected.low <= expected.gap <= expected.high < 1.0
    True
    """
    require_problem(problem)
    traits = Traits.of(problem, positive_number("seconds", seconds))
    if problem.loss.name not in _MEASURED_LOSSES or not 0.0 < traits.decay < 1.0:
        return None
    model = fitted_models()[traits.regime]
    return model.forecast(traits) if model.knows(traits) else None


@cache
def fitted_models() -> dict[str, GapModel]:
    """The models with their fitted numbers, by regime."""
    numbers = json.loads(FITTED.read_text())
    models: dict[str, GapModel] = decode(dict[str, GapModel], numbers, "forecast")
    return models


def _percent(share: float) -> str:
    return f"{100.0 * share:.2g}" if share < 0.1 else f"{100.0 * share:.0f}"
