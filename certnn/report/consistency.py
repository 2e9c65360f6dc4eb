"""Consistency checks: do the proofs, the networks and the solvers tell one story?"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from certnn.relaxation.solver_figure import LEVELS, SolverFigure
from certnn.report.figures import Check, NetworkFigure, PatternTier, ProvedBound
from certnn.report.wording import shown, shown_down, shown_up

#: A solver's value may be off by this share of the null loss before it counts as a contradiction.
SOLVER_TOLERANCE = Fraction(1, 1000)

#: The ways of ending in which a solver claims a value; other figures are shown and not compared.
FINISHED = frozenset({"optimal", "optimal_inaccurate", "solved", "almostsolved"})


def consistency_checks(
    bounds: Sequence[ProvedBound],
    network: NetworkFigure | None,
    best_network: NetworkFigure | None,
    solver_figures: Sequence[SolverFigure],
    null_loss: float,
    pattern_tier: PatternTier | None = None,
) -> tuple[Check, ...]:
    """Return every check that the figures allow.

    A proved bound against a network is compared exactly, with no tolerance: if such a check fails
    then a proof or a network is wrong. Against a solver `SOLVER_TOLERANCE` of the null loss is
    allowed, both ways: a proved bound must not be above the value of a relaxation that is the same
    or stronger, and that value must not be above a network. The latter shows only the solver wrong,
    since the objective of a network is evaluated exactly. That a solver's value is above the proved
    bound is no contradiction; the views show by how much.

    Parameters
    ----------
    bounds : sequence of ProvedBound
        Every bound proved.
    network, best_network : NetworkFigure or None
        The network audited, and the best one found.
    solver_figures : sequence of SolverFigure
        What solvers printed.
    null_loss : float
        ½‖Y‖².
    pattern_tier : PatternTier or None
        Compared with the given network if all its patterns are among those of the tier.
    """
    networks = [
        (name, figure)
        for name, figure in (("given network", network), ("best network", best_network))
        if figure is not None
    ]
    tolerance = SOLVER_TOLERANCE * Fraction(null_loss)
    checks = [_bound_below_network(b, name, f) for b in bounds for name, f in networks]
    if pattern_tier is not None and network is not None and pattern_tier.left_out == 0:
        checks.append(_tier_below_network(pattern_tier, network))
    for figure in solver_figures:
        value = figure.primal_value if figure.primal_value is not None else figure.dual_value
        if value is None or figure.status.lower() not in FINISHED:
            continue
        for bound in bounds:
            if _is_covered(bound.level, figure.level):
                checks.append(_bound_below_solver(bound, figure, value, tolerance))
        if networks:
            least = min(networks, key=lambda item: item[1].fraction)
            checks.append(_solver_below_network(figure, value, *least, tolerance))
    return tuple(checks)


def _bound_below_network(bound: ProvedBound, name: str, network: NetworkFigure) -> Check:
    holds = bound.fraction <= network.fraction
    detail = f"{shown_down(bound.fraction)} {'≤' if holds else '>'} {shown_up(network.fraction)}"
    if not holds:
        detail += ": a proof or the network's objective is wrong"
    return Check(f"proved {bound.level} bound ≤ {name}", holds, detail)


def _tier_below_network(tier: PatternTier, network: NetworkFigure) -> Check:
    holds = tier.fraction <= network.fraction
    detail = f"{shown_down(tier.fraction)} {'≤' if holds else '>'} {shown_up(network.fraction)}"
    if not holds:
        detail += ": a proof, the network's objective or its patterns are wrong"
    return Check("proved bound over activation patterns ≤ given network", holds, detail)


def _bound_below_solver(
    bound: ProvedBound, figure: SolverFigure, value: float, tolerance: Fraction
) -> Check:
    difference = bound.fraction - Fraction(value)
    holds = difference <= tolerance
    detail = f"{shown_down(bound.fraction)} against {shown(Fraction(value))}"
    if not holds:
        detail += f": above by {shown(difference)}; the proof or the solver is wrong"
    return Check(
        f"proved {bound.level} bound ≤ {figure.solver} ({figure.formulation})", holds, detail
    )


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
