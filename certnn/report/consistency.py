"""Consistency checks: do the proofs, the networks and the solvers tell one story?"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from certnn.problem.solver_figure import LEVELS, SolverFigure
from certnn.report.figures import Check, NetworkFigure, PatternTier, ProvedBound
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
    checks = [_bound_below_network(b, name, f) for b in report.bounds for name, f in networks]
    highest = max((bound.fraction for bound in report.bounds), default=None)
    if report.lower_bound not in report.bounds or report.lower_bound.fraction != highest:
        detail = f"{shown_down(report.lower_bound.fraction)} is not the highest of the bounds"
        checks.append(Check("the best bound is the best", False, detail))
    tier, network = report.pattern_tier, report.network
    if tier is not None and network is not None and tier.left_out == 0:
        checks.append(_tier_below_network(tier, network))
    for figure in report.solver_figures:
        value = figure.primal_value if figure.primal_value is not None else figure.dual_value
        if value is None or figure.status.lower() not in FINISHED:
            continue
        for bound in report.bounds:
            if _is_covered(bound.level, figure.level):
                checks.append(_bound_below_solver(bound, figure, value, tolerance))
        if networks:
            least = min(networks, key=lambda item: item[1].fraction)
            checks.append(_solver_below_network(figure, value, *least, tolerance))
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


def _bound_below_network(bound: ProvedBound, name: str, network: NetworkFigure) -> Check:
    holds = bound.fraction <= network.fraction
    detail = f"{shown_down(bound.fraction)} {'≤' if holds else '>'} {shown_up(network.fraction)}"
    if not holds:
        detail += ": a proof or the network's objective is wrong"
    return Check(f"{bound.level} bound ≤ {name}", holds, detail)


def _tier_below_network(tier: PatternTier, network: NetworkFigure) -> Check:
    holds = tier.fraction <= network.fraction
    detail = f"{shown_down(tier.fraction)} {'≤' if holds else '>'} {shown_up(network.fraction)}"
    if not holds:
        detail += ": a proof, the network's objective or its patterns are wrong"
    return Check("bound over activation patterns ≤ given network", holds, detail)


def _bound_below_solver(
    bound: ProvedBound, figure: SolverFigure, value: float, tolerance: Fraction
) -> Check:
    difference = bound.fraction - Fraction(value)
    holds = difference <= tolerance
    detail = f"{shown_down(bound.fraction)} against {shown(Fraction(value))}"
    if not holds:
        detail += f": above by {shown(difference)}; the proof or the solver is wrong"
    return Check(f"{bound.level} bound ≤ {figure.solver} ({figure.formulation})", holds, detail)


def _solver_below_network(
    figure: SolverFigure, value: float, name: str, network: NetworkFigure, tolerance: Fraction
) -> Check:
    difference = Fraction(value) - network.fraction
    holds = difference <= tolerance
    detail = f"{shown(Fraction(value))} against {shown_up(network.fraction)}"
    if not holds:
        detail += f": above by {shown(difference)}; the solver is wrong, no proof rests on it"
    return Check(
        f"{figure.solver} ({figure.formulation}) ≤ {name}", holds, detail, solver_only=True
    )


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
