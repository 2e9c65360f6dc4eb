"""ONNX models: files, versions and stored numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.atomic_files import LARGEST_CONTENT, read_bytes
from certnn.errors import InputError, shorten
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.exact_floats import decode_floats, exact_float64
from certnn.reading.networks.layer_chain import UnsupportedLayer
from certnn.reading.networks.onnx_external import external_bytes
from certnn.reading.networks.onnx_graph import chain_of_graph
from certnn.reading.networks.onnx_operators import OPSETS
from certnn.reading.optional_packages import require_package


def read_onnx_file(path: str | Path) -> BiasedNetwork:
    """Read an ONNX file.

    Raises `InputError` if the package onnx is missing, the file is damaged, has data outside of its
    folder, or a node is not supported; the message names the node.

    Parameters
    ----------
    path : str or Path
        A model of opset 7 to 28 of one input and one output of floats; outputs of labels are left
        aside. Points may be its rows or its columns; fixed sizes of batches are taken for any.
        Weights may lie in other files of the same folder.
    """
    return read_onnx_model(load_onnx_file(path), path)


def load_onnx_file(path: str | Path) -> Any:
    """The ``onnx.ModelProto`` in a file; external data are left where they are.

    Raises `InputError` if the package onnx is missing, or the file is damaged.
    """
    onnx = require_package("onnx", str(path), "an ONNX file")
    decode_error = require_package("google.protobuf.message", str(path), "an ONNX file").DecodeError
    try:
        return onnx.load_model_from_string(read_bytes(path, LARGEST_CONTENT))
    except (decode_error, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(str(path), f"is not a whole ONNX file: {shorten(str(error))}") from None


def read_onnx_model(model: Any, path: str | Path | None = None) -> BiasedNetwork:
    """Read an ``onnx.ModelProto``.

    Raises `InputError` as `read_onnx_file`.

    Parameters
    ----------
    model : onnx.ModelProto
        The model.
    path : str, Path or None
        The file that it comes from, beside which external data are sought.
    """
    argument = str(path or "model")
    source = "ONNX model" if path is None else f"ONNX file {Path(path).name}"
    opset = _opset(argument, model)
    try:
        return chain_of_graph(model, opset, _Tensors(path).read).network(source)
    except UnsupportedLayer as error:
        raise InputError(argument, f"is not a network that is read: {error}") from None


class _Tensors:
    """Constants of a model as float64 arrays, or as integers where they say shapes."""

    def __init__(self, path: str | Path | None) -> None:
        self._path = path
        self._onnx = require_package("onnx", str(path or "model"), "an ONNX file")
        self._left = LARGEST_CONTENT

    def read(self, tensor: Any) -> NDArray[Any]:
        """As `certnn.reading.networks.onnx_graph.TensorReader`."""
        argument, what = str(self._path or "model"), f"tensor {shorten(tensor.name)}"
        types = self._onnx.TensorProto
        named = {
            types.FLOAT: "float32",
            types.DOUBLE: "float64",
            types.FLOAT16: "float16",
            types.BFLOAT16: "bfloat16",
        }
        integers = {types.INT64: "<i8", types.INT32: "<i4"}
        if tensor.data_type not in (*named, *integers):
            known = types.DataType.values()
            kind = types.DataType.Name(tensor.data_type) if tensor.data_type in known else "unknown"
            raise UnsupportedLayer(f"{what} is of type {kind}, not float16, 32, 64 or bfloat16")
        shape = tuple(tensor.dims)
        if any(size < 0 for size in shape) or len(shape) > 8:
            raise InputError(argument, f"{what} has an impossible shape")
        self._left -= 8 * math.prod(shape)
        if self._left < 0:
            raise InputError(argument, f"has more than {LARGEST_CONTENT} bytes of weights")
        try:
            if tensor.data_location == types.EXTERNAL:
                content = external_bytes(self._path, tensor)
                if tensor.data_type in integers:
                    stored = np.frombuffer(content, integers[tensor.data_type])
                    return stored.reshape(shape).astype(np.int64)
                dtype = named[tensor.data_type]
                return decode_floats(argument, what, dtype, content, False).reshape(shape)
            array: NDArray[Any] = self._onnx.numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError(argument, f"{what} does not have the size of its shape") from None
        if tensor.data_type in integers:
            return array.astype(np.int64)
        return exact_float64(argument, what, array)


def _opset(argument: str, model: Any) -> int:
    """The version of ONNX's own operators."""
    own = [opset for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    versions = sorted({int(opset.version) for opset in own})
    if len(versions) != 1 or versions[0] not in OPSETS:
        found = ", ".join(map(str, versions[:4])) or "none"
        raise InputError(
            argument,
            f"is an ONNX model of opset {found}; {OPSETS[0]} to {OPSETS[-1]} are read: convert it "
            "with onnx.version_converter.convert_version",
        )
    return versions[0]
