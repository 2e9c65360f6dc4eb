"""An equivalent problem whose data have size one, and networks carried there and back."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from certnn.arrays import LARGEST_SCALE, SMALLEST_SCALE
from certnn.kernel.instance import Bias
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem

#: Bias of a neuron that stands for an output bias where hidden biases are free.
_CONSTANT = 2.0**40


@dataclass(frozen=True)
class ScaledProblem:
    """A problem divided by powers of two, so that its numbers are of the order of one.

    With X' = X/sx, Y' = Y/sy and reg' = reg/(sx·sy), the network (rU, rV) with r = √(sy/sx) and
    output bias sy·b has sy² times the objective that (U, V) and b have in the scaled problem, where
    the decay of b is as in the original one. Where the loss does not scale sy is 1.

    Attributes
    ----------
    problem : TrainingProblem
        The scaled problem; the column of a hidden bias is an ordinary column of its X, decayed a
        little even if that bias is free.
    bias_decay : float or None
        Weight decay of its output bias: 0.0 if that is free, None without one.
    weight_scale : float
        r, the weights of a network of the original problem per weight of a scaled one.
    output_scale : float
        sy, the original outputs per unit of the scaled ones.
    """

    problem: TrainingProblem
    bias_decay: float | None
    weight_scale: float
    output_scale: float
    original: TrainingProblem

    def inward(self, network: TwoLayerNetwork) -> TwoLayerNetwork:
        """The scaled problem's network that corresponds to `network` of the original one."""
        hidden = network.U / self.weight_scale
        if self.original.bias_scale != 1.0:
            hidden[-1] /= self.original.bias_scale
        bias = None
        if self.bias_decay is not None:
            bias = np.zeros(self.original.c)
            if network.output_bias is not None:
                bias = network.output_bias / self.output_scale
        return TwoLayerNetwork(hidden, network.V / self.weight_scale, bias)

    def outward(self, network: TwoLayerNetwork) -> TwoLayerNetwork:
        """The original problem's network that corresponds to `network` of the scaled one."""
        hidden, output = network.U * self.weight_scale, network.V * self.weight_scale
        if self.original.bias_scale != 1.0:
            hidden[-1] *= self.original.bias_scale
        if network.output_bias is None or self.bias_decay is None:
            return TwoLayerNetwork(hidden, output)
        bias = network.output_bias * self.output_scale
        if self.original.hidden_bias != "free" or self.original.output_bias == "free":
            return TwoLayerNetwork(hidden, output, bias)
        # A neuron that is active on all points and has a large free bias instead.
        if np.any(bias):
            constant = np.zeros((hidden.shape[0], 1))
            constant[-1] = _CONSTANT
            hidden = np.hstack([hidden, constant])
            output = np.vstack([output, bias / _CONSTANT])
        zeros = np.zeros(self.original.c) if self.original.output_bias else None
        return TwoLayerNetwork(hidden, output, zeros)


def scaled(problem: TrainingProblem) -> ScaledProblem:
    """Scale X so that its largest row has norm about one, and Y so that its norm is about one.

    The scaled problem. Its reg is clipped to 1e-100..1e100, the range a problem allows: above, no
    neuron pays in either problem; below, weight decay is lost in the rounding of the loss.

    Parameters
    ----------
    problem : TrainingProblem
        Any problem.
    """
    rows = float(np.max(np.linalg.norm(problem.inputs, axis=1)))
    scale_x, scale_y = _power_of_two(rows), _power_of_two(float(np.linalg.norm(problem.Y)))
    loss = problem.loss.scaled(scale_y)
    if loss is None:
        loss, scale_y = problem.loss, 1.0
    reg = min(max(problem.reg / scale_x / scale_y, SMALLEST_SCALE), LARGEST_SCALE)
    decay = problem.output_bias_decay
    bias: Bias = "free" if decay == 0.0 else decay is not None
    inner = TrainingProblem(
        problem.features / scale_x, problem.Y / scale_y, reg, loss=loss, output_bias=bias
    )
    return ScaledProblem(inner, decay, math.sqrt(scale_y / scale_x), scale_y, problem)


def _power_of_two(size: float) -> float:
    return 2.0 ** math.frexp(size)[1] if size > 0.0 else 1.0
