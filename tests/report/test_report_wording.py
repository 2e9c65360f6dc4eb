from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_examples import as_if_proved, inconsistent_report

from certnn.errors import printable
from certnn.report import NetworkFigure, ProvedBound
from certnn.report.verdict import tiers, verdict
from certnn.report.wording import (
    byte_size,
    contrast,
    duration,
    excess_text,
    percent_up,
    shown,
    shown_down,
    shown_up,
)


def test_numbers_that_look_the_same_are_told_apart_without_all_their_digits():
    assert contrast(0.1 + 0.2, 0.3) == "0.3, not 0.3 (they differ by 5.6e-17)"
    assert contrast(True, False) == "True, not False"
    assert contrast("hinge", "huber") == "'hinge', not 'huber'"


@settings(deadline=None)
@given(st.fractions(), st.integers(1, 12))
def test_shown_numbers_are_rounded_in_their_direction(number, digits):
    assert Fraction(shown_down(number, digits)) <= number <= Fraction(shown_up(number, digits))
    tolerance = abs(number) * Fraction(10) ** (1 - digits)
    assert abs(Fraction(shown(number, digits)) - number) <= tolerance


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.67170", "1.67170"),
        ("0", "0"),
        ("2", "2.00000"),
        ("0.000123456789", "0.000123457"),
        ("123456789", "123456789"),
        ("12345678901", "1.23457e+10"),
        ("1/30000000", "3.33333e-8"),
        ("-2.5", "-2.50000"),
    ],
)
def test_shown(number, text):
    assert shown(Fraction(number)) == text


def test_percent_is_rounded_up():
    assert percent_up(0.40512) == "40.6 %"
    assert percent_up(0.0) == "0 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.214, "0.21 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (96, "1 min 36 s"),
        (7320, "2 h 02 min"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (1, "1 bytes"),
        (999, "999 bytes"),
        (483112, "483 kB"),
        (999_600, "1.0 MB"),
        (2 * 10**9, "2,000.0 MB"),
    ],
)
def test_byte_size(count, text):
    assert byte_size(count) == text


def test_printable_replaces_control_characters():
    assert printable("a\x1b[2Jb\nc\ud800é") == "a\ufffd[2Jb c\ufffdé"


def test_verdict_with_a_network(iris):
    found = verdict(iris)
    assert found.headline == (
        "can be lowered by at least 9.59 % (network attached, 23 neurons; yours has 40); "
        "within 40.6 % of any two-layer ReLU network; proved"
    )
    assert found.sound
    assert "1.67170" in found.sentences[0]
    assert "at least 96.8 %" in found.sentences[1]
    assert "at least 1.42 %" in found.sentences[2]
    settled = verdict(replace(iris, polished=replace(iris.network, source="given, polished")))
    assert "locally as good as it gets" in settled.sentences[2]


def test_verdict_without_a_network(iris, bound_only):
    assert verdict(bound_only).headline == "no network of any width is below 1.67170; proved"
    found = verdict(as_if_proved(iris, network=None))
    assert found.sentences == (
        "The best network found has objective 2.54050, within 34.2 % of any.",
    )


def test_verdict_when_inconsistent_claims_nothing(inconsistent):
    found = verdict(inconsistent)
    assert not found.sound
    assert "in doubt" in found.headline
    assert "proved" not in found.headline
    assert found.sentences == ()


def test_verdict_at_the_optimum(iris):
    exact = NetworkFigure.from_exact(iris.lower_bound.fraction, 5, "given")
    found = verdict(as_if_proved(iris, network=exact, best_network=exact, pattern_tier=None))
    assert found.headline.startswith("a global optimum")
    assert found.headline.endswith("; proved")
    assert "No better network was found." in found.sentences


def test_verdict_without_a_useful_bound(iris):
    zero = ProvedBound.from_exact("shor", Fraction(0), 0.1)
    found = verdict(as_if_proved(iris, lower_bound=zero, bounds=(zero,), interrupted=True))
    assert found.headline == (
        "can be lowered by at least 9.59 % (network attached, 23 neurons; yours has 40); "
        "within 11.4 % of any network with these 135 activation patterns; proved"
    )
    assert found.sentences[-1].startswith("The search was interrupted")
    nothing = as_if_proved(
        iris, lower_bound=zero, bounds=(zero,), best_network=iris.network, pattern_tier=None
    )
    assert verdict(nothing).headline == (
        "nothing is known about this network yet: the lower bound is 0"
    )


def test_verdict_says_what_compiling_took(iris):
    slow = verdict(replace(iris, compiling=28.2)).sentences[-1]
    assert slow.startswith("28 s of the 1 min 36 s went into compiling, which is once on this mach")
    assert not any("compiling" in sentence for sentence in verdict(iris).sentences)


def test_a_network_worse_than_none_may_be_of_another_problem(iris):
    worse = NetworkFigure.from_exact(Fraction(2700), 25, "given")
    found = " ".join(verdict(as_if_proved(iris, network=worse)).sentences)
    assert "No network at all has less (null loss 37.5" in found
    assert "for another loss" in found
    assert "small for" not in found
    assert "No network at all" not in " ".join(verdict(iris).sentences)


def test_a_gap_of_nearly_all_is_never_called_all_of_it(iris):
    little = ProvedBound.from_exact("shor", Fraction(1, 500), 0.1)
    found = as_if_proved(iris, lower_bound=little, bounds=(little,), pattern_tier=None)
    best = verdict(replace(found, best_network=found.network))
    assert best.headline == "over all networks: nothing useful proved yet"
    whole = " ".join(best.sentences)
    assert "99.93 %" in whole
    assert "100 %" not in whole
    assert "small for" in whole
    assert not any(", within" in one for one in verdict(found).sentences)
    assert percent_up(0.99914) == "99.92 %"
    assert percent_up(0.999991) == "99.9991 %"
    assert percent_up(1.0) == "100 %"
    assert percent_up(0.5) == "50.0 %"


def test_excess_is_said_in_percent(iris):
    scs, clarabel = iris.solver_figures
    lower = iris.lower_bound
    assert excess_text(scs, lower) == "not a bound: 2.93 % above the lower bound"
    assert excess_text(clarabel, lower) == "not a bound: 0.00419 % above the lower bound"
    covered = replace(scs, primal_value=1.2, dual_value=None)
    assert excess_text(covered, lower) == "not above the lower bound"
    assert excess_text(replace(covered, primal_value=None), lower) == "no value"
    zero = ProvedBound.from_exact("shor", Fraction(0), 0.1)
    assert excess_text(scs, zero) == "not a bound: the lower bound is 0"


def test_tiers_say_what_they_do_not_exclude(iris):
    local, relative, overall = tiers(iris)
    assert "of any other pattern" in relative.scope
    assert "135 activation patterns" in relative.name
    assert "below 2.49000" in relative.finding
    assert "within 11.4 % of them" in relative.finding
    assert "of the null loss" in relative.finding
    assert "below 1.67170" in overall.finding
    assert "within 40.6 % of any" in overall.finding
    assert "Rules out nothing" in local.scope
    assert [tier.name[:6] for tier in tiers(replace(iris, pattern_tier=None))] == [
        "Local:",
        "Global",
    ]


def test_a_notebook_shows_the_verdict(iris):
    shown = replace(iris, title="<b>iris</b>")._repr_html_()
    said = verdict(iris)
    assert f"<caption>&lt;b&gt;iris&lt;/b&gt;: {said.headline}</caption>" in shown
    assert shown.count("<tr>") == len(said.sentences) > 1
    assert ": in doubt, a consistency check failed" in inconsistent_report()._repr_html_()
