"""Better networks in ONNX models' own graphs, against what onnxruntime computes with them."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from onnx.numpy_helper import to_array
from onnx_graphs import Graph, compare, graphs, run, two_layers, weights
from scipy.special import expit, log_softmax

from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks import read_network
from certnn.reading.networks.onnx_writing import onnx_file_like, onnx_model_like

FILES = Path(__file__).parent / "files"
X = np.load(FILES / "outputs.npz")["X"]


def other(stored, width, seed=0):
    """A network of integers with another width, and biases where the stored one has them."""
    integers = np.random.default_rng(seed).integers
    rows, c = stored.U.shape[0] + (stored.hidden_bias is not None), stored.V.shape[1]
    bias = None if stored.output_bias is None else integers(-4, 5, c)
    return TwoLayerNetwork(integers(-4, 5, (rows, width)), integers(-4, 5, (width, c)), bias)


def tensors(model):
    """All float tensors of a model."""
    constants = [a.t for node in model.graph.node for a in node.attribute if a.HasField("t")]
    stored = [*model.graph.initializer, *constants]
    return [tensor for tensor in stored if tensor.data_type != TensorProto.INT64]


@settings(max_examples=200)
@given(graphs(wild=False), st.integers(0, 5))
def test_what_is_written_runs_as_the_other_network(drawn, width):
    model, case = drawn
    stored, before = read_network(model), model.SerializeToString()
    network = other(stored, width)
    try:
        written = onnx_model_like(model, network)
    except InputError as error:
        # One number stands for several there, a tensor has no axis for the neurons, or the zeros
        # that they are compared to are as many as they.
        assert any(
            np.prod(tensor.dims) == 1 or len(tensor.dims) < 2 or not to_array(tensor).any()
            for tensor in tensors(model)
        )
        event(error.reason)
        return
    event("written")
    assert model.SerializeToString() == before
    names = [[node.name for node in one.graph.node] for one in (model, written)]
    assert names[0] == names[1]
    read = read_network(written)
    assert read.width == max(width, 1)
    ones = np.ones((len(X), network.U.shape[0] - stored.U.shape[0]))
    inputs = np.rint(4 * X[:, : stored.U.shape[0]])
    np.testing.assert_array_equal(read.output(inputs), network.output(np.hstack([inputs, ones])))
    compare(written, case)


EXPORTED = sorted(file.name for file in FILES.glob("*.onnx") if "tanh" not in file.name)


@pytest.mark.parametrize("name", EXPORTED)
def test_what_exporters_write_takes_any_width(name):
    stored = read_network(FILES / name)
    for width in (3, 9):
        network = other(stored, width)
        content = onnx_file_like(FILES / name, network)
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(content)
        (found,) = session.run(None, {session.get_inputs()[0].name: X.astype("f4")})
        outputs = network.output(np.hstack([X, np.ones((len(X), 1))]))
        function = {"logistic": expit, "log-softmax": lambda x: log_softmax(x, axis=1)}
        expected = function.get(stored.output_activation, lambda x: x)(outputs)
        np.testing.assert_allclose(found.reshape(expected.shape), expected, rtol=1e-5, atol=1e-4)


def test_weights_from_other_files_are_within(tmp_path):
    model = two_layers().model(["n", 4])
    onnx.save_model(
        model, tmp_path / "m.onnx", save_as_external_data=True, size_threshold=0, location="w"
    )
    network = other(read_network(tmp_path / "m.onnx"), 2)
    (tmp_path / "alone").mkdir()
    (tmp_path / "alone" / "m.onnx").write_bytes(onnx_file_like(tmp_path / "m.onnx", network))
    np.testing.assert_array_equal(read_network(tmp_path / "alone" / "m.onnx").V, network.V)


def test_tensors_listed_as_inputs_have_the_new_shape():
    model = two_layers(opset=8).model(["n", 4])
    for tensor in model.graph.initializer:
        info = helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        model.graph.input.append(info)
    model.graph.value_info.append(helper.make_tensor_value_info("v0", TensorProto.FLOAT, ["n", 6]))
    written = onnx_model_like(model, other(read_network(model), 2))
    assert run(written, np.ones((5, 4), "f4"))[0].shape == (5, 3)
    sizes = [[d.dim_value for d in v.type.tensor_type.shape.dim] for v in written.graph.input[1:]]
    assert sizes == [list(tensor.dims) for tensor in written.graph.initializer]
    assert sizes[0] == [4, 2]


def test_a_bias_that_is_subtracted_has_its_sign():
    W, b, V, a = weights()
    graph = Graph(17)
    graph.add("MatMul", "", graph.constant(W))
    graph.add("Sub", "", graph.constant(b))
    graph.add("Relu", "")
    graph.add("MatMul", "", graph.constant(V))
    graph.add("Sub", "", graph.constant(a))
    model = graph.model(["n", 4])
    network = other(read_network(model), 2)
    written = onnx_model_like(model, network)
    np.testing.assert_array_equal(read_network(written).output_bias, network.output_bias)
    np.testing.assert_array_equal(to_array(written.graph.initializer[3]), -network.output_bias)


def test_what_a_graph_has_no_place_for_is_refused():
    W, _, V, a = weights()
    graph = Graph(17)
    graph.add("MatMul", "", graph.constant(W))
    graph.add("Reshape", "", graph.shape(-1, 6))
    graph.add("Relu", "")
    graph.add("MatMul", "", graph.constant(V))
    model = graph.model(["n", 4])
    stored = read_network(model)
    same = other(stored, 6)
    np.testing.assert_array_equal(read_network(onnx_model_like(model, same)).U, same.U)
    with pytest.raises(InputError, match="its graph is for 6 neurons, and the network has 2"):
        onnx_model_like(model, other(stored, 2))
    with pytest.raises(InputError, match="no place for output_bias"):
        onnx_model_like(model, TwoLayerNetwork(same.U, same.V, a))
    zero = TwoLayerNetwork(same.U, same.V, np.zeros(3))
    assert read_network(onnx_model_like(model, zero)).output_bias is None
    with pytest.raises(InputError, match="too large for float32"):
        onnx_model_like(model, TwoLayerNetwork(1e60 * same.U, same.V))  # beyond float32


def test_a_tensor_of_two_layers_is_refused():
    W, b, _, _ = weights()
    graph = Graph(17)
    shared = graph.constant(b)
    for weight in (W, np.eye(6)):
        graph.add("Gemm", "", graph.constant(weight), shared)
        graph.add("Relu", "")
    graph.nodes.pop()
    graph.last = "v2"
    model = graph.model(["n", 4])
    with pytest.raises(InputError, match="hidden_bias is not one tensor of floats"):
        onnx_model_like(model, other(read_network(model), 6))
