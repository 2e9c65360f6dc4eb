"""A checkpoint of PyTorch audited from the command line."""

import json
from pathlib import Path

import numpy as np

from certnn.cli import main
from certnn.files import save_data
from certnn.formats import read_network
from certnn.problem import TrainingProblem

FILES = Path(__file__).parent / "files"


def data(tmp_path):
    draw = np.random.default_rng(0).standard_normal
    problem = TrainingProblem(draw((10, 4)), draw((10, 3)), 0.1)
    save_data(tmp_path / "data.npz", problem)
    return problem


def audit(tmp_path, name, *more):
    command = ["audit", str(FILES / name), "--data", str(tmp_path / "data.npz"), "--reg", "0.1"]
    return main([*command, "--level", "shor", "--out", str(tmp_path / "out"), *more])


def test_a_checkpoint_is_audited_exactly(tmp_path):
    problem = data(tmp_path)
    assert audit(tmp_path, "checkpoint.pt") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    network = read_network(FILES / "checkpoint.pt")
    loss = 0.5 * np.sum((network.output(problem.X) - problem.Y) ** 2)
    objective = loss + 0.05 * (np.sum(network.U**2) + np.sum(network.V**2))
    np.testing.assert_allclose(report["network"]["objective"], objective, rtol=1e-12)


def test_biases_that_are_not_supported_are_said(tmp_path, capsys):
    data(tmp_path)
    assert audit(tmp_path, "float32.pt", "--hidden-bias") == 2
    assert "output bias" in capsys.readouterr().err
