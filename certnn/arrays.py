"""Validation of arrays that come from the user."""

from __future__ import annotations

import math
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.errors import InputError, shorten

FloatArray = NDArray[np.float64]

#: Rows of a chunk: few enough for the processor's caches.
CHUNK_ROWS = 8192
#: Largest and smallest scale of data whose squares stay well inside float64.
LARGEST_SCALE = 1e100
SMALLEST_SCALE = 1e-100


def frozen_matrix(name: str, value: Any, smallest: float = SMALLEST_SCALE) -> FloatArray:
    """Return `value` as a read-only float64 matrix that holds exactly the same numbers.

    Raises `InputError` if `value` is not a matrix of finite real numbers, each exactly a float64,
    or if its largest magnitude is outside [smallest, 1e100] (zero is allowed). It names a
    DataFrame's column.

    Parameters
    ----------
    name : str
        The argument's name, for the error message.
    value : array_like, shape (rows, columns)
        Real numbers: what `as_array` takes. Integers, booleans, shorter floats and Python's numbers
        are converted, a DataFrame column by column; a number that float64 cannot hold exactly is
        refused rather than rounded.
    smallest : float
        What its largest magnitude must be at least, unless it is zero.
    """
    if is_frame(value):
        matrix = np.empty(value.shape)
        for place, label in enumerate(value.columns):
            column = as_array(name, value.iloc[:, place])
            matrix[:, place] = _exact(name, column, f"column {shorten(label)} ")
    else:
        given = as_array(name, value)
        if given.ndim != 2:
            hint = f"; {name}.reshape(-1, 1) if it is one column" if given.ndim == 1 else ""
            raise InputError(
                name, f"must be a matrix (two dimensions), got shape {given.shape}{hint}"
            )
        matrix = _exact(name, given)
    matrix += 0.0  # turns -0.0 into 0.0
    scale = float(np.max(np.abs(matrix), initial=0.0))
    if scale != 0.0 and not smallest <= scale <= LARGEST_SCALE:
        raise InputError(
            name,
            f"has largest magnitude {scale:.3g}; rescale to within {smallest:g}..1e100, or set to "
            "0 what is negligible",
        )
    matrix.setflags(write=False)
    return matrix


def frozen_vector(name: str, value: Any, length: int) -> FloatArray:
    """`frozen_matrix` for a vector, however small; raises `InputError` for another length too."""
    array = as_array(name, value)
    if array.shape != (length,):
        raise InputError(name, f"must have shape ({length},), got {array.shape}")
    vector: FloatArray = frozen_matrix(name, array[None, :], smallest=0.0)[0]
    return vector


def as_array(name: str, value: Any) -> NDArray[Any]:
    """What people have as an array of numpy, of any shape and dtype, nothing rounded.

    Raises `InputError` if it is sparse, has masked entries, or cannot be made an array.

    Parameters
    ----------
    name : str
        The argument's name, for the error message.
    value : array_like
        Of numpy, pandas, PyTorch (also what has a gradient, lies on a device or is bfloat16), or
        lists. A masked array is taken if nothing in it is masked.
    """
    if hasattr(value, "toarray"):
        raise InputError(name, f"is sparse, and is needed dense: {name}.toarray()")
    require_unmasked(name, value)
    try:
        return np.asarray(as_numpy(value))
    except (ValueError, TypeError, OverflowError, RuntimeError):
        raise InputError(name, "is not a rectangular array of numbers") from None


def require_unmasked(name: str, value: Any) -> None:
    """Raise `InputError` if entries are masked: most readers take what is under the mask."""
    if np.ma.is_masked(value):
        place = tuple(int(index[0]) for index in np.nonzero(np.ma.getmaskarray(value)))
        raise InputError(name, f"has masked entries, the first at {place}: fill or leave them out")


def as_numpy(tensor: Any) -> Any:
    """What has the numbers of a live tensor of PyTorch, exactly; anything else as it is."""
    if not hasattr(tensor, "detach"):
        return tensor
    plain = tensor.detach().cpu()
    # numpy has no bfloat16; other types go as they are, so that integers stay integers.
    return (plain.double() if str(plain.dtype) == "torch.bfloat16" else plain).numpy()


def is_frame(value: Any) -> bool:
    """Whether it is a DataFrame of pandas, whose columns may differ in dtype."""
    return hasattr(value, "iloc") and hasattr(value, "columns")


def _exact(name: str, given: NDArray[Any], where: str = "") -> FloatArray:
    """The same finite numbers in a new float64 array; `where` begins the error messages."""
    kind = given.dtype.kind
    if kind == "O":
        return _exact_objects(name, given, where)
    # Of kind V are the short floats of ml_dtypes, which say that they can be cast, and much else.
    if kind not in "fiub" and not (kind == "V" and np.can_cast(given.dtype, np.float64)):
        raise _no_numbers(name, where, f"dtype {given.dtype}")
    with np.errstate(over="ignore"):
        matrix = np.array(given, dtype=np.float64, order="C")
    if not np.all(np.isfinite(matrix)):
        raise InputError(name, f"{where}has NaN or infinite entries")
    if given.dtype.itemsize >= 8 and given.dtype != np.float64 and not _same(given, matrix):
        raise _inexact(name, where, str(given.dtype))
    return matrix


def _exact_objects(name: str, given: NDArray[Any], where: str) -> FloatArray:
    matrix = np.empty(given.shape)
    for place, entry in np.ndenumerate(given):
        value = entry.item() if isinstance(entry, np.generic) else entry
        kind = type(value).__name__
        if is_missing(value):
            raise InputError(name, f"{where}has NaN or no value in row {place[0]}")
        if not isinstance(value, Real | Decimal):
            raise _no_numbers(name, where, f"dtype object with {kind} in row {place[0]}")
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise _inexact(name, where, kind) from None
        if number != value:  # Python compares exactly
            raise _inexact(name, where, kind)
        if not math.isfinite(number):
            raise InputError(name, f"{where}has NaN or infinite entries")
        matrix[place] = number
    return matrix


def is_missing(value: Any) -> bool:
    """Whether a single value stands for none: None, NaN, NaT, and the NA of pandas."""
    if value is None or type(value).__name__ == "NAType":
        return True
    try:
        return bool(value != value)  # of NaN and NaT alone
    except (ValueError, TypeError, ArithmeticError):
        return False


def _no_numbers(name: str, where: str, what: str) -> InputError:
    return InputError(
        name,
        f"{where}must hold real numbers, got {what}; encode what is not numbers, such as by "
        "pandas.get_dummies, or leave it out",
    )


def _inexact(name: str, where: str, kind: str) -> InputError:
    return InputError(
        name, f"{where}has entries that float64 cannot hold exactly ({kind}); round them yourself"
    )


def _same(given: NDArray[Any], matrix: FloatArray) -> bool:
    if given.dtype.kind in "iu":
        return all(int(m) == int(g) for m, g in zip(matrix.flat, given.flat, strict=True))
    return bool(np.all(matrix.astype(given.dtype) == given))
