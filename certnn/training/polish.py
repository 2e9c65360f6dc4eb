"""Local minimisation of the training objective over both layers."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.merging import balanced
from certnn.training.objective import training_objective, value_and_gradient
from certnn.training.scaling import ScaledProblem, scaled

_LEAST_GAIN = 1e-7
#: Nominal seconds of a step: in all, for each weight, for each neuron at each point, and for each
#: multiplication and addition there. Fitted to fifteen shapes, from 30×2 to 5000×20 and 1347×65.
_A_STEP, _A_WEIGHT, _A_NEURON, _A_PRODUCT = 1e-4, 8.5e-8, 8e-10, 1.2e-10


def polish(
    problem: TrainingProblem, network: TwoLayerNetwork, budget: Budget, max_iterations: int = 2000
) -> TwoLayerNetwork:
    """Improve a network by L-BFGS over its weights, neurons balanced and dead ones dropped.

    The width never grows. The objective is not smooth where a point lies on a neuron's hyperplane,
    so the result is a good network, not exactly a stationary one. Its `training_objective` is never
    above that of `network`. Raises `InputError` if the network's shapes are not those of the
    problem.

    Parameters
    ----------
    problem : TrainingProblem
        Data of any scale, and weight decay.
    network : TwoLayerNetwork
        Where to start; width 0 is returned as it is.
    budget : Budget
        Where it is over the search stops at its next iteration.
    max_iterations : int
        Most L-BFGS iterations.
    """
    network.require_fits(problem)
    inner = scaled(problem)
    start = balanced(inner.problem, inner.inward(network))
    found = _descent(inner, start, max_iterations, budget)
    choices = [inner.outward(found), inner.outward(start), network]
    return min(choices, key=lambda choice: training_objective(problem, choice))


def _descent(
    inner: ScaledProblem, start: TwoLayerNetwork, iterations: int, budget: Budget
) -> TwoLayerNetwork:
    """L-BFGS, begun anew while that helps: at a kink its memory misleads the line search."""
    best, value = start, _objective(inner, start)
    while iterations > 0 and best.width > 0 and not budget.over:
        found, used = _lbfgs(inner, best, iterations, budget)
        iterations -= max(used, 1)
        found = balanced(inner.problem, found)
        new = _objective(inner, found)
        gain, value = value - new, min(value, new)
        if gain > 0.0:
            best = found
        if gain <= _LEAST_GAIN * value:
            break
    return best


def _objective(inner: ScaledProblem, network: TwoLayerNetwork) -> float:
    bias = np.zeros(inner.problem.c) if network.output_bias is None else network.output_bias
    decay = inner.bias_decay or 0.0
    return value_and_gradient(inner.problem, network.U, network.V, bias, decay)[0]


def _lbfgs(
    inner: ScaledProblem, start: TwoLayerNetwork, iterations: int, budget: Budget
) -> tuple[TwoLayerNetwork, int]:
    """One run of L-BFGS and the number of its iterations."""
    size, c, units = start.U.size, inner.problem.c, _units(inner)
    fixed, decay = start.output_bias is None, inner.bias_decay or 0.0

    def split(point: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        hidden, output, bias = np.split(point, [size, size + start.V.size])
        return units * hidden.reshape(start.U.shape), output.reshape(start.V.shape), bias

    active = inner.problem.n * start.width
    cost = _A_STEP + _A_WEIGHT * (size + start.V.size) + _A_NEURON * active
    cost += _A_PRODUCT * active * (2 * start.U.shape[0] + 3 * c)

    def evaluate(point: FloatArray) -> tuple[float, FloatArray]:
        budget.spend(cost)
        hidden, output, bias = split(point)
        given = np.zeros(c) if fixed else bias
        value, *slopes = value_and_gradient(inner.problem, hidden, output, given, decay)
        slopes[0] *= units
        return value, np.concatenate([slope.ravel() for slope in slopes[: 2 if fixed else 3]])

    def look_at_budget(_: FloatArray) -> None:
        if budget.over:
            raise StopIteration

    options: dict[str, float] = {"maxiter": iterations, "maxfun": 2 * iterations, "maxcor": 30}
    options |= {"ftol": 1e-15, "gtol": 1e-13}
    result = minimize(
        evaluate,
        np.concatenate(
            [(start.U / units).ravel(), start.V.ravel(), *(() if fixed else (start.output_bias,))]
        ),
        jac=True,
        method="L-BFGS-B",
        callback=look_at_budget,
        options=options,
    )
    hidden, output, bias = split(result.x)
    return TwoLayerNetwork(hidden, output, None if fixed else bias), int(result.nit)


def _units(inner: ScaledProblem) -> FloatArray:
    """Units of the hidden weights, shape (d, 1), in which steps of all rows matter alike.

    The entries of a free hidden bias's column are many times those of the others.
    """
    features = inner.problem.features
    units = np.ones((features.shape[1], 1))
    if inner.original.hidden_bias == "free":
        units[-1] = np.sqrt(np.mean(np.sum(features[:, :-1] ** 2, axis=1))) / features[0, -1]
    return units
