"""Ridges and weight decays chosen by cross-validation on the training half alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.studies.baselines.kernels import Kernel, KernelRidge
from certnn.studies.experiments.protocols import Predictor

#: Ridges tried, as shares of the kernel's mean diagonal.
_RIDGES = tuple(10.0 ** (0.5 * k) for k in range(-10, 3))
#: From a training problem, which says the decay, and the network of the next larger decay on the
#: same points, to a predictor and the network that it is of, if it is of one.
Fit = Callable[
    [TrainingProblem, Budget, TwoLayerNetwork | None], tuple[Predictor, TwoLayerNetwork | None]
]


@dataclass(frozen=True)
class Choice:
    """A decay chosen by cross-validation.

    Attributes
    ----------
    decay : float
    accuracies : tuple of (float, float)
        Each decay tried, the largest first, with the accuracy over all folds.
    """

    decay: float
    accuracies: tuple[tuple[float, float], ...]


def chosen_decay(
    fit: Fit,
    problem: TrainingProblem,
    decays: Sequence[float],
    budget: Budget,
    folds: int,
    seed: int = 0,
) -> Choice:
    """The decay with the highest accuracy in cross-validation; the larger of equals.

    Parameters
    ----------
    fit : callable
    problem : TrainingProblem
        Training data alone, targets one-hot; with a decayed hidden bias or none.
    decays : sequence of float
    budget : Budget
        Shared out evenly.
    folds : int
        At most; fewer where a class has not so many points.
    seed : int
        Of the folds, which are the same for every method.
    """
    right = dict.fromkeys(sorted(decays, reverse=True), 0)
    left_to_do = len(right) * folds
    for kept, left in _folds(problem.Y, folds, seed):
        start: TwoLayerNetwork | None = None
        for decay in right:
            part = TrainingProblem(problem.X[kept], problem.Y[kept], decay, problem.hidden_bias)
            predictor, start = fit(part, budget.part(1.0 / left_to_do), start)
            left_to_do -= 1
            right[decay] += _right(predictor(problem.inputs[left]), problem.Y[left])
    best: float = max(right, key=lambda decay: right[decay])
    return Choice(best, tuple((decay, count / problem.n) for decay, count in right.items()))


def ridges(kernel: Kernel, inputs: FloatArray) -> tuple[float, ...]:
    """Ridges to try for a kernel on these points, shape (n, d)."""
    size = float(np.mean(np.diag(kernel(inputs, inputs)))) or 1.0
    return tuple(size * share for share in _RIDGES)


def kernel_fit(kernel: Kernel) -> Fit:
    """Ridge regression with a kernel, the problem's decay for its ridge."""

    def fit(
        problem: TrainingProblem, budget: Budget, start: TwoLayerNetwork | None
    ) -> tuple[Predictor, None]:
        fitted = KernelRidge.fit(kernel, problem.inputs, problem.Y, problem.reg)
        return fitted.predict, None

    return fit


def _folds(
    Y: FloatArray, most: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to train on and rows to test on, each class in the same share."""
    from sklearn.model_selection import StratifiedKFold

    labels = np.argmax(Y, axis=1)
    fewest = int(np.min(np.bincount(labels)[np.unique(labels)]))
    folds = StratifiedKFold(max(2, min(most, fewest)), shuffle=True, random_state=seed)
    yield from folds.split(labels[:, None], labels)


def _right(outputs: FloatArray, targets: FloatArray) -> int:
    return int(np.sum(np.argmax(outputs, axis=1) == np.argmax(targets, axis=1)))
