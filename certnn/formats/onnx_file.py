"""ONNX models: graphs of Gemm or MatMul, Add and Relu that are a two-layer network."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.formats.biased_network import BiasedNetwork
from certnn.formats.exact_floats import decode_floats, exact_float64
from certnn.formats.layer_chain import LayerChain, UnsupportedLayer
from certnn.formats.onnx_external import external_bytes
from certnn.formats.onnx_operators import Value, apply_operator
from certnn.formats.optional_packages import require_package
from certnn.raw_files import LARGEST_CONTENT, read_bytes
from certnn.zip_archive import shorten

#: Versions of the standard operators for which the meaning of those used has been checked.
OPSETS = range(13, 22)


def read_onnx_file(path: str | Path) -> BiasedNetwork:
    """Read an ONNX file.

    Parameters
    ----------
    path : str or Path
        A model of opset 13 to 21. Weights may lie in other files of the same folder.

    Raises
    ------
    InputError
        If the package onnx is missing, the file is damaged, has data outside of its folder, or a
        node is not supported; the message names the node.
    """
    onnx = require_package("onnx", str(path), "an ONNX file")
    decode_error = require_package("google.protobuf.message", str(path), "an ONNX file").DecodeError
    try:
        model = onnx.load_model_from_string(read_bytes(path, LARGEST_CONTENT))
    except (decode_error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(path), f"is not a whole ONNX file: {shorten(str(error))}") from None
    return read_onnx_model(model, path)


def read_onnx_model(model: Any, path: str | Path | None = None) -> BiasedNetwork:
    """Read an ``onnx.ModelProto``.

    Parameters
    ----------
    model : onnx.ModelProto
        The model.
    path : str, Path or None
        The file that it comes from, beside which external data are sought.

    Raises
    ------
    InputError
        As `read_onnx_file`.
    """
    argument = str(path or "model")
    source = "ONNX model" if path is None else f"ONNX file {Path(path).name}"
    _require_opset(argument, model)
    try:
        return _output_chain(model, _Tensors(path)).network(source)
    except UnsupportedLayer as error:
        raise InputError(argument, f"is not a network that is read: {error}") from None


class _Tensors:
    """Constants of a model as float64 arrays, or as integers where they say shapes."""

    def __init__(self, path: str | Path | None) -> None:
        self._path = path
        self._onnx = require_package("onnx", str(path or "model"), "an ONNX file")
        self._left = LARGEST_CONTENT

    def read(self, tensor: Any) -> Any:
        argument, what = str(self._path or "model"), f"tensor {shorten(tensor.name)}"
        types = self._onnx.TensorProto
        named = {
            types.FLOAT: "float32",
            types.DOUBLE: "float64",
            types.FLOAT16: "float16",
            types.BFLOAT16: "bfloat16",
        }
        if tensor.data_type not in (*named, types.INT64):
            known = types.DataType.values()
            kind = types.DataType.Name(tensor.data_type) if tensor.data_type in known else "unknown"
            raise InputError(argument, f"{what} is of type {kind}, not float16, 32, 64 or bfloat16")
        shape = tuple(tensor.dims)
        if any(size < 0 for size in shape) or len(shape) > 8:
            raise InputError(argument, f"{what} has an impossible shape")
        self._left -= 8 * math.prod(shape)
        if self._left < 0:
            raise InputError(argument, f"has more than {LARGEST_CONTENT} bytes of weights")
        try:
            if tensor.data_location == types.EXTERNAL:
                content = external_bytes(self._path, tensor)
                if tensor.data_type == types.INT64:
                    return np.frombuffer(content, "<i8").reshape(shape)
                dtype = named[tensor.data_type]
                return decode_floats(argument, what, dtype, content, False).reshape(shape)
            array = self._onnx.numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(argument, f"{what} does not have the size of its shape") from None
        return array if tensor.data_type == types.INT64 else exact_float64(argument, what, array)


def _require_opset(argument: str, model: Any) -> None:
    versions = [opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    if len(versions) != 1 or versions[0] not in OPSETS:
        found = ", ".join(map(str, versions[:4])) or "none"
        raise InputError(
            argument, f"is an ONNX model of opset {found}; {OPSETS[0]} to {OPSETS[-1]} are read"
        )


def _output_chain(model: Any, tensors: _Tensors) -> LayerChain:
    graph = model.graph
    if len(graph.sparse_initializer):
        raise UnsupportedLayer("it has sparse weights")
    values: dict[str, Value] = {tensor.name: tensors.read(tensor) for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in values]
    if len(values) != len(graph.initializer) or len(inputs) != 1 or len(graph.output) != 1:
        raise UnsupportedLayer(
            f"its graph has {len(inputs)} inputs and {len(graph.output)} outputs, not one of each"
        )
    values[inputs[0]] = LayerChain()
    own = {(function.domain, function.name) for function in model.functions}
    for index, node in enumerate(graph.node):
        where = f"node {shorten(node.name) or index} ({shorten(node.op_type)})"
        try:
            if node.domain not in ("", "ai.onnx") or (node.domain, node.op_type) in own:
                raise UnsupportedLayer("not an operator of ONNX itself")
            if len(node.output) != 1 or node.output[0] in values:
                raise UnsupportedLayer("it does not have one new output")
            unknown = [name for name in node.input if name and name not in values]
            if unknown:
                raise UnsupportedLayer(f"it takes {shorten(unknown[0])}, which no node before made")
            arguments = [values[name] if name else None for name in node.input]
            attributes = _attributes(node, tensors)
            values[node.output[0]] = apply_operator(node.op_type, arguments, attributes)
        except UnsupportedLayer as error:
            raise UnsupportedLayer(f"{where}: {error}") from None
    output = values.get(graph.output[0].name)
    if not isinstance(output, LayerChain):
        raise UnsupportedLayer("its output does not depend on its input")
    return output


def _attributes(node: Any, tensors: _Tensors) -> dict[str, int | float | list[int] | FloatArray]:
    found: dict[str, Any] = {}
    for attribute in node.attribute:
        if attribute.type == attribute.FLOAT:
            found[attribute.name] = attribute.f
        elif attribute.type == attribute.INT:
            found[attribute.name] = attribute.i
        elif attribute.type == attribute.INTS:
            found[attribute.name] = list(attribute.ints)
        elif attribute.type == attribute.TENSOR:
            found[attribute.name] = tensors.read(attribute.t)
        else:
            raise UnsupportedLayer(f"attribute {shorten(attribute.name)} is not read")
    return found
