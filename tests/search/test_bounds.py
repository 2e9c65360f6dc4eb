"""`lower_bound`: levels, limits, solvers that fail, Ctrl-C, and no network below any bound."""

from __future__ import annotations

import json
import math
import re
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, normal, problems, random_family

import certnn
from certnn import InputError, SolverChoice, SolverError, TrainingProblem, lower_bound
from certnn.budget import Budget
from certnn.relaxation.modelled import worker
from certnn.relaxation.modelled.worker import DEFAULT_SOLVER
from certnn.search import results as bound_result
from certnn.search.bound_search import BoundSearch
from certnn.search.levels import relaxed, shor
from certnn.search.levels.level import Context, Goal
from certnn.search.levels.relaxed import Block
from certnn.search.levels.schedule import (
    BRIEF_SHOR,
    CELLS,
    CUTS,
    DEFAULT_GROUP,
    DNN,
    EARLY_BLOCK,
    EARLY_CELLS,
    EARLY_LIFTS,
    FIRST_CELLS,
    FIRST_SHOR,
    LIFTS,
    LIFTS_INSTEAD,
    PARTITION,
    PHASES,
    SHOR,
    Case,
    stages,
)
from certnn.search.levels.tightening import _is_compiled
from certnn.training import polish, train_locally

CLARABEL = SolverChoice("CLARABEL")


@pytest.fixture
def in_process(monkeypatch):
    """General solvers run in this process, which saves seconds; counts the calls."""
    calls = []

    def run(problem, groups, choice, budget):
        calls.append((groups, choice, budget.seconds_left))
        return worker.solve(problem, groups, choice, budget.seconds_left)

    monkeypatch.setattr(relaxed, "solve_in_process", run)
    return calls


def levels_of(result):
    return [proved.level for proved in result.proved]


def check_result(problem, result):
    assert result.bound.instance == problem.instance()
    assert result.value <= result.bound.value
    assert result.bound.value == max(proved.bound.value for proved in result.proved)
    assert result.level in levels_of(result)
    assert result.certificate.check().value == result.bound.value


# Levels.


def test_stages():
    block = Block(DEFAULT_GROUP)
    assert stages("shor", Case(10**6, 9, 2)) == (SHOR,)
    assert stages("dnn", Case(DEFAULT_GROUP, 2, 2)) == (SHOR, DNN)
    assert stages("dnn", Case(DEFAULT_GROUP + 1, 9, 2)) == (SHOR, DNN)
    assert stages("dnn", Case(500, 9, 3), limited=True) == (SHOR, DNN)
    assert stages("dnn", Case(500, 9, 4), limited=True) == (FIRST_SHOR, DNN)
    assert stages("dnn", Case(500, 9, 4), limited=True, general=True)[0] == SHOR
    assert stages("dnn", Case(DEFAULT_GROUP, 9, 2), general=True) == (SHOR, DNN)
    assert stages("dnn", Case(DEFAULT_GROUP + 1, 9, 2), general=True) == (SHOR, block, DNN)
    assert stages("block(99)", Case(1000, 9, 2)) == (SHOR, Block(99))
    assert stages("block(99)", Case(1000, 9, 2), general=True) == (SHOR, block, Block(99))
    assert stages("block", Case(DEFAULT_GROUP, 9, 2)) == (SHOR, DNN)
    assert stages("block", Case(10**6, 9, 2)) == (SHOR, block)
    assert stages("block(3)", Case(4, 2, 2)) == (SHOR, Block(3))
    assert stages("block(3)", Case(3, 2, 2)) == (SHOR, DNN)
    assert stages("partition", Case(10**6, 9, 2)) == (SHOR, PARTITION)
    assert stages("phases", Case(10**6, 99, 9)) == (SHOR, PHASES)
    for request in ("dnn", "block", "auto", "phases", "partition"):
        assert stages(request, Case(0, 2, 2)) == (SHOR,)
    named = [str(level) for level in (SHOR, Block(3), DNN, PHASES, PARTITION)]
    assert named == ["shor", "block(3)", "dnn", "phases", "partition"]


