"""The best multiple of a dual point, in float arithmetic (Theorem 3); the kernel has its own."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.losses import HALF_SQUARED, Loss
from certnn.problem.training_problem import TrainingProblem


def best_scale(product: float, square: float, largest: float) -> float:
    """The s in [0, largest] at which s⟨Z, Y⟩ − ½s²‖Z‖² is greatest.

    Parameters
    ----------
    product, square : float
        ⟨Z, Y⟩ and ‖Z‖².
    largest : float
        reg/kappa.
    """
    return min(max(product / square if square > 0.0 else 0.0, 0.0), largest)


def expected_bound(problem: TrainingProblem, Z: FloatArray, factor: float) -> float:
    """What a proof that the dual norm of Z is at most factor·reg would give (Theorems 3 and 38).

    Parameters
    ----------
    Z : ndarray, shape (n, c)
        Dual point, in the domain of the conjugate of the loss.
    factor : float
        Positive.
    """
    bias = 0.0
    if problem.output_bias_decay:
        bias = float(np.sum(np.square(np.sum(Z, axis=0)))) / problem.output_bias_decay
    return value_of_multiple(problem.loss, Z, problem.Y, bias, 1.0 / factor)


def value_of_multiple(
    loss: Loss, Z: FloatArray, Y: FloatArray, bias: float, largest: float
) -> float:
    """What the multiple of a dual point gives that the kernel would take (Theorems 3, 37 and 38).

    Parameters
    ----------
    Z, Y : ndarrays, shape (n, c)
        Dual point, in the domain of the conjugate of the loss, and targets.
    bias : float
        ‖Zᵀ1‖² over the decay of an output bias; 0 if it has none.
    largest : float
        reg/kappa.
    """
    if loss == HALF_SQUARED:
        square, product = float(np.vdot(Z, Z)) + bias, float(np.vdot(Z, Y))
        scale = best_scale(product, square, largest)
        return scale * product - 0.5 * scale**2 * square
    scale = min(1.0, largest)
    return loss.dual_value(scale * Z, Y) - 0.5 * scale**2 * bias
