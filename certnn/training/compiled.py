"""How searches are compiled by numba: kept on disk, without Python's lock.

Compiling is most of the first minute on a machine, so what is compiled is written for it too. Loops
compile in a fraction of the time of slices and array expressions, whose errors are formatted in
compiled code. A function is compiled for each combination of the types of its arguments: the order
of an array's entries and whether it may be written to are part of its type, and a constant is a
type of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

from certnn.arrays import FloatArray

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compiled to be called from Python; division by zero gives no error but an infinity."""
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy")(function))


def inner(function: _Function) -> _Function:
    """The same for what only compiled functions call: without wrappers it compiles faster."""
    options: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return cast(_Function, njit(cache=True, nogil=True, error_model="numpy", **options)(function))


def joined(function: _Function) -> _Function:
    """The same for what is called in one place, and written into it before that is compiled.

    What a function calls is optimised once more with it; a step between is saved.
    """
    return cast(
        _Function, njit(cache=True, nogil=True, error_model="numpy", inline="always")(function)
    )


def read_only(array: FloatArray) -> FloatArray:
    """The array row by row, not to be written to: one type, whatever it comes as."""
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view


@inner
def copy(source: FloatArray, target: FloatArray) -> None:
    """Write the entries of a vector to another one."""
    for k in range(target.size):
        target[k] = source[k]
