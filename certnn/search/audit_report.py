"""The gap report of an audit, from what it has found."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.report import GapReport, PatternTier, ProblemSummary, ProvedBound, Reached
from certnn.report.neurons import neuron_table
from certnn.report.predictions import Predictions
from certnn.report.reading import CERTIFICATES, PATTERN_CERTIFICATES
from certnn.search.audit_findings import Evaluated, LocalFindings, OverPatterns
from certnn.search.results import LowerBoundResult

#: From a certificate's file name to the command that checks it, as one would type it in a shell.
Recheck = Callable[[str], str]

#: Moments of the history that are kept.
_MOST_MOMENTS = 400
_PROGRAMS = (
    "certnn",
    "numpy",
    "scipy",
    "cvxpy",
    "clarabel",
    "scs",
    "picos",
    "cvxopt",
    "python-flint",
)


class History:
    """What was proved and found by when."""

    def __init__(self, start: float) -> None:
        self._start = start
        self.moments: list[Reached] = []

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._start

    def note(self, stage: str, bound: float | None, objective: float) -> None:
        """Keep it if anything is new, and half of the moments where they get many."""
        last = self.moments[-1] if self.moments else None
        if last is not None and (last.bound, last.objective) == (bound, objective):
            return
        if len(self.moments) == _MOST_MOMENTS:
            self.moments = self.moments[::2]
        self.moments.append(Reached(self.seconds, stage, bound, objective))


def gap_report(
    problem: TrainingProblem,
    given: Evaluated | None,
    local: LocalFindings | None,
    best: Evaluated,
    lower: LowerBoundResult,
    history: History,
    compiling: float,
    title: str,
    recheck: Recheck,
    decay: str,
) -> GapReport:
    """The report, without what is proved over activation patterns.

    Parameters
    ----------
    given : Evaluated or None
        The network that is audited.
    local : LocalFindings or None
        Of the given one.
    best : Evaluated
        The best network known.
    history : History
        Its seconds are the report's.
    compiling : float
        Seconds that compiling took.
    title, recheck, decay
        As `certnn.audit` has them.
    """
    bounds = tuple(ProvedBound.from_exact(p.level, p.bound.value, p.seconds) for p in lower.proved)
    found = [given, best] if local is None else [given, best, local.polished, *local.improvements]
    evaluated = [one for one in found if one is not None]
    return GapReport(
        title=title,
        problem=ProblemSummary.of(problem),
        lower_bound=next(b for b in bounds if b.level == lower.level),
        bounds=bounds,
        network=None if given is None else given.figure,
        polished=None if local is None else local.polished.figure,
        best_network=best.figure,
        stationarity=None if local is None else local.stationarity,
        neurons=() if given is None else neuron_table(problem, given.network),
        improvements=() if local is None else tuple(one.figure for one in local.improvements),
        solver_figures=lower.solver_figures,
        notes=lower.notes,
        interrupted=lower.interrupted,
        seconds=history.seconds,
        compiling=compiling,
        versions=_versions(),
        certificate=CERTIFICATES[lower.certificate.suffix],
        certificate_bytes=lower.certificate.size,
        recheck=recheck(CERTIFICATES[lower.certificate.suffix]),
        decay=decay,
        pattern_tier=None,
        history=tuple(history.moments),
        predictions=Predictions.of(problem, _named(given, best)),
        proved=(*(p.bound for p in lower.proved), *(one.bound for one in evaluated)),
    )


def _named(given: Evaluated | None, best: Evaluated) -> list[tuple[str, TwoLayerNetwork]]:
    """The audited network and the best one, if that is another."""
    if given is None:
        return [("best network found", best.network)]
    if best is given:
        return [("given network, the best found", given.network)]
    return [("given network", given.network), ("best network found", best.network)]


def with_pattern_tier(report: GapReport, over: OverPatterns, recheck: Recheck) -> GapReport:
    """The same report with what is proved over activation patterns."""
    found = over.result
    best = replace(over.best, source="column generation over these patterns")
    tier = PatternTier.from_exact(
        found.bound.value,
        patterns=found.patterns.count,
        origins=dict(found.patterns.origins),
        left_out=found.patterns.left_out,
        best_network=best.figure,
        seconds=found.seconds,
        certificate=PATTERN_CERTIFICATES[found.certificate.suffix],
        certificate_bytes=found.certificate.size,
        recheck=recheck(PATTERN_CERTIFICATES[found.certificate.suffix]),
    )
    return replace(report, pattern_tier=tier, proved=(*report.proved, found.bound, best.bound))


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for program in _PROGRAMS:
        with contextlib.suppress(PackageNotFoundError):
            found[program] = version(program)
    return found
