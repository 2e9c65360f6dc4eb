"""The pytest plugin, in test runs of its own."""

import json
import re
from importlib import import_module

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import certnn.testing
from certnn.reading.datasets import random_network_data
from certnn.reading.npz import save_data, save_network

HEADER = """
import certnn, pytest
from certnn.reading.npz import load_network, read_npz
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
    import_module("numba.core.boxing")  # which only what is not in numba's cache loads
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
            "*best_network.npz are in *reports*",
        ]
    )
    (folder,) = (pytester.path / "reports").iterdir()
    report = json.loads((folder / "report.json").read_text())
    assert report["best_network"]["objective"] < report["network"]["objective"]
    assert (folder / "report.html").exists()
    assert (folder / "best_network.npz").exists()
    trace = result.stdout.str()
    assert "test_a_bad_network_fails_with_a_better_one.py:7: AssertionError" in trace
    assert "testing.py" not in trace


def test_each_failure_has_a_report_of_its_own(run, pytester):
    result = run(
        """
@pytest.mark.parametrize("name", ["a/b", "a-b", "a b", "a-b-2", "A/B", "ä/b"])
def test_it(name, assert_certified_gap):
    assert_certified_gap(bad, X, Y, 0.1, 0.01, level="shor")

def test_twice(monkeypatch, assert_certified_gap, assert_tight):
    monkeypatch.chdir("/")
    for check in (
        lambda: assert_certified_gap(good, X, Y, 0.1, 1e-9, level="shor"),
        lambda: assert_tight(certnn.TrainingProblem(X, Y, 0.2), "shor", 0.99),
        lambda: assert_certified_gap(bad, X, Y, 0.3, 0.01, level="shor"),
    ):
        with pytest.raises(AssertionError, match="are in /"):
            check()
""",
        "--certnn-report",
        "reports",
    )
    result.assert_outcomes(failed=6, passed=1)
    folders = list((pytester.path / "reports").iterdir())
    assert len({folder.name.lower() for folder in folders}) == len(folders) == 9
    reports = [json.loads((folder / "report.json").read_text()) for folder in folders]
    regs = sorted(report["problem"]["reg"] for report in reports)
    assert regs == [*[0.1] * 7, 0.2, 0.3]


@given(
    st.lists(
        st.tuples(st.text("aA-_./:[]( ä" + "x" * 3, max_size=200), st.integers(0, 3)),
        min_size=2,
        unique=True,
    )
)
def test_folder_names_are_safe_and_no_two_are_the_same(failures):
    names = [certnn.testing.folder_name(*failure) for failure in failures]
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{,199}", name) for name in names)


def test_a_report_that_cannot_be_written_hides_no_failure(run):
    result = run(
        """
def test_it(assert_certified_gap):
    assert_certified_gap(bad, X, Y, 0.1, 0.01, level="shor", report="data.npz/report")
"""
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*AssertionError: proved gap * %, allowed 1 %*", "*there is no report: data.npz/report: *"]
    )


def test_what_is_not_proved_is_an_assertion_error(run):
    result = run(
        """
def test_raised(assert_certified_gap):
    with pytest.raises(AssertionError, match="allowed 1 %"):
        assert_certified_gap(bad, X, Y, 0.1, 0.01, level="shor")

@pytest.mark.xfail(raises=AssertionError, strict=True)
def test_expected(assert_tight):
    assert_tight(certnn.TrainingProblem(X, Y, 0.1), "shor", 0.999)
"""
    )
    result.assert_outcomes(passed=1, xfailed=1)


def test_what_was_proved_comes_from_other_processes(run, pytester):
    """Each process has half of the time, and the first alone writes what all have proved."""
    sources = {
        "test_a": """
def test_one(assert_certified_gap):
    assert_certified_gap(good, X, Y, 0.1, 0.99)
""",
        "test_b": """
def test_other(assert_tight):
    assert_tight(certnn.TrainingProblem(X, Y, 0.1), "shor", 0.0)
""",
    }
    late = """
