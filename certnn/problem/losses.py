"""Convex losses of the outputs, in untrusted float arithmetic; the kernel has its own.

With each loss ℓ(F) come the concave function −ℓ*(−Z) of dual points Z, and what training needs of
it (Theorems 37 and 39). Classes are given as the kernel wants them: ±1 for each output, or for
softmax one column a class. SciPy is loaded for the logarithms alone, so that problems and files
are read without it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError

Limits = tuple[FloatArray, FloatArray]


class Loss(ABC):
    """A loss that sums over points, as a value: equal if name and parameter are.

    F, Y and Z are matrices of shape (n, c): outputs, targets, and a dual point.

    Attributes
    ----------
    name : str
        As the kernel calls it.
    sums_to_zero : bool
        Whether −ℓ*(−Z) is finite only where every row of Z sums to zero.
    """

    name: ClassVar[str]
    sums_to_zero: ClassVar[bool] = False

    @property
    def delta(self) -> float:
        """The parameter of the loss huber, 0 for the others."""
        return 0.0

    @property
    def label(self) -> str:
        """The name with the parameter, as `parse_loss` takes it."""
        return f"{self.name}:{self.delta!r}" if self.delta else self.name

    def targets(self, Y: FloatArray) -> FloatArray:
        """The targets as the kernel wants them; raises `InputError` unless they fit the loss."""
        return Y

    def start(self, Y: FloatArray) -> FloatArray:
        """A dual point inside the domain of −ℓ*(−Z) whose columns sum to zero up to rounding."""
        inside: FloatArray = Y - np.mean(Y, axis=0)
        return inside

    def scaled(self, factor: float) -> Loss | None:
        """The loss ℓ' with ℓ(F; Y) = factor²·ℓ'(F/factor; Y/factor), if it is of the same kind."""
        return None

    @abstractmethod
    def value(self, F: FloatArray, Y: FloatArray) -> float:
        """ℓ(F)."""

    @abstractmethod
    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        """∇ℓ(F), shape (n, c); a subgradient where there is a kink."""

    @abstractmethod
    def limits(self, Y: FloatArray) -> Limits:
        """Least and largest entries of Z, shapes (n, c), between which −ℓ*(−Z) is finite."""

    @abstractmethod
    def dual_value(self, Z: FloatArray, Y: FloatArray) -> float:
        """−ℓ*(−Z) for a Z within the limits."""

    @abstractmethod
    def dual_gradient(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        """Its gradient, shape (n, c): at the optimum the outputs, but for multipliers of limits."""

    @abstractmethod
    def dual_curvature(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        """Minus the diagonal of its Hessian, shape (n, c), which has nothing else."""


class _QuadraticDual(Loss):
    """With ⟨Z, Y⟩ − ½‖Z‖² for −ℓ*(−Z), wherever it is finite."""

    def dual_value(self, Z: FloatArray, Y: FloatArray) -> float:
        return float(np.vdot(Z, Y) - 0.5 * np.vdot(Z, Z))

    def dual_gradient(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        return Y - Z

    def dual_curvature(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        return np.ones(Z.shape)


@dataclass(frozen=True)
class HalfSquared(_QuadraticDual):
    """½(f − y)²."""

    name: ClassVar[str] = "half-squared"

    def scaled(self, factor: float) -> HalfSquared:
        return self

    def value(self, F: FloatArray, Y: FloatArray) -> float:
        return 0.5 * float(np.sum(np.square(F - Y)))

    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        return F - Y

    def limits(self, Y: FloatArray) -> Limits:
        return np.full(Y.shape, -math.inf), np.full(Y.shape, math.inf)


@dataclass(frozen=True)
class Huber(HalfSquared):
    """½t² for t = |f − y| up to a threshold, and threshold·t − ½threshold² beyond.

    Parameters
    ----------
    threshold : float
        Positive, within 1e-100..1e100.
    """

    threshold: float = 1.0
    name: ClassVar[str] = "huber"

    def __post_init__(self) -> None:
        if not (isinstance(self.threshold, float | int) and 1e-100 <= self.threshold <= 1e100):
            raise InputError("loss", f"needs a positive threshold, got {self.threshold!r}")

    @property
    def delta(self) -> float:
        """The threshold."""
        return float(self.threshold)

    def scaled(self, factor: float) -> Huber:
        return Huber(self.threshold / factor)

    def start(self, Y: FloatArray) -> FloatArray:
        centred = super().start(Y)
        largest = float(np.max(np.abs(centred)))
        inside: FloatArray = centred * (min(1.0, 0.5 * self.delta / largest) if largest else 1.0)
        return inside

    def value(self, F: FloatArray, Y: FloatArray) -> float:
        size = np.abs(F - Y)
        near = np.minimum(size, self.delta)
        return float(np.sum(near * (size - 0.5 * near)))

    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        return np.clip(F - Y, -self.delta, self.delta)

    def limits(self, Y: FloatArray) -> Limits:
        return np.full(Y.shape, -self.delta), np.full(Y.shape, self.delta)


class _LabelLoss(Loss):
    """A loss of the margin y·f for labels y = ±1, each output by itself."""

    def targets(self, Y: FloatArray) -> FloatArray:
        if np.all(np.isin(Y, (0.0, 1.0))):  # as other libraries have them
            return np.where(Y > 0.0, 1.0, -1.0)
        if not np.all(np.abs(Y) == 1.0):
            raise InputError(
                "Y", f"must hold only 1 and -1, or only 1 and 0, for the loss {self.name}"
            )
        return Y

    def start(self, Y: FloatArray) -> FloatArray:
        share = np.mean(Y > 0.0, axis=0)
        inside: FloatArray = np.where(Y > 0.0, 1.0 - share, -share)
        return np.where(np.abs(share - 0.5) < 0.5, inside, 0.5 * Y)  # of one class only: no sum 0

    def limits(self, Y: FloatArray) -> Limits:
        return np.minimum(Y, 0.0), np.maximum(Y, 0.0)


@dataclass(frozen=True)
class Hinge(_LabelLoss):
    """(1 − yf)₊."""

    name: ClassVar[str] = "hinge"

    def value(self, F: FloatArray, Y: FloatArray) -> float:
        return float(np.sum(np.maximum(1.0 - Y * F, 0.0)))

    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        return np.where(Y * F < 1.0, -Y, 0.0)

    def dual_value(self, Z: FloatArray, Y: FloatArray) -> float:
        return float(np.vdot(Z, Y))

    def dual_gradient(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        return Y

    def dual_curvature(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        return np.zeros(Z.shape)


@dataclass(frozen=True)
class SquaredHinge(_QuadraticDual, _LabelLoss):
    """½(1 − yf)₊²."""

    name: ClassVar[str] = "squared-hinge"

    def limits(self, Y: FloatArray) -> Limits:
        low, high = np.where(Y > 0.0, 0.0, -math.inf), np.where(Y > 0.0, math.inf, 0.0)
        return low, high

    def value(self, F: FloatArray, Y: FloatArray) -> float:
        return 0.5 * float(np.sum(np.square(np.maximum(1.0 - Y * F, 0.0))))

    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        return -Y * np.maximum(1.0 - Y * F, 0.0)


@dataclass(frozen=True)
class Logistic(_LabelLoss):
    """log(1 + exp(−yf)), the binary cross-entropy of logits f."""

    name: ClassVar[str] = "logistic"

    def value(self, F: FloatArray, Y: FloatArray) -> float:
        from scipy.special import log_expit

        return -float(np.sum(log_expit(Y * F)))

    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        from scipy.special import log_expit

        slope: FloatArray = -Y * np.exp(log_expit(-Y * F))
        return slope

    def dual_value(self, Z: FloatArray, Y: FloatArray) -> float:
        from scipy.special import entr

        p = Y * Z
        return float(np.sum(entr(p) + entr(1.0 - p)))

    def dual_gradient(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        p = Y * Z
        slope: FloatArray = Y * (np.log1p(-p) - np.log(p))
        return slope

    def dual_curvature(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        p = Y * Z
        curvature: FloatArray = 1.0 / (p * (1.0 - p))
        return curvature


@dataclass(frozen=True)
class Softmax(Loss):
    """Σⱼ yⱼ (log Σₖ exp(fₖ) − fⱼ), the cross-entropy of logits f with class weights y ≥ 0."""

    name: ClassVar[str] = "softmax"
    sums_to_zero: ClassVar[bool] = True

    def targets(self, Y: FloatArray) -> FloatArray:
        if Y.shape[1] < 2:
            raise InputError(
                "Y",
                "needs a column for each class, two at least, with loss softmax; class labels are "
                "for certnn.problem_for",
            )
        if np.any(Y < 0.0) or not np.all(np.any(Y > 0.0, axis=1)):
            raise InputError("Y", "needs rows of nonnegative weights, not all zero, with softmax")
        return Y

    def start(self, Y: FloatArray) -> FloatArray:
        shares = np.sum(Y, axis=0) / np.sum(Y)
        if np.any(shares == 0.0):  # of a class without points: no sum 0
            shares = np.full(shares.size, 1.0 / shares.size)
        inside: FloatArray = Y - np.sum(Y, axis=1, keepdims=True) * shares
        return inside

    def limits(self, Y: FloatArray) -> Limits:
        return np.full(Y.shape, -math.inf), Y

    def value(self, F: FloatArray, Y: FloatArray) -> float:
        from scipy.special import logsumexp

        total = np.sum(Y, axis=1)
        return float(np.sum(total * logsumexp(F, axis=1)) - np.vdot(Y, F))

    def gradient(self, F: FloatArray, Y: FloatArray) -> FloatArray:
        from scipy.special import softmax

        slope: FloatArray = np.sum(Y, axis=1, keepdims=True) * softmax(F, axis=1) - Y
        return slope

    def dual_value(self, Z: FloatArray, Y: FloatArray) -> float:
        from scipy.special import entr

        total = np.sum(Y, axis=1, keepdims=True)
        return float(np.sum(total * entr((Y - Z) / total)))

    def dual_gradient(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        slope: FloatArray = np.log((Y - Z) / np.sum(Y, axis=1, keepdims=True)) + 1.0
        return slope

    def dual_curvature(self, Z: FloatArray, Y: FloatArray) -> FloatArray:
        curvature: FloatArray = 1.0 / (Y - Z)
        return curvature


HALF_SQUARED = HalfSquared()
_LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (HALF_SQUARED, Huber(), Hinge(), SquaredHinge(), Logistic(), Softmax())
}


def parse_loss(text: str) -> Loss:
    """A loss from its name, or "huber:THRESHOLD"; raises `InputError` if it is neither."""
    name, colon, number = text.partition(":")
    if name != Huber.name or not colon:
        return as_loss(text)
    try:
        return Huber(float(number))
    except ValueError:
        raise InputError("loss", f"needs a positive threshold, got {number!r}") from None


def loss_named(name: str, delta: float) -> Loss:
    """The loss that the kernel calls so."""
    return Huber(delta) if name == Huber.name else _LOSSES[name]


def as_loss(given: Any) -> Loss:
    """A loss from a loss or from its name; "huber" has the threshold 1.

    Raises `InputError` if it is neither.
    """
    if isinstance(given, Loss):
        return given
    if isinstance(given, str) and given in _LOSSES:
        return _LOSSES[given]
    raise InputError("loss", f"must be one of {', '.join(_LOSSES)}, got {given!r}")
