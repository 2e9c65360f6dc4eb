"""Families of training problems of any size, each the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import iris, random_network_data, spirals


@dataclass(frozen=True)
class Size:
    """Of a problem, and its weight decay and seed."""

    n: int
    d: int
    c: int
    reg: float
    seed: int


def _random(size: Size) -> TrainingProblem:
    return random_network_data(size.seed, size.reg, size.n, size.d, size.c)


def _spiral(size: Size) -> TrainingProblem:
    """In the plane, as many arms as outputs; turned by the seed."""
    problem = spirals(size.c, size.reg, size.n)
    angle = float(size.seed)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return TrainingProblem(problem.X @ turn.T, problem.Y, size.reg)


def _lattice(size: Size) -> TrainingProblem:
    """Points with coordinates −1, 0, 1, so that many of their hyperplanes meet."""
    draw = np.random.default_rng(size.seed)
    x = draw.integers(-1, 2, (size.n, size.d)).astype(np.float64)
    return TrainingProblem(x, _targets(size, draw), size.reg)


def _clustered(size: Size) -> TrainingProblem:
    """Points close to three directions."""
    draw = np.random.default_rng(size.seed)
    centres = draw.standard_normal((3, size.d))
    x = centres[np.arange(size.n) % 3] + 0.05 * draw.standard_normal((size.n, size.d))
    return TrainingProblem(x, _targets(size, draw), size.reg)


def _orthogonal(size: Size) -> TrainingProblem:
    """Orthogonal points of different lengths; at most as many as there are columns."""
    if size.n > size.d:
        raise InputError("n", f"must be at most d = {size.d} in the family orthogonal")
    draw = np.random.default_rng(size.seed)
    q, _ = np.linalg.qr(draw.standard_normal((size.d, size.d)))
    x = q[: size.n] * draw.uniform(0.5, 2.0, (size.n, 1))
    return TrainingProblem(x, _targets(size, draw), size.reg)


def _one_sided(size: Size) -> TrainingProblem:
    """Points at acute angles to one another, and targets of one neuron that is active on all."""
    draw = np.random.default_rng(size.seed)
    x = np.abs(draw.standard_normal((size.n, size.d)))
    return TrainingProblem(x, x @ np.outer(np.ones(size.d), draw.standard_normal(size.c)), size.reg)


def _targets(size: Size, draw: np.random.Generator) -> FloatArray:
    return draw.standard_normal((size.n, size.c))


#: From a size to a problem.
FAMILIES: dict[str, Callable[[Size], TrainingProblem]] = {
    "random": _random,
    "spiral": _spiral,
    "lattice": _lattice,
    "clustered": _clustered,
    "orthogonal": _orthogonal,
    "one-sided": _one_sided,
    "iris": lambda size: subset(iris(size.reg), size),  # rows drawn by the seed
}
#: Families whose problems have columns and outputs of their own, whatever is asked for.
FIXED_SHAPES = {"iris": (4, 3)}


def subset(problem: TrainingProblem, size: Size) -> TrainingProblem:
    """So many rows of a problem, drawn by the seed, in their order.

    Raises `InputError` if there are not so many.
    """
    if size.n > problem.n:
        raise InputError("n", f"must be at most {problem.n}, the rows there are")
    rows = np.sort(np.random.default_rng(size.seed).permutation(problem.n)[: size.n])
    return TrainingProblem(problem.X[rows], problem.Y[rows], size.reg, problem.hidden_bias)
