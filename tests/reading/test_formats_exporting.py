"""Networks made anew for PyTorch and ONNX, against what these compute with them."""

import sys

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certnn
from certnn.errors import InputError
from certnn.reading.networks import read_network


def drawn(rows, width, outputs, output_bias, seed=0):
    draw = np.random.default_rng(seed).standard_normal
    bias = draw(outputs) if output_bias else None
    return certnn.TwoLayerNetwork(draw((rows, width)), draw((width, outputs)), bias)


def inputs(network, hidden_bias, seed=1):
    """Points, and what they should come out as."""
    rows = network.U.shape[0] - hidden_bias
    X = np.random.default_rng(seed).standard_normal((7, rows))
    return X, network.output(np.hstack([X, np.ones((7, 1))]) if hidden_bias else X)


@settings(max_examples=40)
@given(
    st.integers(2, 4),
    st.integers(0, 3),
    st.integers(1, 2),
    st.booleans(),
    st.booleans(),
)
def test_an_onnx_model_computes_the_same(tmp_path_factory, rows, width, outputs, hidden, output):
    path = tmp_path_factory.mktemp("onnx") / "network.onnx"
    network = drawn(rows, width, outputs, output)
    certnn.to_onnx(network, path, hidden_bias=hidden)
    session = onnxruntime.InferenceSession(path)
    X, wanted = inputs(network, hidden)
    np.testing.assert_allclose(session.run(["y"], {"x": X})[0], wanted, rtol=1e-12, atol=1e-12)
    if width:
        again = read_network(path).as_network()
        np.testing.assert_array_equal(again.U, network.U)
        np.testing.assert_array_equal(again.V, network.V)


def test_a_bias_alone_is_no_layer(tmp_path):
    network = drawn(1, 2, 1, output_bias=False)
    for export in (certnn.to_torch, lambda *of, **how: certnn.to_onnx(*of, tmp_path / "m", **how)):
        with pytest.raises(InputError, match="hidden_bias: is no row of U"):
            export(network, hidden_bias=True)


@pytest.mark.parametrize("package", ["torch", "onnx"])
def test_a_package_that_is_missing_is_named(monkeypatch, tmp_path, package):
    monkeypatch.setitem(sys.modules, package, None)
    export = {"torch": certnn.to_torch, "onnx": lambda it: certnn.to_onnx(it, tmp_path / "m")}
    with pytest.raises(InputError, match=f"pip install {package}"):
        export[package](drawn(2, 2, 1, output_bias=True))


@pytest.mark.torch
@pytest.mark.parametrize("width", [0, 3])
@pytest.mark.parametrize("hidden", [True, False])
@pytest.mark.parametrize("output", [True, False])
def test_a_module_computes_the_same(width, hidden, output):
    import torch

    network = drawn(3, width, 2, output)
    X, wanted = inputs(network, hidden)
    module = certnn.to_torch(network, hidden_bias=hidden)
    with torch.no_grad():
        np.testing.assert_allclose(module(torch.from_numpy(X)).numpy(), wanted, rtol=1e-12)
    assert (module[0].bias is None, module[2].bias is None) == (not hidden, not output)
