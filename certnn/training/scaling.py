"""An equivalent problem whose data have size one, and networks carried there and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from certnn.arrays import LARGEST_SCALE, SMALLEST_SCALE
from certnn.network import TwoLayerNetwork
from certnn.problem import TrainingProblem


@dataclass(frozen=True)
class ScaledProblem:
    """A problem divided by powers of two, so that its numbers are of the order of one.

    With X' = X/sx, Y' = Y/sy and reg' = reg/(sx·sy), the network (rU, rV) with r = √(sy/sx) has
    sy² times the objective that (U, V) has in the scaled problem.

    Attributes
    ----------
    problem : TrainingProblem
        The scaled problem; the column of a hidden bias is an ordinary column of its X.
    weight_scale : float
        r, the weights of a network of the original problem per weight of a scaled one.
    objective_scale : float
        sy², the original objective per unit of the scaled one.
    """

    problem: TrainingProblem
    weight_scale: float
    objective_scale: float

    def inward(self, network: TwoLayerNetwork) -> TwoLayerNetwork:
        """The scaled problem's network that corresponds to `network` of the original one."""
        return TwoLayerNetwork(network.U / self.weight_scale, network.V / self.weight_scale)

    def outward(self, network: TwoLayerNetwork) -> TwoLayerNetwork:
        """The original problem's network that corresponds to `network` of the scaled one."""
        return TwoLayerNetwork(network.U * self.weight_scale, network.V * self.weight_scale)


def scaled(problem: TrainingProblem) -> ScaledProblem:
    """Scale X so that its largest row has norm about one, and Y so that its norm is about one.

    Parameters
    ----------
    problem : TrainingProblem
        Any problem.

    Returns
    -------
    ScaledProblem
        The scaled problem. Its reg is clipped to 1e-100..1e100, the range a problem allows: above,
        no neuron pays in either problem; below, weight decay is lost in the rounding of the loss.
    """
    rows = float(np.max(np.linalg.norm(problem.features, axis=1)))
    scale_x, scale_y = _power_of_two(rows), _power_of_two(float(np.linalg.norm(problem.Y)))
    reg = min(max(problem.reg / scale_x / scale_y, SMALLEST_SCALE), LARGEST_SCALE)
    inner = TrainingProblem(problem.features / scale_x, problem.Y / scale_y, reg)
    return ScaledProblem(inner, math.sqrt(scale_y / scale_x), scale_y**2)


def _power_of_two(size: float) -> float:
    return 2.0 ** math.frexp(size)[1] if size > 0.0 else 1.0
