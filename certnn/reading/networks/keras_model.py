"""What is in a .keras file: a model's layers in order, with their config and their weights."""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from certnn.atomic_files import unique_keys
from certnn.errors import InputError, shorten
from certnn.reading.networks.keras_weights import MOST_LAYERS, StoredWeights
from certnn.reading.networks.layer_chain import UnsupportedLayer
from certnn.reading.optional_packages import require_package

_MODELS = ("Sequential", "Functional")


@dataclass(frozen=True)
class PlacedLayer:
    """A layer of a model, or of a model in it, with where its weights are.

    Attributes
    ----------
    stored : dict
        As config.json has it.
    where : str
        For error messages.
    weights : StoredWeights
        Of the model that it is in.
    """

    stored: dict[str, Any]
    name: str
    where: str
    weights: StoredWeights


@dataclass(frozen=True)
class KerasModel:
    """What is in a .keras file.

    Attributes
    ----------
    name : str
        For error messages.
    config : dict
        config.json.
    file : h5py.File
        The weights.
    """

    name: str
    config: Any
    file: Any

    def layers(self) -> Iterator[PlacedLayer]:
        """Its layers and those of the models in it, each fed by the one before.

        Raises `UnsupportedLayer` if they are no such chain.
        """
        return _in_order(self.config, lambda: StoredWeights(self.name, self.file))


@contextmanager
def open_model(
    name: str, config: bytes, weights: io.BytesIO, mode: str = "r"
) -> Iterator[KerasModel]:
    """A model from config.json and its weights, which are written to with ``mode="r+"``.

    Raises `InputError` if the package h5py is missing, and for what goes wrong with the model while
    it is open.
    """
    h5py = require_package("h5py", name, "a Keras file")
    try:
        with h5py.File(weights, mode) as file:
            yield KerasModel(name, _parsed(name, config), file)
    except UnsupportedLayer as error:
        raise InputError(name, f"is not a network that is read: {error}") from None
    except (AttributeError, LookupError, TypeError) as error:
        raise InputError(
            name, f"is not laid out as a Keras model: {type(error).__name__}"
        ) from None
    except (OSError, RuntimeError) as error:
        raise InputError(name, f"has damaged weights: {shorten(str(error))}") from None


def _in_order(
    model: dict[str, Any], find_weights: Callable[[], StoredWeights], where: str = ""
) -> Iterator[PlacedLayer]:
    try:
        layers = _chain_of_layers(model)
    except UnsupportedLayer as error:
        raise UnsupportedLayer(f"{where}{error}") from None
    weights = find_weights()
    for layer in layers:
        kind, name = layer["class_name"], str(layer["config"]["name"])
        here = f"{where}layer {shorten(name)} ({shorten(str(kind))}): "
        if kind in _MODELS and str(layer.get("module")).partition(".")[0] == "keras":
            yield from _in_order(layer, functools.partial(weights.inside, name), here)
        else:
            yield PlacedLayer(layer, name, here, weights)


def _chain_of_layers(model: dict[str, Any]) -> list[dict[str, Any]]:
    """A model's layers, each fed by the one before it."""
    kind, inner = model["class_name"], model["config"]
    if kind not in _MODELS:
        raise UnsupportedLayer(
            f"it is of a class of its own, {shorten(str(kind))}, and what that computes is not in "
            "the file: make a keras.Sequential of its layers, and save that"
        )
    layers: list[dict[str, Any]] = inner["layers"]
    if len(layers) > MOST_LAYERS:
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
