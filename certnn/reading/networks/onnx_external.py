"""Numbers of an ONNX model that lie in a file beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from certnn.atomic_files import LARGEST_CONTENT
from certnn.errors import InputError, shorten


def external_bytes(model_path: str | Path | None, tensor: Any) -> bytes:
    """What an external tensor's entries point at.

    Raises `InputError` if that is not a regular file in the model's folder, reached without links,
    or it is shorter than the tensor says, or too large.

    Parameters
    ----------
    model_path : str, Path or None
        The model's file; None for a model in memory, which has no folder.
    tensor : onnx.TensorProto
        A tensor with ``data_location`` EXTERNAL.
    """
    argument, what = str(model_path or "model"), f"tensor {shorten(tensor.name)}"
    if model_path is None:
        raise InputError(argument, f"{what} lies in another file: give the model's file")
    entries = {entry.key: entry.value for entry in tensor.external_data}
    folder = Path(os.path.realpath(Path(model_path).parent))
    location = entries.get("location", "")
    if not location or "\0" in location:
        raise InputError(argument, f"{what} lies in a file that is not named")
    file = folder / location
    if Path(os.path.normpath(file)) != Path(os.path.realpath(file)) or not file.is_relative_to(
        folder
    ):
        raise InputError(argument, f"{what} lies outside of the model's folder, or behind a link")
    if not Path(os.path.realpath(file)).is_relative_to(folder):
        raise InputError(argument, f"{what} lies outside of the model's folder")
    try:
        offset = int(entries.get("offset", "0"))
        length = int(entries.get("length", "-1"))
    except ValueError:
        raise InputError(argument, f"{what} has an offset or length that is no number") from None
    try:
        if not file.is_file():
            raise InputError(argument, f"{what} lies in {shorten(location)}, which is not a file")
        size = file.stat().st_size
        length = size - offset if length == -1 else length
        if not (0 <= offset <= size and 0 <= length <= size - offset):
            raise InputError(argument, f"{what} reaches beyond {shorten(location)}")
        if length > LARGEST_CONTENT:
            raise InputError(argument, f"{what} is larger than {LARGEST_CONTENT} bytes")
        with file.open("rb") as stream:
            stream.seek(offset)
            content: bytes = stream.read(length)
            return content
    except OSError as error:
        raise InputError(argument, f"{what} cannot be read: {error.strerror}") from None
