"""Consistency checks: do the proofs, the networks and the solvers tell one story?"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from certnn.problem.solver_figure import LEVELS
from certnn.report.figures import Check, NetworkFigure
from certnn.report.wording import shown, shown_down, shown_up

if TYPE_CHECKING:
    from certnn.report.data import GapReport

#: A solver's value may be off by this share of the null loss before it counts as a contradiction.
SOLVER_TOLERANCE = Fraction(1, 1000)

#: The ways of ending in which a solver claims a value; other figures are shown and not compared.
FINISHED = frozenset({"optimal", "optimal_inaccurate", "solved", "almostsolved"})


def consistency_checks(report: GapReport) -> tuple[Check, ...]:
    """Return every check that the figures allow.

    A proved bound against a network is compared exactly, with no tolerance: if such a check fails
    then a proof or a network is wrong. Against a solver `SOLVER_TOLERANCE` of the null loss is
    allowed, both ways: a proved bound must not be above the value of a relaxation that is the same
    or stronger, and that value must not be above a network. The latter shows only the solver wrong,
    since the objective of a network is evaluated exactly. That a solver's value is above the proved
    bound is no contradiction; the views show by how much.

    Parameters
    ----------
    report : GapReport
        Its bound over activation patterns is compared with the given network if all patterns of
        that are among its own.
    """
    networks = _networks(report)
    tolerance = SOLVER_TOLERANCE * Fraction(report.problem.null_loss)
    checks = [
        _below_network(f"{bound.level} bound", bound.fraction, name, network)
        for bound in report.bounds
        for name, network in networks
    ]
    highest = max((bound.fraction for bound in report.bounds), default=None)
    if report.lower_bound not in report.bounds or report.lower_bound.fraction != highest:
        detail = f"{shown_down(report.lower_bound.fraction)} is not the highest of the bounds"
        checks.append(Check("the best bound is the best", False, detail))
    tier, given = report.pattern_tier, report.network
    if tier is not None and given is not None and tier.left_out == 0:
        what = "bound over activation patterns"
        checks.append(_below_network(what, tier.fraction, "given network", given))
    for figure in report.solver_figures:
        value = figure.primal_value if figure.primal_value is not None else figure.dual_value
        if value is None or figure.status.lower() not in FINISHED:
            continue
        exact, solver = Fraction(value), f"{figure.solver} ({figure.formulation})"
        for bound in report.bounds:
            if _is_covered(bound.level, figure.level):
                texts = f"{shown_down(bound.fraction)} against {shown(exact)}"
                name, excess = f"{bound.level} bound ≤ {solver}", bound.fraction - exact
                blame = "the proof or the solver is wrong"
                checks.append(_close(name, excess, tolerance, texts, blame))
        if networks:
            name, least = min(networks, key=lambda item: item[1].fraction)
            texts = f"{shown(exact)} against {shown_up(least.fraction)}"
            blame = "the solver is wrong, no proof rests on it"
            excess = exact - least.fraction
            close = _close(f"{solver} ≤ {name}", excess, tolerance, texts, blame)
            checks.append(replace(close, solver_only=True))
    return tuple(checks)


def _networks(report: GapReport) -> list[tuple[str, NetworkFigure]]:
    """Networks to compare with, by name; of those with one change the best one alone."""
    tier = report.pattern_tier
    named = {
        "given network": report.network,
        "polished network": report.polished,
        "best network": report.best_network,
        "best network over activation patterns": None if tier is None else tier.best_network,
        "given network with one change": min(
            report.improvements, key=lambda figure: figure.fraction, default=None
        ),
    }
    return [(name, figure) for name, figure in named.items() if figure is not None]


def _below_network(what: str, bound: Fraction, name: str, network: NetworkFigure) -> Check:
    """What is proved against a network: exactly."""
    holds = bound <= network.fraction
    detail = f"{shown_down(bound)} {'≤' if holds else '>'} {shown_up(network.fraction)}"
    if not holds:
        detail += ": a proof or the network's figures are wrong"
    return Check(f"{what} ≤ {name}", holds, detail)


def _close(name: str, excess: Fraction, tolerance: Fraction, texts: str, blame: str) -> Check:
    """What a solver says against another figure, which one may be above the other's by so much."""
    holds = excess <= tolerance
    detail = texts if holds else f"{texts}: above by {shown(excess)}; {blame}"
    return Check(name, holds, detail)


def _is_covered(proved: str, solved: str | None) -> bool:
    """Whether a proof at level `proved` can reach no higher than the relaxation `solved`."""
    kind = proved.partition("(")[0]
    if solved is None or kind not in LEVELS:
        return False
    other = solved.partition("(")[0]
    return proved == solved or LEVELS.index(kind) < LEVELS.index(other)


def contradictions(report: GapReport) -> list[str]:
    """A line for each check that fails, and shows more than a solver wrong."""
    failed = (check for check in report.checks if not check.holds and not check.solver_only)
    return [f"{check.name}: {check.detail}" for check in failed]