def test_late(assert_certified_gap):
    assert_certified_gap(good, X, Y, 0.1, 0.99)
"""
    pytester.makepyfile(**{name: HEADER + source + late for name, source in sources.items()})
    (pytester.path / "kept").write_text('{"gone.py::test_it": {"gap 1": 0.5}}')
    result = pytester.runpytest_subprocess(
        *("-p", "no:cacheprovider", "-v", "-n", "2", "--dist", "loadfile"),
        *("--certnn-baseline", "kept", "--certnn-update-baseline"),
        *("--certnn-time-budget", "0.001"),
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(["*the 0.0005 s that each of 2 processes has of --certnn-time-*"])
    lines = result.stdout.lines
    listed = lines[next(i for i, line in enumerate(lines) if "certnn: proved" in line) + 1 :][:3]
    assert sorted(re.sub(r".*::(\w+): (\w+)\(.*", r"\1 \2", line) for line in listed[:2]) == [
        "test_one AuditResult",
        "test_other Tightness",
    ]
    assert "::" not in listed[2].partition(" ")[0]
    kept = json.loads((pytester.path / "kept").read_text())
    assert {test: [*figures] for test, figures in kept.items()} == {
        "gone.py::test_it": ["gap 1"],
        "test_a.py::test_one": ["gap 1"],
        "test_b.py::test_other": ["ratio 1"],
    }


KEPT = """
from pathlib import Path

@pytest.mark.certnn(work_limit=20)
@pytest.mark.parametrize("most", [0.5, 0.01])
def test_gaps(assert_certified_gap, most):
    first = assert_certified_gap(good, X, Y, 0.1, most, level="partition").gap
    with pytest.raises(AssertionError):
        assert_certified_gap(bad, X, Y, 0.1, 0.01, level="shor")
    third = assert_certified_gap(good, X, Y, 0.3, 0.9, level="shor").gap
    Path(f"gaps {most}").write_text(f"{first!r} {third!r}")

def test_ratio(assert_tight):
    assert_tight(certnn.TrainingProblem(X, Y, 0.1), "partition", 0.99)

def test_nothing():
    pass
"""


@pytest.fixture
def baseline(run, pytester):
    """The file that a run of KEPT has written, and what it holds."""
    run(KEPT, "--certnn-baseline", "kept", "--certnn-update-baseline").assert_outcomes(passed=4)
    file = pytester.path / "kept"
    return file, json.loads(file.read_text())


def test_what_is_proved_is_kept(run, pytester, baseline):
    file, kept = baseline
    name = "test_what_is_proved_is_kept.py::test_"
    assert list(kept) == [f"{name}gaps[0.01]", f"{name}gaps[0.5]", f"{name}ratio"]
    for most in (0.5, 0.01):
        found = kept[f"{name}gaps[{most}]"]
        assert list(found) == ["gap 1", "gap 3"]
        assert [*found.values()] == [
            *map(float, (pytester.path / f"gaps {most}").read_text().split())
        ]
    assert 0.99 <= kept[f"{name}ratio"]["ratio 1"] <= 1.0
    result = run(KEPT, "--certnn-baseline", "kept")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["of 5 figures none is new or worse"])
    assert json.loads(file.read_text()) == kept


def test_what_has_become_worse_fails(run, pytester, baseline):
    file, kept = baseline
    gaps, ratio = kept["test_what_has_become_worse_fails.py::test_gaps[0.5]"], [*kept.values()][-1]
    third = gaps["gap 3"]
    gaps["gap 3"] = third - 2e-4
    ratio["ratio 1"] += 0.04
    del kept["test_what_has_become_worse_fails.py::test_gaps[0.01]"]["gap 1"]
    file.write_text(json.dumps(kept))
    result = run(KEPT, "--certnn-baseline", "kept", "--certnn-report", "reports")
    result.assert_outcomes(passed=3, failed=1)  # time may cost the ratio more than it has lost
    result.stdout.fnmatch_lines(
        [
            "*proved gap 0.* is worse than 0.*, kept as gap 3 of *::test_gaps[[]0.5], by *0.0001",
            "*best_network.npz are in *reports*",
            "new: *::test_gaps[[]0.01] gap 1: *",
            "worse, but tolerated: *::test_ratio ratio 1: *, was 1.0*",
        ]
    )
    strict = run(KEPT, "--certnn-baseline", "kept", "--certnn-baseline-tolerance", "0.001")
    strict.assert_outcomes(passed=3, failed=1)
    strict.stdout.fnmatch_lines(
        ["*proved ratio 0.* is worse than 1.*, kept as ratio 1 of *::test_r*"]
    )


def test_what_does_not_come_to_its_end_keeps_its_entries(run, pytester, baseline):
    file, kept = baseline
    name = "test_what_does_not_come_to_its_end_keeps_its_entries.py::test_gaps[0.5]"
    kept[name] |= {"gap 1": 0.0, "gap 9": 0.25}
    kept["gone.py::test_it"] = {"gap 1": 0.125}
    file.write_text(json.dumps(kept))
    options = ("--certnn-baseline", "kept", "--certnn-update-baseline", "-k", "0.5")
    run(KEPT.replace("0.3, 0.9", "0.3, 0.0"), *options).assert_outcomes(failed=1, deselected=3)
    new = json.loads(file.read_text())
    assert {k: v for k, v in new.items() if k != name} == {
        k: v for k, v in kept.items() if k != name
    }
    first = float((pytester.path / "gaps 0.5").read_text().split()[0])
    assert new[name] == {"gap 1": first, "gap 3": kept[name]["gap 3"], "gap 9": 0.25}
    run(KEPT, *options).assert_outcomes(passed=1, deselected=3)
    assert list(json.loads(file.read_text())[name]) == ["gap 1", "gap 3"]


def test_a_proof_for_which_no_time_is_left_is_no_pass(run):
    result = run(
        """
