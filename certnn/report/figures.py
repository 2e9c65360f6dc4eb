"""The figures of a gap report: plain values, rounded safely, with the exact number beside."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from certnn.errors import InputError
from certnn.relaxation.solver_figure import SolverFigure
from certnn.report.exact import parse_exact
from certnn.rounding import rounded_down, rounded_up

#: Classes that the line on the problem names, at most.
_CLASSES = 10


@dataclass(frozen=True)
class ProblemSummary:
    """The training problem in figures.

    Parameters
    ----------
    n, d, c : int
        Numbers of points, of data columns (a bias not counted) and of outputs.
    reg : float
        Weight decay, in the units of a summed loss.
    loss : str
        Of the outputs, such as "half-squared" (`certnn.losses`).
    hidden_bias, output_bias : {"none", "decayed", "free"}
    data_sha256 : str
        `TrainingProblem.data_sha256`.
    null_loss : float
        The objective of the network with no neurons and no bias.
    classes : tuple of str
        Names of the classes in the order of the outputs, as in `certnn.TrainingProblem`.
    """

    n: int
    d: int
    c: int
    reg: float
    loss: str
    hidden_bias: str
    output_bias: str
    data_sha256: str
    null_loss: float
    classes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line on it: sizes, weight decay, and what differs from the plain problem."""
        outputs = f"{self.c} output{'' if self.c == 1 else 's'}"
        if self.classes:
            shown = ", ".join(self.classes[:_CLASSES]) + (", …" if self.classes[_CLASSES:] else "")
            outputs += f" for the classes {shown}"
        parts = [f"{self.n} points", f"{self.d} inputs", outputs, f"weight decay {self.reg!r}"]
        if self.loss != "half-squared":
            parts.append(f"loss {self.loss}")
        for layer, bias in (("hidden", self.hidden_bias), ("output", self.output_bias)):
            if bias != "none":
                parts.append(f"{bias} {layer} bias")
        return ", ".join(parts)


@dataclass(frozen=True)
class ProvedBound:
    """A lower bound on every network of every width, proved by the kernel at one level.

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

    Raises
    ------
    InputError
        If `exact` is not a rational number or `value` is not finite or is above it.
    """

    level: str
    value: float
    exact: str
    seconds: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or Fraction(self.value) > self.fraction:
            raise InputError("value", f"must be the exact bound rounded down, got {self.value!r}")

    @classmethod
    def from_exact(cls, level: str, exact: Fraction, seconds: float) -> ProvedBound:
        """Return the bound `exact`, its value rounded in the safe direction."""
        return cls(level, rounded_down(exact), _ratio_text(exact), seconds)

    @property
    def fraction(self) -> Fraction:
        """The bound as a fraction."""
        return parse_exact("exact", self.exact)


@dataclass(frozen=True)
class NetworkFigure:
    """The training objective of one network, evaluated exactly: an upper bound.

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

    Raises
    ------
    InputError
        If `exact` is not a nonnegative rational number or `objective` is not finite or is below it.
    """

    objective: float
    exact: str
    width: int
    source: str

    def __post_init__(self) -> None:
        if self.fraction < 0:
            raise InputError("exact", "must not be negative: an objective never is")
        if not math.isfinite(self.objective) or Fraction(self.objective) < self.fraction:
            raise InputError(
                "objective", f"must be the exact objective rounded up, got {self.objective!r}"
            )

    @classmethod
    def from_exact(cls, exact: Fraction, width: int, source: str) -> NetworkFigure:
        """Return the figure of a network whose objective is `exact`."""
        return cls(rounded_up(exact), _ratio_text(exact), width, source)

    @property
    def fraction(self) -> Fraction:
        """The objective as a fraction."""
        return parse_exact("exact", self.exact)


@dataclass(frozen=True)
class PatternTier:
    """A lower bound on the networks with some activation patterns, proved by the kernel.

    It bounds no other networks.

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
    seconds : float
    certificate : str
        Name of the certificate file, which lies beside the report.
    certificate_bytes : int
    recheck : str
        The command line that checks it again.

    Raises
    ------
    InputError
        If `exact` is not a rational number or `value` is not finite or is above it.
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
        if not math.isfinite(self.value) or Fraction(self.value) > self.fraction:
            raise InputError("value", f"must be the exact bound rounded down, got {self.value!r}")

    @classmethod
    def from_exact(cls, exact: Fraction, **others: Any) -> PatternTier:
        """Return the tier of the bound `exact`, its value rounded in the safe direction."""
        return cls(value=rounded_down(exact), exact=_ratio_text(exact), **others)

    @property
    def fraction(self) -> Fraction:
        """The bound as a fraction."""
        return parse_exact("exact", self.exact)

    @property
    def sources(self) -> str:
        """How many patterns come from where, in words."""
        named = [f"{count} {name}" for name, count in self.origins.items() if count]
        return ", ".join(named)


@dataclass(frozen=True)
class Neuron:
    """One hidden neuron of the audited network.

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


def _ratio_text(number: Fraction) -> str:
    return f"{number.numerator}/{number.denominator}"
