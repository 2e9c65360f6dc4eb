import json
import math
import re
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_examples import iris_report

from certnn.directed_rounding import rounded_down, rounded_up
from certnn.errors import InputError
from certnn.report import GapReport, NetworkFigure, ProvedBound, SolverFigure
from certnn.report.exact import parse_exact
from certnn.report.figures import excess_over

IRIS = replace(iris_report(), proved=())

positive = st.fractions(min_value=Fraction(1, 10**9), max_value=10**9)
floats = st.floats(allow_nan=False, allow_infinity=False)


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        GapReport.from_json(text)
    return caught.value


def test_import_is_light():
    heavy = "cvxpy", "matplotlib", "jinja2", "rich", "numpy"
    code = f"import sys, certnn.report; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = done.stdout.strip()
    assert found in ("[]", "['numpy']")  # numpy, if `import certnn` itself brings it


@settings(deadline=None)
@given(st.fractions())
def test_rounding_is_tight_and_safe(number):
    below, above = rounded_down(number), rounded_up(number)
    assert Fraction(below) <= number <= Fraction(above)
    assert above in (below, math.nextafter(below, math.inf))


@pytest.mark.parametrize("sign", [1, -1])
def test_rounding_beyond_the_largest_float(sign):
    huge = sign * Fraction(10) ** 400
    assert rounded_down(huge) <= huge <= rounded_up(huge)


@pytest.mark.parametrize(
    "text", ["", "1.5", "1/0", "1/-2", "nan", "1e5", " 1", "1/2/3", "9" * 5000]
)
def test_exact_refuses_anything_but_p_over_q(text):
    with pytest.raises(InputError) as caught:
        parse_exact("lower_bound.exact", text)
    assert caught.value.argument == "lower_bound.exact"


def test_unsafe_rounding_is_refused():
    with pytest.raises(InputError, match="rounded down"):
        ProvedBound("dnn", 1 / 3 + 1e-9, "1/3", 0.0)
    with pytest.raises(InputError, match="rounded up"):
        NetworkFigure(0.3333, "1/3", 2, "given")
    with pytest.raises(InputError, match="rounded up"):
        NetworkFigure.from_exact(Fraction(10) ** 400, 2, "given")
    with pytest.raises(InputError, match="negative"):
        NetworkFigure.from_exact(Fraction(-1), 2, "given")


def test_contract_keys(iris):
    values = json.loads(iris.to_json())
    assert (values["format"], values["version"]) == ("certnn-report", 5)
    assert (
        values["lower_bound"].items() >= {"level": "dnn", "exact": iris.lower_bound.exact}.items()
    )
    assert Fraction(values["lower_bound"]["value"]) <= Fraction(values["lower_bound"]["exact"])
    for name in ("network", "best_network"):
        assert Fraction(values[name]["objective"]) >= Fraction(values[name]["exact"])
    assert set(values["problem"]) >= {"n", "d", "c", "reg", "data_sha256"}
    assert values["gap"] == iris.gap == pytest.approx((2.81 - 1.6717) / 2.81, rel=1e-6)
    assert values["best_gap"] == pytest.approx((2.5405 - 1.6717) / 2.5405, rel=1e-6)
    assert values["gap_to_null"] == pytest.approx((2.81 - 1.6717) / 37.5, rel=1e-6)
    gained = (37.5 - 2.81) / (37.5 - 1.6717)
    assert values["share_of_gain"] == pytest.approx(gained, rel=1e-6)
    assert values["history"][0] == {
        "seconds": 0.4,
        "stage": "shor",
        "bound": None,
        "objective": 2.8141,
    }
    assert values["consistent"] is True


def test_bound_only_has_null_network_and_gap(bound_only):
    values = json.loads(bound_only.to_json())
    assert values["network"] is None
    assert values["gap"] is None
    assert GapReport.from_json(bound_only.to_json()) == bound_only


@settings(deadline=None)
@given(lower=positive, network=positive, best=positive)
def test_gap_is_rounded_up_from_the_exact_values(lower, network, best):
    report = replace(
        IRIS,
        lower_bound=ProvedBound.from_exact("dnn", lower, 1.0),
        network=NetworkFigure.from_exact(network, 3, "given"),
        best_network=NetworkFigure.from_exact(best, 3, "found"),
    )
    for shown, exact in (
        (report.gap, (network - lower) / network),
        (report.best_gap, (best - lower) / best),
        (report.gap_to_null, (network - lower) / Fraction(37.5)),
    ):
        assert Fraction(math.nextafter(shown, -math.inf)) < exact <= Fraction(shown)
    if lower < Fraction(37.5):
        share = report.share_of_gain
        exact = (Fraction(37.5) - network) / (Fraction(37.5) - lower)
        assert Fraction(share) <= exact < Fraction(math.nextafter(share, math.inf))
    else:
        assert report.share_of_gain is None


