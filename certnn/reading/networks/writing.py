"""A network in the form in which another one was given, under the same names."""

from __future__ import annotations

import copy
import io
import sys
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.networks import read_network

#: Endings of files that can be written, and the package that writes them.
_PACKAGES = {".pt": "torch", ".pth": "torch", ".safetensors": "safetensors"}


def network_like(source: Any, network: TwoLayerNetwork) -> Any:
    """The network as an object like the one given: of another width, and with its own weights.

    Parameters
    ----------
    source : object
        A fitted estimator of scikit-learn, a ``torch.nn.Module``, or a dictionary of arrays. It is
        copied, not changed.
    network : TwoLayerNetwork
        Of the same shapes but for the width, as `certnn.reading.networks.network_for` makes one.

    Returns
    -------
    object
        An estimator, a module in its own precision, or a dictionary of float64 arrays.

    Raises
    ------
    InputError
        If it is none of these, or the shapes are others.
    """
    stored = read_network(source)
    if hasattr(source, "coefs_"):
        return _estimator_like(source, stored, network)
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


def file_like(path: str | Path, stored: BiasedNetwork, network: TwoLayerNetwork) -> bytes | None:
    """The content of a file like the one that a network was read from, in float64.

    None where it is of a kind that is not written, or the package for it is missing.
    """
    package = _PACKAGES.get(Path(path).suffix.lower())
    if package is None or stored.layers is None or find_spec(package) is None:
        return None
    arrays = {name: np.ascontiguousarray(a) for name, a in named_arrays(stored, network).items()}
    if package == "safetensors":
        from safetensors.numpy import save

        return bytes(save(arrays))
    torch: Any = import_module("torch")
    stream = io.BytesIO()
    torch.save({name: torch.tensor(array) for name, array in arrays.items()}, stream)
    return stream.getvalue()


def named_arrays(stored: BiasedNetwork, network: TwoLayerNetwork) -> dict[str, FloatArray]:
    """Its weights under the names of the stored network's layers, as in a state_dict of PyTorch.

    Without such names they are U, V, hidden_bias and output_bias.

    Raises
    ------
    InputError
        If inputs or outputs are others.
    """
    U, hidden_bias, output_bias = _parts(stored, network)
    if stored.layers is None:
        found = {"U": U, "V": network.V, "hidden_bias": hidden_bias, "output_bias": output_bias}
    else:
        hidden, output = (f"{name}." if name else "" for name in stored.layers)
        found = {
            f"{hidden}weight": U.T,
            f"{hidden}bias": hidden_bias,
            f"{output}weight": network.V.T,
            f"{output}bias": output_bias,
        }
    return {name: array for name, array in found.items() if array is not None}


def _parts(
    stored: BiasedNetwork, network: TwoLayerNetwork
) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
    """U without the bias, and the biases that there are in either network."""
    inputs, outputs = stored.U.shape[0], stored.V.shape[1]
    rows, columns = network.U.shape[0], network.V.shape[1]
    if columns != outputs or rows not in (inputs, inputs + 1):
        shapes = f"{network.U.shape} and {network.V.shape}"
        wanted = f"{inputs} inputs, {outputs} outputs"
        raise InputError("network", f"of shapes {shapes} is not for {wanted}")
    hidden = network.U[inputs] if rows > inputs else None
    if hidden is None and stored.hidden_bias is not None:
        hidden = np.zeros(network.width)
    output = network.output_bias
    if output is None and stored.output_bias is not None:
        output = np.zeros(outputs)
    return network.U[:inputs], hidden, output


def _estimator_like(source: Any, stored: BiasedNetwork, network: TwoLayerNetwork) -> Any:
    U, hidden, output = _parts(stored, network)
    found = copy.deepcopy(source)
    found.coefs_ = [U.copy(), network.V.copy()]
    found.intercepts_ = [np.array(hidden), np.array(output)]
    found.hidden_layer_sizes = (network.width,)
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
