"""The training problem as the kernel sees it: the bytes of its data, read as exact rationals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NoReturn, final

from certnn.kernel.exact import ExactMatrix, all_finite, exact_matrix


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
    hidden_bias : bool
        A column of ones is appended to X (Theorem 4).
    X, Y : bytes
        The entries row by row as little-endian IEEE doubles.

    Raises
    ------
    TypeError
        If an attribute is of another type, even of a subclass.
    ValueError
        If a length does not fit the shapes, an entry is not finite, or reg is not positive.
    """

    n: int
    d: int
    c: int
    reg: float
    hidden_bias: bool
    X: bytes
    Y: bytes

    def __post_init__(self) -> None:
        given = (self.n, self.d, self.c, self.reg, self.hidden_bias, self.X, self.Y)
        if tuple(map(type, given)) != (int, int, int, float, bool, bytes, bytes):
            raise TypeError("the parts of an Instance have the types of its attributes, exactly")
        if min(self.n, self.d, self.c) < 1:
            raise ValueError("n, d and c must be positive")
        if not 0.0 < self.reg < float("inf"):
            raise ValueError("reg must be positive and finite")
        if len(self.X) != 8 * self.n * self.d or len(self.Y) != 8 * self.n * self.c:
            raise ValueError("X or Y has the wrong length for its shape")
        if not (all_finite(self.X) and all_finite(self.Y)):
            raise ValueError("X or Y has a number that is not finite")

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
        return self.d + int(self.hidden_bias)

    def features(self) -> ExactMatrix:
        """X exactly, with the column of ones of a hidden bias; shape (n, columns)."""
        data = exact_matrix(self.X, self.n, self.d)
        if not self.hidden_bias:
            return data
        return data.beside(ExactMatrix([[1]] * self.n, 0))

    def targets(self) -> ExactMatrix:
        """Y exactly, shape (n, c)."""
        return exact_matrix(self.Y, self.n, self.c)
