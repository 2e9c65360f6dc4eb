"""A network in the form in which another one was given, under the same names."""

from __future__ import annotations

import copy
import io
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError, refused
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.keras_writing import keras_file_like, keras_model_like
from certnn.reading.networks.network_parts import parts_like
from certnn.reading.networks.networks import read_network
from certnn.reading.networks.onnx_writing import onnx_file_like, onnx_model_like
from certnn.reading.optional_packages import require_package

#: Endings of files that can be written, and the package that writes them.
_PACKAGES = {
    ".pt": "torch",
    ".pth": "torch",
    ".safetensors": "safetensors",
    ".onnx": "onnx",
    ".keras": "h5py",
}
#: What loads such a file in Python, by the package that writes it.
_LOADERS = {
    "torch": "torch.load({!r})  # the state_dict of its two layers",
    "safetensors": "safetensors.torch.load_file({!r})  # the state_dict of its two layers",
    "onnx": "onnx.load({!r})",
    "h5py": "keras.saving.load_model({!r})",
}


def network_like(source: Any, network: TwoLayerNetwork) -> Any:
    """The network as an object like the one given: of another width, and with its own weights.

    An estimator, a module or model in its own precision, or a dictionary of float64 arrays. Raises
    `InputError` if it is none of these, the shapes are others, or a bias has no place in it.

    Parameters
    ----------
    source : object
        A fitted estimator of scikit-learn, a ``torch.nn.Module``, an ``onnx.ModelProto``, a live
        model of Keras, or a dictionary of arrays. It is copied, not changed.
    network : TwoLayerNetwork
        Of the same shapes but for the width, as `certnn.reading.networks.network_for` makes one.
    """
    stored = read_network(source)
    if hasattr(source, "coefs_"):
        return _estimator_like(source, stored, network)
    if hasattr(source, "SerializeToString"):
        return onnx_model_like(source, network)
    if stored.source.startswith("Keras"):
        return keras_model_like(source, network)
    arrays = named_arrays(stored, network)
    if isinstance(source, Mapping):
        return arrays
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(source, torch.nn.Module) and stored.layers is not None:
        return _module_like(torch, source, stored.layers, arrays)
    raise InputError(type(source).__name__, "is nothing that a network can be given back as")


def name_beside(path: str | Path, stem: str) -> str | None:
    """A file's name with another stem, if it is of a kind that can be written."""
    suffix = Path(path).suffix
    return f"{stem}{suffix}" if suffix.lower() in _PACKAGES else None


def loading(path: str | Path) -> str:
    """What loads a file in Python whose name is of a kind that can be written."""
    return _LOADERS[_PACKAGES[Path(path).suffix.lower()]].format(str(path))


def file_like(path: str | Path, stored: BiasedNetwork, network: TwoLayerNetwork) -> bytes:
    """The content of a file like the one that a network was read from.

    Of PyTorch and safetensors the weights of the two layers alone, in float64; of ONNX and Keras
    the whole model, in its own precision. Raises `InputError` if it is of a kind that is not
    written, the package for it is missing, or the network has what it has no place for.
    """
    name, suffix = str(path), Path(path).suffix.lower()
    package = _PACKAGES.get(suffix)
    if package is None:
        raise InputError(name, "is of a kind that is not written")
    library = require_package(package, name, f"a {suffix} file")
    with refused(name, "cannot be written"):
        if package == "onnx":
            return onnx_file_like(path, network)
        if package == "h5py":
            return keras_file_like(path, network)
    if stored.layers is None:
        raise InputError(name, "has no names of layers to write under")
    return _state_dict(library, named_arrays(stored, network))


def _state_dict(library: Any, arrays: Mapping[str, FloatArray]) -> bytes:
    """A file of tensors by name."""
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    if library.__name__ == "safetensors":
        from safetensors.numpy import save

        return bytes(save(plain))
    stream = io.BytesIO()
    library.save({name: library.tensor(array) for name, array in plain.items()}, stream)
    return stream.getvalue()


def named_arrays(stored: BiasedNetwork, network: TwoLayerNetwork) -> dict[str, FloatArray]:
    """Its weights under the names of the stored network's layers, as in a state_dict of PyTorch.

    Without such names they are U, V, hidden_bias and output_bias. Raises `InputError` if inputs or
    outputs are others.
    """
    parts = parts_like(stored, network)
    if stored.layers is None:
        return parts.arrays
    hidden, output = (f"{name}." if name else "" for name in stored.layers)
    names = {"U": f"{hidden}weight", "hidden_bias": f"{hidden}bias"}
    names |= {"V": f"{output}weight", "output_bias": f"{output}bias"}
    return {name: parts.arrays[part].T for part, name in names.items() if part in parts.arrays}


def _estimator_like(source: Any, stored: BiasedNetwork, network: TwoLayerNetwork) -> Any:
    parts = parts_like(stored, network)
    found = copy.deepcopy(source)
    found.coefs_ = [parts.U.copy(), parts.V.copy()]
    found.intercepts_ = [np.array(parts.hidden_bias), np.array(parts.output_bias)]
    found.hidden_layer_sizes = (parts.U.shape[1],)
    return found


def _module_like(
    torch: Any, source: Any, layers: tuple[str, str], arrays: Mapping[str, FloatArray]
) -> Any:
    found = copy.deepcopy(source)
    for name in layers:
        old = found.get_submodule(name)
        weight, bias = (arrays.get(f"{name}.{kind}") for kind in ("weight", "bias"))
        assert weight is not None
        settings = {"dtype": old.weight.dtype, "device": old.weight.device}
        new = torch.nn.Linear(weight.shape[1], weight.shape[0], bias is not None, **settings)
        with torch.no_grad():
            new.weight.copy_(torch.from_numpy(weight.copy()))
            if bias is not None:
                new.bias.copy_(torch.from_numpy(bias.copy()))
        parent, _, own = name.rpartition(".")
        setattr(found.get_submodule(parent), own, new)
    return found
