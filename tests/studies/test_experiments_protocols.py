"""Both protocols on predictions made by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.reading.datasets import Split
from certnn.studies.experiments.protocols import THRESHOLDS, as_record, honest_scores, paper_scores


def split_of(train_labels, test_labels, classes=2):
    """Each row of X is its own number, so that predictors can be tables."""
    first, second = np.asarray(train_labels), np.asarray(test_labels)
    numbers = np.arange(first.size + second.size, dtype=np.float64)[:, None]
    Y = np.eye(classes)
    return Split(
        numbers[: first.size],
        Y[first],
        numbers[first.size :],
        Y[second],
        tuple(map(str, range(classes))),
    )


def table(outputs):
    values = np.asarray(outputs, dtype=np.float64)
    return lambda X: values[X[:, 0].astype(int)]


def test_figures_of_argmax():
    split = split_of([0, 1], [0, 0, 0, 1])
    outputs = [[1, 0], [0, 1], [0.9, 0.1], [0.6, 0.5], [0.2, 0.3], [0.4, 0.7]]
    scores = honest_scores(split, table(outputs))
    assert scores.accuracy == 0.75
    assert scores.recall == pytest.approx(0.75 * 2 / 3 + 0.25)
    assert scores.precision == pytest.approx(0.75 * 1 + 0.25 * 0.5)
    assert scores.f1 == pytest.approx(0.75 * 0.8 + 0.25 * 2 / 3)


def test_the_leak_is_seen():
    """Training outputs call for a threshold of a half, test outputs for a lower one."""
    split = split_of([0, 1], [0, 1, 1, 0])
    outputs = [[0.9, 0.1], [0.1, 0.9], [0.4, 0.0], [0.0, 0.4], [0.1, 0.45], [0.9, 0.1]]
    found = paper_scores(split, [table(outputs)])
    assert found.scores.accuracy == 1.0
    assert 0.1 <= found.threshold < 0.4
    assert found.without_leak == 0.25
    assert found.leak == 0.75
    assert honest_scores(split, table(outputs)).accuracy == 1.0


def test_an_iterate_chosen_on_the_test_half_leaks():
    """The first iterate is right on the test half alone, the second on the training half alone."""
    split = split_of([0, 1], [0, 1])
    right, wrong = [[1, 0], [0, 1]], [[0, 1], [1, 0]]
    record = as_record(split, [table(wrong + right), table(right + wrong)], bias=False)
    assert record["paper"]["accuracy"] == 1.0
    assert (record["paper"]["iterate"], record["paper"]["iterates"]) == (1, 2)
    assert record["paper"]["without_leak"] == 0.0
    assert record["paper"]["leak"] == 1.0
    assert record["honest"]["accuracy"] == 0.0


def test_two_classes_above_the_threshold_are_wrong():
    split = split_of([0, 1], [0, 1])
    outputs = [[1, 0], [0, 1], [2, 1.5], [0, 1]]
    found = paper_scores(split, [table(outputs)])
    assert found.scores.accuracy == 0.5
    assert honest_scores(split, table(outputs)).accuracy == 1.0


def test_predictors_with_a_bias_see_the_ones():
    split = split_of([0, 1], [0, 1])
    seen = []

    def predictor(X):
        seen.append(X[:, -1].tolist())
        return np.zeros((len(X), 2))

    as_record(split, [predictor], bias=True)
    assert all(column == [1.0, 1.0] for column in seen)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), classes=st.integers(2, 4), iterates=st.integers(1, 3))
def test_choosing_on_the_test_half_is_never_worse(seed, classes, iterates):
    draw = np.random.default_rng(seed)
    labels = [np.concatenate([np.arange(classes), draw.integers(classes, size=9)]) for _ in "ab"]
    split = split_of(*labels, classes)
    outputs = draw.uniform(-0.3, 1.2, (iterates, 2 * (classes + 9), classes))
    found, Y = paper_scores(split, [table(part) for part in outputs]), split.test_Y
    assert found.leak >= 0.0
    test = outputs[:, classes + 9 :]
    shares = [
        np.mean([np.array_equal(row > t, true == 1) for row, true in zip(part, Y, strict=True)])
        for part in test
        for t in THRESHOLDS
    ]
    assert found.scores.accuracy == pytest.approx(max(shares))
