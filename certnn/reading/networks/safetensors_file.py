"""Files of the safetensors format, as PyTorch users write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from certnn.arrays import FloatArray
from certnn.atomic_files import LARGEST_CONTENT, read_bytes, unique_keys
from certnn.errors import InputError, shorten
from certnn.reading.networks.biased_network import BiasedNetwork
from certnn.reading.networks.exact_floats import decode_floats
from certnn.reading.networks.state_dict import Layers, NamedTensor, network_from_tensors
from certnn.reading.optional_packages import require_package

#: Bytes of the names, types and places of tensors, about 100 each.
_LARGEST_HEADER = 1 << 24
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def read_safetensors_file(path: str | Path, layers: Layers | None = None) -> BiasedNetwork:
    """Read the two layers of a safetensors file.

    Raises `InputError` if the package safetensors is missing or refuses the file, or the tensors
    are not those of a two-layer network.

    Parameters
    ----------
    path : str or Path
        A file with tensors named as in a state_dict of PyTorch, or U, V, hidden_bias, output_bias.
    layers : (str, str) or None
        Names of the hidden and the output layer; None finds them.
    """
    name = str(path)
    package = require_package("safetensors", name, "a safetensors file")
    content = read_bytes(path, LARGEST_CONTENT)
    try:
        stored = dict(package.deserialize(content))
    except package.SafetensorError as error:
        raise InputError(name, f"is not a whole safetensors file: {shorten(str(error))}") from None
    _require_unique_names(name, content)
    tensors = {key: _named(name, key, tensor) for key, tensor in stored.items()}
    return network_from_tensors(name, tensors, layers, f"safetensors file {Path(path).name}")


def _require_unique_names(path: str, content: bytes) -> None:
    """Raise `InputError` if the header, which is JSON, has a key twice: which counts is open."""
    size = int.from_bytes(content[:8], "little")
    if size > _LARGEST_HEADER:
        raise InputError(path, f"has a header of more than {_LARGEST_HEADER} bytes")
    try:
        json.loads(content[8 : 8 + size], object_pairs_hook=unique_keys)
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"has a header that is not read: {shorten(str(error))}") from None


def _named(path: str, key: str, tensor: dict[str, Any]) -> NamedTensor:
    dtype, shape = str(tensor["dtype"]), tuple(tensor["shape"])

    def read() -> FloatArray:
        what, stored = f"tensor {shorten(key)}", _DTYPES.get(dtype, dtype)
        return decode_floats(path, what, stored, bytes(tensor["data"]), False).reshape(shape)

    return NamedTensor(shape, read)