def test_stages_of_auto():
    block = Block(DEFAULT_GROUP)
    assert stages("auto", Case(20, 9, 4)) == (SHOR, DNN)
    assert stages("auto", Case(20, 9, 3)) == (SHOR, DNN, PHASES)
    assert stages("auto", Case(100, 9, 3)) == (SHOR, EARLY_LIFTS, DNN, PHASES)
    assert stages("auto", Case(101, 9, 3)) == (SHOR, EARLY_LIFTS, DNN)
    assert stages("auto", Case(101, 9, 4)) == (SHOR, DNN)
    assert stages("auto", Case(101, 9, 3), general=True) == (SHOR, block)
    assert stages("auto", Case(200, 16, 3))[1] == EARLY_LIFTS
    assert stages("auto", Case(200, 17, 3))[1] == LIFTS  # before a dnn that takes longer
    assert stages("auto", Case(500, 9, 2)) == (SHOR, LIFTS)
    assert stages("auto", Case(500, 9, 2), limited=True)[:3] == (SHOR, EARLY_LIFTS, CELLS)
    assert stages("auto", Case(500, 9, 3), limited=True)[:3] == (SHOR, LIFTS, block)
    assert stages("auto", Case(500, 17, 2), limited=True)[:3] == (SHOR, LIFTS, block)
    first = stages("auto", Case(500, 7, 2), limited=True)[:4]
    assert first == (SHOR, FIRST_CELLS, LIFTS_INSTEAD, CELLS)
    first = stages("auto", Case(500, 7, 2, False, False), limited=True)
    assert first == (BRIEF_SHOR, FIRST_CELLS, LIFTS_INSTEAD, CELLS)
    early = (BRIEF_SHOR, EARLY_CELLS, LIFTS, CELLS)
    assert stages("auto", Case(500, 9, 2, False, False), limited=True) == early
    assert stages("auto", Case(500, 9, 3, False, False), limited=True) == early
    assert stages("auto", Case(500, 9, 3), limited=True)[-1] == CELLS
    assert CELLS not in stages("auto", Case(500, 17, 3), limited=True)
    assert stages("auto", Case(301, 5, 2)) == (SHOR, CELLS, LIFTS)
    assert stages("auto", Case(300, 5, 2)) == (SHOR, PARTITION, EARLY_LIFTS, DNN)
    assert stages("auto", Case(301, 5, 3)) == (SHOR, PARTITION, LIFTS)
    assert stages("auto", Case(500, 9, 4)) == (SHOR, block)
    assert stages("auto", Case(500, 9, 4), general=True, limited=True) == (SHOR, block)
    assert stages("auto", Case(500, 9, 4), limited=True) == (FIRST_SHOR, DNN)
    assert stages("auto", Case(20_000, 9, 4), limited=True) == (FIRST_SHOR, DNN)
    assert stages("auto", Case(20_001, 9, 4), limited=True) == (SHOR,)
    assert stages("auto", Case(10**5, 9, 4)) == (SHOR,)
    assert stages("auto", Case(20, 5, 4)) == (SHOR, PARTITION, DNN)
    assert stages("auto", Case(20, 5, 2)) == (SHOR, PARTITION, DNN, PHASES)
    assert stages("auto", Case(10**5, 2, 2)) == (SHOR, PARTITION, LIFTS)
    assert stages("auto", Case(10**5, 2, 2), limited=True) == (SHOR, LIFTS, PARTITION)
    own_dnn_alone = Case(200, 9, 5, plain=False)
    assert stages("auto", own_dnn_alone, limited=True) == (FIRST_SHOR, DNN)
    assert stages("auto", Case(200, 9, 5), limited=True) == (FIRST_SHOR, DNN, CUTS)
    assert stages("auto", own_dnn_alone, general=True) == (SHOR, block)
    few = stages("auto", Case(150, 4, 3), limited=True)
    assert few[1].share < 1.0
    assert few[2:6] == (EARLY_LIFTS, PARTITION, EARLY_BLOCK, DNN)
    assert str(EARLY_BLOCK) == str(block)  # which is not run again


