"""The pytest plugin, in test runs of its own."""

import json

import numpy as np
import pytest

import certnn.testing
from certnn.datasets import random_network_data
from certnn.files import save_data, save_network

HEADER = """
import certnn, pytest
from certnn.files import load_network, read_npz
X, Y = read_npz("data.npz", ("X", "Y"))
good, bad = load_network("good.npz"), load_network("bad.npz")
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A problem and its best network; also loads all that a run in this process will need.

    pytester unloads what is loaded after its start, and numpy's parts cannot be loaded twice.
    """
    problem = random_network_data(0, 0.1, n=10, d=2, c=2)
    best = certnn.train(problem, gap=1e-4).network
    audited = certnn.audit(best, problem, level="partition")
    audited.save(tmp_path_factory.mktemp("loads"))
    assert certnn.testing.Tightness("", audited.lower.bound, best.evaluate(problem)).ratio > 0.99
    return problem, best


@pytest.fixture
def run(trained, pytester):
    problem, best = trained
    save_data(pytester.path / "data.npz", problem)
    save_network(pytester.path / "good.npz", best)
    save_network(pytester.path / "bad.npz", certnn.TwoLayerNetwork(1.3 * best.U, 1.3 * best.V))

    def run_tests(source, *options):
        pytester.makepyfile(HEADER + source)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)

    return run_tests


def test_a_good_network_passes_and_is_listed(run):
    result = run(
        """
def test_it(assert_certified_gap):
    assert assert_certified_gap(good, X, Y, 0.1, 0.01).gap <= 0.01
    assert_certified_gap((good.U, good.V), X, Y, 0.1, 0.01)
""",
        "-v",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*certnn: proved*", "*::test_it: AuditResult(gap=*"])


def test_a_bad_network_fails_with_a_better_one(run, pytester):
    result = run(
        """
def test_it(assert_certified_gap):
    assert_certified_gap(bad, X, Y, 0.1, 0.01)
""",
        "--certnn-report",
        "reports",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*assert_certified_gap(bad, X, Y, 0.1, 0.01)*",
            "*proved gap * %, allowed 1 %*",
            "*a better network: * neurons, better by * %*",
            "*so the network is not within 1 % of the optimum*",
            "*best_network.npz are in reports*",
        ]
    )
    (folder,) = (pytester.path / "reports").iterdir()
    report = json.loads((folder / "report.json").read_text())
    assert report["best_network"]["objective"] < report["network"]["objective"]
    assert (folder / "report.html").exists()
    assert (folder / "best_network.npz").exists()


def test_a_weak_level_leaves_it_open(run, pytester):
    result = run(
        """
def test_it(assert_certified_gap):
    assert_certified_gap(good, X, Y, 0.1, 0.01)

def test_a_level_of_its_own(assert_certified_gap):
    assert_certified_gap(good, X, Y, 0.1, 0.01, level="partition")
""",
        "--certnn-level",
        "shor",
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*(level shor, *", "*whether the network is that good is open*"])
    assert not (pytester.path / "reports").exists()


def test_how_tight_a_level_is_required_to_be(run):
    result = run(
        """
problem = certnn.TrainingProblem(X, Y, 0.1)

def test_tight(assert_tight):
    found = assert_tight(problem, "partition", 0.999)
    assert 0.999 <= found.ratio <= 1.0

def test_loose(assert_tight):
    assert_tight(problem, "shor", 0.999)
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*proved ratio 0.*, required 0.999*",
            "*bound of the level shor: *",
            "*the best network is proved to be within 0.*% of the optimum*",
        ]
    )


def test_the_marker_limits_the_time(run, pytester):
    source = """
import certnn.testing

@pytest.fixture(autouse=True)
def seen(monkeypatch):
    limits = []
    true = certnn.testing.audit
    def audit(*arguments, **more):
        limits.append(more["time_limit"])
        return true(*arguments, **{**more, "time_limit": None})
    monkeypatch.setattr(certnn.testing, "audit", audit)
    return limits

@pytest.mark.certnn(time_limit=7)
def test_it(assert_certified_gap, seen):
    assert_certified_gap(good, X, Y, 0.1, 0.5)
    assert_certified_gap(good, X, Y, 0.1, 0.5, time_limit=8)
    assert seen == [7, 8]

@pytest.mark.certnn(5)
def test_misused(assert_certified_gap):
    pass
"""
    result = run(source, "--strict-markers")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the marker is certnn(time_limit=seconds)*"])


def test_bad_arguments_are_errors_of_the_test(run):
    result = run(
        """
def test_gap(assert_certified_gap):
    with pytest.raises(certnn.InputError, match="max_gap"):
        assert_certified_gap(good, X, Y, 0.1, 5)

def test_ratio(assert_tight):
    with pytest.raises(certnn.InputError, match="min_ratio"):
        assert_tight(certnn.TrainingProblem(X, Y, 0.1), "shor", 1.5)

def test_shapes(assert_certified_gap):
    with pytest.raises(certnn.InputError, match="U"):
        assert_certified_gap(good, X[:, :1], Y, 0.1, 0.5)
"""
    )
    result.assert_outcomes(passed=3)


def test_the_plugin_alone_imports_nothing_heavy(pytester):
    pytester.makepyfile(
        """
import sys

def test_it():
    assert "certnn.pytest_plugin" in sys.modules
    assert not {"numpy", "scipy", "numba", "cvxpy"} & set(sys.modules)
"""
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)


def test_ratio_is_rounded_down():
    problem = random_network_data(1, 0.1, n=6, d=2, c=1)
    best = certnn.train(problem, gap=1e-3)
    found = certnn.testing.Tightness("partition", best.lower.bound, best.objective)
    assert found.ratio <= best.lower.bound.value / best.objective.value
    assert np.nextafter(found.ratio, 2) > best.lower.bound.value / best.objective.value
