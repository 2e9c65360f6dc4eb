"""A lower bound with a stated confidence, from proved bounds on random subsets of the points."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import logsumexp

from certnn.arrays import FloatArray
from certnn.atomic_files import write_atomically
from certnn.certificates.dual_point import IndexArray
from certnn.certificates.proved import require_lower
from certnn.directed_rounding import rounded_down
from certnn.errors import InputError, require_seed, whole_number
from certnn.kernel import Bound
from certnn.problem.html_table import html_table
from certnn.report import ProblemSummary
from certnn.report.wording import duration, shown_down

#: Shares of the stake that are bet on each subset, and what is staked on each share (Theorem 54):
#: half on the bet that is best where the bounds are alike, the rest for bounds that differ or are
#: missing.
_STEPS = 8
_BETS = ((_STEPS, Fraction(1, 2)), *((k, Fraction(1, 14)) for k in range(1, _STEPS)))
#: Of the largest bound, in which all are counted; and the share 2⁻³⁰ of the mean that floats find,
#: by which it is lowered until the exact test holds.
_UNITS, _MARGIN_BITS = 1 << 60, 30
FORMAT = "certnn sample"
_DRAWN_BY = "numpy.random.default_rng([seed, subset]).choice(n, size, replace=False), from 0 on"


@dataclass(frozen=True)
class Draw:
    """Random subsets of the points, independent of each other, and fixed by a seed.

    Raises `InputError` if the size is not within 1..n, or the seed is no whole number from 0 on.

    Parameters
    ----------
    n, size : int
        Numbers of all points, and of those of a subset.
    """

    n: int
    size: int
    seed: int

    def __post_init__(self) -> None:
        require_seed(self.seed)
        if whole_number("size", self.size) > self.n:
            raise InputError("size", f"must be at most {self.n}, the points, got {self.size}")

    def rows(self, subset: int) -> IndexArray:
        """The points of a subset, ascending, shape (size,); subsets are counted from 0."""
        generator = np.random.default_rng([self.seed, subset])
        return np.sort(generator.choice(self.n, self.size, replace=False))

    def reg(self, reg: float) -> float:
        """The weight decay of a subset where that of all points is `reg`: its share, rounded down.

        A subset's optimum is not larger for it, as Theorem 54 needs.
        """
        return rounded_down(Fraction(reg) * self.size / self.n)


@dataclass(frozen=True, repr=False)
class ConfidenceBound:
    """What random subsets say of the objective of every network: likely, and not proved.

    With the confidence that is stated, over the draw of the subsets, no two-layer ReLU network of
    any width has an objective below `lower_limit` (Theorem 54). It is no `Bound`, and nothing takes
    it for one. The bounds on the subsets are proved, each by its certificate; that the subsets are
    like the whole is what there is confidence in, if they were drawn without looking: by a seed
    that was not chosen for what came of it.

    Attributes
    ----------
    problem : ProblemSummary
        The whole problem in figures.
    draw : Draw
        The subsets: ``draw.rows(k)`` has the points of the one counted k, from 0.
    confidence : float
        Between 0 and 1; the decimal number that it is written as.
    bounds : tuple of (Bound or None)
        Of each subset by itself, with its share of the weight decay; None where nothing is proved,
        which counts as 0.
    notes : tuple of str
        Why bounds are missing, one line each.
    seconds : float
        Wall time in all, in seconds.
    interrupted : bool
        Whether Ctrl-C ended it; what it says holds all the same.

    Raises
    ------
    TypeError
        If a bound is no `Bound`.
    InputError
        If a bound is not a lower one of such a subset, or the confidence is not between 0 and 1.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]] * 500, [1.0, 2.0] * 500, reg=50.0)
    >>> likely = certnn.sampled_bound(problem, size=20, subsets=10, level="shor", confidence=0.9)
    >>> print(likely)
    with confidence 90 %, not proved: training objective >= ... for every two-layer ReLU network ...
    >>> subset = certnn.MappedProblem.of(problem).part(likely.draw.rows(0), likely.draw.reg(50.0))
    >>> likely.bounds[0].instance == subset.instance()
    True
    """

    problem: ProblemSummary
    draw: Draw
    confidence: float
    bounds: tuple[Bound | None, ...]
    notes: tuple[str, ...]
    seconds: float
    interrupted: bool

    def __post_init__(self) -> None:
        require_confidence(self.confidence)
        if self.draw.n != self.problem.n:
            raise InputError("draw", f"is of {self.draw.n} points, not of {self.problem.n}")
        part = replace(self.problem, n=self.draw.size, reg=self.draw.reg(self.problem.reg))
        for number, bound in enumerate(self.bounds):
            if bound is not None:
                require_lower(f"bounds, subset {number}", bound)
                other = part.difference_of_kind(bound.instance)
                if other:
                    raise InputError(f"bounds, subset {number}", f"is of another problem: {other}")

    @cached_property
    def lower_limit(self) -> float:
        """With this confidence no network's objective is below it; in units of the objective."""
        values = [Fraction(0) if bound is None else bound.value for bound in self.bounds]
        mean = least_mean(values, self.confidence)
        return rounded_down(mean * self.draw.n / self.draw.size)

    @property
    def missing(self) -> int:
        """How many subsets have no bound."""
        return sum(bound is None for bound in self.bounds)

    @property
    def confidence_text(self) -> str:
        """The confidence in percent, such as "99.9 %"."""
        return f"{(100 * Decimal(str(self.confidence))).normalize():f} %"

    def to_json(self) -> str:
        """All of it but the certificates, by whose hashes it goes, as a JSON object."""
        problem = {key: value for key, value in vars(self.problem).items() if key != "classes"}
        document = {
            "format": FORMAT,
            "version": 1,
            "says": str(self),
            "problem": problem,
            "size": self.draw.size,
            "seed": self.draw.seed,
            "drawn by": _DRAWN_BY,
            "confidence": self.confidence,
            "lower_limit": self.lower_limit,
            "subsets": [
                bound and {"proved": bound.exact, "certificate_sha256": bound.evidence}
                for bound in self.bounds
            ],
            "notes": self.notes,
            "interrupted": self.interrupted,
        }
        return json.dumps(document, indent=1) + "\n"

    def save(self, path: str | Path) -> None:
        """Write `to_json` to a file.

        Raises
        ------
        InputError
            If it cannot be written.
        """
        write_atomically(path, self.to_json().encode())

    def __str__(self) -> str:
        subsets = f"{len(self.bounds)} random subsets of {self.draw.size} points"
        missing = f", {self.missing} without a bound" if self.missing else ""
        return (
            f"with confidence {self.confidence_text}, not proved: training objective >= "
            f"{self.lower_limit!r} for every two-layer ReLU network of every width "
            f"({self.problem.text}; {subsets}{missing}, seed {self.draw.seed})"
        )

    def __repr__(self) -> str:
        return f"<ConfidenceBound {self}>"

    def _repr_html_(self) -> str:
        """A table, for notebooks."""
        rows = {
            "confidence": self.confidence_text,
            "likely, not proved: no network of any width is below": shown_down(
                Fraction(self.lower_limit)
            ),
            "random subsets": len(self.bounds),
            "points of a subset": self.draw.size,
            "subsets without a bound": self.missing,
            "seed": self.draw.seed,
            "time": duration(self.seconds) + (", interrupted" if self.interrupted else ""),
        }
        return html_table("a bound with confidence", rows.items())


