"""Local minimisation of the training objective over both layers."""

from __future__ import annotations

import time

import numpy as np
from scipy.optimize import minimize

from certnn.arrays import FloatArray
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem
from certnn.training.merging import balanced
from certnn.training.objective import training_objective, value_and_gradient_with_bias
from certnn.training.scaling import ScaledProblem, scaled

_LEAST_GAIN = 1e-7


def polish(
    problem: TrainingProblem,
    network: TwoLayerNetwork,
    max_iterations: int = 2000,
    deadline: float | None = None,
) -> TwoLayerNetwork:
    """Improve a network by L-BFGS over its weights, neurons balanced and dead ones dropped.

    The width never grows. The objective is not smooth where a point lies on a neuron's
    hyperplane, so the result is a good network, not exactly a stationary one.

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    network : TwoLayerNetwork
        Where to start; width 0 is returned as it is.
    max_iterations : int
        Most L-BFGS iterations.
    deadline : float, optional
        Value of ``time.monotonic()`` after which the search stops at its next iteration.

    Returns
    -------
    TwoLayerNetwork
        Its `training_objective` is never above that of `network`.

    Raises
    ------
    InputError
        If the network's shapes are not those of the problem.
    """
    network.require_fits(problem)
    inner = scaled(problem)
    start = balanced(inner.problem, inner.inward(network))
    found = _descent(inner, start, max_iterations, deadline)
    choices = [inner.outward(found), inner.outward(start), network]
    return min(choices, key=lambda choice: training_objective(problem, choice))


def _descent(
    inner: ScaledProblem, start: TwoLayerNetwork, iterations: int, deadline: float | None
) -> TwoLayerNetwork:
    """L-BFGS, begun anew while that helps: at a kink its memory misleads the line search."""
    best, value = start, _objective(inner, start)
    while iterations > 0 and best.width > 0:
        found, used = _lbfgs(inner, best, iterations, deadline)
        iterations -= max(used, 1)
        found = balanced(inner.problem, found)
        new = _objective(inner, found)
        gain, value = value - new, min(value, new)
        if gain > 0.0:
            best = found
        if gain <= _LEAST_GAIN * value or _past(deadline):
            break
    return best


def _objective(inner: ScaledProblem, network: TwoLayerNetwork) -> float:
    bias = np.zeros(inner.problem.c) if network.output_bias is None else network.output_bias
    decay = inner.bias_decay or 0.0
    return value_and_gradient_with_bias(inner.problem, network.U, network.V, bias, decay)[0]


def _lbfgs(
    inner: ScaledProblem, start: TwoLayerNetwork, iterations: int, deadline: float | None
) -> tuple[TwoLayerNetwork, int]:
    """One run of L-BFGS and the number of its iterations."""
    size, c = start.U.size, inner.problem.c
    fixed, decay = start.output_bias is None, inner.bias_decay or 0.0

    def split(point: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        hidden, output, bias = np.split(point, [size, size + start.V.size])
        return hidden.reshape(start.U.shape), output.reshape(start.V.shape), bias

    def evaluate(point: FloatArray) -> tuple[float, FloatArray]:
        hidden, output, bias = split(point)
        given = np.zeros(c) if fixed else bias
        value, *slopes = value_and_gradient_with_bias(inner.problem, hidden, output, given, decay)
        return value, np.concatenate([slope.ravel() for slope in slopes[: 2 if fixed else 3]])

    def check_clock(_: FloatArray) -> None:
        if _past(deadline):
            raise StopIteration

    options: dict[str, float] = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30}
    options |= {"ftol": 1e-15, "gtol": 1e-13}
    result = minimize(
        evaluate,
        np.concatenate(
            [start.U.ravel(), start.V.ravel(), *(() if fixed else (start.output_bias,))]
        ),
        jac=True,
        method="L-BFGS-B",
        callback=check_clock,
        options=options,
    )
    hidden, output, bias = split(result.x)
    return TwoLayerNetwork(hidden, output, None if fixed else bias), int(result.nit)


def _past(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline
