"""ONNX graphs of every kind that is read, against what onnxruntime computes with them."""

import warnings

import numpy as np
import onnx
import pytest
from hypothesis import event, given, settings
from onnx import TensorProto, helper
from onnx_graphs import OPSETS, Graph, compare, graphs, run, two_layers, weights
from scipy.special import expit, softmax
from skl2onnx import to_onnx
from sklearn.neural_network import MLPClassifier

import certnn
from certnn.errors import InputError
from certnn.reading.networks import onnx_operators as operators
from certnn.reading.networks import read_network


@settings(max_examples=300)
@given(graphs(wild=False))
def test_two_layer_graphs_are_read_as_they_run(drawn):
    compare(*drawn)


@settings(max_examples=300)
@given(graphs(wild=True))
def test_what_is_read_of_other_graphs_is_what_runs(drawn):
    model, case = drawn
    try:
        read_network(model)
    except InputError:
        event("refused")
    else:
        event("read")
        compare(model, case)


def test_a_bias_of_points_is_refused_and_one_of_columns_read():
    _, b, _, _ = weights()
    with pytest.raises(InputError, match=r"\(Gemm\): it adds other numbers to other data points"):
        read_network(two_layers(bias=b[:, None]).model([6, 4]))
    for count in ("n", 5):
        with pytest.raises(InputError, match="does not fit"):
            read_network(two_layers(bias=b[:, None]).model([count, 4]))
    model = two_layers(bias=b[None, :]).model(["n", 4])
    np.testing.assert_array_equal(read_network(model).hidden_bias, b)


@pytest.mark.parametrize("opset", OPSETS)
def test_every_version_reads_the_same(opset):
    W, b, V, a = weights()
    network = read_network(two_layers(opset).model(["n", 4]))
    for found, stored in zip(
        (network.U, network.hidden_bias, network.V, network.output_bias), (W, b, V, a), strict=True
    ):
        np.testing.assert_array_equal(found, stored)


@pytest.mark.parametrize("opset", [OPSETS[0] - 1, OPSETS[-1] + 1, 2**40])
def test_other_versions_are_refused_with_the_way_out(opset):
    with pytest.raises(InputError, match="convert_version"):
        read_network(two_layers(opset).model(["n", 4]))


def test_operators_mean_the_same_in_all_versions_read():
    """A version of an operator that has not been looked at must not come into `OPSETS`."""
    reviewed = {
        "Add": [7, 13, 14],
        "Cast": [6, 9, 13, 19, 21, 23, 24, 25, 28],
        "Clip": [6, 11, 12, 13],
        "Concat": [4, 11, 13],
        "Dropout": [7, 10, 12, 13, 22],
        "Flatten": [1, 9, 11, 13, 21, 23, 24, 25],
        "Gather": [1, 11, 13],
        "Gemm": [7, 9, 11, 13],
        "Identity": [1, 13, 14, 16, 19, 21, 23, 24, 25],
        "LogSoftmax": [1, 11, 13],
        "MatMul": [1, 9, 13],
        "Max": [6, 8, 12, 13],
        "Relu": [6, 13, 14],
        "Reshape": [5, 13, 14, 19, 21, 23, 24, 25],
        "Shape": [1, 13, 15, 19, 21, 23, 24, 25],
        "Sigmoid": [6, 13],
        "Slice": [1, 10, 11, 13],
        "Softmax": [1, 11, 13],
        "Squeeze": [1, 11, 13, 21, 23, 24, 25],
        "Sub": [7, 13, 14],
        "Transpose": [1, 13, 21, 23, 24, 25],
        "Unsqueeze": [1, 11, 13, 21, 23, 24, 25],
    }
    read = {name for name in operators._OPERATORS if "." not in name}
    assert read == reviewed.keys()
    known = min(OPSETS[-1], onnx.defs.onnx_opset_version())
    for name in read:
        found = {
            onnx.defs.get_schema(name, opset).since_version for opset in range(OPSETS[0], known + 1)
        }
        assert found == {version for version in reviewed[name] if version <= known}, name