def require_confidence(confidence: float) -> None:
    """Raise `InputError` unless it is a number between 0 and 1."""
    if not isinstance(confidence, float) or not 0.0 < confidence < 1.0:
        raise InputError("confidence", f"must be a float between 0 and 1, got {confidence!r:.40}")


def least_mean(values: Sequence[Fraction], confidence: float) -> Fraction:
    """A number that the mean is likely not below (Theorem 54).

    0 where nothing more can be said.

    Parameters
    ----------
    values : sequence of Fraction
        Of independent draws, in their order, none negative; or any numbers below those.
    confidence : float
        How likely, at least, whatever is drawn from.
    """
    largest = max(values, default=Fraction(0))
    if largest == 0:
        return Fraction(0)
    # Rounded down, which is allowed, to short integers.
    parts = [int(value / largest * _UNITS) for value in values]
    shares = np.array(parts) / _UNITS
    goal = -math.log(1.0 - confidence)
    low, high = 1.0, 1.0
    while np.max(_logarithms(shares, low)) < goal:
        low, high = 0.5 * low, low
        if low * _UNITS < 1.0:
            return Fraction(0)
    while high - low > 1e-12 * low:
        middle = 0.5 * (low + high)
        if np.max(_logarithms(shares, middle)) < goal:
            high = middle
        else:
            low = middle
    count = int(np.argmax(_logarithms(shares, low))) + 1
    mean = int(low * _UNITS)
    while mean and not _refuted(mean, parts[:count], confidence):
        mean -= max(1, mean >> _MARGIN_BITS)
    return mean * largest / _UNITS


def _logarithms(shares: FloatArray, mean: float) -> FloatArray:
    """Logarithm of what the bets against a mean have made after each draw, in floats."""
    bets = np.array([bet / _STEPS for bet, _ in _BETS])[:, None]
    stakes = np.array([float(stake) for _, stake in _BETS])[:, None]
    with np.errstate(divide="ignore", over="ignore"):
        gains = np.log((1.0 - bets) + bets * (shares / mean))
    made: FloatArray = logsumexp(np.cumsum(gains, axis=1), axis=0, b=stakes)
    return made


def _refuted(mean: int, values: Sequence[int], confidence: float) -> bool:
    """Whether the bets against a mean have made at least 1/(1 − confidence), exactly."""
    made = Fraction(0)
    for bet, stake in _BETS:
        made += stake * math.prod((_STEPS - bet) * mean + bet * value for value in values)
    risk = 1 - Fraction(str(confidence))
    return bool(made * risk >= (_STEPS * mean) ** len(values))
