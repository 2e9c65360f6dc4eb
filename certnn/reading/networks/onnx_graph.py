"""The graph of an ONNX model, followed from its input to its output."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from certnn.errors import shorten
from certnn.reading.networks.layer_chain import LayerChain, UnsupportedLayer
from certnn.reading.networks.onnx_constants import apply_to_constants
from certnn.reading.networks.onnx_data import Data, input_layouts
from certnn.reading.networks.onnx_operation import Complement, Operation, Value
from certnn.reading.networks.onnx_operators import apply_operator

#: Types of floats in onnx.TensorProto: 0 if it is not said, float32, float16, float64, bfloat16.
_FLOATS = (0, 1, 10, 11, 16)
#: Exporters write a dozen or two for a two-layer network.
_MOST_NODES = 512
#: They write larger constants as tensors.
_MOST_NUMBERS = 1 << 16


#: Reads a stored tensor; raises `UnsupportedLayer` if its numbers are of a type that is not read.
TensorReader = Callable[[Any], NDArray[Any]]


@dataclass(frozen=True)
class _Unread:
    """A value that is not read, which matters only if the network's output needs it."""

    reason: str
    #: How many nodes there are before the one at which reading ended.
    reached: int = 0


def chain_of_graph(model: Any, opset: int, read: TensorReader) -> LayerChain:
    """The layers between the input of a model's graph and its one output of numbers.

    Raises `UnsupportedLayer` if they are not those of a two-layer network; the message names the
    node.

    Parameters
    ----------
    model : onnx.ModelProto
        Its outputs of integers or text, as classifiers have for their labels, are left aside.
    opset : int
        The version of ONNX's own operators.
    """
    graph = model.graph
    if len(graph.sparse_initializer):
        raise UnsupportedLayer("it has sparse weights")
    if len(graph.node) > _MOST_NODES:
        raise UnsupportedLayer(f"it has {len(graph.node)} nodes, too many for two layers")
    constants = {tensor.name: _stored(tensor, read) for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in constants]
    outputs = [value.name for value in graph.output if _holds_numbers(value.type)]
    if len(constants) != len(graph.initializer) or len(inputs) != 1 or len(outputs) != 1:
        raise UnsupportedLayer(
            f"its graph has {len(inputs)} inputs and {len(outputs)} outputs of floats: export it "
            "with one of each"
        )
    nodes = _parsed_nodes(model, read)
    refusals = [_Unread("its output is not that of layers on its input")]
    for layout in input_layouts(_declared_shape(inputs[0])):
        output = _followed(nodes, opset, {**constants, inputs[0].name: layout}).get(outputs[0])
        if isinstance(output, Data):
            return output.chain
        if isinstance(output, _Unread):
            refusals.insert(-1, output)
    raise UnsupportedLayer(max(refusals, key=lambda refusal: refusal.reached).reason)


@dataclass(frozen=True)
class _Node:
    """A node with its attributes, or why they are not read."""

    place: int
    where: str
    stored: Any
    attributes: dict[str, Any] | _Unread


def _parsed_nodes(model: Any, read: TensorReader) -> list[_Node]:
    own = {(function.domain, function.name) for function in model.functions}
    nodes = []
    for index, node in enumerate(model.graph.node):
        where = f"node {shorten(node.name) or index} ({shorten(node.op_type)})"
        try:
            if (node.domain, node.op_type) in own:
                raise UnsupportedLayer("not an operator of ONNX itself")
            nodes.append(_Node(index, where, node, _attributes(node, read)))
        except UnsupportedLayer as error:
            nodes.append(_Node(index, where, node, _Unread(f"{where}: {error}", index)))
    return nodes


def _followed(
    nodes: list[_Node], opset: int, given: Mapping[str, Value | _Unread]
) -> dict[str, Value | _Unread]:
    """All values of the graph, by name."""
    values = dict(given)
    for node in nodes:
        inputs, outputs = node.stored.input, node.stored.output
        missing = [name for name in inputs if name and name not in values]
        if missing:
            raise UnsupportedLayer(
                f"{node.where}: it takes {shorten(missing[0])}, which no node before made"
            )
        if not outputs or not outputs[0]:
            raise UnsupportedLayer(f"{node.where}: it lacks its first output")
        result = _result(node, opset, [values[name] if name else None for name in inputs])
        other = _Unread(f"{node.where}: only its first output is read", node.place)
        for place, name in enumerate(outputs):
            if name in values:
                raise UnsupportedLayer(f"{node.where}: it makes {shorten(name)} again")
            if name:
                values[name] = other if place else result
    return values


def _result(node: _Node, opset: int, arguments: list[Any]) -> Value | _Unread:
    unread = [value for value in (*arguments, node.attributes) if isinstance(value, _Unread)]
    if unread:
        return unread[0]
    assert isinstance(node.attributes, dict)
    domain, kind = node.stored.domain, node.stored.op_type
    name = kind if domain in ("", "ai.onnx") else f"{domain}.{kind}"
    operation = Operation(name, arguments, node.attributes, opset)
    try:
        if any(isinstance(value, Data | Complement) for value in arguments):
            return apply_operator(operation)
        return apply_to_constants(operation, node.stored)
    except UnsupportedLayer as error:
        return _Unread(f"{node.where}: {error}", node.place)


def _stored(tensor: Any, read: TensorReader) -> NDArray[Any] | _Unread:
    try:
        return read(tensor)
    except UnsupportedLayer as error:
        return _Unread(str(error))


def _holds_numbers(kind: Any) -> bool:
    """Whether an output is of floats, alone or by name in a map, and not of labels."""
    return kind.WhichOneof("value") != "tensor_type" or kind.tensor_type.elem_type in _FLOATS


def _declared_shape(value: Any) -> list[int | None] | None:
    """The shape that an input is said to have, with None for what is open."""
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    return [
        size.dim_value if size.WhichOneof("value") == "dim_value" else None
        for size in tensor.shape.dim
    ]


def _attributes(node: Any, read: TensorReader) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for attribute in node.attribute:
        if max(len(attribute.ints), len(attribute.floats)) > _MOST_NUMBERS:
            raise UnsupportedLayer(f"attribute {shorten(attribute.name)} has too many numbers")
        if attribute.type == attribute.FLOAT:
            found[attribute.name] = attribute.f
        elif attribute.type == attribute.INT:
            found[attribute.name] = attribute.i
        elif attribute.type == attribute.FLOATS:
            found[attribute.name] = list(attribute.floats)
        elif attribute.type == attribute.INTS:
            found[attribute.name] = list(attribute.ints)
        elif attribute.type == attribute.TENSOR:
            found[attribute.name] = read(attribute.t)
        elif attribute.type != attribute.STRING and attribute.type != attribute.STRINGS:
            raise UnsupportedLayer(f"attribute {shorten(attribute.name)} is not read")
    return found
