"""Data made by a formula: the random family of the paper, and spirals."""

from __future__ import annotations

import numpy as np

from certnn.problem.training_problem import TrainingProblem


def random_network_data(
    seed: int, reg: float, n: int = 25, d: int = 2, c: int = 5, neurons: int = 100
) -> TrainingProblem:
    """Data of a random network: X (n×d), U and V standard normal, Y = (XU)₊V.

    With the default sizes this is the random family of Prakhya, Birdal and Yurtsever (2025).
    """
    draw = np.random.default_rng(seed).standard_normal
    x, u, v = draw((n, d)), draw((d, neurons)), draw((neurons, c))
    return TrainingProblem(x, np.maximum(x @ u, 0.0) @ v, reg)


def spirals(classes: int, reg: float, n: int = 60) -> TrainingProblem:
    """Points of the plane on as many arms of a spiral as there are classes, one-hot targets.

    The arms make one and a quarter turns, from radius 0.25 to 1.5; `n` is divided among them.
    """
    radius = np.linspace(0.25, 1.5, n // classes)
    start = np.arange(classes)[:, None] / classes
    angle = 2.0 * np.pi * (radius[None, :] + start)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    targets = np.repeat(np.eye(classes), n // classes, axis=0)
    return TrainingProblem(points.reshape(-1, 2), targets, reg)
