"""The training problem as the kernel sees it: the bytes of its data, read as exact rationals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from certnn.kernel.exact import ExactMatrix, all_finite, exact_matrix, exact_scalar


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
        if min(self.n, self.d, self.c) < 1:
            raise ValueError("n, d and c must be positive")
        if not 0.0 < self.reg < float("inf"):
            raise ValueError("reg must be positive and finite")
        if len(self.X) != 8 * self.n * self.d or len(self.Y) != 8 * self.n * self.c:
            raise ValueError("X or Y has the wrong length for its shape")
        if not (all_finite(self.X) and all_finite(self.Y)):
            raise ValueError("X or Y has a number that is not finite")

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
        data = data.with_exponent(min(data.exponent, 0))
        one = 1 << -data.exponent
        return ExactMatrix([[*row, one] for row in data.rows], data.exponent)

    def targets(self) -> ExactMatrix:
        """Y exactly, shape (n, c)."""
        return exact_matrix(self.Y, self.n, self.c)

    def exact_reg(self) -> tuple[int, int]:
        """The weight decay as (integer, exponent)."""
        return exact_scalar(self.reg)
