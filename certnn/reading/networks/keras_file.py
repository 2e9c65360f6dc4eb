"""Models of Keras 3: .keras files, which need neither keras nor its backends, and live models."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from certnn.arrays import FloatArray
from certnn.errors import refused, shorten
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.keras_model import PlacedLayer, open_model
from certnn.reading.networks.keras_weights import StoredWeights
from certnn.reading.networks.layer_chain import LayerChain, UnsupportedLayer
from certnn.reading.zip_archive import open_zip

_LARGEST_CONFIG = 4 << 20
CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_OUTPUT_ACTIVATIONS = {"softmax": "softmax", "log_softmax": "log-softmax", "sigmoid": "logistic"}
#: Layers that do nothing to the data when the network is evaluated.
_PASSING = {
    *("InputLayer", "Identity"),
    *("Dropout", "AlphaDropout", "GaussianDropout", "GaussianNoise"),
}


def read_keras_file(path: str | Path) -> BiasedNetwork:
    """Read a .keras file of two Dense layers with a ReLU between.

    Raises `InputError` if the package h5py is missing, the file is damaged, or a layer is not
    supported; the message names the layer.

    Parameters
    ----------
    path : str or Path
        A file of ``model.save`` of Keras 3, of a Sequential model or a Functional one without
        branches, which may hold others of these. A softmax or sigmoid at the end is left off: the
        outputs are logits.
    """
    return _read(path, str(path), f"Keras file {Path(path).name}")


def read_keras_model(model: Any) -> BiasedNetwork:
    """Read a live Keras model, as it would be saved; raises `InputError` as `read_keras_file`."""
    kind = type(model).__name__
    with saved_model(model) as file:
        return _read(file, kind, f"Keras model {kind}")


@contextmanager
def saved_model(model: Any) -> Iterator[Path]:
    """The file of a live model, while it is needed; raises `InputError` if it cannot be saved."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        with refused(type(model).__name__, "cannot be saved as Keras does"):
            model.save(file)
        yield file


def _read(path: str | Path, name: str, source: str) -> BiasedNetwork:
    """Read a file, which error messages call `name`."""
    with open_zip(path) as archive:
        content = archive.read(WEIGHTS)
        with open_model(name, archive.read(CONFIG, _LARGEST_CONFIG), io.BytesIO(content)) as model:
            chain = LayerChain()
            for placed in model.layers():
                chain = _extended(chain, placed)
            return chain.network(source)


def _extended(chain: LayerChain, placed: PlacedLayer) -> LayerChain:
    """The chain with a layer appended."""
    layer = placed.stored
    try:
        if layer.get("module") != "keras.layers" or layer.get("registered_name") is not None:
            raise UnsupportedLayer("not a layer of Keras itself")
        return _appended(chain, layer, placed.name, placed.weights)
    except UnsupportedLayer as error:
        raise UnsupportedLayer(f"{placed.where}{error}") from None


def _appended(
    chain: LayerChain, layer: dict[str, Any], name: str, weights: StoredWeights
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
