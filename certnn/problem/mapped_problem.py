"""A training problem whose points stay where they are, such as in a file mapped into memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import CHUNK_ROWS, FloatArray, frozen_matrix
from certnn.errors import InputError
from certnn.kernel.instance import Bias
from certnn.problem.losses import HALF_SQUARED, Loss
from certnn.problem.matrix_file import MatrixFile, NpyFile
from certnn.problem.training_problem import TrainingProblem


class MappedProblem:
    """What `certnn.TrainingProblem` is, for more points than one would hold in memory.

    Of X only the rows that are asked for are read; Y is in memory.

    Parameters
    ----------
    X : array_like or MatrixFile, shape (n, d)
        An array of numpy is not copied, so that it may be one that is mapped into memory,
        ``np.load("X.npy", mmap_mode="r")``; it must not be written to meanwhile.
    Y : array_like, shape (n, c) or (n,)
    reg, hidden_bias, loss, output_bias, classes
        As `certnn.TrainingProblem` takes them.

    Attributes
    ----------
    n, d, c : int
    Y, reg, hidden_bias, loss, output_bias, classes, null_loss, file
        As `certnn.TrainingProblem` has them.

    Raises
    ------
    InputError
        As `certnn.TrainingProblem` does; of the numbers in X when they are read.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.MappedProblem([[1.0], [-1.0], [2.0]], [1.0, 2.0, 0.0], reg=0.3)
    >>> problem
    MappedProblem(n=3, d=1, c=1, reg=0.3)
    >>> problem.part([0, 1], reg=0.2)
    TrainingProblem(n=2, d=1, c=1, reg=0.2)
    """

    X: NDArray[Any] | MatrixFile

    def __init__(
        self,
        X: Any,
        Y: Any,
        reg: Any,
        hidden_bias: Bias = False,
        *,
        loss: Loss | str = HALF_SQUARED,
        output_bias: Bias = False,
        classes: Sequence[str] = (),
    ) -> None:
        plain = isinstance(X, np.ndarray) and X.ndim == 2
        self.X = X if plain or isinstance(X, MatrixFile) else frozen_matrix("X", X)
        self.file: Final = X if isinstance(X, MatrixFile) else NpyFile.of(X)
        if 0 in self.X.shape:
            raise InputError("X", f"is empty, shape {self.X.shape}")
        # All but X, with a column of zeros in its place.
        self._stated = stated = TrainingProblem(
            *(np.zeros((self.X.shape[0], 1)), Y, reg, hidden_bias),
            loss=loss,
            output_bias=output_bias,
            classes=classes,
        )
        self.n, self.d, self.c = stated.n, int(self.X.shape[1]), stated.c
        self.Y: Final = stated.Y
        self.reg: Final = stated.reg
        self.hidden_bias: Final = stated.hidden_bias
        self.loss: Final = stated.loss
        self.output_bias: Final = stated.output_bias
        self.classes: Final = stated.classes
        self.null_loss: Final = stated.null_loss

    @classmethod
    def of(cls, problem: TrainingProblem) -> MappedProblem:
        """The same problem."""
        return cls(
            *(problem.file or problem.X, problem.Y, problem.reg, problem.hidden_bias),
            loss=problem.loss,
            output_bias=problem.output_bias,
            classes=problem.classes,
        )

    @cached_property
    def data_sha256(self) -> str:
        """`TrainingProblem.data_sha256`, with X read a piece at a time.

        Raises
        ------
        InputError
            If X has a number that is not finite, or not exactly a float64.
        """
        digest = hashlib.sha256(f"certnn data 1\n{self.n} {self.d} {self.c}\n".encode())
        for rows in self._pieces():
            digest.update(rows.astype("<f8").tobytes())
        digest.update(self.Y.astype("<f8").tobytes())
        return digest.hexdigest()

    def _pieces(self) -> Iterator[FloatArray]:
        if isinstance(self.X, MatrixFile):
            return self.X.pieces()
        starts = range(0, self.n, CHUNK_ROWS)
        return (frozen_matrix("X", self.X[i : i + CHUNK_ROWS], smallest=0.0) for i in starts)

    def part(self, rows: Any, reg: float) -> TrainingProblem:
        """The problem of some of the points, with a weight decay of its own.

        Parameters
        ----------
        rows : array_like of int, shape (size,)
        reg : float

        Raises
        ------
        InputError
            If the points make no problem, such as with one class alone and a free bias.
        """
        return self.of_points(self.X[rows], self.Y[rows], reg)

    def of_points(self, X: Any, Y: Any, reg: float) -> TrainingProblem:
        """As `TrainingProblem.of_points`."""
        return self._stated.of_points(X, Y, reg)

    def with_reg(self, reg: float) -> MappedProblem:
        """The same data with another weight decay."""
        return MappedProblem(
            *(self.X, self.Y, reg, self.hidden_bias),
            loss=self.loss,
            output_bias=self.output_bias,
            classes=self.classes,
        )

    def __repr__(self) -> str:
        return f"MappedProblem(n={self.n}, d={self.d}, c={self.c}, reg={self.reg!r})"
