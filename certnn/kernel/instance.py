"""The training problem as the kernel sees it: the bytes of its data, read as exact rationals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil
from struct import iter_unpack, pack
from typing import Final, Literal, NoReturn, final

from certnn.kernel.exact import ExactMatrix, all_finite, exact_matrix
from certnn.kernel.losses import LOSSES, targets_fit
from certnn.kernel.rejected import Rejected

#: Whether there is a bias: one that is decayed like the weights (True), or one that is not.
Bias = bool | Literal["free"]

_BIASES: Final = ((bool, False), (bool, True), (str, "free"))
#: A free hidden bias may be this many times the largest ‖x‖‖u‖, squared (Theorem 41).
_REACH: Final = 1 << 12
#: The largest power of two that is a float64.
_HIGHEST: Final = 1023


@final
@dataclass(frozen=True)
class Instance:
    """n points in d dimensions with c targets each, and the weight decay.

    Attributes
    ----------
    n, d, c : int
        Shapes: X is n×d, Y is n×c.
    reg : float
        Weight decay, positive.
    hidden_bias : bool or "free"
        A column of ones is appended to X (Theorem 4); the weights on it are decayed, or free.
    X, Y : bytes
        The entries row by row as little-endian IEEE doubles.
    loss : str
        One of `certnn.kernel.losses.LOSSES`.
    delta : float
        Positive for the loss huber, 0.0 for the others.
    output_bias : bool or "free"
        A bias is added to the outputs, decayed (True) or free (Theorem 38).

    Raises
    ------
    TypeError
        If an attribute is of another type, even of a subclass.
    ValueError
        If a length does not fit the shapes, an entry is not finite, reg is not positive, the loss
        is not known, or Y is not such as it needs.
    """

    n: int
    d: int
    c: int
    reg: float
    hidden_bias: Bias
    X: bytes
    Y: bytes
    loss: str = "half-squared"
    delta: float = 0.0
    output_bias: Bias = False

    def __post_init__(self) -> None:
        given = (self.n, self.d, self.c, self.reg, self.X, self.Y, self.loss, self.delta)
        biases = [(type(bias), bias) for bias in (self.hidden_bias, self.output_bias)]
        if tuple(map(type, given)) != (int, int, int, float, bytes, bytes, str, float) or any(
            bias not in _BIASES for bias in biases
        ):
            raise TypeError("the parts of an Instance have the types of its attributes, exactly")
        if min(self.n, self.d, self.c) < 1:
            raise ValueError("n, d and c must be positive")
        if not 0.0 < self.reg < float("inf"):
            raise ValueError("reg must be positive and finite")
        if len(self.X) != 8 * self.n * self.d or len(self.Y) != 8 * self.n * self.c:
            raise ValueError("X or Y has the wrong length for its shape")
        if not (all_finite(self.X) and all_finite(self.Y)):
            raise ValueError("X or Y has a number that is not finite")
        if self.loss not in LOSSES:
            raise ValueError(f"the loss is not known, only {', '.join(LOSSES)}")
        if self.loss == "huber" and not 0.0 < self.delta < float("inf"):
            raise ValueError("delta must be positive and finite")
        if self.loss != "huber" and self.delta != 0.0:
            raise ValueError("delta is for the loss huber alone")
        if not targets_fit(self.loss, (number for (number,) in iter_unpack("<d", self.Y))):
            raise ValueError(f"Y has a number that the loss {self.loss} does not allow")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("Instance has no subclasses")

    @property
    def data_sha256(self) -> str:
        """SHA-256 of shapes and data, as `certnn.TrainingProblem.data_sha256`."""
        digest = hashlib.sha256(f"certnn data 1\n{self.n} {self.d} {self.c}\n".encode())
        digest.update(self.X)
        digest.update(self.Y)
        return digest.hexdigest()

    @property
    def columns(self) -> int:
        """Number of columns of the features: d, or d + 1 with a hidden bias."""
        return self.d + (self.hidden_bias is not False)

    @property
    def balanced(self) -> bool:
        """Whether a dual point needs columns of sum zero: for a bias that is free."""
        return "free" in (self.hidden_bias, self.output_bias)

    def inputs(self) -> ExactMatrix:
        """X exactly, with the column of ones of a hidden bias; shape (n, columns)."""
        return self._with_column(0)

    def features(self) -> ExactMatrix:
        """What kappa is about: as `inputs`, but with 2**bias_exponent for a free bias."""
        return self._with_column(self.bias_exponent)

    @cached_property
    def bias_exponent(self) -> int:
        """0, or for a free hidden bias the smallest k ≥ 0 with 4ᵏ ≥ 4096 max ‖xᵢ‖² (Theorem 41)."""
        if self.hidden_bias != "free":
            return 0
        data = exact_matrix(self.X, self.n, self.d)
        square = max(
            max(sum(entry * entry for entry in row) for row in piece.rows)
            * Fraction(4) ** piece.exponent
            for piece in data.pieces()
        )
        least = max(ceil(_REACH * square), 1)
        return ((least - 1).bit_length() + 1) // 2

    def _with_column(self, exponent: int) -> ExactMatrix:
        data = exact_matrix(self.X, self.n, self.d)
        if self.hidden_bias is False:
            return data
        if exponent > _HIGHEST:
            return data.beside(ExactMatrix([[1]] * self.n, exponent))
        size, one = 8 * self.d, pack("<d", 2**exponent)
        rows = (self.X[start : start + size] + one for start in range(0, len(self.X), size))
        return exact_matrix(b"".join(rows), self.n, self.d + 1)  # not integers yet

    def targets(self) -> ExactMatrix:
        """Y exactly, shape (n, c)."""
        return exact_matrix(self.Y, self.n, self.c)


def features_within(instance: Instance, ball: ExactMatrix | None) -> ExactMatrix:
    """Those of the instance; or for a free hidden bias that is not in the norm, beside a ball.

    Of that, one row, center and radius are given. Raises `Rejected` if a point is outside of it.
    """
    if ball is None:
        return instance.features()
    return beside_radius(exact_matrix(instance.X, instance.n, instance.d), ball)


def beside_radius(data: ExactMatrix, ball: ExactMatrix) -> ExactMatrix:
    """The points from the center of a ball, beside its radius (Theorem 51).

    Raises `Rejected` if a point is outside of the ball, as all are of one of negative radius.
    """
    (*center, radius), unit, n = ball.rows[0], ball.exponent, data.height
    moved = data - ExactMatrix([center] * n, unit)
    whole = moved.beside(ExactMatrix([[radius]] * n, unit))
    if radius < 0 or any(sum(x * x for x in row) > r * r for *row, r in whole.rows):
        raise Rejected("a point is outside of the ball of a free bias")
    return whole
