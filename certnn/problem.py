"""The training problem: data and weight decay, the object that everything else speaks of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from certnn.arrays import LARGEST_SCALE, SMALLEST_SCALE, FloatArray, frozen_matrix
from certnn.errors import InputError
from certnn.kernel import Instance


@dataclass(frozen=True, eq=False, repr=False)
class TrainingProblem:
    """Weight-decay training of a two-layer ReLU network of any width.

    The objective of a network (U, V) of any width m is

        ½‖(XU)₊V − Y‖²_F + (reg/2)(‖U‖²_F + ‖V‖²_F),

    the problem of Prakhya, Birdal and Yurtsever (ICLR 2025), equation (1).

    Parameters
    ----------
    X : array_like, shape (n, d)
        Data, one point a row. Converted to float64, and refused if that is not exact.
    Y : array_like, shape (n, c)
        Targets, one row a point.
    reg : float
        Weight decay, positive; in the units of a summed (not averaged) loss.
    hidden_bias : bool
        Give every hidden neuron a bias that is decayed like its weights: a column of ones
        appended to X (Theorem 4). Then U has d + 1 rows, the bias last.

    Raises
    ------
    InputError
        If X or Y is not a finite nonempty matrix, the numbers of rows differ, or reg is not a
        positive finite number within 1e-100..1e100.
    """

    X: FloatArray
    Y: FloatArray
    reg: float
    hidden_bias: bool = False
    _features: FloatArray = field(init=False)

    def __init__(self, X: Any, Y: Any, reg: Any, hidden_bias: bool = False) -> None:
        x, y = frozen_matrix("X", X), frozen_matrix("Y", Y)
        for name, matrix in (("X", x), ("Y", y)):
            if 0 in matrix.shape:
                raise InputError(name, f"is empty, shape {matrix.shape}")
        if x.shape[0] != y.shape[0]:
            raise InputError("Y", f"has {y.shape[0]} rows where X has {x.shape[0]}")
        object.__setattr__(self, "X", x)
        object.__setattr__(self, "Y", y)
        object.__setattr__(self, "reg", _positive("reg", reg))
        object.__setattr__(self, "hidden_bias", bool(hidden_bias))
        features = np.hstack([x, np.ones((x.shape[0], 1))]) if hidden_bias else x
        features.setflags(write=False)
        object.__setattr__(self, "_features", features)

    @property
    def features(self) -> FloatArray:
        """X with the column of ones of a hidden bias, shape (n, d) or (n, d + 1)."""
        return self._features

    @property
    def n(self) -> int:
        """Number of data points."""
        return int(self.X.shape[0])

    @property
    def d(self) -> int:
        """Number of columns of X, the bias not counted."""
        return int(self.X.shape[1])

    @property
    def c(self) -> int:
        """Number of outputs."""
        return int(self.Y.shape[1])

    @property
    def null_loss(self) -> float:
        """½‖Y‖², the objective of the network with no neurons (float64, rounded)."""
        return 0.5 * float(np.sum(np.square(self.Y)))

    @cached_property
    def data_sha256(self) -> str:
        """SHA-256 of the shapes and of the float64 values of X and Y, in hexadecimal.

        The bytes hashed are ``"certnn data 1\\n"``, ``"n d c\\n"``, X and Y row by row as
        little-endian IEEE doubles; the kernel computes the same from a certificate.
        """
        return self.instance().data_sha256

    def with_reg(self, reg: float) -> TrainingProblem:
        """The same data with another weight decay."""
        return TrainingProblem(self.X, self.Y, reg, self.hidden_bias)

    def instance(self) -> Instance:
        """The same problem as the kernel sees it."""
        x, y = self.X.astype("<f8").tobytes(), self.Y.astype("<f8").tobytes()
        return Instance(self.n, self.d, self.c, self.reg, self.hidden_bias, x, y)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrainingProblem):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, float, bool]:
        return self.data_sha256, self.reg, self.hidden_bias

    def __repr__(self) -> str:
        bias = ", hidden_bias=True" if self.hidden_bias else ""
        return f"TrainingProblem(n={self.n}, d={self.d}, c={self.c}, reg={self.reg!r}{bias})"


def _positive(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(name, f"must be a number, got {value!r}") from None
    if not math.isfinite(number) or number <= 0.0:
        raise InputError(name, f"must be positive and finite, got {number!r}")
    if not SMALLEST_SCALE <= number <= LARGEST_SCALE:
        raise InputError(name, f"must be within 1e-100..1e100, got {number!r}")
    return number
