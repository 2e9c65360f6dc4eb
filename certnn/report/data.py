"""What a gap report says, as plain values; the views only display it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction

from certnn.errors import InputError
from certnn.relaxation.solver_figure import SolverFigure
from certnn.report.codec import decode, encode, parse_object
from certnn.report.figures import (
    Check,
    NetworkFigure,
    Neuron,
    PatternTier,
    ProblemSummary,
    ProvedBound,
)
from certnn.rounding import rounded_down, rounded_up

FORMAT = "certnn-report"
VERSION = 3


@dataclass(frozen=True)
class GapReport:
    """How far a network can be from the global optimum of its training problem.

    Parameters
    ----------
    title : str
        What was audited, in the user's words.
    problem : ProblemSummary
    lower_bound : ProvedBound
        The best bound proved.
    bounds : tuple of ProvedBound
        Every level proved, the best included.
    network, polished, best_network : NetworkFigure or None
        The network audited, what descent from its own weights makes of it, and the best one found.
    stationarity : float or None
        `certnn.stationarity.stationarity_residual` of the audited network.
    neurons : tuple of Neuron
        Those of the audited network.
    improvements : tuple of NetworkFigure
        The audited network with one thing changed, which `source` says, the largest gain first.
    solver_figures : tuple of SolverFigure
    checks : tuple of Check
    notes : tuple of str
        What was asked for and could not be had, one line each.
    interrupted : bool
        Whether the search was stopped early; every bound holds all the same.
    seconds : float
        Wall time of the whole audit, in seconds.
    versions : dict of str to str
        Versions of the programs that took part.
    certificate : str
        Name of the certificate file, which lies beside the report.
    certificate_bytes : int
        Its size.
    recheck : str
        The command line that checks the certificate again.
    decay : str
        How reg follows from the weight decay of the library that trained the network; "" if it was
        given as it is.
    pattern_tier : PatternTier or None
        A bound on the networks with some activation patterns, which bounds no others.
    """

    title: str
    problem: ProblemSummary
    lower_bound: ProvedBound
    bounds: tuple[ProvedBound, ...]
    network: NetworkFigure | None
    polished: NetworkFigure | None
    best_network: NetworkFigure | None
    stationarity: float | None
    neurons: tuple[Neuron, ...]
    improvements: tuple[NetworkFigure, ...]
    solver_figures: tuple[SolverFigure, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    interrupted: bool
    seconds: float
    versions: dict[str, str]
    certificate: str
    certificate_bytes: int
    recheck: str
    decay: str
    pattern_tier: PatternTier | None

    @property
    def gap(self) -> float | None:
        """(network − lower bound)/network, rounded up; 0 if the objective is 0; None without one.

        No network of any width has an objective lower than the audited one by a larger share.
        """
        return self._gap_of(self.network)

    @property
    def best_gap(self) -> float | None:
        """The gap of the best network found."""
        return self._gap_of(self.best_network)

    @property
    def gap_to_null(self) -> float | None:
        """(network − lower bound)/null loss, rounded up; None without a network or if Y = 0."""
        null = Fraction(self.problem.null_loss)
        if self.network is None or null == 0:
            return None
        return rounded_up((self.network.fraction - self.lower_bound.fraction) / null)

    def gain(self, improved: NetworkFigure) -> float:
        """(network − improved)/network, rounded down; 0 without a network."""
        if self.network is None or self.network.fraction == 0:
            return 0.0
        return rounded_down(1 - improved.fraction / self.network.fraction)

    @property
    def pattern_gap(self) -> float | None:
        """(network − pattern tier's bound)/network, rounded up; None without either.

        No network with those activation patterns has an objective lower by a larger share.
        """
        if self.network is None or self.pattern_tier is None:
            return None
        objective = self.network.fraction
        if objective == 0:
            return 0.0
        return rounded_up((objective - self.pattern_tier.fraction) / objective)

    @property
    def pattern_gap_to_null(self) -> float | None:
        """(network − pattern tier's bound)/null loss, rounded up; None as `gap_to_null` is."""
        null = Fraction(self.problem.null_loss)
        if self.network is None or self.pattern_tier is None or null == 0:
            return None
        return rounded_up((self.network.fraction - self.pattern_tier.fraction) / null)

    @property
    def consistent(self) -> bool:
        """Whether every check holds, those aside that can only show a solver wrong."""
        return all(check.holds or check.solver_only for check in self.checks)

    def to_json(self) -> str:
        """Return the report as strict JSON (see the format in `from_json`).

        Raises
        ------
        InputError
            If a number is NaN or infinite.
        """
        values = {"format": FORMAT, "version": VERSION} | encode(self, "") | self._derived()
        return json.dumps(values, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> GapReport:
        """Return the report written by `to_json`.

        The object has ``format`` (``"certnn-report"``), ``version`` (3), every field of this
        class, and the derived ``gap``, ``best_gap``, ``gap_to_null``, ``pattern_gap``,
        ``pattern_gap_to_null``, ``consistent``, which must be what the other figures give.

        Raises
        ------
        InputError
            If anything is missing, unknown, of another type or contradictory; it names the field.
        """
        values = parse_object(text)
        for name, wanted in (("format", FORMAT), ("version", VERSION)):
            found = values.pop(name, None)
            if type(found) is not type(wanted) or found != wanted:
                raise InputError(name, f"must be {wanted!r}, got {found!r:.40}")
        stated = {}
        for name in _DERIVED:
            if name not in values:
                raise InputError(name, "is missing from the report")
            stated[name] = values.pop(name)
        report: GapReport = decode(cls, values, "")
        for name, value in encode(report._derived(), "").items():
            if stated[name] != value or isinstance(stated[name], bool) != isinstance(value, bool):
                raise InputError(name, f"is {stated[name]!r:.40} where the figures give {value!r}")
        return report

    def _gap_of(self, network: NetworkFigure | None) -> float | None:
        if network is None:
            return None
        objective = network.fraction
        if objective == 0:
            return 0.0
        return rounded_up((objective - self.lower_bound.fraction) / objective)

    def _derived(self) -> dict[str, float | bool | None]:
        return {name: getattr(self, name) for name in _DERIVED}


_DERIVED = (
    *("gap", "best_gap", "gap_to_null", "pattern_gap", "pattern_gap_to_null"),
    "consistent",
)
