"""A checkpoint of PyTorch audited from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier

import certnn
from certnn.interfaces.cli import main
from certnn.problem.losses import Logistic
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.class_labels import ClassLabels
from certnn.reading.conventions import CONVENTIONS
from certnn.reading.networks import read_network
from certnn.reading.npz import save_data

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


@pytest.mark.parametrize("layer", ["hidden", "output"])
def test_biases_are_the_networks_own_or_said(layer, tmp_path, capsys):
    data(tmp_path)
    assert audit(tmp_path, "float32.pt") == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["problem"]["hidden_bias"] == report["problem"]["output_bias"] == "decayed"
    assert audit(tmp_path, "float32.pt", f"--{layer}-bias", "none") == 2
    assert f"{layer} bias" in capsys.readouterr().err


def test_a_file_is_audited_from_python(tmp_path):
    problem = data(tmp_path)
    result = certnn.audit(FILES / "checkpoint.pt", problem, level="shor", work_limit=1.0)
    network = read_network(FILES / "checkpoint.pt").as_network()
    assert result.report.network.fraction == network.evaluate(problem).value


def test_an_estimator_of_scikit_learn_is_audited_with_its_own_loss():
    draw = np.random.default_rng(0).standard_normal
    X = draw((30, 3))
    y = np.where(X[:, 0] > 0.2 * X[:, 1], "yes", "no")
    settings = {"alpha": 0.5, "solver": "lbfgs", "max_iter": 5000, "random_state": 0}
    model = MLPClassifier(hidden_layer_sizes=(5,), **settings).fit(X, y)
    reg = CONVENTIONS["scikit-learn"].reg(0.5, 30, 1)
    signs = ClassLabels.of("label", y).targets(Logistic())
    problem = TrainingProblem(
        X, signs, reg, hidden_bias="free", loss="logistic", output_bias="free"
    )
    result = certnn.audit(model, problem, level="shor", work_limit=2.0)
    penalty = 0.5 * reg * sum(np.sum(weights**2) for weights in model.coefs_)
    probability = model.predict_proba(X)[np.arange(30), (y == "yes").astype(int)]
    expected = -np.sum(np.log(probability)) + penalty
    assert result.report.network.objective == pytest.approx(expected, rel=1e-9)
    assert result.report.network.objective == pytest.approx(30 * model.loss_, rel=1e-6)
    assert result.lower.value <= result.report.best_network.objective
