"""The figures of a gap report: plain values, rounded safely, with the exact number beside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.problem.solver_figure import SolverFigure
from certnn.report.exact import parse_exact


class _Exact:
    """A figure beside which its exact number stands as "p/q"."""

    exact: str

    @property
    def fraction(self) -> Fraction:
        """The exact number."""
        return parse_exact("exact", self.exact)


@dataclass(frozen=True)
class ProvedBound(_Exact):
    """A lower bound on every network of every width, proved at one level.

    `GapReport.is_proved` says whether the kernel has proved it here, or it is a file's word. Raises
    `InputError` if `exact` is not a nonnegative rational number, `value` is not that rounded down,
    or another number is negative.

    Parameters
    ----------
    level : str
        What kind of proof: one of `LEVELS`, possibly with its size (``"block(10)"``).
    value : float
        The bound rounded down.
    exact : str
        The bound as ``"p/q"``.
    seconds : float
        Time to find and prove it.
    """

    level: str
    value: float
    exact: str
    seconds: float

    def __post_init__(self) -> None:
        _require_rounded_down(self.value, self.fraction)
        _require(self.seconds >= 0.0, "seconds", "must not be negative")

    @classmethod
    def from_exact(cls, level: str, exact: Fraction, seconds: float) -> ProvedBound:
        """Return the bound `exact`, its value rounded in the safe direction."""
        return cls(level, rounded_down(exact), _ratio_text(exact), seconds)


@dataclass(frozen=True)
class NetworkFigure(_Exact):
    """The training objective of one network, evaluated exactly: an upper bound.

    Raises `InputError` if `exact` is not a nonnegative rational number, `objective` is not finite
    or not that rounded up, or the width is negative.

    Parameters
    ----------
    objective : float
        The objective rounded up.
    exact : str
        The objective as ``"p/q"``.
    width : int
        Number of hidden neurons.
    source : str
        Where the network comes from: ``"given"``, ``"given, polished"``, ``"column generation"``;
        or what was changed to improve one.
    """

    objective: float
    exact: str
    width: int
    source: str

    def __post_init__(self) -> None:
        _require(self.fraction >= 0, "exact", "must not be negative: an objective never is")
        rounded = math.isfinite(self.objective) and self.objective == rounded_up(self.fraction)
        reason = f"must be the exact objective rounded up, got {self.objective!r}"
        _require(rounded, "objective", reason)
        _require(self.width >= 0, "width", "must not be negative")

    @classmethod
    def from_exact(cls, exact: Fraction, width: int, source: str) -> NetworkFigure:
        """Return the figure of a network whose objective is `exact`."""
        return cls(rounded_up(exact), _ratio_text(exact), width, source)


@dataclass(frozen=True)
class Reached:
    """What a search had proved and found by a time.

    Parameters
    ----------
    seconds : float
        Since the audit began.
    stage : str
        What ran.
    bound, objective : float or None
        The best bound proved and the objective of the best network known, if there were any.
    """

    seconds: float
    stage: str
    bound: float | None
    objective: float | None

    def __post_init__(self) -> None:
        _require(self.seconds >= 0.0, "seconds", "must not be negative")


@dataclass(frozen=True)
class PatternTier(_Exact):
    """A lower bound on the networks with some activation patterns.

    It bounds no other networks. Whether it is proved, `GapReport.is_proved` says. Raises
    `InputError` if `exact` is not a nonnegative rational number, `value` is not that rounded down,
    or another number is negative.

    Parameters
    ----------
    value : float
        The bound rounded down.
    exact : str
        The bound as ``"p/q"``.
    patterns : int
        How many patterns.
    origins : dict of str to int
        How many of them come from where.
    left_out : int
        Patterns of the networks that are not among them.
    best_network : NetworkFigure
        The best network found whose neurons have these patterns, up to rounding.
    certificate : str
        Name of the certificate file, which lies beside the report.
    recheck : str
        The command line that checks it again.
    """

    value: float
    exact: str
    patterns: int
    origins: dict[str, int]
    left_out: int
    best_network: NetworkFigure
    seconds: float
    certificate: str
    certificate_bytes: int
    recheck: str

    def __post_init__(self) -> None:
        _require_rounded_down(self.value, self.fraction)
        _require(self.patterns >= 1, "patterns", "must be positive")
        for name in ("left_out", "seconds", "certificate_bytes"):
            _require(getattr(self, name) >= 0, name, "must not be negative")
        _require(min(self.origins.values(), default=0) >= 0, "origins", "must not be negative")

    @classmethod
    def from_exact(cls, exact: Fraction, **others: Any) -> PatternTier:
        """Return the tier of the bound `exact`, its value rounded in the safe direction."""
        return cls(value=rounded_down(exact), exact=_ratio_text(exact), **others)

    @property
    def sources(self) -> str:
        """How many patterns come from where, in words."""
        named = [f"{count} {name}" for name, count in self.origins.items() if count]
        return ", ".join(named)


@dataclass(frozen=True)
class Neuron:
    """One hidden neuron of the audited network.

    Raises `InputError` if a number is negative, or a share above 1.

    Parameters
    ----------
    index : int
        Its column in U.
    hidden_norm, output_norm : float
        |u| and |v|.
    active : int
        Number of data points on which it is positive.
    share : float
        Its |u||v| as a share of the sum over all neurons, 0 to 1.
    remark : str
        ``""``, ``"dead"`` or ``"duplicate of 3"``.
    """

    index: int
    hidden_norm: float
    output_norm: float
    active: int
    share: float
    remark: str

    def __post_init__(self) -> None:
        for name in ("index", "hidden_norm", "output_norm", "active", "share"):
            _require(not getattr(self, name) < 0, name, "must not be negative")
        _require(not self.share > 1.0, "share", "must not be above 1")


@dataclass(frozen=True)
class Check:
    """One consistency check.

    Parameters
    ----------
    name : str
        What should hold.
    holds : bool
        Whether it does.
    detail : str
        The figures compared.
    solver_only : bool
        A failure would show that a solver is wrong, and nothing about what is proved.
    """

    name: str
    holds: bool
    detail: str
    solver_only: bool = False


def excess_over(figure: SolverFigure, bound: ProvedBound) -> float | None:
    """(printed − bound)/bound, a share; None without a value or if the bound is not positive.

    Negative or zero when the proof covers all that the solver printed.
    """
    proved = bound.fraction
    if figure.printed is None or proved <= 0:
        return None
    return rounded_up((Fraction(figure.printed) - proved) / proved)


def _require(holds: bool, field: str, reason: str) -> None:
    if not holds:
        raise InputError(field, reason)


def _require_rounded_down(value: float, exact: Fraction) -> None:
    _require(exact >= 0, "exact", "must not be negative: a lower bound never is")
    rounded = math.isfinite(value) and value == rounded_down(exact)
    _require(rounded, "value", f"must be the exact bound rounded down, got {value!r}")


def _ratio_text(number: Fraction) -> str:
    return f"{number.numerator}/{number.denominator}"
