"""Ridges and weight decays chosen by cross-validation on the training half alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.studies.baselines.kernels import Kernel, KernelRidge
from certnn.training import train_locally

#: Ridges tried, as shares of the kernel's mean diagonal, and folds to choose by.
_RIDGES, _FOLDS = tuple(10.0**k for k in np.arange(-5.0, 1.5, 0.5)), 5
#: Weight decays tried, as multiples of the problem's, and folds, fewer since each is dear.
_DECAYS, _DECAY_FOLDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0), 3


def chosen_ridge(kernel: Kernel, X: FloatArray, Y: FloatArray, seed: int = 0) -> float:
    """The ridge with the highest accuracy in 5-fold cross-validation; the larger of equals.

    Parameters
    ----------
    kernel : callable
    X, Y : float64 array, shapes (n, d) and (n, c)
        Training data alone, targets one-hot.
    seed : int
        Of the folds.
    """
    size = float(np.mean(np.diag(kernel(X, X)))) or 1.0
    right = dict.fromkeys((size * share for share in reversed(_RIDGES)), 0)
    for kept, left in _folds(Y, _FOLDS, seed):
        for ridge in right:
            outputs = KernelRidge.fit(kernel, X[kept], Y[kept], ridge).predict(X[left])
            right[ridge] += _right(outputs, Y[left])
    best: float = max(right, key=lambda ridge: right[ridge])
    return best


def chosen_decay(problem: TrainingProblem, budget: Budget, seed: int = 0) -> float:
    """The weight decay with the highest accuracy in 3-fold cross-validation; the larger of equals.

    Of 1, 3, ..., 1000 times the problem's, each trained from the network of the next larger one.

    Parameters
    ----------
    problem : TrainingProblem
        Targets one-hot; with a decayed hidden bias or none.
    budget : Budget
        Shared out evenly.
    seed : int
        Of the folds and of the training.
    """
    right = dict.fromkeys((problem.reg * k for k in reversed(_DECAYS)), 0)
    left_to_do = len(right) * _DECAY_FOLDS
    for kept, left in _folds(problem.Y, _DECAY_FOLDS, seed):
        starts: tuple[TwoLayerNetwork, ...] = ()
        for decay in right:
            part = TrainingProblem(problem.X[kept], problem.Y[kept], decay, problem.hidden_bias)
            found = train_locally(part, budget.part(1.0 / left_to_do), starts=starts, seed=seed)
            starts, left_to_do = (found.network,), left_to_do - 1
            right[decay] += _right(found.network.output(problem.inputs[left]), problem.Y[left])
    return max(right, key=lambda decay: right[decay])


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
