"""Models of Keras 3: .keras files, which need neither keras nor its backends, and live models."""

from __future__ import annotations

import functools
import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.atomic_files import LARGEST_CONTENT, unique_keys
from certnn.errors import InputError, shorten
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.exact_floats import decode_floats, exact_float64
from certnn.reading.networks.layer_chain import LayerChain, UnsupportedLayer
from certnn.reading.networks.optional_packages import require_package
from certnn.reading.zip_archive import open_zip

_LARGEST_CONFIG = 4 << 20
_WEIGHTS = "model.weights.h5"
_OUTPUT_ACTIVATIONS = {
    "softmax": "softmax",
    "log_softmax": "log-softmax",
    "sigmoid": "logistic",
}
#: Layers that do nothing to the data when the network is evaluated.
_PASSING = {
    *("InputLayer", "Identity"),
    *("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
}
_MODELS = ("Sequential", "Functional")
#: A model of two layers of weights has a few more at most.
_MOST_LAYERS = 64


def read_keras_file(path: str | Path) -> BiasedNetwork:
    """Read a .keras file of two Dense layers with a ReLU between.

    Parameters
    ----------
    path : str or Path
        A file of ``model.save`` of Keras 3, of a Sequential model or a Functional one without
        branches, which may hold others of these. A softmax or sigmoid at the end is left off: the
        outputs are logits.

    Raises
    ------
    InputError
        If the package h5py is missing, the file is damaged, or a layer is not supported; the
        message names the layer.
    """
    return _read(path, str(path), f"Keras file {Path(path).name}")


def read_keras_model(model: Any) -> BiasedNetwork:
    """Read a live Keras model, as it would be saved.

    Raises
    ------
    InputError
        As `read_keras_file`.
    """
    kind = type(model).__name__
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        try:
            model.save(file)
        except Exception as error:  # the user's own code, and anything may go wrong in it
            reason = shorten(f"{type(error).__name__}: {error}")
            raise InputError(kind, f"cannot be saved as Keras does: {reason}") from None
        return _read(file, kind, f"Keras model {kind}")


def _read(path: str | Path, name: str, source: str) -> BiasedNetwork:
    """Read a file, which error messages call `name`."""
    h5py = require_package("h5py", name, "a Keras file")
    with open_zip(path) as archive:
        config = _parsed(name, archive.read("config.json", _LARGEST_CONFIG))
        content = archive.read(_WEIGHTS)
    try:
        with h5py.File(io.BytesIO(content), "r") as file:
            chain = _extended(LayerChain(), config, lambda: _StoredWeights(name, h5py, file))
        return chain.network(source)
    except UnsupportedLayer as error:
        raise InputError(name, f"is not a network that is read: {error}") from None
    except (AttributeError, LookupError, TypeError) as error:
        raise InputError(
            name, f"is not laid out as a Keras model: {type(error).__name__}"
        ) from None
    except (OSError, RuntimeError) as error:
        raise InputError(name, f"has damaged weights: {shorten(str(error))}") from None


class _StoredWeights:
    """The weights of a model: an HDF5 group for each layer, of variables or of layers again."""

    def __init__(self, path: str, h5py: Any, model: Any) -> None:
        self._path = path
        self._h5py = h5py
        self._groups: dict[str, Any] = {}
        layers = self._child(model, "layers")
        if len(layers) > _MOST_LAYERS:
            raise InputError(path, f"has the weights of {len(layers)} layers, which is too many")
        for key in layers:
            group = self._child(layers, key)
            name = self._child(group, "vars").attrs.get("name", key)
            if name in self._groups:
                raise InputError(path, f"has the weights of layer {shorten(str(name))} twice")
            self._groups[name] = group

    def arrays(self, layer: str) -> list[FloatArray]:
        """The variables of a layer, in order."""
        group = self._child(self._group(layer), "vars")
        return [self._array(group, layer, str(index)) for index in range(min(len(group), 8))]

    def inside(self, layer: str) -> _StoredWeights:
        """The weights of a layer that is a model itself."""
        return _StoredWeights(self._path, self._h5py, self._group(layer))

    def _group(self, layer: str) -> Any:
        if layer not in self._groups:
            raise InputError(self._path, f"has no weights of layer {shorten(layer)}")
        return self._groups[layer]

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


def _extended(
    chain: LayerChain, model: dict[str, Any], find_weights: Callable[[], _StoredWeights]
) -> LayerChain:
    """The chain with the layers of a model appended."""
    layers = _chain_of_layers(model)
    weights = find_weights()
    for layer in layers:
        kind, config = layer["class_name"], layer["config"]
        name = str(config["name"])
        where = f"layer {shorten(name)} ({shorten(str(kind))})"
        try:
            if kind in _MODELS and str(layer.get("module")).partition(".")[0] == "keras":
                chain = _extended(chain, layer, functools.partial(weights.inside, name))
            elif layer.get("module") != "keras.layers" or layer.get("registered_name") is not None:
                raise UnsupportedLayer("not a layer of Keras itself")
            else:
                chain = _appended(chain, layer, name, weights)
        except UnsupportedLayer as error:
            raise UnsupportedLayer(f"{where}: {error}") from None
    return chain


def _appended(
    chain: LayerChain, layer: dict[str, Any], name: str, weights: _StoredWeights
) -> LayerChain:
    kind, config = layer["class_name"], layer["config"]
    if kind == "Dense":
        _require_matrix(layer)
        return _dense(chain, config, weights.arrays(name))
    if kind == "ReLU":
        if config["max_value"] is not None or config["negative_slope"]:
            raise UnsupportedLayer("not a plain ReLU")
        if config["threshold"]:
            raise UnsupportedLayer("a ReLU with a threshold")
        return chain.rectify()
    if kind == "Activation":
        return _activated(chain, config["activation"])
    if kind == "Softmax" and config["axis"] in (-1, 1):
        return chain.activate("softmax")
    if kind == "Flatten":
        if config["data_format"] != "channels_last":
            _require_matrix(layer)  # others would be put in another order
        return chain
    if kind not in _PASSING:
        raise UnsupportedLayer("this kind of layer is not supported")
    return chain


def _require_matrix(layer: dict[str, Any]) -> None:
    """Raise `UnsupportedLayer` unless the layer's input has axes of points and features alone."""
    match layer.get("build_config"):
        case {"input_shape": [_, _]}:
            return
        case None:
            raise UnsupportedLayer("it is not built: call the model on data, and save it then")
    raise UnsupportedLayer("its input is not a matrix: put a Flatten layer of channels_last first")


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


def _chain_of_layers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """A model's layers, each fed by the one before it."""
    kind, inner = model["class_name"], model["config"]
    if kind not in _MODELS:
        raise UnsupportedLayer(
            f"it is of a class of its own, {shorten(str(kind))}, and what that computes is not in "
            "the file: make a keras.Sequential of its layers, and save that"
        )
    layers: list[dict[str, Any]] = inner["layers"]
    if len(layers) > _MOST_LAYERS:
        raise UnsupportedLayer(f"it has {len(layers)} layers, too many for two")
    if kind == "Functional":
        for before, layer in zip([None, *layers], layers, strict=False):
            previous = None if before is None else before["name"]
            if _inputs(layer) != previous:
                raise UnsupportedLayer(
                    f"layer {shorten(str(layer['name']))} is not fed by the layer before it alone"
                )
        match _outputs(inner["output_layers"]):
            case [[name, int(), 0]] if name == layers[-1]["name"]:
                pass  # the number says which call of the layer it is: it has only one
            case [_]:
                raise UnsupportedLayer("its output is not that of its last layer")
            case outputs:
                raise UnsupportedLayer(f"it has {len(outputs)} outputs, not one")
    return layers


def _outputs(stored: Any) -> list[Any]:
    """The outputs of a model, which may be one, in a list, or by name."""
    if isinstance(stored, dict):
        return list(stored.values())
    return [stored] if stored and isinstance(stored[0], str) else list(stored)


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
                        "config": {"keras_history": [str(name), int(), 0]},
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
