"""How far a network is from a stationary point of its training objective, exactly."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from scipy.optimize import lsq_linear

from certnn.arrays import FloatArray
from certnn.directed_rounding import rounded_up
from certnn.kernel.exact import ExactMatrix, exact_matrix, inner, times_transpose
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem

#: Of the products, multiplications above which it would take long.
_MOST_WORK = 20_000_000
#: A point is at a neuron's kink if |xᵀu| is at most this share of |x||u|.
_KINK = 1e-7


def stationarity_residual(problem: TrainingProblem, network: TwoLayerNetwork) -> float | None:
    """Norm of the objective's gradient, as a share of that of the weight decay's part of it.

    Zero at a stationary point; near one where a network has not been trained at all, since there
    the gradient of the loss does not balance that of the weight decay. Computed in integers and
    rounded up, but for the derivative of the ReLU at its kink, which may be any number from 0 to 1
    (Clarke): where a point is within 1e-7 of a neuron's hyperplane, as a share of |x||u|, one is
    taken that makes the residual small. None for other losses than the half-squared one, for
    weights that are all zero or so near it that no float holds the ratio, and for networks on which
    it would take long. Raises `InputError` if the network's shapes are not those of the problem.
    """
    network.require_fits(problem)
    work = problem.n * network.width * (problem.features.shape[1] + problem.c)
    if problem.loss.name != "half-squared" or network.width == 0 or work > _MOST_WORK:
        return None
    instance = problem.instance()
    X, reg = instance.inputs(), Fraction(problem.reg)
    U, V = _exact(network.U), _exact(network.V)
    before = times_transpose(X, U.transposed(), "auto")
    H = ExactMatrix([[max(t, 0) for t in row] for row in before.rows], before.exponent)
    outputs = times_transpose(H, V.transposed(), "auto")
    bias = None if network.output_bias is None else _exact(network.output_bias[None, :])
    if bias is not None:
        outputs += ExactMatrix(bias.rows * problem.n, bias.exponent)
    slope = outputs - instance.targets()
    back = times_transpose(slope, V, "auto")
    derivatives = _exact(_derivatives(problem, network))
    masked = [
        [entry * share for entry, share in zip(row, own, strict=True)]
        for row, own in zip(back.rows, derivatives.rows, strict=True)
    ]
    pulled = ExactMatrix(masked, back.exponent + derivatives.exponent)
    columns = X.transposed()
    gradients = [
        (times_transpose(H.transposed(), slope.transposed(), "auto"), V),
        (times_transpose(columns, pulled.transposed(), "auto"), U),
    ]
    if problem.hidden_bias == "free":
        gradient, decayed = gradients.pop()
        rows = range(problem.d)
        gradients += [(gradient.taken(rows), decayed.taken(rows))]
        gradients += [(gradient.taken([problem.d]), _zero(1, network.width))]
    if bias is not None:
        sums = [sum(column) for column in zip(*slope.rows, strict=True)]
        total = ExactMatrix([sums], slope.exponent)
        gradients.append((total, bias if problem.output_bias is True else _zero(1, problem.c)))
    left = decay = Fraction(0)
    for gradient, weights in gradients:
        pull = _times(weights, reg)
        total = gradient + pull
        left, decay = left + inner(total, total), decay + inner(pull, pull)
    return _root_up(left / decay) if decay else None


def _derivatives(problem: TrainingProblem, network: TwoLayerNetwork) -> FloatArray:
    """Of the ReLU, for each point and neuron, shape (n, m)."""
    inputs, before = problem.inputs, problem.inputs @ network.U
    slope = -problem.loss.gradient(network.output(inputs), problem.Y) @ network.V.T
    sizes = np.linalg.norm(inputs, axis=1)[:, None] * np.linalg.norm(network.U, axis=0)
    derivatives = np.where(before > 0.0, 1.0, 0.0)
    kinks = np.abs(before) <= _KINK * sizes
    decay = problem.reg * network.U
    if problem.hidden_bias == "free":
        decay[-1] = 0.0
    for j in np.flatnonzero(np.any(kinks & (slope != 0.0), axis=0)):
        free = np.flatnonzero(kinks[:, j])
        rest = np.where(kinks[:, j], 0.0, derivatives[:, j]) * slope[:, j]
        wanted = decay[:, j] - inputs.T @ rest
        moves = (inputs[free] * slope[free, j][:, None]).T
        derivatives[free, j] = np.clip(lsq_linear(moves, wanted, (0.0, 1.0)).x, 0.0, 1.0)
    return derivatives


def _exact(array: FloatArray) -> ExactMatrix:
    matrix = np.ascontiguousarray(array, dtype="<f8")
    return exact_matrix(matrix.tobytes(), *matrix.shape)


def _zero(height: int, width: int) -> ExactMatrix:
    return ExactMatrix([[0] * width for _ in range(height)], 0)


def _times(matrix: ExactMatrix, factor: Fraction) -> ExactMatrix:
    """The matrix times a dyadic number."""
    rows = [[factor.numerator * entry for entry in row] for row in matrix.rows]
    return ExactMatrix(rows, matrix.exponent - factor.denominator.bit_length() + 1)


def _root_up(square: Fraction) -> float | None:
    """A float at or above the square root; None if the root is beyond the largest."""
    half = (square.numerator.bit_length() - square.denominator.bit_length()) // 2
    try:  # of a number near 1, since the square may be beyond the largest where the root is not
        root = math.ldexp(math.sqrt(rounded_up(square / Fraction(4) ** half)), half)
    except OverflowError:
        return None
    while root < math.inf and Fraction(root) ** 2 < square:
        root = math.nextafter(root, math.inf)
    return root if root < math.inf else None
