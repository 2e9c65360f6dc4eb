"""A network in a .keras file's own model: other weights, and the width in its config."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from certnn.problem.network import TwoLayerNetwork
from certnn.reading.networks.keras_file import CONFIG, WEIGHTS, read_keras_file, saved_model
from certnn.reading.networks.keras_model import open_model
from certnn.reading.networks.network_parts import parts_in_places
from certnn.reading.zip_archive import open_zip


def keras_file_like(path: str | Path, network: TwoLayerNetwork) -> bytes:
    """The content of a .keras file with this network in the model of the one at `path`.

    The weights are rounded to the file's types. The state of an optimiser is left out: it is of
    other weights. Raises `InputError` if the file cannot be read, its layers have no place for a
    bias that the network has, or their weights are of a type that is not written.

    Parameters
    ----------
    network : TwoLayerNetwork
        Of the same shapes but for the width.
    """
    name = str(path)
    stored = read_keras_file(path)
    parts = parts_in_places(name, stored, network)
    with open_zip(path) as archive:
        contents = {entry: archive.read(entry) for entry in archive.sizes}
    stream = io.BytesIO(contents[WEIGHTS])
    with open_model(name, contents[CONFIG], stream, "r+") as model:
        hidden, outer = (one for one in model.layers() if one.stored["class_name"] == "Dense")
        arrays = zip((hidden, outer), (parts.U, parts.V), strict=True)
        biases = parts.hidden_bias, parts.output_bias
        for (layer, kernel), bias in zip(arrays, biases, strict=True):
            layer.weights.replace(layer.name, 0, kernel)
            if bias is not None:
                layer.weights.replace(layer.name, 1, bias)
        old, new = stored.width, parts.U.shape[1]
        hidden.stored["config"]["units"] = new
        _resize(model.config["config"]["layers"], hidden.stored, outer.stored, old, new, False)
        model.file.pop("optimizer", None)
        config = json.dumps(model.config).encode()
    contents |= {CONFIG: config, WEIGHTS: stream.getvalue()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for entry, content in contents.items():
            archive.writestr(zipfile.ZipInfo(entry), content)
    return packed.getvalue()


def keras_model_like(model: Any, network: TwoLayerNetwork) -> Any:
    """A live Keras model like the one given, by way of its file.

    Raises `InputError` as `keras_file_like`.
    """
    with saved_model(model) as file:
        file.write_bytes(keras_file_like(file, network))
        return sys.modules["keras"].saving.load_model(file)


def _resize(layers: list[Any], hidden: Any, outer: Any, old: int, new: int, within: bool) -> bool:
    """Change the width in the shapes of what follows the hidden layer, to the outer one.

    `within` says whether the layers come after the hidden one, and the result whether what follows
    them does.
    """
    for layer in layers:
        if within:
            _set_shapes(layer, old, new, False)
        if layer is hidden:
            within = True
        elif layer is outer:
            within = False
        elif "layers" in layer["config"]:
            within = _resize(layer["config"]["layers"], hidden, outer, old, new, within)
    return within


def _set_shapes(entry: Any, old: int, new: int, is_shape: bool) -> None:
    """Put the new width into every shape in what a config says of one layer."""
    if isinstance(entry, dict):
        for key, item in entry.items():
            if key != "layers":  # of a model, which come one by one
                _set_shapes(item, old, new, "shape" in key)
    elif isinstance(entry, list):
        if is_shape and len(entry) == 2 and entry[1] == old:
            entry[1] = new
        for item in entry:
            _set_shapes(item, old, new, is_shape)
