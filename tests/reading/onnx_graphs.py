"""ONNX graphs as tests draw them, and what onnxruntime computes with them."""

import numpy as np
import onnxruntime
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from scipy.special import expit, log_softmax, softmax

from certnn.reading.networks import onnx_operators as operators
from certnn.reading.networks import read_network

OPSETS = operators.OPSETS
#: The newest that the oldest onnxruntime of these tests runs.
RUN = range(OPSETS[0], 22)
#: A function of the outputs, which are logits where it is not the identity.
LAST = {
    "Sigmoid": ("logistic", expit),
    "Softmax": ("softmax", lambda logits: softmax(logits, axis=1)),
    "LogSoftmax": ("log-softmax", lambda logits: log_softmax(logits, axis=1)),
}


FORMS = st.sampled_from(["", "", "transposed", "half", "node", "axis"])


class Graph:
    """A model being written, with small integers as weights: all sums are exact in float32."""

    def __init__(self, opset, kind="float32", seed=0):
        self.opset, self.kind = opset, kind
        self.nodes, self.stored, self.last = [], [], "x"
        self.rng = np.random.default_rng(seed)

    def integers(self, *shape):
        return self.rng.integers(-4, 5, shape).astype(float)

    def constant(self, array, kind=None):
        name = f"c{len(self.stored)}"
        self.stored.append(numpy_helper.from_array(np.asarray(array, kind or self.kind), name))
        return name

    def weight(self, array, form):
        """Weights as an initializer, or as exporters hide them behind nodes."""
        kept = self.last
        if form == "transposed":
            name = self.add("Transpose", self.constant(array.T))
        elif form == "half":
            to = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[self.kind]
            name = self.add("Cast", self.constant(array, "float16"), to=to)
        elif form == "node":
            value = numpy_helper.from_array(array.astype(self.kind))
            name = self.add("Identity", self.add("Constant", value=value))
        elif form == "axis":
            self.last = self.constant(array[None])
            self.axes("Squeeze", [0])
            name = self.last
        else:
            name = self.constant(array)
        self.last = kept
        return name

    def shape(self, *sizes):
        return self.constant(np.array(sizes, dtype=np.int64), "int64")

    def add(self, kind, *inputs, domain="", **attributes):
        """Append a node; "" stands for what the one before made."""
        names = [self.last if name == "" else name for name in inputs]
        self.last = f"v{len(self.nodes)}"
        node = helper.make_node(kind, names, [self.last], domain=domain, **attributes)
        self.nodes.append(node)
        return self.last

    def axes(self, kind, axes):
        """Append Squeeze or Unsqueeze, whose axes were an attribute once."""
        if self.opset < 13:
            self.add(kind, "", axes=axes)
        else:
            self.add(kind, "", self.shape(*axes))

    def clip(self):
        if self.opset < 11:
            self.add("Clip", "", min=0.0)
        else:
            self.add("Clip", "", self.constant(0.0))

    def model(self, input_shape, outputs=None):
        kind = {"float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}[self.kind]
        info = helper.make_tensor_value_info
        given = [info("x", kind, input_shape)]
        outputs = outputs or [info(self.last, kind, None)]
        graph = helper.make_graph(self.nodes, "network", given, outputs, self.stored)
        sets = [helper.make_opsetid("", self.opset), helper.make_opsetid("ai.onnx.ml", 1)]
        return helper.make_model(graph, opset_imports=sets, ir_version=8)


def run(model, inputs):
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    quiet.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), quiet)
    return session.run(None, {session.get_inputs()[0].name: inputs})


def bias_shapes(draw, size, points, layout, wild):
    """Shapes of a bias that is the same at all points; or any that may fit by chance."""
    fitting = {
        "rows": [(size,), (1, size), (1,), (1, 1), ()],
        "columns": [(size, 1), (1,), (1, 1), ()],
        "point": [(size,), (1,), ()],
    }[layout]
    if wild:
        sizes = st.sampled_from([1, size, points])
        return tuple(draw(st.lists(sizes, max_size=3)))
    return draw(st.sampled_from(fitting))


def linear(draw, graph, rows, columns, points, layout, wild):
    """Append a linear layer in one of the ways to write it."""
    weight = graph.integers(rows, columns)
    bias = None
    if draw(st.booleans()):
        shape = bias_shapes(draw, columns, points, layout, wild)
        bias = graph.weight(graph.integers(*shape), draw(FORMS))
    left = layout == "columns" or (layout == "point" and draw(st.booleans()))
    gemm = layout != "point" and (bias or graph.opset >= 11) and draw(st.booleans())
    if gemm:
        turned = int(draw(st.booleans()))
        stored = graph.weight(weight.T if turned != left else weight, draw(FORMS))
        inputs = (stored, "") if left else ("", stored)
        graph.add(
            "Gemm",
            *inputs,
            *[bias] * (bias is not None),
            **{"transA" if left else "transB": turned},
        )
        return
    stored = graph.weight(weight.T if left else weight, draw(FORMS))
    graph.add("MatMul", *((stored, "") if left else ("", stored)))
    if bias is not None:
        graph.add("Add", *(draw(st.permutations(["", bias]))))


