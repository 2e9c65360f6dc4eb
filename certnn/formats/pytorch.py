"""PyTorch: files of torch.save, and live modules. Nothing here imports torch."""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from certnn.arrays import FloatArray, as_numpy
from certnn.errors import InputError
from certnn.formats.biased_network import BiasedNetwork
from certnn.formats.exact_floats import decode_floats, exact_float64
from certnn.formats.state_dict import (
    Layers,
    NamedTensor,
    candidate_orders,
    network_from_tensors,
    network_of_layers,
)
from certnn.formats.torch_pickle import StoredTensor, UnreadablePickle, read_torch_pickle
from certnn.formats.zip_archive import ZipArchive, open_zip, shorten

_LARGEST_PICKLE = 4 << 20
#: Share of the largest possible output by which a probe in float64 may differ.
_PROBE_ERROR = 1e-11


def read_torch_file(path: str | Path, layers: Layers | None = None) -> BiasedNetwork:
    """Read a state_dict from a zip file of ``torch.save``, without running its pickle.

    Parameters
    ----------
    path : str or Path
        The file: a state_dict, or a checkpoint in which one entry is one.
    layers : (str, str) or None
        Names of the hidden and the output layer; None finds them.

    Raises
    ------
    InputError
        If it is another file, is damaged, holds more than tensors in dictionaries, or the tensors
        are not those of a two-layer network.
    """
    name = str(path)
    with open_zip(path) as archive:
        pickles = [entry for entry in archive.sizes if entry.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise InputError(name, "is not a file of torch.save: it does not have one data.pkl")
        folder = pickles[0].removesuffix("data.pkl")
        if folder + "constants.pkl" in archive.sizes:
            raise InputError(name, "is a TorchScript program: save model.state_dict()")
        byteorder = folder + "byteorder"
        order = archive.read(byteorder, 16) if byteorder in archive.sizes else b"little"
        if order not in (b"little", b"big"):
            raise InputError(name, "has an unknown byte order")
        try:
            content = read_torch_pickle(archive.read(pickles[0], _LARGEST_PICKLE))
        except UnreadablePickle as error:
            raise InputError(name, f"has a pickle that is not read: {error}") from None

        def named(key: str, tensor: StoredTensor) -> NamedTensor:
            return NamedTensor(
                tensor.shape,
                lambda: _read_tensor(archive, f"{folder}data/", key, tensor, order == b"big"),
            )

        tensors = {key: named(key, tensor) for key, tensor in _state_dict(name, content).items()}
        return network_from_tensors(name, tensors, layers, f"PyTorch file {Path(path).name}")


def read_torch_module(module: Any, layers: Layers | None = None) -> BiasedNetwork:
    """Read a live ``torch.nn.Module``, and compare its outputs with those of what was read.

    Parameters
    ----------
    module : torch.nn.Module
        A network of two linear layers with a ReLU between. It is copied, not changed.
    layers : (str, str) or None
        Names of the hidden and the output layer; None finds them.

    Raises
    ------
    InputError
        If its tensors are not those of a two-layer network, or it computes something else.
    """
    module = getattr(module, "_orig_mod", module)  # of torch.compile
    kind = type(module).__name__
    tensors = live_tensors(kind, module.state_dict())
    orders = [layers] if layers is not None else candidate_orders(kind, tensors)
    outputs = _Probe(kind, module)
    for order in orders:
        network = network_of_layers(kind, tensors, order, f"PyTorch module {kind}")
        if outputs.agree_with(network):
            return network
    raise InputError(
        kind,
        "computes something else than two linear layers with a ReLU between (compared on random "
        "inputs, in evaluation mode)",
    )


def live_tensors(argument: str, tensors: Mapping[str, Any]) -> dict[str, NamedTensor]:
    """Live tensors, of torch or numpy, by name.

    Raises
    ------
    InputError
        If a value is not an array.
    """

    def named(name: str, tensor: Any) -> NamedTensor:
        return NamedTensor(
            tuple(tensor.shape), lambda: exact_float64(argument, name, as_numpy(tensor))
        )

    for name, tensor in tensors.items():
        if not isinstance(name, str) or not hasattr(tensor, "shape"):
            raise InputError(argument, "is not a dictionary of arrays by name")
    return {name: named(name, tensor) for name, tensor in tensors.items()}


class _Probe:
    """Outputs of a live module on random inputs, in float64."""

    def __init__(self, kind: str, module: Any) -> None:
        self._kind = kind
        self._module = copy.deepcopy(module).double().cpu().eval()

    def agree_with(self, network: BiasedNetwork) -> bool:
        draw = np.random.default_rng(0).standard_normal((64, network.U.shape[0]))
        # Large inputs as well: a ReLU is homogeneous, its relatives are not.
        inputs = np.vstack([draw, 1e3 * draw, 1e-3 * draw])
        expected = network.output(inputs)
        largest = BiasedNetwork(
            np.abs(network.U),
            np.abs(network.V),
            None if network.hidden_bias is None else np.abs(network.hidden_bias),
            None if network.output_bias is None else np.abs(network.output_bias),
        ).output(np.abs(inputs))
        found = self._outputs(inputs)
        if found.size != expected.size:
            return False
        difference = np.abs(found.reshape(expected.shape) - expected)
        return bool(np.all(difference <= _PROBE_ERROR * largest))

    def _outputs(self, inputs: FloatArray) -> FloatArray:
        torch = sys.modules["torch"]  # there is a live module, so it is there
        try:
            with torch.no_grad():
                outputs = self._module(torch.from_numpy(inputs)).numpy()
        except Exception as error:  # the user's own code, and anything may go wrong in it
            raise InputError(
                self._kind,
                f"fails on float64 inputs of shape {inputs.shape} ({type(error).__name__}: "
                f"{shorten(str(error))}); give its state_dict() instead",
            ) from None
        return np.asarray(outputs, dtype=np.float64)


def _state_dict(path: str, content: Any) -> dict[str, StoredTensor]:
    if not isinstance(content, dict):
        raise InputError(path, "does not hold a dictionary of tensors: save model.state_dict()")
    if _is_state_dict(content):
        return content
    inside = [name for name, value in content.items() if _is_state_dict(value)]
    if len(inside) != 1:
        found = ", ".join(shorten(str(name)) for name in inside[:6])
        raise InputError(
            path,
            f"has {len(inside)} dictionaries of tensors ({found}): save the state_dict alone"
            if inside
            else "has no dictionary of tensors: save model.state_dict()",
        )
    state_dict: dict[str, StoredTensor] = content[inside[0]]
    return state_dict


def _is_state_dict(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and all(isinstance(name, str) for name in value)
        and all(isinstance(tensor, StoredTensor) for tensor in value.values())
    )


def _read_tensor(
    archive: ZipArchive, folder: str, name: str, tensor: StoredTensor, big: bool
) -> FloatArray:
    what = f"tensor {shorten(name)}"
    content = archive.read(folder + tensor.key)
    storage = decode_floats(archive.path, what, tensor.dtype, content, big)
    extents = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((size - 1) * stride for size, stride in extents)
    count = math.prod(tensor.shape)
    # An overlapping view could be larger than the file by any factor.
    if count and not (last < storage.size and count <= storage.size):
        raise InputError(archive.path, f"{what} reaches beyond its storage")
    if not count:
        return np.zeros(tensor.shape)
    steps = [stride * storage.itemsize for stride in tensor.strides]
    view: FloatArray = as_strided(storage[tensor.offset :], tensor.shape, steps).copy()
    return view
