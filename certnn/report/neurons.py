"""What each neuron of a network does."""

from __future__ import annotations

import numpy as np

from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.report.figures import Neuron

_SAME_DIRECTION = 1e-9


def neuron_table(problem: TrainingProblem, network: TwoLayerNetwork) -> tuple[Neuron, ...]:
    """Norms, activity and share of each neuron, in the order of the columns of U.

    A neuron is dead when it changes no output on the data: a zero weight, or active nowhere. It is
    a duplicate when its hidden weights point the same way as an earlier neuron's.
    """
    active = np.sum(problem.inputs @ network.U > 0.0, axis=0)
    hidden, output = np.linalg.norm(network.U, axis=0), np.linalg.norm(network.V, axis=1)
    product = hidden * output
    total = float(np.sum(product)) or 1.0
    dead = (active == 0) | (product == 0.0)
    first_of: dict[bytes, int] = {}
    neurons = []
    for j in range(network.width):
        remark = "dead" if dead[j] else ""
        if not dead[j]:
            key = (np.round(network.U[:, j] / hidden[j] / _SAME_DIRECTION) + 0.0).tobytes()
            first = first_of.setdefault(key, j)
            if first != j:
                remark = f"duplicate of {first}"
        share = float(product[j]) / total
        neurons.append(Neuron(j, float(hidden[j]), float(output[j]), int(active[j]), share, remark))
    return tuple(neurons)
