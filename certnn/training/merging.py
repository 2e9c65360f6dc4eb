"""Equivalent networks with fewer neurons: dead ones dropped, parallel ones joined."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.training.objective import training_objective


def balanced(problem: TrainingProblem, network: TwoLayerNetwork) -> TwoLayerNetwork:
    """Rescale every neuron to |u| = |v| and drop the neurons that do nothing on the data.

    By the arithmetic-geometric inequality the weight decay never grows; the outputs on the data
    stay the same. At most m neurons.

    Parameters
    ----------
    problem : TrainingProblem
        The data decide which neurons are dead: zero weights, or inactive on every point.
    network : TwoLayerNetwork
        U of shape (d, m), V of shape (m, c).
    """
    network.require_fits(problem)
    lengths_u = np.linalg.norm(network.U, axis=0)
    lengths_v = np.linalg.norm(network.V, axis=1)
    active = np.any(problem.inputs @ network.U > 0.0, axis=0)
    # Roots first: the product of two tiny norms would underflow.
    root_u, root_v = np.sqrt(lengths_u), np.sqrt(lengths_v)
    alive = active & (root_u > 0.0) & (root_v > 0.0)
    ratio = root_v[alive] / root_u[alive]
    return TwoLayerNetwork(
        network.U[:, alive] * ratio, network.V[alive] / ratio[:, None], network.output_bias
    )


def merged(
    problem: TrainingProblem, network: TwoLayerNetwork, tolerance: float = 1e-7
) -> TwoLayerNetwork:
    """Join neurons of the same direction, after `balanced`.

    Neurons with u₁ ∥ u₂ have the outputs of one neuron with |u||v| = |v₁|u₁| + v₂|u₂||, which is at
    most |u₁||v₁| + |u₂||v₂|. When directions agree only within the tolerance, the joined direction
    is their mean weighted by |u||v|, and the result is kept only if it is no worse. At most m
    neurons; its objective is not above that of `network`, up to rounding.

    Parameters
    ----------
    problem : TrainingProblem
        Data and weight decay.
    network : TwoLayerNetwork
        U of shape (d, m), V of shape (m, c).
    tolerance : float
        Largest distance of the unit directions of neurons that are joined.
    """
    start = balanced(problem, network)
    if start.width < 2:
        return start
    strength = np.square(np.linalg.norm(start.V, axis=1))
    unit = start.U / np.linalg.norm(start.U, axis=0)
    label = _clusters(unit, tolerance)
    groups = int(label.max()) + 1
    if groups == start.width:
        return start
    member = np.zeros((start.width, groups))
    member[np.arange(start.width), label] = 1.0
    mean = (unit * strength) @ member
    direction = mean / np.linalg.norm(mean, axis=0)
    weights = member.T @ (start.V * np.linalg.norm(start.U, axis=0)[:, None])
    joined = balanced(problem, TwoLayerNetwork(direction, weights, network.output_bias))
    before, after = training_objective(problem, start), training_objective(problem, joined)
    return joined if after <= before * (1.0 + 1e-14) else start


def _clusters(unit: FloatArray, tolerance: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Greedy labels: each direction joins the first unlabelled one within the tolerance."""
    label = np.full(unit.shape[1], -1, dtype=np.int64)
    count = 0
    for k in range(unit.shape[1]):
        if label[k] >= 0:
            continue
        near = np.linalg.norm(unit - unit[:, [k]], axis=0) <= tolerance
        label[near & (label < 0)] = count
        count += 1
    return label