@pytest.mark.parametrize(
    "level",
    ["", "DNN", "block()", "block(0)", "block(-1)", "block(2.5)", "block(3", "block(1e3)",
     "block(9999999)", "cut", " dnn", None, 3],
)  # fmt: skip
def test_bad_level_is_refused_by_name(level):
    with pytest.raises(InputError, match="must be auto, shor, block") as caught:
        lower_bound(PLAIN["d=1"], level)
    assert caught.value.argument == "level"


def test_levels_from_the_cheapest_up(in_process):
    problem = random_family(0, n=8, c=2)
    result = lower_bound(problem, "block(3)", choice=CLARABEL)
    assert levels_of(result) == ["shor", "block(3)"]
    assert result.level == "block(3)"
    check_result(problem, result)
    ((groups, _, time_limit),) = in_process
    assert sorted(map(len, groups)) == [2, 3, 3]
    assert time_limit is None
    assert [figure.level for figure in result.solver_figures] == ["block(3)"]
    assert "proved by the kernel" in repr(result)


def test_auto_ends_with_a_partition_where_there_is_one():
    problem = PLAIN["hidden bias"]
    result = lower_bound(problem)
    assert levels_of(result) == ["shor", "partition"]
    assert not result.solver_figures
    assert not result.notes


def test_auto_goes_on_where_there_is_no_partition(in_process):
    problem = PLAIN["hidden bias"]
    x = problem.X[:, :2]
    # A column twice is no more than a column √2 times as long.
    twice = TrainingProblem(np.hstack([x, x]), problem.Y, 0.1)
    once = TrainingProblem(math.sqrt(2.0) * x, problem.Y, 0.1)
    result = lower_bound(twice)
    assert levels_of(result) == ["shor", "dnn", "phases"]
    assert [note for note in result.notes if note.startswith("partition: ")]
    (figure,) = result.solver_figures
    assert result.proved[1].bound.value == pytest.approx(figure.primal_value, rel=1e-6)
    best = lower_bound(once, "partition")
    assert result.value == pytest.approx(best.value, rel=2e-3)


def test_in_a_process_of_its_own_the_result_is_the_same(in_process):
    problem = random_family(0, n=8, c=2)
    choice = SolverChoice("CLARABEL", options={"max_iter": 30})
    here = lower_bound(problem, "block(3)", choice=choice)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relaxed, "solve_in_process", worker.solve_in_process)
        there = lower_bound(problem, "block(3)", choice=choice)
    assert len(in_process) == 1
    assert there.bound.value == here.bound.value
    assert there.certificate.document == here.certificate.document
    assert "max_iter=30" in there.solver_figures[0].settings


@pytest.mark.parametrize("choice", [CLARABEL, SolverChoice()], ids=lambda c: c.solver)
def test_deterministic(in_process, choice):
    first, second = (lower_bound(DEGENERATE["everything"], "dnn", choice=choice) for _ in range(2))
    assert first.certificate.document == second.certificate.document


def test_the_work_of_a_general_solver_is_counted(in_process):
    problem, limit = random_family(0, n=20, c=2), Budget(work=1.0)
    assert levels_of(lower_bound(problem, "dnn", choice=CLARABEL, budget=limit)) == ["shor", "dnn"]
    assert 0.2 < limit.worked < 0.3  # 6e-8 times the fourth power of 2·20 + 2 + 2
    short = lower_bound(problem, "dnn", choice=CLARABEL, work_limit=0.1)
    assert (levels_of(short), len(in_process)) == (["shor"], 1)
    assert "dnn: CLARABEL would take longer than the work left" in short.notes


# Arguments.


@pytest.mark.parametrize("name", ["time_limit", "work_limit"])
@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan, math.inf, True, "1"])
def test_bad_limit_is_refused_by_name(name, limit):
    with pytest.raises(InputError) as caught:
        lower_bound(PLAIN["d=1"], **{name: limit})
    assert caught.value.argument == name


