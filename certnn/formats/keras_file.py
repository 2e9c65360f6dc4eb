"""Models of Keras 3: .keras files, which need neither keras nor its backends, and live models."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.formats.biased_network import BiasedNetwork
from certnn.formats.exact_floats import decode_floats, exact_float64
from certnn.formats.layer_chain import LayerChain, UnsupportedLayer
from certnn.formats.optional_packages import require_package
from certnn.raw_files import LARGEST_CONTENT
from certnn.unique_keys import unique_keys
from certnn.zip_archive import open_zip, shorten

_LARGEST_CONFIG = 4 << 20
_WEIGHTS = "model.weights.h5"
_OUTPUT_ACTIVATIONS = {"softmax": "softmax", "sigmoid": "logistic"}
#: Layers that do nothing to a matrix of data when the network is evaluated.
_PASSING = {"InputLayer", "Flatten", "Dropout", "Identity"}


def read_keras_file(path: str | Path) -> BiasedNetwork:
    """Read a .keras file of two Dense layers with a ReLU between.

    Parameters
    ----------
    path : str or Path
        A file of ``model.save`` of Keras 3, of a Sequential model or a Functional one without
        branches. A softmax or sigmoid at the end is left off: the outputs are logits.

    Raises
    ------
    InputError
        If the package h5py is missing, the file is damaged, or a layer is not supported; the
        message names the layer.
    """
    name = str(path)
    h5py = require_package("h5py", name, "a Keras file")
    with open_zip(path) as archive:
        config = _parsed(name, archive.read("config.json", _LARGEST_CONFIG))
        content = archive.read(_WEIGHTS)
    try:
        layers = _chain_of_layers(config)
        with h5py.File(io.BytesIO(content), "r") as file:
            return _network(name, layers, _StoredWeights(name, h5py, file))
    except UnsupportedLayer as error:
        raise InputError(name, f"is not a network that is read: {error}") from None
    except (AttributeError, LookupError, TypeError) as error:
        raise InputError(
            name, f"is not laid out as a Keras model: {type(error).__name__}"
        ) from None
    except (OSError, RuntimeError) as error:
        raise InputError(name, f"has damaged weights: {shorten(str(error))}") from None


def read_keras_model(model: Any) -> BiasedNetwork:
    """Read a live Keras model, as it would be saved.

    Raises
    ------
    InputError
        As `read_keras_file`.
    """
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{type(model).__name__}.keras"
        model.save(file)
        return read_keras_file(file)


class _StoredWeights:
    """The weights file: an HDF5 group of variables for each layer."""

    def __init__(self, path: str, h5py: Any, file: Any) -> None:
        self._path = path
        self._h5py = h5py
        self._layers = self._child(file, "layers")
        self._groups: dict[str, Any] = {}
        for key in self._layers:
            variables = self._child(self._child(self._layers, key), "vars")
            name = variables.attrs.get("name", key)
            if name in self._groups:
                raise InputError(path, f"has the weights of layer {shorten(str(name))} twice")
            self._groups[name] = variables

    def arrays(self, layer: str) -> list[FloatArray]:
        """The variables of a layer, in order."""
        if layer not in self._groups:
            raise InputError(self._path, f"has no weights of layer {shorten(layer)}")
        group = self._groups[layer]
        return [self._array(group, layer, str(index)) for index in range(min(len(group), 8))]

    def _child(self, group: Any, key: str) -> Any:
        link = group.get(key, getlink=True)
        if not isinstance(link, self._h5py.HardLink):  # others may lead to other files
            raise InputError(self._path, f"has weights behind a link ({shorten(key)})")
        return group[key]

    def _array(self, group: Any, layer: str, key: str) -> FloatArray:
        stored, what = self._child(group, key), f"variable {key} of layer {shorten(layer)}"
        if not isinstance(stored, self._h5py.Dataset) or stored.shape is None:
            raise InputError(self._path, f"{what} is not an array")
        if stored.external or stored.is_virtual:
            raise InputError(self._path, f"{what} lies in another file")
        if stored.size * stored.dtype.itemsize > LARGEST_CONTENT:
            raise InputError(self._path, f"{what} would unpack to more than {LARGEST_CONTENT}")
        array = np.asarray(stored[()])
        if stored.attrs.get("dtype") == "bfloat16" and array.dtype == np.dtype("V2"):
            numbers = decode_floats(self._path, what, "bfloat16", array.tobytes(), False)
            return numbers.reshape(array.shape)
        return exact_float64(self._path, what, array)


def _network(path: str, layers: list[dict[str, Any]], weights: _StoredWeights) -> BiasedNetwork:
    chain = LayerChain()
    for layer in layers:
        kind, config = layer["class_name"], layer["config"]
        name = str(config["name"])
        where = f"layer {shorten(name)} ({shorten(str(kind))})"
        if layer.get("module") != "keras.layers" or layer.get("registered_name") is not None:
            raise UnsupportedLayer(f"{where}: not a layer of Keras itself")
        try:
            if kind == "Dense":
                chain = _dense(chain, config, weights.arrays(name))
            elif kind == "ReLU":
                if config["max_value"] is not None or config["negative_slope"]:
                    raise UnsupportedLayer("not a plain ReLU")
                if config["threshold"]:
                    raise UnsupportedLayer("a ReLU with a threshold")
                chain = chain.rectify()
            elif kind == "Activation":
                chain = _activated(chain, config["activation"])
            elif kind == "Softmax" and config["axis"] in (-1, 1):
                chain = chain.activate("softmax")
            elif kind not in _PASSING:
                raise UnsupportedLayer("this kind of layer is not supported")
        except UnsupportedLayer as error:
            raise UnsupportedLayer(f"{where}: {error}") from None
    return chain.network(f"Keras file {Path(path).name}")


def _dense(chain: LayerChain, config: dict[str, Any], arrays: list[FloatArray]) -> LayerChain:
    if len(arrays) != 1 + bool(config["use_bias"]):
        raise UnsupportedLayer(f"has {len(arrays)} variables")
    chain = chain.multiply(arrays[0])
    if config["use_bias"]:
        chain = chain.add(arrays[1])
    return _activated(chain, config["activation"])


def _activated(chain: LayerChain, activation: Any) -> LayerChain:
    if activation in ("linear", None):
        return chain
    if activation == "relu":
        return chain.rectify()
    if isinstance(activation, str) and activation in _OUTPUT_ACTIVATIONS:
        return chain.activate(_OUTPUT_ACTIVATIONS[activation])
    name = activation if isinstance(activation, str) else "of its own"
    raise UnsupportedLayer(f"activation {shorten(name)} is not supported")


def _chain_of_layers(config: Any) -> list[dict[str, Any]]:
    kind, inner = config["class_name"], config["config"]
    layers: list[dict[str, Any]] = inner["layers"]
    if kind not in ("Sequential", "Functional"):
        raise UnsupportedLayer(f"it is of class {shorten(str(kind))}, not Sequential or Functional")
    if kind == "Functional":
        for before, layer in zip([None, *layers], layers, strict=False):
            previous = None if before is None else before["name"]
            if _inputs(layer) != previous:
                raise UnsupportedLayer(
                    f"layer {shorten(str(layer['name']))} is not fed by the layer before it alone"
                )
        outputs = inner["output_layers"]
        if [layers[-1]["name"], 0, 0] not in (outputs, outputs[0]):
            raise UnsupportedLayer("its output is not that of its last layer")
    return layers


def _inputs(layer: dict[str, Any]) -> Any:
    """Name of the one layer that feeds this one; None for the input, "" for anything else."""
    match layer["inbound_nodes"]:
        case []:
            return None
        case [
            {
                "args": [
                    {
                        "class_name": "__keras_tensor__",
                        "config": {"keras_history": [str(name), 0, 0]},
                    }
                ],
                "kwargs": kwargs,
            }
        ] if not any(kwargs.values()):
            return name
    return ""


def _parsed(path: str, content: bytes) -> Any:
    try:
        return json.loads(content, object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise InputError(
            path, f"has a config.json that is not read: {shorten(str(error))}"
        ) from None
