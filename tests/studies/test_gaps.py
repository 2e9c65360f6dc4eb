"""The benchmark of gaps: its design, its file, its cliffs, and the model that is fitted to it."""

import json
import math
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from benchmarks.gap_study.cliffs import cliffs, jumps
from benchmarks.gap_study.design import BIASES, DECAYS, WORK, design, problem_of
from benchmarks.gap_study.fitting import fit, save_models
from benchmarks.gap_study.measure import measure
from benchmarks.gap_study.plots import gap_plot
from benchmarks.gap_study.runs import MeasuredAudit, measured, read_runs, save_runs
from benchmarks.gap_study.sources import SOURCES

import certnn
from certnn.report.codec import encode
from certnn.search.forecast import Traits, fitted_models
from certnn.studies.sweep import Outcome

KEPT = Path(__file__).parents[2] / "examples" / "gaps.json"
NAMES = ["wine", "diabetes", "linnerud", "friedman"]


def test_the_design_is_balanced_wherever_it_ends():
    runs = design(NAMES)
    keys = [tuple(sorted(run.items())) for run in runs]
    assert len(set(keys)) == len(keys) == 4 * len(WORK) * len(BIASES) * (2 + 1 + 1 + 1)
    assert runs == design(NAMES)
    for begin in range(0, 4 * 4 * 6, 16):  # a round: each data set has four neighbours
        blocks = [runs[at : at + 4] for at in range(begin, begin + 16, 4)]
        assert sorted(block[0]["data"] for block in blocks) == sorted(NAMES)
        for block in blocks:
            assert [run["decay"] for run in block] == [*DECAYS, 1.0]
            assert [run["rows"][:4] for run in block] == [*["whol"] * 3, "half"]
            shared = [{k: v for k, v in run.items() if k not in ("decay", "rows")} for run in block]
            assert all(one == shared[0] for one in shared)


def test_a_half_has_half_of_the_points_and_of_the_decay():
    run = {"data": "wine", "loss": "half-squared", "biases": "decayed", "work": 10.0}
    whole = problem_of({**run, "rows": "whole", "decay": 3.0})
    first, second = (problem_of({**run, "rows": f"half {k}", "decay": 3.0}) for k in (0, 1))
    assert (whole.n, whole.reg, first.n, first.reg) == (178, 30.0, 89, 15.0)
    rows = {row.tobytes() for row in whole.X}
    assert {row.tobytes() for row in first.X} < rows
    assert not np.array_equal(first.X, second.X)


@pytest.mark.parametrize(
    ("data", "loss", "biases", "is_now"),
    [
        ("moons", "half-squared", "decayed", ("half-squared", 2, True, False)),
        ("moons", "cross-entropy", "decayed", ("logistic", 1, True, True)),
        ("iris", "cross-entropy", "free", ("softmax", 3, "free", "free")),
    ],
)
def test_losses_and_biases(data, loss, biases, is_now):
    run = {"data": data, "loss": loss, "biases": biases, "rows": "whole", "decay": 1.0}
    problem = problem_of(run)
    assert (problem.loss.name, problem.c, problem.hidden_bias, problem.output_bias) == is_now


def test_sources_are_standardised():
    for name in ("linnerud", "autompg", "friedman", "moons", "threes-eights"):
        X, Y = SOURCES[name].read()
        np.testing.assert_allclose([X.mean(axis=0), X.std(axis=0) - 1.0], 0.0, atol=1e-9)
        assert SOURCES[name].has_classes == (name in ("moons", "threes-eights"))
        assert {*np.unique(Y)} == {0.0, 1.0} or not SOURCES[name].has_classes


def test_a_run_is_measured_and_kept(tmp_path):
    run = {"data": "linnerud", "loss": "half-squared", "biases": "decayed", "rows": "half 0"}
    run |= {"work": 0.5, "decay": 1.0}
    values = measure(run)
    assert 0.0 <= values["gap"] == values["levels"][values["level"]] < 1.0
    assert (values["n"], values["d"], values["c"], values["reg"]) == (10, 3, 3, 5.0)
    kept = measured(Outcome(run, values, "", 1.0))
    assert (kept.traits.points, kept.traits.columns, kept.setting[3]) == (10, 4, 0.5)
    save_runs(tmp_path / "runs.json", [kept, kept])
    [found, _] = read_runs(tmp_path / "runs.json")
    assert found.gap == pytest.approx(kept.gap, rel=1e-3)
    assert replace(found, gap=0.0, traits=kept.traits) == replace(kept, gap=0.0)
    (tmp_path / "runs.json").write_text('{"runs": [{}]}')
    with pytest.raises(certnn.InputError, match="no measured audits"):
        read_runs(tmp_path / "runs.json")


def audit(data, points=100, times=1.0, gap=0.1, rows="whole", seconds=10.0, decay=0.01):
    traits = Traits(points, 8, 1, decay * times, False, False, seconds)
    return MeasuredAudit(data, rows, "half-squared", "decayed", times, traits, gap, "lifts")