@st.composite
def graphs(draw, wild):
    """A model, the number of points to run it on, how they lie, and what its outputs go through."""
    sizes = st.integers(1, 4)
    d, m, c, n = draw(sizes), draw(sizes), draw(sizes), draw(sizes)
    layout = draw(st.sampled_from(["rows", "columns", "point"]))
    opset = draw(st.sampled_from(RUN))
    kind = draw(st.sampled_from(["float32", "float64"]))
    graph = Graph(opset, kind, draw(st.integers(0, 2**32)))
    n = 1 if layout == "point" else n
    count = n if draw(st.booleans()) else "n"
    shape = {"rows": [count, d], "columns": [d, count], "point": [d]}[layout]
    if layout == "rows":
        ways = ["", "Flatten", "Reshape", "copied", "twice", "axes", "Dropout", "Identity"]
        before = draw(st.sampled_from(ways))
        if before == "Flatten":
            graph.add("Flatten", "", axis=draw(st.integers(0, 2)) if wild else 1)
        elif before == "Reshape":
            fitting = [[-1, d], *([[n, -1], [n, d]] if count == n else [])]
            some = st.lists(st.sampled_from([-1, 0, 1, d, n]), min_size=1, max_size=3)
            graph.add("Reshape", "", graph.shape(*draw(some if wild else st.sampled_from(fitting))))
        elif before == "copied":
            graph.add("Reshape", "", graph.shape(0, -1))
        elif before in ("Dropout", "Identity"):
            graph.add(before, "")
        elif before == "twice":
            graph.add("Transpose", "", perm=[1, 0])
            graph.add("Transpose", "")
        elif before == "axes":
            graph.axes("Unsqueeze", [draw(st.integers(0, 2))] if wild else [1])
            if not wild or draw(st.booleans()):
                graph.axes("Squeeze", [draw(st.integers(0, 2))] if wild else [1])
    linear(draw, graph, d, m, n, layout, wild)
    rectified = draw(st.sampled_from(["Relu", "Max", "Clip"] if kind == "float32" else ["Relu"]))
    if rectified == "Max" and opset >= 8:
        zeros = np.zeros(bias_shapes(draw, m, n, layout, wild))
        graph.add("Max", *draw(st.permutations(["", graph.constant(zeros)])))
    elif rectified == "Clip":
        graph.clip()
    else:
        graph.add("Relu", "")
    linear(draw, graph, m, c, n, layout, wild)
    last = draw(st.sampled_from([None, *LAST]))
    if last in ("Softmax", "LogSoftmax"):
        axis = {"rows": 1, "columns": 0, "point": 0}[layout]
        if layout == "columns" and opset < 13:
            last = None  # over all axes at that time
        else:
            graph.add(last, "", axis=draw(st.integers(-2, 1)) if wild else axis)
    elif last:
        graph.add(last, "")
    if c == 1 and layout == "rows":
        after = draw(st.sampled_from(["", "Squeeze", "Gather", "Reshape", "Slice"]))
        if after == "Squeeze":
            graph.axes("Squeeze", [draw(st.sampled_from([-1, 1, 0] if wild else [-1, 1]))])
        elif after == "Gather":
            graph.add("Gather", "", graph.constant(0, "int64"), axis=0 if wild else 1)
        elif after == "Reshape":
            graph.add("Reshape", "", graph.shape(-1))
        elif after == "Slice" and opset >= 10:
            cut = [graph.shape(number) for number in (0, 1, 0 if wild else 1)]
            graph.add("Slice", "", *cut)
    return graph.model(shape), (n, d, layout, kind, last)


def compare(model, case):
    n, d, layout, kind, last = case
    network = read_network(model)
    X = np.random.default_rng(n + 10 * d).integers(-4, 5, (n, d)).astype(float)
    inputs = {"rows": X, "columns": X.T, "point": X[0]}[layout]
    (found,) = run(model, inputs.astype(kind))
    name, function = LAST[last] if last else ("identity", lambda logits: logits)
    assert network.output_activation == name
    expected = function(network.output(X))
    arranged = found.reshape(-1, n).T if layout == "columns" else found.reshape(n, -1)
    assert arranged.shape == expected.shape
    np.testing.assert_allclose(arranged, expected, rtol=0, atol=1e-4 if last else 0)


def weights(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, shape).astype(float) for shape in ((4, 6), (6,), (6, 3), (3,))]


def two_layers(opset=17, bias=None):
    """Gemm, Relu, Gemm."""
    W, b, V, a = weights()
    graph = Graph(opset)
    graph.add("Gemm", "", graph.constant(W), graph.constant(b if bias is None else bias))
    graph.add("Relu", "")
    graph.add("Gemm", "", graph.constant(V), graph.constant(a))
    return graph