def test_gap_of_a_zero_objective(iris):
    zero = NetworkFigure.from_exact(Fraction(0), 0, "given")
    problem = replace(iris.problem, null_loss=0.0)
    report = replace(
        iris,
        problem=problem,
        network=zero,
        lower_bound=ProvedBound.from_exact("shor", zero.fraction, 0),
    )
    assert report.gap == 0.0
    assert report.gap_to_null is None


@settings(deadline=None)
@given(
    title=st.text(),
    reg=st.floats(min_value=5e-324, allow_infinity=False),
    seconds=st.floats(min_value=0.0, allow_infinity=False),
    primal=st.none() | floats,
    lower=positive,
    network=positive,
    versions=st.dictionaries(st.text(), st.text()),
)
def test_json_round_trip(title, reg, seconds, primal, lower, network, versions):
    report = replace(
        IRIS,
        title=title,
        problem=replace(IRIS.problem, reg=reg),
        lower_bound=ProvedBound.from_exact("cuts", lower, seconds),
        network=NetworkFigure.from_exact(network, 3, title),
        solver_figures=(replace(IRIS.solver_figures[0], primal_value=primal),),
        versions=versions,
    )
    text = report.to_json()
    json.loads(text, parse_constant=pytest.fail)
    assert GapReport.from_json(text) == report


def test_solver_values_that_are_not_finite_become_none():
    figure = SolverFigure("SCS", "3", "dnn", "infeasible", math.inf, math.nan, 1.0, "")
    assert (figure.primal_value, figure.dual_value, figure.printed) == (None, None, None)


@pytest.mark.parametrize(
    ("formulation", "level"),
    [
        ("dnn, reduced", "dnn"),
        ("block(10)", "block(10)"),
        ("block(10) by hand", "block(10)"),
        ("dnnx", None),
        ("the dnn", None),
        ("", None),
    ],
)
def test_level_of_a_formulation(formulation, level):
    assert SolverFigure("S", "", formulation, "", None, None, 0.0, "").level == level


def test_excess_over_the_proved_bound(iris):
    scs, clarabel = iris.solver_figures
    assert excess_over(scs, iris.lower_bound) == pytest.approx(1.7207 / 1.6717 - 1, rel=1e-6)
    assert excess_over(clarabel, iris.lower_bound) > 0
    assert excess_over(replace(scs, primal_value=None, dual_value=None), iris.lower_bound) is None
    assert excess_over(scs, ProvedBound.from_exact("shor", Fraction(0), 0.0)) is None


def test_to_json_refuses_nan_and_names_the_field(iris):
    neuron = replace(iris.neurons[0], share=math.nan)
    with pytest.raises(InputError) as caught:
        replace(iris, neurons=(neuron,)).to_json()
    assert caught.value.argument == "neurons[0].share"


@pytest.mark.parametrize(
    "path",
    ["title", "gap", "consistent", "lower_bound", "lower_bound.exact", "problem.data_sha256"],
)
def test_missing_field_is_named(iris, path):
    values = json.loads(iris.to_json())
    *parents, name = path.split(".")
    inner = values
    for parent in parents:
        inner = inner[parent]
    del inner[name]
    error = refused(json.dumps(values))
    assert error.argument == path
    assert "missing" in error.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("format", "other"),
        ("version", 2),
        ("version", 1.0),
        ("version", True),
        ("title", 3),
        ("interrupted", 1),
        ("interrupted", None),
        ("certificate_bytes", 1.5),
        ("certificate_bytes", 10**400),
        ("certificate_bytes", 2**63),
        ("certificate_bytes", True),
        ("seconds", "1"),
        ("seconds", True),
        ("seconds", 10**400),
        ("bounds", {}),
        ("versions", []),
        ("versions", {"numpy": 2}),
        ("network", []),
        ("gap", "0.1"),
        ("gap", True),
        ("checks", None),
        ("checks", [{"name": "x"}]),
        ("proved", []),
        ("contradictions", []),
        ("bounds", [{}] * 41),
        ("title", "x" * 10_001),
        ("versions", {"x" * 10_001: "1"}),
        ("versions", {str(k): "1" for k in range(101)}),
        ("consistent", 1),
        ("colour", "green"),
    ],
)
def test_wrong_field_is_named(iris, name, value):
    values = json.loads(iris.to_json()) | {name: value}
    assert re.split(r"[.[]", refused(json.dumps(values)).argument)[0] == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        '{"seconds": NaN}',
        '{"version": 1, "version": 1}',
        "[" * 100_000,
        '{"seconds": ' + "9" * 5000 + "}",
    ],
)
def test_text_that_is_not_a_strict_object(text):
    refused(text)