def test_first(assert_certified_gap):
    assert_certified_gap(good, X, Y, 0.1, 0.99)

@pytest.mark.xfail(raises=AssertionError)
def test_second(assert_tight):
    assert_tight(certnn.TrainingProblem(X, Y, 0.1), "shor", 0.0)

def test_other():
    pass
""",
        "--certnn-time-budget",
        "0.001",
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["not attempted, so not proved: the 0.001 s of *-budget are used up"]
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--certnn-report", "file"], "--certnn-report: cannot be made a folder: it is a file"),
        (["--certnn-report", "file/in"], "--certnn-report: cannot be made a folder: */file is a*"),
        (["--certnn-report="], "--certnn-report: is empty"),
        (["--certnn-baseline", "file"], "--certnn-baseline: is not a baseline: *"),
        (["--certnn-baseline", "none"], "--certnn-baseline: does not exist; --certnn-update-*"),
        (["--certnn-update-baseline"], "--certnn-update-baseline: is for the file of *"),
        (["--certnn-time-budget", "0"], "--certnn-time-budget: must be positive *"),
        (["--certnn-level", "highest"], "--certnn-level: must be auto, shor, *, got 'highest'"),
    ],
)
def test_options_that_no_test_could_use_end_the_run(run, pytester, options, complaint):
    (pytester.path / "file").write_text("")
    result = run("def test_it(): pass", *options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {complaint}"])


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


def test_the_marker_limits_the_work(run):
    result = run(
        """
@pytest.mark.certnn(work_limit=0.5)
def test_it(assert_certified_gap, assert_tight):
    found = assert_certified_gap(good, X, Y, 0.1, 0.5)
    again = assert_certified_gap(good, X, Y, 0.1, 0.5)
    assert found.lower.certificate.document == again.lower.certificate.document
    with pytest.raises(certnn.InputError, match="work_limit: must be positive"):
        assert_certified_gap(good, X, Y, 0.1, 0.5, work_limit=-1)
"""
    )
    result.assert_outcomes(passed=1)


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
    result.stdout.fnmatch_lines(["*the marker is certnn(time_limit=seconds, work_limit=seconds)*"])


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
    assert "certnn.interfaces.pytest_plugin" in sys.modules
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
