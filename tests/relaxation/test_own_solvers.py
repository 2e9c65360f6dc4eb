"""Our own solvers of the relaxation behind `lower_bound`: Clarabel, interruption, goals."""

import signal

import numpy as np
import pytest
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, random_family

from certnn import InputError, SolverChoice, lower_bound
from certnn.interfaces.cli import main
from certnn.reading.npz import save_data
from certnn.search.levels import relaxed as relaxed_bounds

CLARABEL = SolverChoice("CLARABEL")
PROBLEMS = PLAIN | DEGENERATE


@pytest.mark.parametrize("name", PROBLEMS)
def test_dnn_as_clarabel_has_it(name):
    problem = PROBLEMS[name]
    own = lower_bound(problem, "dnn")
    general = lower_bound(problem, "dnn", choice=CLARABEL)
    assert own.value == pytest.approx(general.value, rel=1e-4, abs=1e-9)
    assert own.level in ("dnn", "shor")
    assert own.certificate.check().value == own.bound.value


def test_block_as_clarabel_has_it():
    problem = random_family(1, n=9, c=2)
    own = lower_bound(problem, "block(3)")
    general = lower_bound(problem, "block(3)", choice=CLARABEL)
    assert own.value == pytest.approx(general.value, rel=1e-3)
    (figure,) = own.solver_figures
    assert figure.solver == "certnn interior point of groups"
    assert figure.level == "block(3)"


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_problems_have_a_true_bound(name):
    problem = AWKWARD[name]
    result = lower_bound(problem, "dnn")
    assert result.bound.value <= best_sampled(problem, np.random.default_rng(0))


def test_an_interrupt_certifies_what_is_reached(monkeypatch):
    problem = random_family(2, n=12, c=2)
    whole = lower_bound(problem, "dnn")
    iterates = relaxed_bounds.iterates

    def interrupted(*arguments):
        for count, iterate in enumerate(iterates(*arguments)):
            if count == 8:
                signal.raise_signal(signal.SIGINT)
            yield iterate

    monkeypatch.setattr(relaxed_bounds, "iterates", interrupted)
    result = lower_bound(problem, "dnn")
    assert result.interrupted
    assert result.level == "dnn"
    assert 0.0 < result.value < whole.value
    assert result.solver_figures[-1].status == "stopped"


def test_a_bound_that_is_enough_ends_it():
    problem = random_family(3, n=12, c=2)
    whole = lower_bound(problem, "dnn")
    part = lower_bound(problem, "dnn", target=0.9 * whole.value)
    assert 0.9 * whole.value <= part.value < whole.value


def test_from_the_command_line(tmp_path, capsys):
    save_data(tmp_path / "data.npz", random_family(4, n=8, c=2))
    command = ["bound", "--data", str(tmp_path / "data.npz"), "--reg", "0.1", "--level", "dnn"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    assert "certnn interior point" in capsys.readouterr().out


def test_a_neighbouring_result_saves_steps(monkeypatch):
    """Its working set needs no rounds of pricing; the value stays the same."""
    data = random_family(5, n=16, c=2)
    near = lower_bound(data, "dnn")
    problem = data.with_reg(0.8 * data.reg)
    iterates, steps = relaxed_bounds.iterates, []

    def counted(*arguments):
        for iterate in iterates(*arguments):
            steps[-1] += 1
            yield iterate

    monkeypatch.setattr(relaxed_bounds, "iterates", counted)
    values = []
    for start in (None, near):
        steps.append(0)
        values.append(lower_bound(problem, "dnn", near=start).value)
    assert values[1] == pytest.approx(values[0], rel=1e-6)
    assert steps[1] < 0.9 * steps[0]


def test_a_neighbouring_result_must_have_the_same_points():
    near = lower_bound(random_family(5, n=6), "shor")
    with pytest.raises(InputError, match="other points") as caught:
        lower_bound(random_family(6, n=6), near=near)
    assert caught.value.argument == "near"
