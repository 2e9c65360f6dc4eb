"""A step on moments GGᵀ to G(I + αD)Gᵀ that lowers a function less μ log det."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from certnn.arrays import FloatArray

#: Share of the way to the boundary.
_BOUNDARY = 0.95
#: It asks for this share of the decrease that the slope promises, but for rounding.
_DECREASE, _ROUNDING, _HALVINGS = 1e-3, 1e-13, 20


class _Point(Protocol):
    @property
    def root(self) -> FloatArray:
        """G, of one moment or of several, shape (..., p, p)."""
        ...

    @property
    def value(self) -> float:
        """The function there."""
        ...


_Found = TypeVar("_Found", bound=_Point)


def lowered(
    at: Callable[[FloatArray], _Found], point: _Found, step: FloatArray, mu: float, slope: float
) -> _Found | None:
    """The first point that is low enough, from long steps to short ones; None if floats allow none.

    Parameters
    ----------
    at : callable
        The point of a root.
    point : as `at` returns it
    step : float64 array, shape (..., p, p)
        D.
    mu : float
    slope : float
        Of the function less μ log det, along D.
    """
    values, vectors = np.linalg.eigh(step)
    length = min(1.0, _BOUNDARY / max(-float(np.min(values)), _BOUNDARY))
    for _ in range(_HALVINGS):
        stretch = 1.0 + length * values
        reached = at(point.root @ (vectors * np.sqrt(stretch)[..., None, :]))
        change = reached.value - point.value - mu * float(np.sum(np.log(stretch)))
        if change <= _DECREASE * length * slope + _ROUNDING * abs(point.value):
            return reached
        length *= 0.5
    return None
