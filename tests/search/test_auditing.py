"""Audits end to end on small problems: the report's figures, consistency, interruption."""

import json
import signal
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import certnn
import certnn.search.audit
from certnn.errors import InputError
from certnn.reading.datasets import random_network_data
from certnn.report import GapReport, NetworkFigure


@pytest.fixture(scope="module")
def problem():
    return random_network_data(0, 0.1, n=10, d=2, c=2)


@pytest.fixture(scope="module")
def network(problem):
    draw = np.random.default_rng(1).standard_normal
    u = np.hstack([draw((2, 6)), np.zeros((2, 1))])
    u[:, 5] = 3.0 * u[:, 0]
    return certnn.TwoLayerNetwork(u, draw((7, 2)))


@pytest.fixture(scope="module")
def result(problem, network):
    return certnn.audit(network, problem, level="dnn", work_limit=20.0)


def test_improvements_are_exact_and_better(result, problem, network):
    objective = network.evaluate(problem).value
    values = [improved.fraction for improved in result.report.improvements]
    assert values == sorted(values)
    assert all(value < objective for value in values)
    gains = [result.report.gain(improved) for improved in result.report.improvements]
    assert all(0.0 < gain < 1.0 for gain in gains)
    # The network has a duplicate and a dead neuron.
    assert any("dead ones dropped" in one.source for one in result.report.improvements)


def test_report_holds_the_exact_objective(problem, network, result):
    exact = sum(
        (
            sum(
                (
                    max(
                        sum(
                            (
                                Fraction(problem.X[i, p]) * Fraction(network.U[p, k])
                                for p in range(2)
                            ),
                            Fraction(0),
                        ),
                        Fraction(0),
                    )
                    * Fraction(network.V[k, j])
                    for k in range(7)
                ),
                Fraction(0),
            )
            - Fraction(problem.Y[i, j])
        )
        ** 2
        for i in range(10)
        for j in range(2)
    )
    weights = sum(Fraction(w) ** 2 for w in [*network.U.ravel(), *network.V.ravel()])
    expected = exact / 2 + Fraction(0.1) / 2 * weights
    assert Fraction(result.report.network.exact) == expected
    assert Fraction(result.report.network.objective) >= expected


def test_bounds_are_a_sandwich(result):
    report = result.report
    lower = Fraction(report.lower_bound.exact)
    assert 0 < lower <= Fraction(report.best_network.exact) <= Fraction(report.network.exact)
    assert report.consistent
    assert report.lower_bound.level == "dnn"
    assert [b.level for b in report.bounds] == ["shor", "dnn"]
    gap = 1 - lower / Fraction(report.network.exact)
    assert gap <= Fraction(report.gap) <= gap * (1 + Fraction(1, 10**12))


def test_best_network_is_handed_over_with_its_objective(problem, result):
    value = result.best_network.evaluate(problem).value
    assert value == Fraction(result.report.best_network.exact)


def test_certificate_proves_the_reported_bound(problem, result):
    bound = result.lower.certificate.check()
    assert bound.value == Fraction(result.report.lower_bound.exact)
    assert bound.instance == problem.instance()


def test_neurons_are_described(result):
    neurons = result.report.neurons
    assert neurons[6].remark == "dead"
    assert neurons[5].remark == "duplicate of 0"
    assert sum(n.share for n in neurons) == pytest.approx(1.0)


def test_saved_files(result, tmp_path):
    result.save(tmp_path / "new" / "folder")
    folder = tmp_path / "new" / "folder"
    assert sorted(f.name for f in folder.iterdir()) == [
        "best_network.npz",
        "certificate.json",
        "patterns-certificate.json",
        "report.html",
        "report.json",
    ]
    values = json.loads((folder / "report.json").read_text())
    assert values["problem"]["data_sha256"] == result.report.problem.data_sha256
    assert values["gap"] == result.gap
    assert GapReport.from_json((folder / "report.json").read_text()) == result.report


def test_without_a_network(problem):
    result = certnn.audit(None, problem, level="shor", work_limit=8.0)
    assert result.report.network is None
    assert result.gap is None
    assert 0.0 < result.report.best_gap < 1.0


def test_gap_stops_the_search(problem, network):
    result = certnn.audit(network, problem, level="dnn", gap=0.9999, work_limit=8.0)
    assert [b.level for b in result.report.bounds] == ["shor"]


def test_progress_only_improves(problem, network):
    seen = []
    result = certnn.audit(
        network, problem, level="dnn", work_limit=20.0, progress=lambda *line: seen.append(line)
    )
    bounds = [bound for _, bound, _ in seen if bound is not None]
    objectives = [objective for _, _, objective in seen]
    assert bounds == sorted(bounds)
    assert objectives == sorted(objectives, reverse=True)
    assert (bounds[-1], objectives[-1]) == (
        result.lower.value,
        result.report.best_network.objective,
    )


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"level": "best"}, "level"),
        ({"gap": 1.0}, "gap"),
        ({"gap": float("nan")}, "gap"),
        ({"time_limit": 0.0}, "time_limit"),
        ({"time_limit": float("nan")}, "time_limit"),
        ({"work_limit": 0.0}, "work_limit"),
        ({"work_limit": True}, "work_limit"),
    ],
)
def test_bad_arguments(problem, network, arguments, name):
    with pytest.raises(InputError) as caught:
        certnn.audit(network, problem, **arguments)
    assert caught.value.argument == name