def test_bad_formulation_is_refused_by_name():
    with pytest.raises(InputError, match="reduced, literal, dual") as caught:
        lower_bound(PLAIN["d=1"], choice=SolverChoice(formulation="primal"))
    assert caught.value.argument == "formulation"


def test_solver_that_is_not_installed_is_refused_by_name():
    """From the process of its own, too."""
    with pytest.raises(InputError, match="NOSUCH is not installed") as caught:
        lower_bound(PLAIN["d=1"], "dnn", choice=SolverChoice("NOSUCH"))
    assert caught.value.argument == "solver"


@pytest.mark.parametrize("formulation", ["reduced", "literal", "dual"])
@pytest.mark.parametrize("options", [{"nonsense": 1}, {"max_iter": "x"}, {"max_iterations": "x"}])
def test_bad_options_are_refused_by_name(in_process, formulation, options):
    solver = "CVXOPT" if formulation == "dual" else "CLARABEL"
    with pytest.raises(InputError, match=r"are refused by (CLARABEL|PICOS)") as caught:
        lower_bound(PLAIN["d=1"], "dnn", choice=SolverChoice(solver, formulation, options))
    assert caught.value.argument == "options"


@pytest.mark.parametrize(
    ("choice", "argument"),
    [
        (SolverChoice("certnn", "literal"), "solver"),
        (SolverChoice("certnn", "dual"), "solver"),
        (SolverChoice("CLARABEL", "dual"), "solver"),
        (SolverChoice(options={"max_iter": 3}), "options"),
    ],
    ids=["own, literal", "own, dual", "Clarabel, dual", "own, options"],
)
def test_what_a_solver_does_not_do_is_refused_by_name(choice, argument):
    with pytest.raises(InputError) as caught:
        lower_bound(PLAIN["d=1"], choice=choice)
    assert caught.value.argument == argument


def test_improve_must_be_of_the_same_problem():
    result = lower_bound(PLAIN["d=2, c=1"], "shor")
    with pytest.raises(InputError) as caught:
        lower_bound(normal(0, 8, 2, 1, reg=0.2), improve=result)
    assert caught.value.argument == "improve"


@pytest.mark.parametrize("formulation", ["literal", "dual"])
def test_the_formulation_is_used_for_dnn_alone(formulation):
    problem = random_family(1, n=DEFAULT_GROUP + 1, c=1)
    seen = []

    def fake(problem, groups, choice, budget):
        seen.append((groups is None, choice.formulation))
        raise SolverError("stopped")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relaxed, "solve_in_process", fake)
        choice = SolverChoice(DEFAULT_SOLVER[formulation], formulation)
        result = lower_bound(problem, "dnn", choice=choice)
    assert seen == [(True, formulation)]
    assert levels_of(result) == ["shor", "block(25)"]


# Stopping early.


def test_target_ends_the_search(in_process):
    problem = PLAIN["d=2, c=2"]
    shor = lower_bound(problem, "shor")
    assert levels_of(lower_bound(problem, "dnn", choice=CLARABEL, target=shor.value)) == ["shor"]
    assert not in_process
    assert levels_of(lower_bound(problem, "dnn", choice=CLARABEL, target=2.0 * shor.value)) == [
        "shor",
        "dnn",
    ]


@pytest.mark.parametrize("limit", ["time_limit", "work_limit"])
def test_a_limit_keeps_the_cheapest_level(in_process, limit):
    problem = PLAIN["d=2, c=2"]
    result = lower_bound(problem, "dnn", choice=CLARABEL, **{limit: 1e-9})
    assert levels_of(result) == ["shor"]
    assert not in_process
    check_result(problem, result)


def test_time_left_is_handed_to_the_solver(in_process):
    lower_bound(PLAIN["d=2, c=2"], "dnn", time_limit=1000.0, choice=CLARABEL)
    assert 0.0 < in_process[0][2] < 1000.0


