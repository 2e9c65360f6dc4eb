"""The training objective and its gradient in float64 (the kernel evaluates it exactly)."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem


def training_objective(problem: TrainingProblem, network: TwoLayerNetwork) -> float:
    """½‖(XU)₊V − Y‖²_F + (reg/2)(‖U‖²_F + ‖V‖²_F), rounded to float64.

    Parameters
    ----------
    problem : TrainingProblem
        Data, shapes (n, d) and (n, c), and weight decay.
    network : TwoLayerNetwork
        Any width m ≥ 0; U has shape (d, m), or (d + 1, m) with a hidden bias.

    Returns
    -------
    float
        The objective, in the units of Y squared.

    Raises
    ------
    InputError
        If the network's shapes are not those of the problem.
    """
    network.require_fits(problem)
    error = network.output(problem.features) - problem.Y
    weights = float(np.sum(np.square(network.U)) + np.sum(np.square(network.V)))
    return 0.5 * float(np.sum(np.square(error))) + 0.5 * problem.reg * weights


def value_and_gradient(
    problem: TrainingProblem, U: FloatArray, V: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """The objective at (U, V) and its gradient there.

    Where a data point lies on a neuron's hyperplane the ReLU's derivative is taken to be 0.

    Parameters
    ----------
    problem : TrainingProblem
        Data and weight decay.
    U : ndarray, shape (d, m)
        Hidden weights (d counts the bias row of a hidden bias).
    V : ndarray, shape (m, c)
        Output weights.

    Returns
    -------
    value : float
        The objective.
    gradient_U : ndarray, shape (d, m)
        Its gradient in U.
    gradient_V : ndarray, shape (m, c)
        Its gradient in V.
    """
    features = problem.features
    hidden = np.maximum(features @ U, 0.0)
    error = hidden @ V - problem.Y
    value = 0.5 * float(np.vdot(error, error))
    value += 0.5 * problem.reg * float(np.vdot(U, U) + np.vdot(V, V))
    back = error @ V.T
    back *= hidden > 0.0
    return value, features.T @ back + problem.reg * U, hidden.T @ error + problem.reg * V
