"""What a gap report says, as plain values; the views only display it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.kernel import Bound, PatternBound
from certnn.problem.html_table import html_table
from certnn.problem.solver_figure import SolverFigure
from certnn.report.codec import decode, encode, parse_object
from certnn.report.consistency import consistency_checks
from certnn.report.figures import Check, NetworkFigure, Neuron, PatternTier, ProvedBound, Reached
from certnn.report.predictions import Predictions
from certnn.report.problem_summary import ProblemSummary
from certnn.report.verdict import verdict
from certnn.report.wording import contrast

FORMAT = "certnn-report"
VERSION = 5


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
        `certnn.problem.stationarity.stationarity_residual` of the audited network.
    neurons : tuple of Neuron
        Those of the audited network.
    improvements : tuple of NetworkFigure
        The audited network with one thing changed, which `source` says, the largest gain first.
    solver_figures : tuple of SolverFigure
    notes : tuple of str
        What was asked for and could not be had, one line each.
    interrupted : bool
        Whether the search was stopped early; every bound holds all the same.
    seconds : float
        Wall time of the whole audit, in seconds.
    compiling : float
        How many of them went into compiling, which is done once on a machine.
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
    history : tuple of Reached
        What was proved and found by when, in the order of time; a word, as times are.
    predictions : Predictions or None
        Outputs of the networks beside the targets, for the page that an audit writes; no part of
        the file, so that a report that is read has none.
    proved : tuple of Bound or PatternBound
        What the kernel has said of the problem in this process: of certificates that it has
        checked, and of networks that it has evaluated. Figures that do not follow from it are the
        report's word. It is no part of the file, so that a report that is read has none, but for
        what `certnn.report.reading` has checked.
    contradictions : tuple of Check
        What was found wrong with the file, beside what the figures themselves contradict.
    unchecked : str
        Why the kernel could not check the certificate of a report that was read; "" if it could,
        or was not asked.

    Raises
    ------
    InputError
        If what the kernel has said is about another problem, or is not the bound reported.
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
    notes: tuple[str, ...]
    interrupted: bool
    seconds: float
    compiling: float
    versions: dict[str, str]
    certificate: str
    certificate_bytes: int
    recheck: str
    decay: str
    pattern_tier: PatternTier | None
    history: tuple[Reached, ...]
    predictions: Predictions | None = field(default=None, compare=False, repr=False)
    proved: tuple[Bound | PatternBound, ...] = field(default=(), compare=False, repr=False)
    contradictions: tuple[Check, ...] = field(default=(), compare=False, repr=False)
    unchecked: str = field(default="", compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.proved:
            return
        instance = self.proved[0].instance
        same = all(statement.instance == instance for statement in self.proved)
        if not same or self.problem.difference(instance):
            raise InputError("proved", "is about another problem than the report")
        if not self.is_proved(self.lower_bound):
            raise InputError("lower_bound", "is not what the kernel has proved")

    def is_proved(self, figure: ProvedBound | NetworkFigure | PatternTier) -> bool:
        """Whether a figure follows from what the kernel has said; if not, it is a mere word."""
        if isinstance(figure, PatternTier):
            return any(
                type(said) is PatternBound
                and (said.value, len(said.patterns)) == (figure.fraction, figure.patterns)
                for said in self.proved
            )
        bounds = [said for said in self.proved if type(said) is Bound]
        if isinstance(figure, ProvedBound):
            return any(b.kind == "lower" and b.value >= figure.fraction for b in bounds)
        return any(b.kind == "upper" and b.value == figure.fraction for b in bounds)

    @property
    def all_proved(self) -> bool:
        """Whether every bound and every objective is."""
        tier = () if self.pattern_tier is None else (self.pattern_tier,)
        return all(map(self.is_proved, (self.lower_bound, *self.bounds, *self.networks, *tier)))

    @property
    def networks(self) -> tuple[NetworkFigure, ...]:
        """All networks that there is an objective of."""
        named = (self.network, self.polished, self.best_network)
        tier = () if self.pattern_tier is None else (self.pattern_tier.best_network,)
        return (*(one for one in named if one is not None), *tier, *self.improvements)

    @property
    def gap(self) -> float | None:
        """(network − lower bound)/network, rounded up; 0 if the objective is 0; None without one.

        No network of any width has an objective lower than the audited one by a larger share.
        """
        return _gap(self.network, self.lower_bound)

    @property
    def best_gap(self) -> float | None:
        """The gap of the best network found."""
        return _gap(self.best_network, self.lower_bound)

    @property
    def gap_to_null(self) -> float | None:
        """(network − lower bound)/null loss, rounded up; None without a network or if Y = 0."""
        return self._share_of_null(self.lower_bound)

    @property
    def share_of_gain(self) -> float | None:
        """(null loss − network)/(null loss − lower bound), rounded down; None without a network.

        What training has gained over no network at all, as a share of what any network of any
        width can gain, at least. None too where nothing can be gained.
        """
        null = Fraction(self.problem.null_loss)
        if self.network is None or null <= self.lower_bound.fraction:
            return None
        gained = null - self.network.fraction
        return rounded_down(gained / (null - self.lower_bound.fraction))

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
        return _gap(self.network, self.pattern_tier)

    @property
    def pattern_gap_to_null(self) -> float | None:
        """(network − pattern tier's bound)/null loss, rounded up; None as `gap_to_null` is."""
        return self._share_of_null(self.pattern_tier)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """Every consistency check that the figures allow, after what else is contradictory."""
        return (*self.contradictions, *consistency_checks(self))

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
        about = {"format": FORMAT, "version": VERSION}
        values = about | encode(self, "") | encode(self._derived(), "")
        return json.dumps(values, indent=2, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> GapReport:
        """Return the report written by `to_json`.

        The object has ``format`` (``"certnn-report"``), ``version`` (5), every field of this
        class but the last four, and the derived ``checks``, ``gap``, ``best_gap``,
        ``gap_to_null``, ``share_of_gain``, ``pattern_gap``, ``pattern_gap_to_null``,
        ``consistent``. These are worked out again; where the file says something else, the report
        is not `consistent`. Nothing is `proved`: see `certnn.report.reading`.

        Raises
        ------
        InputError
            If anything is missing, unknown, too long or of another type; it names the field.
        """
        values = parse_object(text)
        for name, wanted in (("format", FORMAT), ("version", VERSION)):
            found = values.pop(name, None)
            if type(found) is not type(wanted) or found != wanted:
                raise InputError(name, f"must be {wanted!r}, got {found!r:.40}")
        stated = {}
        for name, kind in _DERIVED.items():
            if name not in values:
                raise InputError(name, "is missing from the report")
            stated[name] = decode(kind, values.pop(name), name)
        for name, most in _MOST.items():
            if isinstance(values.get(name), list) and len(values[name]) > most:
                raise InputError(name, f"has more than {most} entries")
        report: GapReport = decode(cls, values, "")
        contradictions = [
            Check(f"{name} is what the figures give", False, contrast(stated[name], value))
            for name, value in encode(report._derived(), "").items()
            if name != "checks" and stated[name] != value
        ]
        return replace(report, contradictions=tuple(contradictions))

    def _repr_html_(self) -> str:
        """The verdict, for notebooks."""
        said = verdict(self)
        return html_table(f"{self.title}: {said.headline}", [(line,) for line in said.sentences])

    def _share_of_null(self, bound: ProvedBound | PatternTier | None) -> float | None:
        null = Fraction(self.problem.null_loss)
        if self.network is None or bound is None or null == 0:
            return None
        return rounded_up((self.network.fraction - bound.fraction) / null)

    def _derived(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in _DERIVED}


def _gap(network: NetworkFigure | None, bound: ProvedBound | PatternTier | None) -> float | None:
    if network is None or bound is None:
        return None
    return rounded_up(1 - bound.fraction / network.fraction) if network.fraction else 0.0


_DERIVED: dict[str, Any] = {
    "checks": tuple[Check, ...],
    **dict.fromkeys(
        (
            *("gap", "best_gap", "gap_to_null", "share_of_gain"),
            *("pattern_gap", "pattern_gap_to_null"),
        ),
        float | None,
    ),
    "consistent": bool,
}
#: Entries that are read: more than there ever are, and few enough to be shown.
_MOST = {"bounds": 40, "solver_figures": 40, "improvements": 1000, "notes": 1000, "history": 1000}