def test_points_in_columns_as_in_benchmarks_of_verification():
    W, b, V, a = weights()
    for count in (1, 5, "n"):
        graph = Graph(14)
        graph.add("MatMul", graph.constant(W.T), "")
        graph.add("Add", "", graph.constant(b[:, None]))
        graph.add("Relu", "")
        graph.add("MatMul", graph.constant(V.T), "")
        graph.add("Add", graph.constant(a[:, None]), "")
        compare(
            graph.model([4, count]), (5 if count == "n" else count, 4, "columns", "float32", None)
        )


def test_a_view_by_the_number_of_points():
    """What exporters write for x.view(x.size(0), -1), and y.flatten() at the end."""
    W, b, V, a = weights()
    for opset in (9, 12, 17):
        graph = Graph(opset)
        graph.add("Shape", "")
        graph.add("Gather", "", graph.constant(0, "int64"), axis=0)
        graph.axes("Unsqueeze", [0])
        graph.add("Concat", "", graph.shape(-1), axis=0)
        graph.add("Reshape", "x", "")
        graph.add("Gemm", "", graph.constant(W), graph.constant(b))
        graph.add("Relu", "")
        end = graph.add("Gemm", "", graph.constant(V[:, :1]), graph.constant(a[:1]))
        graph.add("Shape", "")
        if opset < 10:
            graph.add("Slice", "", starts=[0], ends=[1])
        else:
            graph.add("Slice", "", graph.shape(0), graph.shape(1))
        graph.add("Reshape", end, "")
        compare(graph.model(["n", 4]), (5, 4, "rows", "float32", None))


def test_images_are_rows_once_flat():
    W, b, V, a = weights()
    graph = Graph(17)
    graph.add("Flatten", "")
    graph.add("Gemm", "", graph.constant(W), graph.constant(b))
    graph.add("Relu", "")
    graph.add("Gemm", "", graph.constant(V), graph.constant(a))
    model = graph.model(["n", 1, 2, 2])
    X = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
    (found,) = run(model, X.reshape(5, 1, 2, 2))
    np.testing.assert_allclose(read_network(model).output(X.astype(float)), found, atol=1e-4)
    graph.nodes.insert(0, helper.make_node("Transpose", ["x"], ["t"], perm=[0, 1, 3, 2]))
    graph.nodes[1].input[0] = "t"
    with pytest.raises(InputError, match="order of the features"):
        read_network(graph.model(["n", 1, 2, 2]))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("zipmap", [False, True])
