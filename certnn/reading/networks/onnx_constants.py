"""Operators of an ONNX graph that work on constants: weights, and the integers of shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.reading.networks.layer_chain import UnsupportedLayer
from certnn.reading.networks.onnx_operation import MOST_INTEGERS, Operation
from certnn.reading.optional_packages import require_package

FLOAT, DOUBLE = 1, 11  # numbers of these types in onnx.TensorProto

#: Of any size: these give another view of the same numbers.
_VIEWS = {"Identity", "Squeeze", "Transpose", "Unsqueeze"}
#: Of shapes: a few integers, as exporters compute them.
_OF_SHAPES = {*_VIEWS, "Add", "Cast", "Concat", "Div", "Gather", "Mul", "Reshape", "Slice", "Sub"}


def apply_to_constants(operation: Operation, node: Any) -> NDArray[Any]:
    """The output of an operator without data among its inputs.

    Raises `UnsupportedLayer` if it is not one that rearranges weights or computes a shape.

    Parameters
    ----------
    node : onnx.NodeProto
        The same as it is stored.
    """
    if operation.kind == "Constant":
        return _constant(operation)
    arrays = [value for value in operation.arguments if isinstance(value, np.ndarray)]
    floats = any(array.dtype == np.float64 for array in arrays)
    if operation.kind == "Cast" and floats:
        return _converted(operation)
    small = not floats and all(array.size <= MOST_INTEGERS for array in arrays)
    if operation.kind not in (_OF_SHAPES if small else _VIEWS):
        raise UnsupportedLayer("this operator is not supported on constants")
    # ONNX's own implementation knows what each version means.
    onnx = require_package("onnx", "model", "an ONNX file")
    evaluate = require_package("onnx.reference", "model", "an ONNX file").ReferenceEvaluator
    names = [name for name in node.input if name]
    values = [onnx.helper.make_empty_tensor_value_info(name) for name in (*names, *node.output)]
    graph = onnx.helper.make_graph([node], "", values[: len(names)], values[len(names) :])
    opset = onnx.helper.make_opsetid("", operation.opset)
    try:
        model = onnx.helper.make_model(graph, opset_imports=[opset])
        (result,) = evaluate(model).run(None, dict(zip(names, arrays, strict=True)))
    except Exception as error:  # of every kind, for what a stranger may ask for
        raise UnsupportedLayer(f"it fails ({type(error).__name__})") from None
    if not isinstance(result, np.ndarray) or (small and result.size > MOST_INTEGERS):
        raise UnsupportedLayer("it makes something else than the shape of an array")
    return result


def _constant(operation: Operation) -> NDArray[Any]:
    match operation.attributes:
        case {"value": np.ndarray() as array}:
            return array
        case {"value_float": float() | int() as number}:
            return np.array(float(number))
        case {"value_floats": list() as numbers}:
            return np.array(numbers, dtype=np.float64)
        case {"value_int": int() as number}:
            return np.array(number, dtype=np.int64)
        case {"value_ints": list() as numbers}:
            return np.array(numbers, dtype=np.int64)
    raise UnsupportedLayer("not a constant that is read")


def _converted(operation: Operation) -> FloatArray:
    floats, kind = operation.floats(0), operation.number("to")
    if kind not in (FLOAT, DOUBLE):
        raise UnsupportedLayer("it converts to another type than float32 or float64")
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == FLOAT and not np.array_equal(floats, floats.astype(np.float32), equal_nan=True):
            raise UnsupportedLayer("it rounds weights to float32")
    return floats
