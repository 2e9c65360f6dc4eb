"""What the operators of an ONNX graph do to the data; all others are refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from certnn.reading.networks.layer_chain import UnsupportedLayer
from certnn.reading.networks.onnx_constants import DOUBLE, FLOAT
from certnn.reading.networks.onnx_data import Data
from certnn.reading.networks.onnx_operation import Complement, Operation, Value

#: The versions of ONNX's own operators for which the meaning of those used has been checked.
OPSETS = range(7, 29)


def apply_operator(operation: Operation) -> Value:
    """The output of an operator that works on the data.

    Raises `UnsupportedLayer` if no two-layer network has such an operator there.
    """
    operator = _OPERATORS.get(operation.kind)
    if operator is None:
        raise UnsupportedLayer("this operator is not supported")
    return operator(operation)


def _gemm(operation: Operation) -> Value:
    for name in ("alpha", "beta"):
        factor = operation.attributes.get(name, 1.0)
        if not isinstance(factor, float) or factor != 1.0:
            raise UnsupportedLayer("alpha and beta must be 1")
    transposed = [bool(operation.number(name, 0)) for name in ("transA", "transB")]
    place = 0 if isinstance(operation.argument(0), Data) else 1
    data, weight = operation.data(place), operation.floats(1 - place)
    if len(data.shape) != 2 or weight.ndim != 2:
        raise UnsupportedLayer("it does not multiply two matrices")
    data = data.transpose() if transposed[place] else data
    weight = weight.T if transposed[1 - place] else weight
    data = data.multiply(weight) if place == 0 else data.multiply_from_left(weight)
    return data if operation.argument(2) is None else data.add(operation.floats(2))


def _matmul(operation: Operation) -> Value:
    if isinstance(operation.argument(1), Data):
        return operation.data(1).multiply_from_left(operation.floats(0))
    return operation.data(0).multiply(operation.floats(1))


def _add(operation: Operation) -> Value:
    data, bias = operation.data_and_floats()
    return data.add(bias)


def _subtract(operation: Operation) -> Value:
    if not isinstance(operation.argument(1), Data):
        return operation.data(0).add(-operation.floats(1))
    one, data = operation.floats(0), operation.data(1)
    if one.size != 1 or one.flat[0] != 1.0 or one.ndim > len(data.shape):
        raise UnsupportedLayer("it subtracts the data from something")
    if data.chain.output_activation != "logistic" or data.chain.columns != 1:
        raise UnsupportedLayer(
            "1 less the data, which is read of the probability of one output alone"
        )
    return Complement(data)


def _concatenate(operation: Operation) -> Value:
    """Of 1 − p and p, which is p again: the one output's, of the second of two classes."""
    match operation.arguments:
        case [Complement(of=first), Data() as second] if first == second:
            rank = len(second.shape)
            axis = operation.number("axis")
            if -rank <= axis < rank and second.shape[axis] == 1:
                return second
    raise UnsupportedLayer("it joins other things than the probabilities 1 − p and p")


def _maximum(operation: Operation) -> Value:
    data, constant = operation.data_and_floats()
    if constant.ndim and operation.opset < 8:
        raise UnsupportedLayer("it broadcasts, which this version of ONNX does not")
    return data.maximum(constant)


def _clip(operation: Operation) -> Value:
    if operation.opset < 11:
        least, most = operation.attributes.get("min"), operation.attributes.get("max")
    else:
        least, most = (
            None if operation.argument(place) is None else operation.floats(place)
            for place in (1, 2)
        )
    if least is None or np.ndim(least) or least != 0.0:
        raise UnsupportedLayer("clipping from below to another bound than 0")
    if most is not None and (np.ndim(most) or most != np.inf):
        raise UnsupportedLayer("clipping from above")
    return operation.data().rectify()


def _softmax(name: str) -> Callable[[Operation], Value]:
    def softmax(operation: Operation) -> Value:
        data = operation.data()
        if operation.opset < 13:  # over all axes from this one on
            return data.activate(
                name, range(data.axis(operation.number("axis", 1)), len(data.shape))
            )
        axis = data.axis(operation.number("axis", -1))
        return data.activate(name, range(axis, axis + 1))

    return softmax


def _dropout(operation: Operation) -> Value:
    if operation.argument(2) is not None:
        raise UnsupportedLayer("it may be in training mode")
    return operation.data()


def _cast(operation: Operation) -> Value:
    if operation.number("to") not in (FLOAT, DOUBLE):
        raise UnsupportedLayer("it converts to another type than float32 or float64")
    return operation.data()


def _reshape(operation: Operation) -> Value:
    sizes = operation.integers(1)
    if sizes is None:
        raise UnsupportedLayer("it lacks a shape")
    return operation.data().reshape(sizes, zero_copies=not operation.number("allowzero", 0))


def _gather(operation: Operation) -> Value:
    indices = operation.argument(1)
    if not isinstance(indices, np.ndarray) or indices.dtype.kind != "i":
        raise UnsupportedLayer("its indices are not constant")
    return operation.data().gather(operation.number("axis", 0), indices)


def _slice(operation: Operation) -> Value:
    data = operation.data()
    if operation.opset < 10:
        starts, ends, axes = (operation.numbers(name) for name in ("starts", "ends", "axes"))
        steps = None
    else:
        starts, ends, axes, steps = (operation.integers(place) for place in (1, 2, 3, 4))
    if starts is None or ends is None:
        raise UnsupportedLayer("it lacks a start or an end")
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise UnsupportedLayer("its starts, ends, axes and steps are not as many")
    for cut in zip(axes, starts, ends, steps, strict=True):
        data = data.slice(*cut)
    return data


def _shape(operation: Operation) -> Value:
    sizes = operation.data().shape
    start, end = operation.number("start", 0), operation.number("end", len(sizes))
    if None in sizes[start:end]:
        raise UnsupportedLayer("the number of features is open")
    return np.array(sizes[start:end], dtype=np.int64)


_OPERATORS: dict[str, Callable[[Operation], Value]] = {
    "Add": _add,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concatenate,
    "Dropout": _dropout,
    "Flatten": lambda node: node.data().flatten(node.number("axis", 1)),
    "Gather": _gather,
    "Gemm": _gemm,
    "Identity": Operation.data,
    "LogSoftmax": _softmax("log-softmax"),
    "MatMul": _matmul,
    "Max": _maximum,
    "Relu": lambda node: node.data().rectify(),
    "Reshape": _reshape,
    "Shape": _shape,
    "Sigmoid": lambda node: node.data().activate("logistic"),
    "Slice": _slice,
    "Softmax": _softmax("softmax"),
    "Squeeze": lambda node: node.data().squeeze(node.axes(1, since=13)),
    "Sub": _subtract,
    "Transpose": lambda node: node.data().transpose(node.numbers("perm")),
    "Unsqueeze": lambda node: node.data().unsqueeze(node.axes(1, since=13) or []),
    "ai.onnx.ml.ZipMap": Operation.data,  # the same probabilities by the classes' names
}
