"""A data set in two halves: one to train on and one to test on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from certnn.arrays import FloatArray, frozen_matrix
from certnn.errors import InputError
from certnn.problem.losses import HALF_SQUARED
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.class_labels import ClassLabels

#: Of the paper's split.
PAPER_SEED = 42


@dataclass(frozen=True, eq=False, repr=False)
class Split:
    """Training and test data of a classification task, targets one-hot.

    Raises `InputError` if the shapes do not fit one another, or targets are not one-hot.

    Parameters
    ----------
    train_X, test_X : array_like, shapes (n, d) and (k, d)
    train_Y, test_Y : array_like, shapes (n, c) and (k, c)
        A column for each class, with 1 for the true one and 0 for the others.
    classes : tuple of str
        Names of the c classes, in the order of the columns.
    """

    train_X: FloatArray
    train_Y: FloatArray
    test_X: FloatArray
    test_Y: FloatArray
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("train_X", "train_Y", "test_X", "test_Y"):
            object.__setattr__(self, name, frozen_matrix(name, getattr(self, name)))
        if self.train_X.shape[1] != self.test_X.shape[1]:
            raise InputError("test_X", "must have the columns of train_X")
        for half in ("train", "test"):
            inputs, targets = getattr(self, f"{half}_X"), getattr(self, f"{half}_Y")
            if targets.shape != (inputs.shape[0], len(self.classes)):
                raise InputError(f"{half}_Y", "must have a row a point and a column a class")
            if not np.all((targets == 0.0) | (targets == 1.0)) or np.any(targets.sum(axis=1) != 1):
                raise InputError(f"{half}_Y", "must be one-hot")

    def problem(self, reg: float, hidden_bias: bool = False) -> TrainingProblem:
        """The training problem of the half to train on."""
        return TrainingProblem(self.train_X, self.train_Y, reg, hidden_bias)

    def with_ones(self) -> Split:
        """The same with a column of ones after the others: what networks with a bias take."""
        halves = (self.train_X, self.test_X)
        train_X, test_X = (np.hstack([half, np.ones((len(half), 1))]) for half in halves)
        return replace(self, train_X=train_X, test_X=test_X)

    def __repr__(self) -> str:
        n, d = self.train_X.shape
        return f"Split(n={n}, tested on {len(self.test_X)}, d={d}, classes={self.classes!r})"


def paper_split(X: Any, labels: Any, seed: int = PAPER_SEED) -> Split:
    """Half and half at random, as Prakhya, Birdal and Yurtsever (2025) do it: no scaling.

    Raises `InputError` if there are fewer than two classes or the data are unusable.

    Parameters
    ----------
    X : array_like, shape (n, d)
    labels : array_like, shape (n,)
        Class of each row; the columns of the targets are the classes in ascending order.
    seed : int
        Of the permutation; theirs if nothing is said.
    """
    from sklearn.model_selection import train_test_split

    known = ClassLabels.of("labels", labels)
    halves = train_test_split(X, known.targets(HALF_SQUARED), test_size=0.5, random_state=seed)
    train_X, test_X, train_Y, test_Y = halves
    return Split(train_X, train_Y, test_X, test_Y, known.names)


def standardised(split: Split) -> Split:
    """The same with columns of mean 0 and variance 1 on the half to train on.

    Mean and variance are those of that half, for both halves; columns without variance become 0
    there.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(split.train_X)
    train_X, test_X = map(scaler.transform, (split.train_X, split.test_X))
    return replace(split, train_X=train_X, test_X=test_X)
