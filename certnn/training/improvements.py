"""Single changes of a network that lower its objective: where it loses against the optimum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training import candidates
from certnn.training.ascent import ascend
from certnn.training.merging import merged
from certnn.training.objective import training_objective
from certnn.training.restricted import solve_restricted
from certnn.training.scaling import ScaledProblem, scaled

#: Starts of the search for new neurons, and the least angle between two of them, in radians.
_STARTS, _ANGLE = 200, 0.3
_ACCURACY = 1e-6
#: A gain below this share of the objective is rounding.
_LEAST_GAIN = 1e-12


@dataclass(frozen=True, eq=False)
class Improvement:
    """One change of a network.

    Attributes
    ----------
    change : str
        What is changed, in one line.
    network : TwoLayerNetwork
        The changed network; its `training_objective` is less.
    """

    change: str
    network: TwoLayerNetwork


def improvements(
    problem: TrainingProblem,
    network: TwoLayerNetwork,
    budget: Budget,
    neurons: int = 3,
    seed: int = 0,
) -> tuple[Improvement, ...]:
    """Changes of the given network, each by itself, that lower its objective in float64.

    Neurons rescaled, dropped and joined without a change of the outputs; the output weights
    refitted to the hidden ones; and single new neurons, at local maxima of the score ‖Zᵀ(Xu)₊‖/|u|
    for Z = −∇ℓ at the network's outputs: where it is above reg, adding the neuron lowers the
    objective (Theorem 2), here by a line search for the neuron's size. Those with the larger gain
    first; none where nothing is found, which proves nothing. Raises `InputError` if the network's
    shapes are not those of the problem.

    Parameters
    ----------
    budget : Budget
        Where it is over, fewer changes are tried.
    neurons : int
        New neurons, at most.
    seed : int
        Of the search for them.
    """
    before = training_objective(problem, network)
    size = scaled(problem)
    found = [
        Improvement(
            "neurons balanced, dead ones dropped, parallel ones joined", merged(problem, network)
        ),
        Improvement("output weights refitted", _refitted(size, network, budget)),
        *(
            Improvement(f"a new neuron, active on {active} of {problem.n} points", grown)
            for active, grown in _with_new_neurons(size, network, budget, neurons, seed)
        ),
    ]
    values = [training_objective(problem, improvement.network) for improvement in found]
    order = sorted(range(len(found)), key=values.__getitem__)
    return tuple(found[k] for k in order if values[k] < before * (1.0 - _LEAST_GAIN))


def _refitted(size: ScaledProblem, network: TwoLayerNetwork, budget: Budget) -> TwoLayerNetwork:
    directions = candidates.unit(size.inward(network).U)
    solution = solve_restricted(
        size.problem,
        directions,
        np.zeros(directions.shape[1]),
        0.0,  # no gain is to be given back for fewer neurons
        _ACCURACY,
        size.bias_decay,
        budget=budget,
    )
    return size.outward(solution.network)


def _with_new_neurons(
    size: ScaledProblem, network: TwoLayerNetwork, budget: Budget, count: int, seed: int
) -> list[tuple[int, TwoLayerNetwork]]:
    """On how many points the new neuron is active, and the network with it."""
    problem, own = size.problem, size.inward(network)
    outputs = own.output(problem.features)
    Z = -problem.loss.gradient(outputs, problem.Y)
    space, rng = candidates.isotropic(problem), np.random.default_rng(seed)
    starts = [candidates.unit(own.U), candidates.drawn(space, _STARTS, rng)]
    directions, scores = ascend(problem, Z, np.hstack(starts), budget)
    above = scores > problem.reg
    found = []
    for u in candidates.spread(space, directions[:, above], scores[above], count, _ANGLE).T:
        hidden = np.maximum(problem.features @ u, 0.0)
        v = Z.T @ hidden
        v /= np.linalg.norm(v)
        length = _best_length(problem, outputs, np.outer(hidden, v))
        neuron = size.outward(
            TwoLayerNetwork(np.sqrt(length) * u[:, None], np.sqrt(length) * v[None, :])
        )
        grown = TwoLayerNetwork(
            np.hstack([network.U, neuron.U]), np.vstack([network.V, neuron.V]), network.output_bias
        )
        found.append((int(np.sum(hidden > 0.0)), grown))
    return found


def _best_length(problem: TrainingProblem, outputs: FloatArray, change: FloatArray) -> float:
    """The t ≥ 0 that minimises ℓ(outputs + t·change) + reg·t, which is convex in t."""

    def value(t: float) -> float:
        return problem.loss.value(outputs + t * change, problem.Y) + problem.reg * t

    longest = 1.0
    while value(2.0 * longest) < value(longest) and longest < 1e12:
        longest *= 2.0
    return float(minimize_scalar(value, bounds=(0.0, 2.0 * longest), method="bounded").x)
