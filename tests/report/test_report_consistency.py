from dataclasses import replace
from fractions import Fraction

import pytest
from report_examples import as_if_proved, bound_only_report

from certnn.report import NetworkFigure, ProvedBound, SolverFigure
from certnn.report.figures import excess_over


def bound(level, value):
    return ProvedBound.from_exact(level, Fraction(value), 1.0)


def network(value):
    return NetworkFigure.from_exact(Fraction(value), 3, "given")


def solver(value, formulation="dnn", status="optimal", dual=None):
    return SolverFigure("SCS", "3", formulation, status, value, dual, 1.0, "")


def checks(bounds, network=None, best=None, solvers=(), null_loss=1.0):
    bounds = tuple(bounds) or (bound("partition", 0),)
    report = replace(
        bound_only_report(),
        proved=(),
        problem=replace(bound_only_report().problem, null_loss=null_loss),
        lower_bound=max(bounds, key=lambda one: one.fraction),
        bounds=bounds,
        network=network,
        best_network=best,
        solver_figures=tuple(solvers),
    )
    return report.checks


def failures(*arguments):
    return [check.name for check in checks(*arguments) if not check.holds]


def test_the_example_is_consistent(iris):
    assert iris.checks
    assert iris.consistent


def test_inconsistent_example_is_flagged(inconsistent):
    assert not inconsistent.consistent
    names = [check.name for check in inconsistent.checks if not check.holds]
    assert "dnn bound ≤ given network" in names


@pytest.mark.parametrize(("excess", "flagged"), [(Fraction(0), False), (Fraction(1, 10**60), True)])
def test_networks_are_compared_exactly(excess, flagged):
    lower = bound("partition", Fraction(1, 3) + excess)
    above, equal = network(2), network(Fraction(1, 3))
    expected = ["partition bound ≤ best network"] if flagged else []
    assert failures([lower], above, equal, [], 10.0) == expected


def test_every_proved_level_is_compared():
    assert len(checks([bound("shor", 1), bound("dnn", 2)], network(3))) == 2


@pytest.mark.parametrize(
    ("level", "formulation", "flagged"),
    [
        ("dnn", "dnn, reduced", True),
        ("block(10)", "dnn", True),
        ("block(10)", "block(10)", True),
        ("block(10)", "block(5)", False),
        ("partition", "dnn", False),
        ("cuts", "dnn", False),
        ("arcs", "dnn", False),
        ("dnn", "something else", False),
    ],
)
def test_proved_bound_above_a_relaxation_that_is_no_weaker(level, formulation, flagged):
    found = failures([bound(level, 2)], None, None, [solver(1.5, formulation)], 100.0)
    assert bool(found) is flagged


def test_solver_tolerance_is_a_share_of_the_null_loss():
    assert not failures([bound("dnn", 2)], None, None, [solver(1.91)], 100.0)
    assert failures([bound("dnn", 2)], None, None, [solver(1.89)], 100.0)
    assert not failures([], network(2), network("1.5"), [solver(1.59)], 100.0)
    assert failures([], network(2), network("1.5"), [solver(1.61)], 100.0) == [
        "SCS (dnn) ≤ best network"
    ]


def test_solver_above_a_network_blames_the_solver_alone(iris):
    report = as_if_proved(iris, solver_figures=(solver(2.6),))
    assert [check.name for check in report.checks if not check.holds] == [
        "SCS (dnn) ≤ best network"
    ]
    assert report.consistent


def test_unfinished_and_silent_solvers_are_not_compared():
    unfinished = [solver(9.0, status="user_limit"), solver(None)]
    assert checks([bound("dnn", 1)], None, None, unfinished) == ()


def test_dual_value_above_the_proof_is_no_violation(iris):
    figure = solver(None, dual=1.7)
    assert not failures([bound("dnn", "1.6")], network(2), None, [figure], 1.0)
    assert excess_over(figure, bound("dnn", "1.6")) == pytest.approx(1.7 / 1.6 - 1)
    assert iris.consistent
    assert excess_over(replace(figure, dual_value=1.5), bound("dnn", "1.6")) < 0


@pytest.mark.parametrize("place", ["polished", "improvements", "pattern_tier"])
def test_every_network_is_compared(iris, place):
    low = NetworkFigure.from_exact(Fraction(3, 2), 3, "found")
    changed = {
        "polished": low,
        "improvements": (*iris.improvements, low),
        "pattern_tier": replace(iris.pattern_tier, best_network=low),
    }[place]
    report = as_if_proved(iris, **{place: changed})
    assert not report.consistent
    failed = {check.name for check in report.checks if not check.holds and not check.solver_only}
    (name,) = failed
    assert name.startswith("dnn bound ≤ ")


def test_the_best_bound_is_the_highest_of_all(iris):
    for changes in ({"lower_bound": iris.bounds[0]}, {"bounds": iris.bounds[:2]}):
        report = replace(iris, **changes)
        assert [check.name for check in report.checks if not check.holds] == [
            "the best bound is the best"
        ]
        assert not report.consistent
