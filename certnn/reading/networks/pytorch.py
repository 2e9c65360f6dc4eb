"""PyTorch: files of torch.save, and live tensors. Nothing here imports torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from certnn.arrays import FloatArray, as_numpy
from certnn.errors import InputError, shorten
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.exact_floats import decode_floats, exact_float64
from certnn.reading.networks.state_dict import Layers, NamedTensor, network_from_tensors
from certnn.reading.networks.torch_pickle import StoredTensor, UnreadablePickle, read_torch_pickle
from certnn.reading.zip_archive import ZipArchive, open_zip

_LARGEST_PICKLE = 4 << 20


def read_torch_file(path: str | Path, layers: Layers | None = None) -> BiasedNetwork:
    """Read a state_dict from a zip file of ``torch.save``, without running its pickle.

    Raises `InputError` if it is another file, is damaged, holds more than tensors in dictionaries,
    or the tensors are not those of a two-layer network.

    Parameters
    ----------
    path : str or Path
        The file: a state_dict, or a checkpoint in which one entry is one.
    layers : (str, str) or None
        Names of the hidden and the output layer; None finds them.
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


def live_tensors(argument: str, tensors: Mapping[str, Any]) -> dict[str, NamedTensor]:
    """Live tensors, of torch or numpy, by name.

    Raises `InputError` if a value is not an array, or is one of PyTorch without numbers.
    """
    return {name: _live_tensor(argument, name, tensor) for name, tensor in tensors.items()}


def _live_tensor(argument: str, name: Any, tensor: Any) -> NamedTensor:
    if not isinstance(name, str):
        raise InputError(argument, "is not a dictionary of arrays by name")
    what = f"tensor {shorten(name)}"
    try:
        shape = tuple(tensor.shape)
    except AttributeError:
        raise InputError(argument, "is not a dictionary of arrays by name") from None
    except RuntimeError:
        raise InputError(
            argument, f"is lazy, and its {what} has no numbers yet: call the module on data once"
        ) from None
    if getattr(tensor, "is_meta", False):
        raise InputError(
            argument, f"is on the device meta, where its {what} has no numbers: load its weights"
        )

    def read() -> FloatArray:
        try:
            numbers = as_numpy(tensor)
        except (RuntimeError, TypeError):  # sparse, quantised and other tensors
            raise InputError(argument, f"{what} is not a plain array of floats") from None
        return exact_float64(argument, what, numbers)

    return NamedTensor(shape, read)


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