def odds(x):
    return 1.0 / (1.0 + math.exp(-x))


def line(points, times, seconds):
    """A gap whose log-odds are linear, by hand."""
    return odds(-6.0 + math.log(points) - 0.5 * math.log(0.01 * times) - 0.3 * math.log(seconds))


LINEAR = [
    audit(f"set {k}", n, times, line(n, times, seconds), seconds=seconds)
    for (k, n), times, seconds in product(enumerate((30, 90, 200, 500)), DECAYS, (10.0, 60.0))
]


def test_the_fit_finds_what_is_linear():
    [(regime, fitted)] = fit(LINEAR).items()
    assert (regime, fitted.runs, fitted.sets) == ("more columns", 24, 4)
    weights = fitted.model.weights
    assert weights["log points"] == pytest.approx(1.0, abs=0.1)
    assert weights["log decay"] == pytest.approx(-0.5, abs=0.1)
    assert weights["log seconds"] == pytest.approx(-0.3, abs=0.1)
    assert fitted.error < 0.3 < fitted.of_neighbours < fitted.of_median
    assert -0.3 < fitted.model.low <= 0.0 <= fitted.model.high < 0.3
    assert fitted.model.measured["log points"] == pytest.approx((math.log(30), math.log(500)))


def test_with_few_columns_it_is_the_median_and_the_range_of_the_data_sets_left_out():
    gaps = {"a": 0.2, "b": 0.001, "c": 0.1, "d": 0.5}
    runs = [
        replace(run, traits=replace(run.traits, columns=5))
        for run in (audit(name, gap=gap) for name, gap in gaps.items())
    ]
    fitted = fit([*LINEAR, *runs])["few columns"]
    assert (fitted.runs, fitted.sets, fitted.model.weights) == (4, 4, {})
    logs = {name: math.log(gap / (1.0 - gap)) for name, gap in gaps.items() if name != "b"}
    assert fitted.model.constant == pytest.approx((logs["a"] + logs["c"]) / 2.0)
    # What is left has the medians c, a, a and c; a gap below 1 % counts as 1 %.
    errors = [logs["a"] - logs["c"], -math.log(99.0) - logs["a"], logs["c"] - logs["a"]]
    errors.append(logs["d"] - logs["c"])
    assert fitted.error == pytest.approx(math.sqrt(sum(error**2 for error in errors) / 4.0))
    assert fitted.model.low == pytest.approx(np.quantile(errors, 0.1))


def test_more_time_is_never_fitted_to_be_worse():
    worse = [replace(run, gap=odds(run.traits.seconds / 60.0)) for run in LINEAR]
    assert fit(worse)["more columns"].model.weights.get("log seconds", 0.0) <= 0.0


def test_runs_that_need_no_neuron_say_nothing():
    assert fit([*LINEAR, audit("other", decay=2.0, gap=0.0)]) == fit(LINEAR)


def test_a_cliff_is_found_between_neighbours_alone():
    halves = [
        replace(run, rows="half 0", gap=line(run.traits.points / 2.0, 1.0, run.traits.seconds))
        for run in LINEAR
        if run.times == 1.0
    ]
    steep = replace(halves[0], gap=0.9)
    found = jumps([*LINEAR, steep, *halves[1:]])
    assert len(found) == 4 * 2 * 2 + 4 * 2
    assert all(abs(a.beyond) >= abs(b.beyond) for a, b in pairwise(found))
    assert abs(found[1].beyond) < 1e-9  # a line has none
    assert found[0].easier == steep
    assert found[0].harder == LINEAR[2]
    # It was to be easier by log 2, as halves are, and its odds are nine to one.
    by_hand = math.log(LINEAR[2].gap / (1.0 - LINEAR[2].gap)) - math.log(9.0) - math.log(2.0)
    assert found[0].beyond == pytest.approx(by_hand)
    assert [*cliffs(found)] == found[: len(cliffs(found))]


def test_the_plot_is_the_same_each_time():
    found = jumps(LINEAR)
    assert gap_plot(LINEAR, found, 1) == gap_plot(LINEAR, found, 1)


def test_the_packaged_numbers_are_those_of_the_kept_runs(tmp_path):
    runs = read_runs(KEPT)
    assert KEPT.stat().st_size < 60_000
    models = {regime: of.model for regime, of in fit(runs).items()}
    save_models(tmp_path / "models.json", models)
    assert json.loads((tmp_path / "models.json").read_text()) == encode(models, "")
    assert fitted_models().keys() == models.keys()
    for regime, again in models.items():
        packaged = fitted_models()[regime]
        assert packaged.weights == pytest.approx(again.weights, rel=1e-6)
        assert packaged.measured.keys() == again.measured.keys()
        of_both = [(of.constant, of.low, of.high) for of in (packaged, again)]
        assert of_both[0] == pytest.approx(of_both[1], rel=1e-6)