def test_improve_runs_only_what_is_missing(in_process):
    problem = PLAIN["d=2, c=2"]
    first = lower_bound(problem, "shor")
    seen = []
    second = lower_bound(
        problem, "dnn", improve=first, progress=lambda *a: seen.append(a), choice=CLARABEL
    )
    assert levels_of(second) == ["shor", "dnn"]
    assert seen[0] == ("dnn", first.value, None)
    assert second.proved[0] is first.proved[0]
    assert second.seconds >= first.seconds
    third = lower_bound(problem, "dnn", improve=second, choice=CLARABEL)
    assert third.bound is second.bound
    assert len(in_process) == 1


def test_a_weaker_level_does_not_replace_a_better_bound(in_process):
    problem = random_family(0, n=8, c=2)
    best = lower_bound(problem, "dnn")
    again = lower_bound(problem, "block(2)", improve=best)
    assert levels_of(again) == ["shor", "dnn", "block(2)"]
    assert again.bound is best.bound
    assert again.level == "dnn"


def test_block_is_run_after_lifts_where_it_is_asked_for():
    problem = normal(2, 30, 3, 1)
    lifts = lower_bound(problem, "lifts", work_limit=5.0)
    assert levels_of(lifts) == ["shor", "lifts"]
    again = lower_bound(problem, "block", improve=lifts)
    assert levels_of(again) == ["shor", "lifts", "block(25)"]


def test_progress_tells_what_runs_and_what_is_proved(in_process):
    seen = []
    result = lower_bound(
        PLAIN["d=2, c=2"], "dnn", progress=lambda *a: seen.append(a), choice=CLARABEL
    )
    stages_seen = [stage for stage, _, _ in seen if not stage.endswith("to be proved")]
    assert len(stages_seen) < len(seen)
    assert stages_seen == [
        "shor", "shor: proving", "shor: proved", "dnn", "dnn: proving", "dnn: proved",
    ]  # fmt: skip
    values = [value for _, value, _ in seen]
    known = [value for value in values if value is not None]
    assert values[0] is None
    assert known == sorted(known)
    assert values[-1] == result.value


# Solvers that fail.


@pytest.fixture
def clock(monkeypatch):
    """Time passes while the solver is waited for, and does not otherwise."""
    now, sleep = [0.0], time.sleep

    def wait(seconds):
        now[0] += seconds
        sleep(seconds)

    fake = SimpleNamespace(monotonic=lambda: now[0], sleep=wait)
    monkeypatch.setattr("certnn.budget.time", fake)
    monkeypatch.setattr(worker, "time", fake)


def _program(path, body):
    path.write_text(f"#!{shutil.which('sh')}\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("body", "time_limit", "note"),
    [
        ("exit 3", None, r"the process of CLARABEL died \(exit 3\): no output"),
        ("echo one; echo out of memory >&2; kill -9 $$", None, r"died \(exit -9\): out of memory"),
        ("exec sleep 600", 4.0, "the solver did not end at the time limit, and had proved nothing"),
        ("exec sleep 600", 2.0, "there is no time left to start CLARABEL"),
    ],
    ids=["exits", "killed", "hangs", "would not even start"],
)
def test_a_worker_that_dies_leaves_a_note_and_the_bound(
    tmp_path, monkeypatch, clock, body, time_limit, note
):
    program = _program(tmp_path / "python", body)
    monkeypatch.setattr(worker.sys, "executable", program)
    problem = PLAIN["d=2, c=2"]
    result = lower_bound(problem, "dnn", time_limit=time_limit, choice=CLARABEL)
    assert levels_of(result) == ["shor"]
    check_result(problem, result)
    assert len(result.notes) == 1
    assert result.notes[0].startswith("dnn: ")
    assert re.search(note, result.notes[0])
    assert not psutil.Process().children()


def test_a_solver_that_fails_leaves_a_note_and_the_bound(in_process):
    problem = PLAIN["d=2, c=2"]
    result = lower_bound(problem, "dnn", choice=SolverChoice("OSQP"))
    assert levels_of(result) == ["shor"]
    assert result.notes[0].startswith("dnn: OSQP failed: ")
    assert not result.solver_figures


