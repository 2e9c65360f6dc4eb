"""Files of the safetensors format, as PyTorch users write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.formats.biased_network import BiasedNetwork
from certnn.formats.exact_floats import LARGEST_CONTENT, decode_floats
from certnn.formats.optional_packages import require_package
from certnn.formats.state_dict import Layers, NamedTensor, network_from_tensors
from certnn.formats.zip_archive import shorten
from certnn.raw_files import read_bytes

_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}


def read_safetensors_file(path: str | Path, layers: Layers | None = None) -> BiasedNetwork:
    """Read the two layers of a safetensors file.

    Parameters
    ----------
    path : str or Path
        A file with tensors named as in a state_dict of PyTorch, or U, V, hidden_bias, output_bias.
    layers : (str, str) or None
        Names of the hidden and the output layer; None finds them.

    Raises
    ------
    InputError
        If the package safetensors is missing or refuses the file, or the tensors are not those
        of a two-layer network.
    """
    name = str(path)
    package = require_package("safetensors", name, "a safetensors file")
    content = read_bytes(path, LARGEST_CONTENT)
    try:
        stored = dict(package.deserialize(content))
    except package.SafetensorError as error:
        raise InputError(name, f"is not a whole safetensors file: {shorten(str(error))}") from None
    tensors = {key: _named(name, key, tensor) for key, tensor in stored.items()}
    return network_from_tensors(name, tensors, layers, f"safetensors file {Path(path).name}")


def _named(path: str, key: str, tensor: dict[str, Any]) -> NamedTensor:
    dtype, shape = str(tensor["dtype"]), tuple(tensor["shape"])

    def read() -> FloatArray:
        what, stored = f"tensor {shorten(key)}", _DTYPES.get(dtype, dtype)
        return decode_floats(path, what, stored, bytes(tensor["data"]), False).reshape(shape)

    return NamedTensor(shape, read)
