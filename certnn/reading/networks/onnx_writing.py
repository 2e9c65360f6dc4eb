"""A network in an ONNX model's own graph: the tensors that held the weights hold others.

Which they are is not followed through the graph a second time: each is numbered, and the reader
says where the numbers come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Literal

import numpy as np

from certnn.arrays import FloatArray
from certnn.atomic_files import LARGEST_CONTENT
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.biased_network import PARTS, BiasedNetwork
from certnn.reading.networks.network_parts import parts_in_places
from certnn.reading.networks.onnx_external import external_bytes
from certnn.reading.networks.onnx_file import load_onnx_file, read_onnx_model
from certnn.reading.optional_packages import require_package

#: Exporters store four tensors of weights, and few others of the same size.
_MOST_TENSORS = 64
_ORDERS: tuple[Literal["C", "F"], ...] = ("C", "F")
#: The axis of a part that has the network's width.
_WIDTH_AXIS = {"U": 1, "V": 0, "hidden_bias": 0}


def onnx_file_like(path: str | Path, network: TwoLayerNetwork) -> bytes:
    """The content of an ONNX file with this network in the graph of the one at `path`.

    Weights that lay in other files are within it. Raises `InputError` as `onnx_model_like`; or if
    the file cannot be read.
    """
    content: bytes = onnx_model_like(load_onnx_file(path), network, path).SerializeToString()
    return content


def onnx_model_like(model: Any, network: TwoLayerNetwork, path: str | Path | None = None) -> Any:
    """A copy of an ``onnx.ModelProto`` with this network in its graph, rounded to its types.

    Raises `InputError` if the graph has no place for a bias that the network has, a part is not in
    a tensor of its own, or the graph depends on the width.

    Parameters
    ----------
    model : onnx.ModelProto
        Not changed.
    network : TwoLayerNetwork
        Of the same shapes but for the width.
    path : str, Path or None
        The file that the model comes from, beside which external data are sought.
    """
    argument = str(path or "model")
    stored = read_onnx_model(model, path)
    parts = parts_in_places(argument, stored, network)
    onnx = require_package("onnx", argument, "an ONNX file")
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    _take_in_external(copied, path, argument)
    places = _found_places(onnx, argument, copied, stored)
    names = list(parts.arrays)
    for name in names:
        if name not in places:
            raise InputError(argument, f"cannot be written: {name} is not one tensor of floats")
    rounded: dict[str, Any] = {
        name: places[name].rounded(argument, array) for name, array in parts.arrays.items()
    }
    own = replace(parts, **rounded).arrays
    old, new = stored.width, parts.U.shape[1]
    if new != old:
        del copied.graph.value_info[:]  # shapes, which a runtime works out again
    options = [list(places[name].options(rounded[name], old, new)) for name in names]
    for arrays in product(*options):
        for name, array in zip(names, arrays, strict=True):
            places[name].fill(copied.graph, array)
        with suppress(InputError):  # it has become another network, or none
            read = read_onnx_model(copied).arrays
            if read.keys() == own.keys() and all(map(np.array_equal, read.values(), own.values())):
                return copied
    raise InputError(
        argument, f"cannot be written: its graph is for {old} neurons, and the network has {new}"
    )


@dataclass(frozen=True)
class _Place:
    """The tensor that a part is in: by rows (C), by columns (F) or either, or less it (sign -1)."""

    onnx: Any
    part: str
    tensor: Any
    shape: tuple[int, ...]
    sign: float
    orders: list[Literal["C", "F"]]

    def options(self, array: FloatArray, old: int, new: int) -> Iterator[FloatArray]:
        """The array in the tensor's shape with another width: in all of the ways there are."""
        shapes = [self.shape]
        if self.part in _WIDTH_AXIS and new != old:
            shapes = [
                (*self.shape[:axis], new, *self.shape[axis + 1 :])
                for axis, size in enumerate(self.shape)
                if size == old
            ]
        for order in self.orders:
            for shape in shapes:
                yield self.sign * array.ravel(order).reshape(shape)

    def rounded(self, argument: str, array: FloatArray) -> FloatArray:
        """The part as it can be stored."""
        with np.errstate(over="ignore"):
            found: FloatArray = array.astype(self._dtype).astype(np.float64)
        if not np.all(np.isfinite(found)):
            what = f"{self.part} has numbers too large for {np.dtype(self._dtype)}"
            raise InputError(argument, f"cannot be written: {what}")
        return found

    def fill(self, graph: Any, array: FloatArray) -> None:
        """Put the array into the tensor."""
        name = self.tensor.name
        self.tensor.CopyFrom(self.onnx.numpy_helper.from_array(array.astype(self._dtype), name))
        for value in graph.input:  # where older versions list the tensors too
            if name and value.name == name:
                shape = value.type.tensor_type.shape
                del shape.dim[:]
                shape.dim.extend(shape.Dimension(dim_value=size) for size in array.shape)

    @property
    def _dtype(self) -> Any:
        return self.onnx.helper.tensor_dtype_to_np_dtype(self.tensor.data_type)


def _tensors(graph: Any) -> list[Any]:
    """All tensors that a graph holds."""
    constants = (
        attribute.t
        for node in graph.node
        for attribute in node.attribute
        if attribute.type == attribute.TENSOR
    )
    return [*graph.initializer, *constants]


def _take_in_external(model: Any, path: str | Path | None, argument: str) -> None:
    """Put into the model what lies in files beside it."""
    left = LARGEST_CONTENT
    for tensor in _tensors(model.graph):
        if tensor.data_location == tensor.EXTERNAL:
            content = external_bytes(path, tensor)
            left -= len(content)
            if left < 0:
                raise InputError(argument, f"has more than {LARGEST_CONTENT} bytes of weights")
            del tensor.external_data[:]
            tensor.data_location = tensor.DEFAULT
            tensor.raw_data = content


def _found_places(onnx: Any, argument: str, model: Any, stored: BiasedNetwork) -> dict[str, _Place]:
    """The tensors that the parts are in, by the parts' names."""
    sizes = {array.size for array in stored.arrays.values()}
    floats = [
        tensor
        for tensor in _tensors(model.graph)
        if int(np.prod(tensor.dims, dtype=object)) in sizes and _holds_floats(tensor)
    ]
    if len(floats) > _MOST_TENSORS:
        raise InputError(argument, f"has {len(floats)} tensors that weights may be in")
    found: dict[str, _Place] = {}
    for tensor in floats:
        shape = tuple(tensor.dims)
        numbers = np.arange(np.prod(shape, dtype=int)) + 1.5
        kept = onnx.TensorProto()
        kept.CopyFrom(tensor)
        tensor.CopyFrom(onnx.numpy_helper.from_array(numbers.reshape(shape), kept.name))
        try:
            read = read_onnx_model(model)
        except InputError:  # it is no weight, and must be what it is
            continue
        finally:
            tensor.CopyFrom(kept)
        changed = [
            name for name in PARTS if not np.array_equal(getattr(read, name), getattr(stored, name))
        ]
        if len(changed) == 1:
            part = getattr(read, changed[0])
            orders = [o for o in _ORDERS if np.array_equal(abs(part).ravel(o), numbers)]
            if orders and changed[0] not in found:
                sign = float(np.sign(part.flat[0]))
                found[changed[0]] = _Place(onnx, changed[0], tensor, shape, sign, orders)
    return found


def _holds_floats(tensor: Any) -> bool:
    return tensor.data_type in (tensor.FLOAT, tensor.DOUBLE, tensor.FLOAT16)