def test_a_solver_that_panics_leaves_a_note_and_the_bound(in_process):
    """Clarabel's eigenvalues break down on decay 10²⁹⁸ times too large for the data."""
    problem = AWKWARD["smallest data"]
    result = lower_bound(problem, "dnn", choice=CLARABEL)
    assert result.notes == ("dnn: CLARABEL failed: Eigval error: Eigen(1)",)
    assert result.value == pytest.approx(problem.null_loss, rel=1e-9)


def test_a_solver_without_a_point_leaves_a_note_and_its_figure(monkeypatch):
    def no_point(problem, groups, choice, budget):
        outcome = worker.solve(problem, groups, choice, budget.seconds_left)
        return type(outcome)(outcome.figure, None)

    monkeypatch.setattr(relaxed, "solve_in_process", no_point)
    result = lower_bound(PLAIN["d=2, c=2"], "dnn", choice=CLARABEL)
    assert levels_of(result) == ["shor"]
    assert result.notes == ("dnn: CLARABEL ended with no dual point: optimal",)
    assert len(result.solver_figures) == 1


def test_a_solver_that_says_nonsense_leaves_a_note_and_the_bound(monkeypatch):
    def nonsense(problem, groups, choice, budget):
        outcome = worker.solve(problem, groups, choice, budget.seconds_left)
        outcome.point.Z[0, 0] = math.nan
        return outcome

    monkeypatch.setattr(relaxed, "solve_in_process", nonsense)
    result = lower_bound(PLAIN["d=2, c=2"], "dnn", choice=CLARABEL)
    assert result.notes == ("dnn: the dual point has entries that are not finite",)


def test_a_solver_stopped_at_once_makes_a_true_bound(in_process):
    problem = PLAIN["d=2, c=2"]
    result = lower_bound(problem, "dnn", choice=SolverChoice("CLARABEL", options={"max_iter": 1}))
    check_result(problem, result)
    assert best_sampled(problem, np.random.default_rng(0)) >= result.bound.value


def test_scs_as_it_comes_makes_a_true_bound(in_process):
    """With its own tolerances; compared with the value that Clarabel finds."""
    problem = random_family(4, n=10, c=3)
    value = lower_bound(problem, "dnn", choice=CLARABEL).solver_figures[0].primal_value
    result = lower_bound(problem, "dnn", choice=SolverChoice("SCS"))
    check_result(problem, result)
    assert result.level == "dnn"
    assert result.value <= value * (1.0 + 1e-6)
    assert result.value >= 0.9 * value


# Ctrl-C.


def test_interrupt_keeps_what_is_proved(monkeypatch):
    def interrupt(*arguments):
        signal.raise_signal(signal.SIGINT)
        raise SolverError("it was stopped")

    monkeypatch.setattr(relaxed, "solve_in_process", interrupt)
    problem = PLAIN["d=2, c=2"]
    result = lower_bound(problem, "dnn", choice=CLARABEL)
    assert result.interrupted
    assert result.level == "shor"
    check_result(problem, result)


def test_interrupt_before_anything_is_proved_is_passed_on(monkeypatch):
    def interrupt(*arguments):
        signal.raise_signal(signal.SIGINT)
        raise SolverError("it was stopped")

    monkeypatch.setattr(shor, "shor_point_of_chunks", interrupt)
    with pytest.raises(KeyboardInterrupt):
        lower_bound(PLAIN["d=2, c=2"], "dnn")


#: Prints what it does, and in the end the result.
LONG_SEARCH = """
import json
import certnn
import numpy as np
from sklearn.datasets import load_iris

X, labels = load_iris(return_X_y=True)
problem = certnn.TrainingProblem(X[::2], np.eye(3)[labels[::2]], 0.1)
first = certnn.lower_bound(problem, "shor")
result = certnn.lower_bound(
    problem,
    "dnn",
    choice=certnn.SolverChoice("CLARABEL"),
    improve=first,
    progress=lambda *a: print(a[0], flush=True),
)
print(json.dumps([result.interrupted, result.level, result.value, first.value]))
"""


