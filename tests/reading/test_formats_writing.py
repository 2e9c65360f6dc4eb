"""Networks given back in the form in which others were read."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from onnx_graphs import Graph
from sklearn.neural_network import MLPClassifier, MLPRegressor

import certnn
from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks import read_network
from certnn.reading.networks.writing import file_like, network_like

FILES = Path(__file__).parent / "files"
X = np.random.default_rng(0).standard_normal((20, 4))


def network(columns=5, width=3, c=2, output_bias=True):
    draw = np.random.default_rng(1).standard_normal
    bias = draw(c) if output_bias else None
    return TwoLayerNetwork(draw((columns, width)), draw((width, c)), bias)


def tensors(c=2):
    draw = np.random.default_rng(2).standard_normal
    return {
        "body.fc1.weight": draw((6, 4)),
        "body.fc1.bias": draw(6),
        "head.weight": draw((c, 6)),
        "head.bias": draw(c),
    }


def fitted(kind, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(hidden_layer_sizes=(5,), max_iter=5, random_state=0).fit(X, y)


def test_a_dictionary_has_the_same_names_and_another_width():
    own = network()
    found = network_like(tensors(), own)
    assert list(found) == list(tensors())
    assert found["body.fc1.weight"].shape == (3, 4)
    expected = own.output(np.hstack([X, np.ones((20, 1))]))
    np.testing.assert_array_equal(read_network(found).output(X), expected)
    plain = network_like(
        {"U": np.ones((4, 2)), "V": np.ones((2, 2))}, network(4, output_bias=False)
    )
    assert set(plain) == {"U", "V"}


def test_biases_that_the_network_does_not_have_are_zero():
    found = network_like(tensors(), network(4, output_bias=False))
    assert not np.any(found["body.fc1.bias"])
    assert not np.any(found["head.bias"])


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
def test_an_estimator_predicts_what_the_network_says(kind):
    y = X[:, :3] if kind is MLPRegressor else np.arange(20) % 3
    model, own = fitted(kind, y), network(c=3)
    before = model.predict(X)
    found = network_like(model, own)
    outputs = own.output(np.hstack([X, np.ones((20, 1))]))
    if kind is MLPRegressor:
        np.testing.assert_allclose(found.predict(X), outputs)
    else:
        np.testing.assert_array_equal(found.predict(X), np.argmax(outputs, axis=1))
    np.testing.assert_array_equal(model.predict(X), before)
    assert found.hidden_layer_sizes == (3,)


def test_an_audit_gives_its_best_network_back():
    model = fitted(MLPRegressor, X[:, 0])
    result = certnn.audit(model, X, X[:, 0], work_limit=5.0)
    better = result.best_like(model)
    problem = certnn.problem_for(model, X, X[:, 0])
    restored = certnn.reading.networks.network_for(problem, better)
    assert restored.evaluate(problem).value == result.report.best_network.fraction


def test_what_it_cannot_be_given_back_as_is_said():
    with pytest.raises(InputError, match="nothing that a network can be given back as"):
        network_like(network(), network())
    with pytest.raises(InputError, match="not for 4 inputs, 2 outputs"):
        network_like(tensors(), network(7))
    with pytest.raises(InputError, match="not for 4 inputs, 2 outputs"):
        network_like(tensors(), network(c=3))
    stored = read_network(tensors())
    with pytest.raises(InputError, match="of a kind that is not written"):
        file_like("model.npz", stored, network())
    with pytest.raises(InputError, match="no names of layers"):
        file_like("model.safetensors", read_network(network(4)), network(4))


def test_a_network_without_neurons_is_one_of_zeros():
    found = network_like(tensors(), TwoLayerNetwork(np.zeros((5, 0)), np.zeros((0, 2)), np.ones(2)))
    assert found["body.fc1.weight"].shape == (1, 4)
    np.testing.assert_array_equal(read_network(found).output(X), np.ones((20, 2)))


@pytest.mark.parametrize("name", ["opset13.onnx", "sequential.keras"])
def test_the_command_writes_a_better_model(name, tmp_path, capsys):
    np.savez(tmp_path / "data.npz", X=X, Y=X[:, :3])
    out, model = tmp_path / "out", FILES / name
    before = model.read_bytes()
    command = ["audit", str(model), "--data", str(tmp_path / "data.npz"), "--reg", "0.5"]
    assert main([*command, "--work-limit", "3", "--out", str(out)]) == 0
    better = out / f"better{model.suffix}"
    said = capsys.readouterr().out
    assert f"best_network.npz, {better.name}" in said
    load = {".onnx": "onnx.load", ".keras": "keras.saving.load_model"}[model.suffix]
    assert f"in the form of {model}: {load}({str(better)!r})" in said
    assert f"<code>{better.name}</code> beside this page" in (out / "report.html").read_text()
    assert model.read_bytes() == before
    problem = certnn.problem_for(better, X, X[:, :3], reg=0.5)
    report = certnn.GapReport.from_json((out / "report.json").read_text())
    objective = read_network(better).as_network().evaluate(problem).value
    assert objective == pytest.approx(report.best_network.fraction, rel=1e-5)  # it is of float32


def test_a_network_that_is_better_only_before_rounding_is_not_written(tmp_path, capsys):
    problem = certnn.TrainingProblem(X, X[:, :1], reg=1.0)
    np.savez(tmp_path / "data.npz", X=X, Y=X[:, :1])
    best, model = certnn.train(problem, work_limit=3.0).network, tmp_path / "half.onnx"
    graph = Graph(17)
    graph.add("MatMul", "", graph.weight(best.U, "half"))
    graph.add("Relu", "")
    graph.add("MatMul", "", graph.weight(best.V, "half"))
    model.write_bytes(graph.model(["n", 4]).SerializeToString())
    objectives = []
    while model.exists():
        out = tmp_path / str(len(objectives))
        command = ["audit", str(model), "--data", str(tmp_path / "data.npz"), "--reg", "1.0"]
        assert main([*command, "--level", "shor", "--work-limit", "1", "--out", str(out)]) == 0
        objectives.append(read_network(model).as_network().evaluate(problem).value)
        model, said = out / "better.onnx", capsys.readouterr().err
    assert sorted(set(objectives), reverse=True) == objectives  # of which there are finitely many
    assert "the network found is no better once it is rounded to its precision" in said
    report = certnn.GapReport.from_json((out / "report.json").read_text())
    assert report.best_network.fraction < report.network.fraction


def test_a_better_model_that_cannot_be_written_is_said(tmp_path, capsys):
    np.savez(tmp_path / "data.npz", X=X, Y=1.0 + X[:, :2])
    graph = Graph(17)
    graph.add("MatMul", "", graph.constant(np.ones((4, 2))))
    graph.add("Relu", "")
    graph.add("MatMul", "", graph.constant(np.ones((2, 2))))
    model = tmp_path / "plain.onnx"
    model.write_bytes(graph.model(["n", 4]).SerializeToString())
    command = ["audit", str(model), "--data", str(tmp_path / "data.npz"), "--reg", "0.1"]
    more = ["--output-bias", "decayed", "--work-limit", "3", "--out", str(tmp_path / "out")]
    assert main([*command, *more]) == 0
    said = capsys.readouterr()
    assert "certnn: no better.onnx: " in said.err
    assert "has no place for output_bias" in said.err
    assert (tmp_path / "out" / "report.json").exists()
    assert not (tmp_path / "out" / "better.onnx").exists()


def test_the_command_writes_a_better_file_of_the_same_kind(tmp_path, capsys):
    from safetensors.numpy import save_file

    save_file(tensors(), tmp_path / "model.safetensors")
    np.savez(tmp_path / "data.npz", X=X, Y=X[:, :2])
    model, out = tmp_path / "model.safetensors", tmp_path / "out"
    command = ["audit", str(model), "--data", str(tmp_path / "data.npz"), "--reg", "0.5"]
    assert main([*command, "--work-limit", "3", "--out", str(out)]) == 0
    assert "best_network.npz, better.safetensors" in capsys.readouterr().out
    assert "safetensors.torch.load_file(" in (out / "report.html").read_text()
    better = read_network(out / "better.safetensors")
    assert better.layers == ("body.fc1", "head")
    problem = certnn.problem_for(better, X, X[:, :2], reg=0.5)
    objective = better.as_network().evaluate(problem).value
    report = certnn.GapReport.from_json((out / "report.json").read_text())
    assert objective == report.best_network.fraction
    # One that is itself audited stays as it is.
    again = ["audit", str(out / "better.safetensors"), *command[2:]]
    assert main([*again, "--work-limit", "3", "--out", str(out)]) == 0
    assert (
        read_network(out / "better.safetensors").as_network().evaluate(problem).value == objective
    )


@pytest.mark.torch
@pytest.mark.parametrize("bias", [True, False])
def test_modules_and_files_of_pytorch(tmp_path, bias):
    import torch
    from torch import nn

    module = nn.Sequential(nn.Linear(4, 6, bias), nn.ReLU(), nn.Linear(6, 2, bias)).double()
    own = network() if bias else network(4, output_bias=False)
    found = network_like(module, own)
    rows = np.hstack([X, np.ones((20, 1))]) if bias else X
    with torch.no_grad():
        np.testing.assert_allclose(found(torch.from_numpy(X)).numpy(), own.output(rows))
    assert module[0].out_features == 6
    assert (found[0].bias is None) is not bias
    stored = read_network(module)
    (tmp_path / "better.pt").write_bytes(file_like("model.pt", stored, own))
    state = torch.load(tmp_path / "better.pt", weights_only=True)
    assert set(state) == set(module.state_dict())
    np.testing.assert_array_equal(read_network(tmp_path / "better.pt").V, own.V)