def test_network_for_other_data(problem):
    with pytest.raises(InputError, match="U: has 3 rows where the data need 2"):
        certnn.audit(certnn.TwoLayerNetwork(np.ones((3, 1)), np.ones((1, 2))), problem)


def test_interrupted_training_keeps_the_first_bound(problem, network, monkeypatch):
    train = certnn.search.audit.train_locally

    def interrupted(*args, **kwargs):
        signal.raise_signal(signal.SIGINT)
        return train(*args, **kwargs)

    monkeypatch.setattr(certnn.search.audit, "train_locally", interrupted)
    result = certnn.audit(network, problem, level="dnn")
    assert result.report.interrupted
    assert [b.level for b in result.report.bounds] == ["shor"]
    assert result.lower.certificate.check().value > 0


def test_a_contradiction_is_reported(result):
    report = result.report
    too_good = NetworkFigure.from_exact(Fraction(1, 1000000), 1, "column generation")
    broken = replace(report, best_network=too_good)
    assert not broken.consistent
    assert any("dnn bound ≤ best network" in c.name and not c.holds for c in broken.checks)
    with pytest.raises(InputError, match=r"^report: has figures that the kernel has not proved"):
        replace(result, report=broken)


def test_parts_of_other_audits_are_refused(result, problem, network):
    assert result.report.all_proved
    assert result.lower.bound in result.report.proved
    read = GapReport.from_json(result.report.to_json())
    with pytest.raises(InputError, match=r"^report: "):
        replace(result, report=read)
    with pytest.raises(InputError, match=r"^lower: is not the bound of the report"):
        replace(result, lower=certnn.lower_bound(problem, "shor"))
    with pytest.raises(InputError, match=r"^best_network: is not that of the report"):
        replace(result, best_network=certnn.TwoLayerNetwork(2 * network.U, network.V))
    with pytest.raises(InputError, match=r"^patterns: are not those of the report"):
        replace(result, patterns=None)
    assert replace(result, lower=replace(result.lower, seconds=1.0)).gap == result.gap


def test_zero_targets_are_optimal_with_no_neurons():
    problem = certnn.TrainingProblem(np.eye(3), np.zeros((3, 2)), 0.5)
    result = certnn.audit(None, problem, work_limit=8.0)
    assert result.report.lower_bound.value == 0.0
    assert result.report.best_network.objective == 0.0
    assert result.report.best_gap == 0.0


def test_true_from_the_callback_ends_the_search():
    problem = certnn.TrainingProblem(*np.split(np.random.default_rng(0).random((60, 9)), [8], 1), 1)
    seen = []

    def enough(stage, bound, objective):
        seen.append((stage, bound, objective))
        return bound is not None

    result = certnn.audit(None, problem, progress=enough)
    assert result.report.interrupted
    assert result.report.lower_bound.level == "shor"
    assert seen[-1][1] is not None
    assert result.report.history[0].bound is None


def test_a_search_lasts_a_minute_if_nobody_says_how_long(monkeypatch, capsys):
    monkeypatch.setattr("certnn.search.audit.USUAL_SECONDS", 1e-3)
    problem = certnn.TrainingProblem(np.eye(30), np.ones((30, 1)), 0.1)
    result = certnn.audit(None, problem)
    assert [bound.level for bound in result.report.bounds] == ["shor"]
    assert capsys.readouterr().err == ""
    certnn.audit(None, problem, progress=True)
    assert "shor" in capsys.readouterr().err


def test_a_notebook_shows_the_page(result):
    shown = result._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!DOCTYPE html')
    assert "can be lowered by at least" in shown
    assert shown.count('"') == 4


def test_pattern_tier_is_relative_and_checked_apart(problem, network, result, tmp_path):
    tier, found = result.report.pattern_tier, result.patterns
    assert Fraction(tier.exact) == found.bound.value <= network.evaluate(problem).value
    assert tier.patterns == len(found.bound.patterns) == sum(tier.origins.values())
    gap = 1 - found.bound.value / network.evaluate(problem).value
    assert gap <= Fraction(result.report.pattern_gap) <= gap * (1 + Fraction(1, 10**12))
    assert any("activation patterns" in check.name for check in result.report.checks)
    assert GapReport.from_json(result.report.to_json()) == result.report
    result.save(tmp_path)
    document = (tmp_path / "patterns-certificate.json").read_bytes()
    assert certnn.kernel.check_pattern_certificate(document).value == found.bound.value
    with pytest.raises(certnn.kernel.PatternsOnly):
        certnn.kernel.check_certificate(document)
    with pytest.raises(TypeError, match="every network"):
        replace(result.lower, bound=found.bound)
    with pytest.raises(TypeError, match="every network"):
        replace(result.lower.proved[0], bound=found.bound)


def test_no_pattern_tier_where_the_global_bound_says_as_much(problem, network):
    result = certnn.audit(network, problem, level="partition", work_limit=20.0)
    assert result.report.pattern_tier is None
    assert result.patterns is None
