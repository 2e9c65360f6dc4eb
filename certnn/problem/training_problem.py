"""The training problem: data and weight decay, the object that everything else speaks of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from certnn.arrays import (
    LARGEST_SCALE,
    SMALLEST_SCALE,
    FloatArray,
    as_array,
    frozen_matrix,
    is_frame,
)
from certnn.errors import InputError, positive_number, shorten
from certnn.kernel import Instance
from certnn.kernel.instance import Bias
from certnn.problem.losses import HALF_SQUARED, Loss, as_loss, loss_named
from certnn.problem.matrix_file import MatrixFile, NpyFile

#: Sums of rows of Y are the same up to this share of its largest entry.
_ONE_SUM = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class TrainingProblem:
    """Weight-decay training of a two-layer ReLU network of any width.

    The objective of a network (U, V) of any width m is

        ½‖(XU)₊V − Y‖²_F + (reg/2)(‖U‖²_F + ‖V‖²_F),

    the problem of Prakhya, Birdal and Yurtsever (ICLR 2025), equation (1); or with another convex
    loss of the outputs (Theorem 37), and with biases (Theorems 4, 38 and 41).

    Parameters
    ----------
    X : array_like or MatrixFile, shape (n, d)
        Data, one point a row. Converted to float64, and refused if that is not exact.
    Y : array_like, shape (n, c) or (n,)
        Targets, one row a point: numbers; 1 and −1 for hinge, squared-hinge and logistic, or 1 and
        0, which are made so, each output by itself; a column for each class for softmax, with 1 for
        the true one. One number a point is one column. Class labels are for `certnn.problem_for`.
    reg : float
        Weight decay, positive; in the units of a summed (not averaged) loss.
    hidden_bias : bool or "free"
        Give every hidden neuron a bias: a column of ones appended to X. Then U has d + 1 rows, the
        bias last. True: decayed like the weights (Theorem 4). "free": not decayed (Theorem 41).
    loss : Loss or str
        "half-squared", "huber", "hinge", "squared-hinge", "logistic" or "softmax"; or one of the
        classes of `certnn.problem.losses`, such as ``Huber(0.5)``.
    output_bias : bool or "free"
        Give every output a bias: with the penalty (reg/2)‖b‖² if True, with none if "free".
    classes : sequence of str
        Names for reports, in the order of the outputs; two where one output tells two classes
        apart, the second by 1; none if there are no classes. No part of the problem's identity.

    Attributes
    ----------
    file : MatrixFile or None
        Where X was read from, if that is an .npy file that is mapped into memory or a .parquet
        file: tasks on a cluster read their rows there. No part of the problem's identity.

    Raises
    ------
    InputError
        If X or Y is not a finite nonempty matrix, the numbers of rows differ, reg is not a
        positive finite number within 1e-100..1e100, or the targets do not fit the loss.

    Examples
    --------
    >>> import certnn
    >>> problem = certnn.TrainingProblem([[1.0], [-1.0]], [1.0, 2.0], reg=0.1)
    >>> problem
    TrainingProblem(n=2, d=1, c=1, reg=0.1)
    >>> problem.null_loss
    2.5
    """

    X: FloatArray
    Y: FloatArray
    reg: float
    hidden_bias: Bias = False
    loss: Loss = HALF_SQUARED
    output_bias: Bias = False
    classes: tuple[str, ...] = ()
    file: MatrixFile | None = field(init=False)
    _inputs: FloatArray = field(init=False)
    _bytes: tuple[bytes, bytes] = field(init=False)  # X and Y, which are views of them

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
        targets = Y if is_frame(Y) else as_array("Y", Y)
        if targets.ndim == 1:
            targets = targets[:, None]
        file = X if isinstance(X, MatrixFile) else NpyFile.of(X)
        object.__setattr__(self, "file", file)
        x = frozen_matrix("X", X.read() if isinstance(X, MatrixFile) else X)
        y = frozen_matrix("Y", targets)
        for name, matrix in (("X", x), ("Y", y)):
            if 0 in matrix.shape:
                raise InputError(name, f"is empty, shape {matrix.shape}")
        if x.shape[0] != y.shape[0]:
            raise InputError("Y", f"has {y.shape[0]} rows where X has {x.shape[0]}")
        x_bytes, x = _shared(x)
        object.__setattr__(self, "X", x)
        object.__setattr__(self, "reg", _positive("reg", reg))
        object.__setattr__(self, "hidden_bias", _bias("hidden_bias", hidden_bias))
        object.__setattr__(self, "loss", as_loss(loss))
        object.__setattr__(self, "output_bias", _bias("output_bias", output_bias))
        y_bytes, y = _shared(self.loss.targets(y))
        object.__setattr__(self, "Y", y)
        object.__setattr__(self, "_bytes", (x_bytes, y_bytes))
        object.__setattr__(self, "classes", tuple(classes))
        if self.classes and len(self.classes) != max(self.c, 2):
            raise InputError("classes", f"are {len(self.classes)} where Y has {self.c} columns")
        if self.output_bias_decay == 0.0:
            self._require_all_classes()
        inputs = np.hstack([x, np.ones((x.shape[0], 1))]) if self.hidden_bias else x
        inputs.setflags(write=False)
        object.__setattr__(self, "_inputs", inputs)

    def _require_all_classes(self) -> None:
        low, high = self.loss.limits(self.Y)
        if np.any(np.all(low == 0.0, axis=0) | np.all(high == 0.0, axis=0)):
            raise InputError(
                "Y", "has a column with one class only, which a free bias fits without a network"
            )

    @property
    def inputs(self) -> FloatArray:
        """What networks take: X with the column of ones of a hidden bias, (n, d) or (n, d + 1)."""
        return self._inputs

    @cached_property
    def bias_scale(self) -> float:
        """The entries of the column of `features` that is for a hidden bias: a power of two.

        1, but if the bias is free so large that decay of its weight is negligible (Theorem 41).
        """
        return math.ldexp(1.0, self.instance().bias_exponent)

    @cached_property
    def features(self) -> FloatArray:
        """What dual norms are of: `inputs`, with `bias_scale` in the column of a hidden bias."""
        if self.bias_scale == 1.0:
            return self._inputs
        features = self._inputs.copy()
        features[:, -1] = self.bias_scale
        features.setflags(write=False)
        return features

    @property
    def output_bias_decay(self) -> float | None:
        """Weight decay of an output bias, None without one.

        0.0 if it is free, or if there is a free hidden bias: a neuron that is active on all points
        then is an output bias that costs as little as one likes.
        """
        if "free" in (self.hidden_bias, self.output_bias):
            return 0.0
        return self.reg if self.output_bias else None

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
    def centred(self) -> bool:
        """Whether the rows of a best dual point sum to zero, so that one output fewer counts.

        That is so for the loss softmax; and for the half-squared loss with a free output bias where
        all rows of Y have one sum, as one-hot rows have: taking their mean from output weights and
        residuals lowers loss and decay.
        """
        if self.loss != HALF_SQUARED or self.output_bias_decay != 0.0:
            return self.loss.sums_to_zero
        sums = np.sum(self.Y, axis=1)
        return self.c > 1 and bool(np.ptp(sums) <= _ONE_SUM * np.max(np.abs(self.Y)))

    @property
    def is_plain(self) -> bool:
        """Whether the loss is half-squared and there is no output bias nor a free hidden one.

        That is the problem of the paper; some solvers take no other.
        """
        return self.loss == HALF_SQUARED and self.output_bias_decay is None

    @property
    def null_loss(self) -> float:
        """The objective of the network with no neurons and no bias, rounded to float64.

        For the half-squared loss it is ½‖Y‖².
        """
        return self.loss.value(np.zeros(self.Y.shape), self.Y)

    @cached_property
    def data_sha256(self) -> str:
        """SHA-256 of the shapes and of the float64 values of X and Y, in hexadecimal.

        The bytes hashed are ``"certnn data 1\\n"``, ``"n d c\\n"``, X and Y row by row as
        little-endian IEEE doubles; the kernel computes the same from a certificate.
        """
        return self.instance().data_sha256

    def with_reg(self, reg: float) -> TrainingProblem:
        """The same data with another weight decay."""
        other = self.of_points(self.X, self.Y, reg)
        object.__setattr__(other, "file", self.file)
        return other

    def of_points(self, X: Any, Y: Any, reg: float) -> TrainingProblem:
        """The problem of other points, with the same loss, biases and names of classes.

        Parameters
        ----------
        X, Y : array_like
            One row a point, with as many columns as here.
        reg : float

        Raises
        ------
        InputError
            If the points make no problem, such as with one class alone and a free bias.
        """
        return TrainingProblem(X, Y, reg, self.hidden_bias, **self._more)

    def instance(self) -> Instance:
        """The same problem as the kernel sees it."""
        return self._instance

    @classmethod
    def of_instance(cls, instance: Instance) -> TrainingProblem:
        """The problem that a certificate or a bound is about."""
        X = np.frombuffer(instance.X, "<f8").reshape(instance.n, instance.d)
        Y = np.frombuffer(instance.Y, "<f8").reshape(instance.n, instance.c)
        loss = loss_named(instance.loss, instance.delta)
        bias, output_bias = instance.hidden_bias, instance.output_bias
        return cls(X, Y, instance.reg, bias, loss=loss, output_bias=output_bias)

    @cached_property
    def _instance(self) -> Instance:
        loss, delta = self.loss.name, self.loss.delta
        return Instance(
            *(self.n, self.d, self.c, self.reg, self.hidden_bias, *self._bytes),
            *(loss, delta, self.output_bias),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """All once: the attributes have X and Y several times."""
        return _received, (self.X, self.Y, self.reg, self.hidden_bias, self._more)

    @property
    def _more(self) -> dict[str, Any]:
        return {"loss": self.loss, "output_bias": self.output_bias, "classes": self.classes}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TrainingProblem):
            return NotImplemented
        return self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    @property
    def _identity(self) -> tuple[str, float, Bias, Loss, Bias]:
        return self.data_sha256, self.reg, self.hidden_bias, self.loss, self.output_bias

    def __repr__(self) -> str:
        more = f", hidden_bias={self.hidden_bias!r}" if self.hidden_bias else ""
        more += f", loss={self.loss!r}" if self.loss != HALF_SQUARED else ""
        more += f", output_bias={self.output_bias!r}" if self.output_bias else ""
        return f"TrainingProblem(n={self.n}, d={self.d}, c={self.c}, reg={self.reg!r}{more})"


def require_problem(given: Any) -> TrainingProblem:
    """What is given, if it is a `TrainingProblem`: not a network, nor X alone.

    Raises `InputError` if it is not; it says how one is made.
    """
    if isinstance(given, TrainingProblem):
        return given
    kind = type(given).__name__
    raise InputError("problem", f"must be a certnn.TrainingProblem(X, Y, reg), got {kind}")


def _received(
    X: FloatArray, Y: FloatArray, reg: float, hidden_bias: Bias, more: dict[str, Any]
) -> TrainingProblem:
    return TrainingProblem(X, Y, reg, hidden_bias, **more)


def _shared(matrix: FloatArray) -> tuple[bytes, FloatArray]:
    """The entries as the kernel takes them, and the matrix as a view of them: one copy for both."""
    data = matrix.astype("<f8", copy=False).tobytes()
    return data, np.frombuffer(data, "<f8").reshape(matrix.shape)


def _bias(name: str, value: Any) -> Bias:
    if isinstance(value, str) and value == "free":
        return "free"
    if isinstance(value, bool | np.bool_ | int) and value in (0, 1):
        return bool(value)
    raise InputError(name, f'must be True, False or "free", got {shorten(repr(value))}')


def _positive(name: str, value: Any) -> float:
    number = positive_number(name, value)
    if not SMALLEST_SCALE <= number <= LARGEST_SCALE:
        raise InputError(name, f"must be within 1e-100..1e100, got {number!r}")
    return number