def test_a_real_interrupt_ends_the_solver_and_keeps_the_bound():
    with subprocess.Popen(
        [sys.executable, "-c", LONG_SEARCH],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline().startswith("block")
        parent = psutil.Process(process.pid)
        while not (children := parent.children()):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
        assert process.returncode == 0, errors
    interrupted, level, value, shor = json.loads(output.splitlines()[-1])
    assert interrupted
    assert level == "shor"
    assert value == shor > 0.0
    psutil.wait_procs(children)
    assert not any(child.is_running() for child in children)
    assert "Traceback" not in errors


# No network is below a bound.


CHOICES = st.sampled_from([CLARABEL, SolverChoice()])


@given(problem=problems(), choice=CHOICES, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sampled_network_beats_a_bound(in_process, problem, choice, seed):
    result = lower_bound(problem, "dnn", choice=choice)
    check_result(problem, result)
    assert result.bound.value >= 0
    assert best_sampled(problem, np.random.default_rng(seed)) >= result.bound.value


@given(
    problem=problems(scaled=False),
    level=st.sampled_from(["shor", "block(2)", "dnn"]),
    choice=CHOICES,
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_trained_network_beats_a_bound(in_process, problem, level, choice):
    result = lower_bound(problem, level, choice=None if level == "shor" else choice)
    network = polish(problem, train_locally(problem, Budget(work=0.02)).network, Budget())
    assert network.evaluate(problem).value >= result.bound.value


@pytest.mark.parametrize("choice", [CLARABEL, SolverChoice()], ids=lambda c: c.solver)
@pytest.mark.parametrize("name", DEGENERATE | AWKWARD)
def test_no_trained_network_beats_dnn(in_process, name, choice):
    problem = (DEGENERATE | AWKWARD)[name]
    result = lower_bound(problem, "dnn", choice=choice)
    trained = train_locally(problem, Budget(work=0.02)).network
    assert trained.evaluate(problem).value >= result.bound.value
    assert best_sampled(problem, np.random.default_rng(0)) >= result.bound.value
    for proved in result.proved:
        assert proved.bound.value <= result.bound.value


def test_the_bound_is_close_to_the_optimum_where_it_is_known(in_process):
    """One point: the optimum is ½|y|² − ½(|y| − reg/|x|)₊², and the relaxation reaches it."""
    problem = TrainingProblem([[3.0, 4.0]], [[1.0, 2.0, 2.0]], 0.5)
    optimum = 0.5 * 9.0 - 0.5 * (3.0 - 0.5 / 5.0) ** 2
    result = lower_bound(problem)
    assert result.value == pytest.approx(optimum, rel=1e-6)
    assert result.bound.value <= optimum * (1.0 + 1e-12)


def test_names_of_the_package():
    assert certnn.lower_bound is lower_bound
    assert certnn.LowerBoundResult is bound_result.LowerBoundResult


@pytest.mark.parametrize("level", ["phases", "cells"])
def test_levels_are_not_compiled_where_that_would_outlast_the_limit(monkeypatch, level):
    problem = normal(0, 6, 2, 1)
    home = "certnn.search.levels.tightening._is_compiled"
    monkeypatch.setattr(home, lambda function: False)
    result = lower_bound(problem, level, time_limit=25.0)
    assert result.level == "shor"
    assert any("compiled first" in note for note in result.notes)
    assert lower_bound(problem, level, work_limit=5.0).level == level


def test_what_is_compiled_is_known_from_this_process_and_from_its_cache(tmp_path):
    stats = SimpleNamespace(cache_path=str(tmp_path))
    function = SimpleNamespace(__name__="solve", signatures=(), stats=stats)
    assert not _is_compiled(function)
    (tmp_path / "node.solve-12.py311.nbi").touch()
    assert _is_compiled(function)


class Failing(shor.Shor):
    """The level shor, which proves nothing."""

    def proofs(self, context):
        raise SolverError("it needs longer")


def test_why_a_level_proved_nothing_is_said_until_it_does():
    context = Context(TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], 0.1), Goal(Budget(work=5.0)))
    search = BoundSearch(context, None, lambda result: None)
    search.run([Failing()], None)
    with pytest.raises(SolverError, match="shor: it needs longer"):
        search.result()
    search.run([SHOR], None)
    assert search.result().notes == ()
