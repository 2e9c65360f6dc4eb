"""What the operators of an ONNX graph do to a chain of layers; all others are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.formats.layer_chain import LayerChain, UnsupportedLayer

#: A value in the graph: the data after some layers, a constant, or an argument left out.
Value = LayerChain | NDArray[Any] | None
Attributes = dict[str, Any]

_FLOAT, _DOUBLE = 1, 11  # numbers of these types in onnx.TensorProto


def apply_operator(kind: str, arguments: list[Value], attributes: Attributes) -> Value:
    """The output of an operator.

    Parameters
    ----------
    kind : str
        The operator's name, e.g. ``"Gemm"``.
    arguments : list
        Its inputs, in order.
    attributes : dict
        Its attributes: numbers, lists of integers and arrays.

    Raises
    ------
    UnsupportedLayer
        If no two-layer network has such an operator there.
    """
    operator = _OPERATORS.get(kind)
    if operator is None:
        raise UnsupportedLayer("this operator is not supported")
    try:
        return operator(arguments, dict(attributes))
    except (IndexError, KeyError):
        raise UnsupportedLayer("it lacks an input or an attribute") from None


def _gemm(arguments: list[Value], attributes: Attributes) -> Value:
    chain, weight = _data(arguments[0]), _floats(arguments[1])
    if attributes.get("alpha", 1.0) != 1.0 or attributes.get("beta", 1.0) != 1.0:
        raise UnsupportedLayer("alpha and beta must be 1")
    if attributes.get("transA", 0):
        raise UnsupportedLayer("it transposes the data")
    chain = chain.multiply(weight.T if attributes.get("transB", 0) else weight)
    bias = arguments[2] if len(arguments) > 2 else None
    return chain if bias is None else chain.add(_floats(bias))


def _matmul(arguments: list[Value], attributes: Attributes) -> Value:
    if isinstance(arguments[1], LayerChain):
        raise UnsupportedLayer("it multiplies the data from the left")
    return _data(arguments[0]).multiply(_floats(arguments[1]))


def _add(arguments: list[Value], attributes: Attributes) -> Value:
    first, second = arguments
    if isinstance(second, LayerChain):
        first, second = second, first
    return _data(first).add(_floats(second))


def _subtract(arguments: list[Value], attributes: Attributes) -> Value:
    return _data(arguments[0]).add(-_floats(arguments[1]))


def _relu(arguments: list[Value], attributes: Attributes) -> Value:
    return _data(arguments[0]).rectify()


def _maximum(arguments: list[Value], attributes: Attributes) -> Value:
    first, second = arguments
    if isinstance(second, LayerChain):
        first, second = second, first
    if np.any(_floats(second)) or _floats(second).size != 1:
        raise UnsupportedLayer("the maximum with another number than 0")
    return _data(first).rectify()


def _clip(arguments: list[Value], attributes: Attributes) -> Value:
    bounds = [*arguments[1:], None, None]
    if bounds[0] is None or np.any(_floats(bounds[0])) or bounds[1] is not None:
        raise UnsupportedLayer("clipping to other bounds than 0 and none")
    return _data(arguments[0]).rectify()


def _softmax(arguments: list[Value], attributes: Attributes) -> Value:
    if attributes.get("axis", -1) not in (-1, 1):
        raise UnsupportedLayer("a softmax over the data points")
    return _data(arguments[0]).activate("softmax")


def _sigmoid(arguments: list[Value], attributes: Attributes) -> Value:
    return _data(arguments[0]).activate("logistic")


def _identity(arguments: list[Value], attributes: Attributes) -> Value:
    return arguments[0]


def _dropout(arguments: list[Value], attributes: Attributes) -> Value:
    if len(arguments) > 2 and arguments[2] is not None:
        raise UnsupportedLayer("it may be in training mode")
    return _data(arguments[0])


def _cast(arguments: list[Value], attributes: Attributes) -> Value:
    if attributes["to"] not in (_FLOAT, _DOUBLE):
        raise UnsupportedLayer("it converts to another type than float32 or float64")
    return _data(arguments[0])


def _flatten(arguments: list[Value], attributes: Attributes) -> Value:
    if attributes.get("axis", 1) != 1:
        raise UnsupportedLayer("it does not keep the data points apart")
    return _data(arguments[0])


def _reshape(arguments: list[Value], attributes: Attributes) -> Value:
    chain, shape = _data(arguments[0]), arguments[1]
    if not isinstance(shape, np.ndarray) or shape.dtype.kind != "i":
        raise UnsupportedLayer("its shape is not a constant")
    match shape.tolist():
        case [-1, int(columns)] if columns > 0 and chain.columns in (None, columns):
            return chain
        case [0, -1] if not attributes.get("allowzero", 0):
            return chain
    raise UnsupportedLayer("it does not keep the data points apart")


def _transpose(arguments: list[Value], attributes: Attributes) -> Value:
    weight = _floats(arguments[0])
    if weight.ndim != 2 or attributes.get("perm", [1, 0]) != [1, 0]:
        raise UnsupportedLayer("not a transposed matrix")
    return weight.T


def _constant(arguments: list[Value], attributes: Attributes) -> Value:
    match attributes:
        case {"value": np.ndarray() as array}:
            return array
        case {"value_float": float(number)}:
            return np.array(number)
    raise UnsupportedLayer("not a constant that is read")


def _data(value: Value) -> LayerChain:
    if not isinstance(value, LayerChain):
        raise UnsupportedLayer("it does not work on the data")
    return value


def _floats(value: Value) -> FloatArray:
    if not isinstance(value, np.ndarray) or value.dtype != np.float64:
        raise UnsupportedLayer("its other input is not constant weights")
    return value


_OPERATORS: dict[str, Callable[[list[Value], Attributes], Value]] = {
    "Add": _add,
    "Cast": _cast,
    "Clip": _clip,
    "Constant": _constant,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Gemm": _gemm,
    "Identity": _identity,
    "MatMul": _matmul,
    "Max": _maximum,
    "Relu": _relu,
    "Reshape": _reshape,
    "Sigmoid": _sigmoid,
    "Softmax": _softmax,
    "Sub": _subtract,
    "Transpose": _transpose,
}
