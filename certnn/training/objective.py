"""The training objective and its gradient in float64 (the kernel evaluates it exactly)."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem


def training_objective(problem: TrainingProblem, network: TwoLayerNetwork) -> float:
    """The loss + (reg/2)(‖U‖²_F + ‖V‖²_F), with what is decayed of the biases, in float64.

    The objective, in the units of the loss. Raises `InputError` if the network's shapes are not
    those of the problem.

    Parameters
    ----------
    problem : TrainingProblem
        Data, shapes (n, d) and (n, c), and weight decay.
    network : TwoLayerNetwork
        Any width m ≥ 0; U has shape (d, m), or (d + 1, m) with a hidden bias.
    """
    network.require_fits(problem)
    value = problem.loss.value(network.output(problem.inputs), problem.Y)
    return value + 0.5 * problem.reg * decayed_squares(problem, network)


def decayed_squares(problem: TrainingProblem, network: TwoLayerNetwork) -> float:
    """‖U‖²_F + ‖V‖²_F, with what is decayed of the biases."""
    decayed = network.U[: problem.d] if problem.hidden_bias == "free" else network.U
    squares = float(np.sum(np.square(decayed)) + np.sum(np.square(network.V)))
    if problem.output_bias is True and network.output_bias is not None:
        squares += float(np.sum(np.square(network.output_bias)))
    return squares


def value_and_gradient(
    problem: TrainingProblem,
    U: FloatArray,
    V: FloatArray,
    bias: FloatArray | float = 0.0,
    bias_decay: float = 0.0,
) -> tuple[float, FloatArray, FloatArray, FloatArray]:
    """The objective at (U, V) with an output bias, and its gradient there.

    Where a data point lies on a neuron's hyperplane the ReLU's derivative is taken to be 0.

    Parameters
    ----------
    problem : TrainingProblem
        Data, loss and weight decay; no free hidden bias.
    U : ndarray, shape (d, m)
        Hidden weights (d counts the bias row of a hidden bias).
    V : ndarray, shape (m, c)
        Output weights.
    bias : ndarray of shape (c,), or 0
        Output bias.
    bias_decay : float
        Its weight decay.

    Returns
    -------
    value : float
    gradient_U, gradient_V, gradient_bias : ndarrays, shapes (d, m), (m, c) and (c,)
    """
    inputs = problem.inputs
    hidden = np.maximum(inputs @ U, 0.0)
    outputs = hidden @ V + bias
    value = problem.loss.value(outputs, problem.Y)
    value += 0.5 * problem.reg * float(np.vdot(U, U) + np.vdot(V, V))
    value += 0.5 * bias_decay * float(np.vdot(bias, bias))
    slope = problem.loss.gradient(outputs, problem.Y)
    back = slope @ V.T
    back *= hidden > 0.0
    return (
        value,
        inputs.T @ back + problem.reg * U,
        hidden.T @ slope + problem.reg * V,
        np.sum(slope, axis=0) + bias_decay * bias,
    )
