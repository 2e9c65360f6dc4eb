"""The weights in a .keras file: groups of an HDF5 file, by the names of their layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.atomic_files import LARGEST_CONTENT
from certnn.errors import InputError, shorten
from certnn.reading.networks.exact_floats import decode_floats, exact_float64
from certnn.reading.optional_packages import require_package

#: A model of two layers of weights has a few more at most.
MOST_LAYERS = 64


class StoredWeights:
    """The weights of a model: an HDF5 group for each layer, of variables or of layers again."""

    def __init__(self, path: str, model: Any) -> None:
        self._path = path
        self._h5py = require_package("h5py", path, "a Keras file")
        self._groups: dict[str, Any] = {}
        layers = self._child(model, "layers")
        if len(layers) > MOST_LAYERS:
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

    def inside(self, layer: str) -> StoredWeights:
        """The weights of a layer that is a model itself."""
        return StoredWeights(self._path, self._group(layer))

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

    def replace(self, layer: str, index: int, array: FloatArray) -> None:
        """Put an array in the place of a layer's variable, rounded to its type.

        Raises `InputError` if that is none of floats that NumPy has, or too short for the numbers.
        """
        what = f"cannot be written: layer {shorten(layer)}"
        group, key = self._child(self._group(layer), "vars"), str(index)
        stored = self._child(group, key)
        attributes, dtype = dict(stored.attrs), stored.dtype
        if dtype.kind != "f":
            raise InputError(self._path, f"{what} has weights of a type that NumPy has not")
        with np.errstate(over="ignore"):
            rounded = array.astype(dtype)
        if not np.all(np.isfinite(rounded)):
            raise InputError(self._path, f"{what} would have numbers too large for {dtype}")
        del group[key]
        group.create_dataset(key, data=rounded).attrs.update(attributes)