def test_number_beyond_float64_is_refused(iris):
    text = iris.to_json().replace('"seconds": 96.0', '"seconds": 1e999')
    assert refused(text).argument == "seconds"


@pytest.mark.parametrize("value", [2.0, 1.6, 0.0, -1.0])
def test_a_value_that_is_not_its_exact_number_rounded_is_refused(iris, value):
    values = json.loads(iris.to_json())
    for part, name in (("lower_bound", "value"), ("network", "objective")):
        tampered = values | {part: values[part] | {name: value}}
        assert refused(json.dumps(tampered)).argument == f"{part}.{name}"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("problem.n", 0),
        ("problem.reg", 0.0),
        ("problem.null_loss", -1.0),
        ("problem.hidden_bias", "yes"),
        ("network.width", -1),
        ("lower_bound.seconds", -1.0),
        ("lower_bound.exact", "-1/2"),
        ("network.exact", "-1/2"),
        ("pattern_tier.patterns", 0),
        ("pattern_tier.left_out", -1),
        ("neurons[0].share", 1.5),
        ("neurons[0].active", -1),
    ],
)
def test_a_figure_that_cannot_be_is_named(iris, path, value):
    values = json.loads(iris.to_json())
    *parents, name = path.replace("[0]", ".0").split(".")
    inner = values
    for parent in parents:
        inner = inner[int(parent) if parent.isdigit() else parent]
    inner[name] = value
    assert refused(json.dumps(values)).argument == path


@pytest.mark.parametrize(
    ("name", "value"),
    [("gap", 0.1), ("gap", None), ("best_gap", 0.0), ("pattern_gap", 1), ("consistent", False)],
)
def test_a_derived_figure_that_does_not_follow_is_a_contradiction(iris, name, value):
    values = json.loads(iris.to_json()) | {name: value}
    report = GapReport.from_json(json.dumps(values))
    assert not report.consistent
    (failed,) = [check for check in report.checks if not check.holds]
    assert failed.name == f"{name} is what the figures give"
    assert getattr(report, name) == getattr(iris, name) or name == "consistent"


def test_checks_of_the_file_are_not_believed(iris, inconsistent):
    values = json.loads(inconsistent.to_json())
    assert values["consistent"] is False
    values["checks"] = [check | {"holds": True} for check in values["checks"]]
    values["consistent"] = True
    assert not GapReport.from_json(json.dumps(values)).consistent
    assert GapReport.from_json(json.dumps(json.loads(iris.to_json()) | {"checks": []})).consistent


def test_nothing_of_a_report_that_is_read_is_proved(iris):
    assert iris.all_proved
    read = GapReport.from_json(iris.to_json())
    assert read == iris
    assert not read.proved
    assert not any(map(read.is_proved, (*read.bounds, *read.networks, read.pattern_tier)))
    assert not read.all_proved


def test_a_bound_by_hand_is_refused(iris):
    for value in (iris.network.fraction, iris.lower_bound.fraction + Fraction(1, 10**50)):
        by_hand = ProvedBound.from_exact("dnn", value, 0.0)
        with pytest.raises(InputError, match=r"^lower_bound: is not what the kernel has proved"):
            replace(iris, lower_bound=by_hand)
    with pytest.raises(InputError, match=r"^proved: is about another problem"):
        replace(iris, problem=replace(iris.problem, reg=0.2))


def test_figures_by_hand_are_a_word(iris):
    worse = NetworkFigure.from_exact(Fraction(5), 3, "given")
    assert not replace(iris, network=worse).all_proved
    tier = replace(iris.pattern_tier, patterns=134)
    assert not replace(iris, pattern_tier=tier).is_proved(tier)
    lower = ProvedBound.from_exact("shor", Fraction(1), 0.0)
    assert iris.is_proved(lower)  # it follows from the best one