@pytest.mark.parametrize("names", ["numbers", "words"])
def test_classifiers_of_scikit_learn(classes, zipmap, names):
    rng = np.random.default_rng(classes)
    X = rng.standard_normal((40, 4)).astype(np.float32)
    y = (
        np.arange(40) % classes
        if names == "numbers"
        else np.array(list("abc"))[np.arange(40) % classes]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it does not converge in so few steps
        model = MLPClassifier((5,), max_iter=30, random_state=0).fit(X, y)
        exported = to_onnx(model, X[:1], options={id(model): {"zipmap": zipmap}})
    network = read_network(exported)
    logits = network.output(X.astype(float))
    found = run(exported, X)[1]
    found = np.array([[row[name] for name in model.classes_] for row in found]) if zipmap else found
    if classes == 2:
        assert network.output_activation == "logistic"
        np.testing.assert_allclose(expit(logits)[:, 0], found[:, 1], atol=1e-5)
    else:
        assert network.output_activation == "softmax"
        np.testing.assert_allclose(softmax(logits, axis=1), found, atol=1e-5)
    problem = certnn.problem_for(exported, X, y, reg=0.1)
    assert problem.loss.name == ("logistic" if classes == 2 else "softmax")


def test_two_networks_in_a_graph_are_refused():
    graph = two_layers()
    info = helper.make_tensor_value_info
    graph.add("Relu", "v0")
    both = [info(name, TensorProto.FLOAT, None) for name in ("v2", graph.last)]
    with pytest.raises(InputError, match="2 outputs of floats"):
        read_network(graph.model(["n", 4], both))
    labels = [both[0], info(graph.last, TensorProto.INT64, None)]
    assert read_network(graph.model(["n", 4], labels)).width == 6


@pytest.mark.parametrize(
    ("kind", "inputs", "attributes", "reason"),
    [
        ("Tanh", [""], {}, r"\(Tanh\): this operator is not supported"),
        ("LeakyRelu", [""], {"alpha": 0.1}, "LeakyRelu"),
        ("Mul", ["", "c0"], {}, "Mul"),
        ("Add", ["", ""], {}, "constant weights"),
        ("Gemm", ["", "c0"], {"alpha": 2.0}, "alpha"),
        ("Gemm", ["", "c0"], {"transB": [1]}, "transB"),
        ("Reshape", ["", "c1"], {}, "integers"),
        ("Reshape", ["", "c2"], {}, "number of entries"),
        ("Reshape", ["", "c3"], {}, "points apart"),
        ("Reshape", [""], {}, "shape"),
        ("Squeeze", ["", "c2"], {}, "axis"),
        ("Unsqueeze", ["", "c2"], {}, "axes"),
        ("Gather", ["", "c2"], {"axis": 1}, "several numbers"),
        ("Gather", ["", "c2"], {"axis": 7}, "axis 7"),
        ("Slice", ["", "c2", "c2"], {}, "several numbers"),
        ("Slice", ["", "c2"], {}, "end"),
        ("Max", ["", "c1", "c1"], {}, "inputs"),
        ("Clip", [""], {}, "another bound"),
        ("Softmax", [""], {"axis": 0}, "points|outputs"),
        ("Concat", ["", ""], {"axis": 1}, "joins"),
        ("Cast", [""], {"to": 7}, "converts"),
        ("Transpose", [""], {"perm": [0, 5]}, "order"),
        ("Flatten", [""], {"axis": 9}, "points apart"),
        ("Loop", [""], {}, "Loop"),
    ],
)
def test_other_operators_are_refused_by_name(kind, inputs, attributes, reason):
    graph = Graph(17)
    graph.constant(np.ones((4, 4)))
    graph.constant(np.ones((2, 2)))
    graph.shape(2, 5, 3)
    graph.shape(4, -1)
    graph.add(kind, *inputs, **attributes)
    with pytest.raises(InputError, match=reason) as refused:
        read_network(graph.model(["n", 4]))
    assert "\n" not in str(refused.value)


def test_the_reason_told_is_that_of_the_way_that_went_furthest():
    graph = Graph(14)
    W, _, V, _ = weights()
    graph.add("MatMul", graph.constant(W.T), "")
    graph.add("Relu", "")
    graph.add("MatMul", graph.constant(V.T), "")
    graph.add("Tanh", "")
    for count in (1, 3):
        with pytest.raises(InputError, match="Tanh"):
            read_network(graph.model([4, count]))


def test_graphs_that_could_take_long_are_refused():
    graph = Graph(17)
    for _ in range(600):
        graph.add("Identity", "")
    with pytest.raises(InputError, match="600 nodes"):
        read_network(graph.model(["n", 4]))
    graph = Graph(17)
    graph.last = graph.shape(*range(60))
    for _ in range(40):
        graph.add("Concat", "", "", axis=0)  # of 2^40 times as many entries in the end
    sizes = graph.last
    graph.add("Reshape", "x", sizes)
    with pytest.raises(InputError, match="Concat"):
        read_network(graph.model(["n", 4]))
    graph = Graph(17)
    graph.add("Reshape", "", graph.constant(np.ones(100_000), "int64"))
    with pytest.raises(InputError, match="100000 integers"):
        read_network(graph.model(["n", 4]))
    graph = Graph(9)
    graph.add("Squeeze", "", axes=[0] * 100_000)
    with pytest.raises(InputError, match="too many"):
        read_network(graph.model(["n", 4]))
