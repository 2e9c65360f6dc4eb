"""Shorter floats to float64, exactly; every float16, bfloat16 and float32 is a float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.errors import InputError

_STORED: dict[str, np.dtype[Any]] = {
    "float64": np.dtype("<f8"),
    "float32": np.dtype("<f4"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype("<u2"),
}


def decode_floats(argument: str, what: str, dtype: str, content: bytes, big: bool) -> FloatArray:
    """Numbers stored as `dtype`, as a flat float64 array of the same values.

    Raises `InputError` if the dtype is another, or the bytes are not a whole number of entries.

    Parameters
    ----------
    argument, what : str
        The file and the array in it, for the error message.
    dtype : str
        ``"float64"``, ``"float32"``, ``"float16"`` or ``"bfloat16"``.
    content : bytes
        The numbers one after the other.
    big : bool
        Whether they are stored big-endian.
    """
    stored = _STORED.get(dtype)
    if stored is None:
        raise InputError(argument, f"{what} is of type {dtype}, not float16, 32, 64 or bfloat16")
    if len(content) % stored.itemsize:
        raise InputError(argument, f"{what} has a number of bytes that is not a multiple")
    raw = np.frombuffer(content, stored.newbyteorder(">") if big else stored)
    if dtype == "bfloat16":  # the upper half of a float32
        raw = (raw.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return _widened(raw)


def exact_float64(argument: str, what: str, array: Any) -> FloatArray:
    """An array of any of the float types, as float64 with the same values.

    Raises `InputError` if its dtype is not float16, float32, float64 or the bfloat16 of ml_dtypes.
    """
    given = np.asarray(array)
    if str(given.dtype.newbyteorder("=")) not in _STORED:
        raise InputError(
            argument, f"{what} is of type {given.dtype}, not float16, 32, 64 or bfloat16"
        )
    return _widened(given)


def _widened(array: NDArray[Any]) -> FloatArray:
    with np.errstate(invalid="ignore"):  # signalling NaNs: refused later with the other NaNs
        return array.astype(np.float64)
