"""Options that would do nothing are refused, in Python where they are arguments."""

import numpy as np
import pytest

import certnn
from certnn import InputError, SolverChoice, lower_bound
from certnn.interfaces.cli import main
from certnn.reading.datasets import random_network_data
from certnn.reading.npz import save_data


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_data("small.npz", random_network_data(0, 0.1, n=5, d=2, c=1))
    save_data("wide.npz", random_network_data(0, 0.1, n=101, d=6, c=4))
    return tmp_path


@pytest.mark.parametrize(
    ("data", "words", "option"),
    [
        ("small", ["bound", "--level", "shor", "--solver", "CLARABEL"], "--solver"),
        ("small", ["bound", "--level", "shor", "--solver", "MOSEK"], "--solver"),
        ("small", ["bound", "--level", "partition", "--solver", "SCS"], "--solver"),
        ("small", ["bound", "--level", "phases", "--solver", "SCS"], "--solver"),
        ("small", ["bound", "--level", "lifts(2)", "--solver", "SCS"], "--solver"),
        ("small", ["bound", "--level", "groups(2)", "--solver", "SCS"], "--solver"),
        ("small", ["bound", "--level", "groups(6)", "--work-limit", "1"], "--level"),
        ("small", ["bound", "--level", "shor", "--formulation", "dual"], "--formulation"),
        ("small", ["bound", "--level", "block(3)", "--formulation", "literal"], "--formulation"),
        ("small", ["bound", "--level", "dnn", "--memory-limit", "5"], "--memory-limit"),
        ("wide", ["bound", "--level", "auto", "--memory-limit", "5"], "--memory-limit"),
        ("small", ["train", "--level", "shor", "--memory-limit", "5"], "--memory-limit"),
        ("small", ["bound", "--digits", "3", "--level", "shor"], "--digits"),
        ("small", ["bound", "--digits", "3", "--gap", "0.1"], "--gap"),
        ("small", ["bound", "--digits", "3", "--time-limit", "1"], "--time-limit"),
        ("small", ["bound", "--digits", "3", "--memory-limit", "5"], "--memory-limit"),
        ("small", ["bound", "--digits", "3", "--solver", "SCS"], "--solver"),
        ("small", ["bound", "--digits", "3", "--formulation", "dual"], "--formulation"),
        ("small", ["bound", "--digits", "3", "--cluster", "tcp://a:1"], "--cluster"),
    ],
)
def test_refused_in_one_line(here, capsys, data, words, option):
    command = [*words, "--data", f"{data}.npz", "--reg", "0.1", "--out", "out"]
    assert main(command) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    assert said.err.startswith(f"certnn: error: {option}: ")
    assert not (here / "out").exists()


@pytest.mark.parametrize("option", [["--targets", "y.npy"], ["--label", "a"]])
def test_a_check_without_data_takes_none_of_their_options(here, capsys, option):
    assert main(["check", "small.npz", *option]) == 2
    assert capsys.readouterr().err == f"certnn: error: {option[0]}: goes with --data\n"


def test_processes_are_not_for_a_cluster(here, capsys):
    command = ["experiments", "--only", "tightness", "--cluster", "tcp://a:1", "--jobs", "2"]
    assert main([*command, "--out", "out"]) == 2
    assert capsys.readouterr().err.startswith("certnn: error: --jobs: ")


@pytest.mark.parametrize("families", [["iris"], []])
@pytest.mark.parametrize("option", ["--d", "--c"])
def test_shapes_are_not_for_problems_that_have_their_own(here, capsys, families, option):
    command = ["tightness", "--data", "small.npz", "--families", *families, option, "3"]
    assert main([*command, "--out", "out"]) == 2
    assert capsys.readouterr().err.startswith(f"certnn: error: {option}: does nothing")


def problem(**more):
    return certnn.TrainingProblem([[1.0, 2.0], [3.0, -1.0]], [[1.0], [-1.0]], 0.1, **more)


class NeverAsked:
    """A cluster that fails the test if anything is asked of it."""

    def __getattr__(self, name):
        pytest.fail(name)


@pytest.mark.parametrize("run", [lower_bound, lambda *a, **m: certnn.audit(None, *a, **m)])
@pytest.mark.parametrize(
    ("stated", "level", "more", "argument"),
    [
        ({}, "shor", {"choice": SolverChoice("SCS")}, "solver"),
        ({}, "cuts", {"choice": SolverChoice("NOSUCH")}, "solver"),
        ({}, "block(1)", {"choice": SolverChoice("SCS", "literal")}, "formulation"),
        ({}, "block(1)", {"choice": SolverChoice(device="cpu")}, "device"),
        ({}, "dnn", {"choice": SolverChoice("CLARABEL", device="cpu")}, "device"),
        ({"loss": "huber"}, "shor", {"cluster": NeverAsked()}, "cluster"),
        ({"output_bias": True}, "shor", {"cluster": NeverAsked()}, "cluster"),
        ({"hidden_bias": "free"}, "shor", {"cluster": NeverAsked()}, "cluster"),
        ({"hidden_bias": "free"}, "groups(9)", {"cluster": NeverAsked()}, "level"),
    ],
)
def test_refused_as_an_argument(run, stated, level, more, argument):
    with pytest.raises(InputError) as caught:
        run(problem(**stated), level=level, **more)
    assert caught.value.argument == argument


def test_where_every_row_is_zero_a_solver_for_dnn_is_taken():
    zero = certnn.TrainingProblem(np.zeros((2, 1)), np.ones((2, 1)), 0.1)
    found = lower_bound(zero, "dnn", choice=SolverChoice("CLARABEL"))
    assert (found.level, found.value) == ("shor", 1.0)


@pytest.mark.parametrize(("gap", "level"), [(0.9, "shor"), (1e-3, "partition")])
def test_a_bound_without_a_network_stops_at_its_gap(gap, level):
    audited = certnn.audit(
        None, random_network_data(0, 1.0, n=6, d=2, c=1), level="partition", gap=gap
    )
    best = audited.report.best_network.fraction
    assert audited.lower.level == level
    assert 1 - audited.lower.bound.value / best <= gap
