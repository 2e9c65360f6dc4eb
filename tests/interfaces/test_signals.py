"""Ctrl-C and SIGTERM at any moment: what is proved is kept, and nothing else is left."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from certnn.interfaces.cli import main

SIGNALS = (signal.SIGINT, signal.SIGTERM)
TIMES = 12
DATA = ["--data", "data.npz", "--reg", "1"]
SMALL = ["--data", "small.npz"]
COMMANDS = {
    "audit": ["audit", "network.npz", *DATA, "--time-limit", "20", "--out", "out"],
    "bound": ["bound", *SMALL, "--reg", "0.01", "--time-limit", "20", "--out", "out"],
    "solver": ["bound", *DATA, "--level", "dnn", "--solver", "CLARABEL", "--out", "out"],
    "train": ["train", *DATA, "--out", "trained.npz", "--certificate", "certificate.json"],
    "path": ["path", *SMALL, "--regs", "1", "0.3", "0.1", "--out", "out"],
    "sample": [
        *("sample", *SMALL, "--reg", "10", "--size", "20", "--subsets", "40", "--jobs", "2"),
        *("--level", "dnn", "--out", "out"),
    ],
    "round": ["round", *SMALL, "--reg", "0.1", "--trainer", "--out", "rounded.npz"],
    "tightness": [
        *("tightness", "--families", "random", "--n", "12", "--levels", "shor", "dnn", "cuts"),
        *("--seeds", "3", "--jobs", "2", "--out", "out"),
    ],
    "experiments": [
        *("experiments", "--only", "tightness", "--quick", "--datasets", "random"),
        *("--methods", "rounded", "global", "--out", "out"),
    ],
}


@pytest.fixture
def folder(tmp_path):
    draw = np.random.default_rng(0).standard_normal
    X = draw((120, 8))
    noise = 0.3 * draw((120, 1))
    np.savez(tmp_path / "data.npz", X=X, Y=np.maximum(X @ draw((8, 1)), 0.0) + noise)
    np.savez(tmp_path / "network.npz", U=draw((8, 9)), V=draw((9, 1)))
    X = draw((60, 4))
    np.savez(tmp_path / "small.npz", X=X, Y=np.sin(X[:, :2]))
    (tmp_path / "temporary").mkdir()
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("time", range(TIMES))
@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_signal_at_any_moment_keeps_what_is_proved_and_leaves_nothing(folder, name, number, time):
    draw = random.Random(f"{name} {number} {time}")
    child = subprocess.Popen(
        [sys.executable, "-m", "certnn.interfaces.cli", *COMMANDS[name]],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder / "temporary"), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    expected = {0}
    try:
        child.wait(draw.uniform(2.0, 15.0))
    except subprocess.TimeoutExpired:
        expected = {128 + number, 0}  # it may end by itself at this very moment
    started = []
    if child.poll() is None:  # and else it is a zombie as long as nobody has asked
        started = psutil.Process(child.pid).children(recursive=True)
        # A terminal sends its signal to all processes, others to the one that they know.
        send = os.killpg if number == signal.SIGINT and draw.random() < 0.5 else os.kill
        send(child.pid, number)
    _, errors = child.communicate(timeout=300.0)
    assert child.returncode in expected, errors
    assert "Traceback" not in errors
    _, alive = psutil.wait_procs(started, timeout=30.0)
    assert alive == []
    assert [file for file in (folder / "temporary").rglob("*") if file.is_file()] == []
    assert list(folder.rglob("*.part")) == []
    for certificate in folder.rglob("certificate*.json"):
        assert main(["check", str(certificate)]) == 0


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_after_a_signal_an_audit_writes_its_report_and_says_which_it_was(
    folder, monkeypatch, capsys, number
):
    from certnn.search import audit as auditing

    def signalled(*arguments, **options):
        signal.raise_signal(number)
        return train_locally(*arguments, **options)

    train_locally = auditing.train_locally
    monkeypatch.setattr(auditing, "train_locally", signalled)
    monkeypatch.chdir(folder)
    before = [signal.getsignal(s) for s in SIGNALS]
    code = main(["audit", "network.npz", *DATA, "--level", "dnn", "--out", "out"])
    assert code == 128 + number
    assert [signal.getsignal(s) for s in SIGNALS] == before
    assert {file.name for file in Path("out").iterdir()} >= {"report.json", "certificate.json"}
    assert main(["check", "out/certificate.json", "--data", "data.npz"]) == 0
    assert "interrupted" in capsys.readouterr().out.lower()


def test_a_solver_ends_with_the_process_that_started_it(folder):
    """Even where that is killed and can do nothing any more."""
    child = subprocess.Popen(
        [sys.executable, "-m", "certnn.interfaces.cli", *COMMANDS["solver"]],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder / "temporary")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    parent, solvers = psutil.Process(child.pid), []
    while not solvers and child.poll() is None:
        solvers = parent.children()
    child.kill()
    child.wait()
    assert len(solvers) == 1
    _, alive = psutil.wait_procs(solvers, timeout=60.0)
    assert alive == []
    assert list((folder / "temporary").iterdir()) == []
