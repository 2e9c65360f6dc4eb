"""Test figures of a classifier under two protocols: an honest one, and the paper's.

honest
    The class is that of the largest output. Nothing is chosen on the test half.
paper
    A row is predicted to be in every class whose output is above a threshold, and is right if that
    is the true class alone. Threshold and iterate are those with the highest accuracy on the test
    half (Prakhya, Birdal and Yurtsever, 2025), so that it looks better than what new data will see.

The leak is what the paper's protocol gains by that: its accuracy less that of the same rule with
threshold and iterate chosen on the training half. It is never negative.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.reading.datasets import Split

#: From rows of X, shape (k, d), to outputs, shape (k, c).
Predictor = Callable[[FloatArray], FloatArray]
THRESHOLDS = tuple(k / 100 for k in range(100))


@dataclass(frozen=True)
class Scores:
    """Accuracy, and precision, recall and F1 averaged over classes, weighted by their sizes."""

    accuracy: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class ThresholdScores:
    """The paper's protocol.

    Attributes
    ----------
    scores : Scores
        With the threshold and the iterate that are best on the test half.
    threshold : float
    iterate : int
        Number of the iterate, from 0.
    without_leak : float
        Accuracy on the test half with the threshold and the iterate that are best on the training
        half.
    """

    scores: Scores
    threshold: float
    iterate: int
    without_leak: float

    @property
    def leak(self) -> float:
        """Accuracy that comes from choosing on the test half."""
        return self.scores.accuracy - self.without_leak


def honest_scores(split: Split, predictor: Predictor) -> Scores:
    """Figures of the class of the largest output, on the test half."""
    predicted = np.argmax(predictor(split.test_X), axis=1)
    return _scores(split.test_Y, np.eye(len(split.classes))[predicted] == 1.0)


def paper_scores(split: Split, iterates: Sequence[Predictor]) -> ThresholdScores:
    """Figures under the paper's protocol.

    Parameters
    ----------
    split : Split
    iterates : sequence of callable
        Predictors to choose from, at least one, in the order in which they were reached.
    """
    on_test = [predictor(split.test_X) for predictor in iterates]
    seen = _accuracies(on_test, split.test_Y)
    kept = _accuracies([predictor(split.train_X) for predictor in iterates], split.train_Y)
    iterate, place = map(int, np.unravel_index(np.argmax(seen), seen.shape))
    # A network that fits its data has many best thresholds there: of those the one nearest to ½.
    equals = zip(*np.nonzero(kept == np.max(kept)), strict=True)
    honest = min(equals, key=lambda pair: (abs(THRESHOLDS[pair[1]] - 0.5), -pair[0]))
    return ThresholdScores(
        _scores(split.test_Y, on_test[iterate] > THRESHOLDS[place]),
        THRESHOLDS[place],
        iterate,
        float(seen[honest]),
    )


def as_record(split: Split, iterates: Sequence[Predictor], bias: bool) -> dict[str, Any]:
    """Both protocols as a JSON object.

    Parameters
    ----------
    split : Split
    iterates : sequence of callable
        The last is the one that a method hands out.
    bias : bool
        Whether they take rows with a column of ones at the end.
    """
    if bias:
        split = split.with_ones()
    paper = paper_scores(split, iterates)
    return {
        "honest": asdict(honest_scores(split, iterates[-1])),
        "paper": asdict(paper.scores)
        | {
            "threshold": paper.threshold,
            "iterate": paper.iterate + 1,
            "iterates": len(iterates),
            "without_leak": paper.without_leak,
            "leak": paper.leak,
        },
    }


def _accuracies(outputs: Sequence[FloatArray], targets: FloatArray) -> FloatArray:
    """Share of rows that are right, shape (iterates, thresholds)."""
    true = targets == 1.0

    def share(predicted: NDArray[np.bool_]) -> float:
        return float(np.mean(np.all(predicted == true, axis=1)))

    return np.array([[share(values > t) for t in THRESHOLDS] for values in outputs])


def _scores(targets: FloatArray, predicted: NDArray[np.bool_]) -> Scores:
    from sklearn.metrics import accuracy_score, precision_recall_fscore_support

    true = targets.astype(np.int64)
    figures = precision_recall_fscore_support(
        true, predicted.astype(np.int64), average="weighted", zero_division=0.0
    )
    return Scores(accuracy_score(true, predicted.astype(np.int64)), *map(float, figures[:3]))
