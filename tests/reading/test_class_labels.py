"""Class labels: one order everywhere, none that is missing, targets as the loss wants them."""

from __future__ import annotations

import csv
import datetime
from decimal import Decimal

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet, table
from sklearn.neural_network import MLPClassifier

import certnn
from certnn.errors import InputError
from certnn.reading.class_labels import ClassLabels
from certnn.reading.data import read_data
from certnn.report.html import render_html


@given(st.lists(st.integers(-(2**60), 2**60), min_size=2, unique=True))
@settings(deadline=None)
def test_whole_numbers_are_in_the_order_of_numbers_however_they_come(numbers):
    """That of scikit-learn's classes_, which is numpy's."""
    expected = np.unique(np.array(numbers))
    for labels in (numbers, np.array(numbers), np.array(numbers, dtype=object)):
        assert ClassLabels.of("y", labels).classes == tuple(expected.tolist())
    assert ClassLabels.of("y", pandas.Series(numbers, dtype="Int64")).classes == tuple(expected)


def test_the_order_does_not_depend_on_the_kind_of_file(tmp_path):
    kinds = [0, 10, 2, 1, 11, -3, 100, 2]
    frame = pandas.DataFrame({"a": np.arange(8.0), "kind": kinds})
    frame.to_csv(tmp_path / "data.csv", index=False)
    frame.to_csv(tmp_path / "data.tsv", index=False, sep="\t")
    frame.to_parquet(tmp_path / "data.parquet", index=False)
    network = certnn.TwoLayerNetwork(np.ones((1, 1)), np.ones((1, 7)))
    expected = certnn.problem_for(network, frame[["a"]], frame["kind"], reg=1.0)
    assert expected.classes == ("-3", "0", "1", "2", "10", "11", "100")
    assert np.argmax(expected.Y, axis=1).tolist() == [1, 4, 3, 2, 5, 0, 6, 3]
    for name in ("data.csv", "data.tsv", "data.parquet"):
        assert np.array_equal(read_data(tmp_path / name, label="kind")[1], expected.Y)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([True, False, True], (False, True)),
        (np.array([True, False]), (False, True)),
        (pandas.Series([True, False], dtype="boolean"), (False, True)),
        ([2.0, 10.0, 1.0], (1, 2, 10)),
        ([Decimal(2), Decimal(10), 1], (1, 2, 10)),
        (["10", "9", "1"], ("1", "10", "9")),  # texts in an array, as scikit-learn sorts them
        (np.array(["b", "a", 3], dtype=object), ("3", "a", "b")),
        (pandas.Categorical(["low", "high"], categories=["low", "high"]), ("high", "low")),
        (np.array([[7], [5]]), (5, 7)),
        (np.array(["2020-02-01", "2020-01-31"], dtype="M8[D]"), ("2020-01-31", "2020-02-01")),
    ],
)
def test_classes_of_labels(labels, classes):
    assert ClassLabels.of("y", labels).classes == classes


def test_numbers_in_text_tables_are_numbers(tmp_path):
    (tmp_path / "data.csv").write_text("a,kind\n1,10\n2,9\n3, 9\n4,1e1\n5,09\n")
    assert read_data(tmp_path / "data.csv", label="kind")[1].argmax(1).tolist() == [1, 0, 0, 1, 0]
    # One text, and all are.
    (tmp_path / "data.csv").write_text("a,kind\n1,10\n2,9\n3,nine\n")
    assert read_data(tmp_path / "data.csv", label="kind")[1].argmax(1).tolist() == [0, 1, 2]


def test_large_whole_numbers_in_text_tables_stay_apart(tmp_path):
    (tmp_path / "data.csv").write_text(f"a,kind\n1,{2**53 + 1}\n2,{2**53}\n")
    assert read_data(tmp_path / "data.csv", label="kind")[1].tolist() == [[0.0, 1.0], [1.0, 0.0]]


MISSING = {
    "None": [0, None, 1],
    "NaN": [0.0, np.nan, 1.0],
    "NaN among texts": np.array(["a", np.nan, "b"], dtype=object),
    "NaN made text": np.array(["a", np.nan, "b"]),
    "pandas' NA": pandas.Series([0, None, 1], dtype="Int64"),
    "NA of texts": pandas.Series(["a", None, "b"], dtype="string"),
    "NaT": np.array(["2020-01-01", "NaT", "2020-01-02"], dtype="M8[D]"),
    "pandas' NaT": np.array([1, pandas.NaT, 2], dtype=object),
    "date": np.array([datetime.date(2020, 1, 1), None, "b"], dtype=object),
    "blank": ["a", " ", "b"],
    "masked": np.ma.masked_array([0, 5, 1], mask=[False, True, False]),
    "Decimal": [Decimal(0), Decimal("NaN"), Decimal(1)],
}


@pytest.mark.parametrize("kind", MISSING)
def test_a_missing_label_is_refused_by_its_row(kind):
    network = certnn.TwoLayerNetwork(np.ones((1, 2)), np.ones((2, 3)))
    with pytest.raises(InputError, match=r"row 1, from 0|masked.*\(1,\)") as caught:
        certnn.problem_for(network, [[1.0], [2.0], [3.0]], MISSING[kind], reg=1.0)
    assert caught.value.argument == "y"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("blank", ["", "NaN", "nan", "NA", "None", "null", "<NA>"])
@pytest.mark.parametrize("others", ["01", ("yes", "no")])
def test_a_missing_label_in_a_file_is_refused_by_its_column(tmp_path, blank, others):
    rows = [("a", "kind"), (1, others[0]), (2, others[1]), (3, blank)]
    with (tmp_path / "data.csv").open("w") as file:
        csv.writer(file).writerows(rows)
    kinds = [row[1] for row in rows[1:]]
    parquet.write_table(table({"a": [1, 2, 3], "kind": kinds}), tmp_path / "text.parquet")
    for name in ("data.csv", "text.parquet"):
        with pytest.raises(InputError, match=r"column kind has .* in row 2, from 0") as caught:
            read_data(tmp_path / name, label="kind")
        assert caught.value.argument == str(tmp_path / name)


def test_a_missing_number_as_label_in_a_parquet(tmp_path):
    for kinds in ([0.0, 1.0, float("nan")], [0, 1, None]):
        parquet.write_table(table({"a": [1, 2, 3], "kind": kinds}), tmp_path / "data.parquet")
        with pytest.raises(InputError, match=r"column kind has .* in row 2"):
            read_data(tmp_path / "data.parquet", label="kind")


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        ([1, 1, 1], "one class only"),
        ([0.5, 1.5], "has 0.5 in row 0, from 0, which is no class label"),
        ([0.0, np.inf], "has inf in row 1"),
        (np.zeros((2, 2)), "one column"),
        ([{}, {}], "no class label"),
        (np.arange(20_000), "20000 classes, which are too many"),
    ],
)
def test_what_are_no_labels(labels, word):
    with pytest.raises(InputError, match=word):
        ClassLabels.of("y", labels)


def test_the_order_of_a_classifiers_own_classes():
    X = np.random.default_rng(0).standard_normal((30, 2))
    labels = np.arange(30) % 3
    model = MLPClassifier((4,), solver="lbfgs", max_iter=300, random_state=0).fit(X, labels)
    some = labels != 1  # a class of which there is no point
    problem = certnn.problem_for(model, X[some], labels[some], reg=1.0)
    assert problem.classes == ("0", "1", "2")
    assert np.array_equal(problem.Y, np.eye(3)[labels[some]])
    with pytest.raises(InputError, match="has 7 in row 0, from 0, none of the network's classes"):
        certnn.problem_for(model, X, labels + 7, reg=1.0)


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize(
    ("y", "loss", "outputs", "targets", "classes"),
    [
        ([1, 0, 1, 0], "half-squared", 1, [[1], [0], [1], [0]], ()),
        ([True, False, True, False], "half-squared", 1, [[1], [0], [1], [0]], ()),
        ([True, False, True, False], "huber", 1, [[1], [0], [1], [0]], ()),
        ([1.5, 0, 1, 0], "half-squared", 1, [[1.5], [0], [1], [0]], ()),
        ([1, 0, 1, 0], "half-squared", 2, [[0, 1], [1, 0], [0, 1], [1, 0]], ("0", "1")),
        ([2, 1, 2, 1], "softmax", 2, [[0, 1], [1, 0], [0, 1], [1, 0]], ("1", "2")),
        ([1, 0, 1, 0], "logistic", 1, [[1], [-1], [1], [-1]], ("0", "1")),
        ([1, -1, 1, -1], "hinge", 1, [[1], [-1], [1], [-1]], ("-1", "1")),
        ([2, 1, 2, 1], "logistic", 1, [[1], [-1], [1], [-1]], ("1", "2")),
        (["b", "a", "b", "a"], "logistic", 1, [[1], [-1], [1], [-1]], ("a", "b")),
        (["b", "a", "b", "a"], "logistic", 2, [[-1, 1], [1, -1], [-1, 1], [1, -1]], ("a", "b")),
        ([1, 1, 1, 1], "logistic", 1, [[1], [1], [1], [1]], ()),
        ([0, 0, 0, 0], "squared-hinge", 1, [[-1], [-1], [-1], [-1]], ()),
    ],
)
def test_one_column_as_numbers_or_labels(shape, y, loss, outputs, targets, classes):
    network = certnn.TwoLayerNetwork(np.ones((2, 3)), np.ones((3, outputs)))
    X = np.eye(4)[:, :2]
    problem = certnn.problem_for(network, X, np.reshape(y, shape), reg=1.0, loss=loss)
    assert np.array_equal(problem.Y, targets)
    assert problem.classes == classes


@pytest.mark.parametrize("loss", ["hinge", "squared-hinge", "logistic"])
def test_targets_of_one_and_zero_are_those_of_one_and_minus_one(loss):
    X, bits = np.eye(3), np.array([[1, 0], [0, 0], [1, 1]])
    expected = certnn.TrainingProblem(X, 2.0 * bits - 1.0, 1.0, loss=loss)
    for same in (bits, bits.astype(bool), bits.astype(np.float32)):
        assert certnn.TrainingProblem(X, same, 1.0, loss=loss) == expected
    with pytest.raises(InputError, match="only 1 and -1, or only 1 and 0"):
        certnn.TrainingProblem(X, bits - (bits == 0) * np.eye(3)[:, :2], 1.0, loss=loss)


def test_classes_that_need_other_outputs():
    network = certnn.TwoLayerNetwork(np.ones((1, 3)), np.ones((3, 4)))
    X = [[1.0], [2.0], [3.0]]
    problem = certnn.problem_for(network, X, ["b", "a", "c"], reg=1.0, loss="softmax")
    with pytest.raises(InputError, match=r"where Y has 3 \(for the classes a, b, c\)"):
        certnn.audit(network, problem)
    assert certnn.problem_for(None, X, ["b", "a", "b"], reg=1.0).classes == ("a", "b")
    assert certnn.problem_for(None, X, [1.0, 2.0, 3.0], reg=1.0).classes == ()


def test_names_of_classes_are_no_part_of_a_problem():
    X, Y = np.eye(2), np.eye(2)
    named = certnn.TrainingProblem(X, Y, 1.0, classes=["no", "yes"])
    assert named == certnn.TrainingProblem(X, Y, 1.0)
    assert named.with_reg(2.0).classes == ("no", "yes")
    with pytest.raises(InputError, match="classes"):
        certnn.TrainingProblem(X, Y, 1.0, classes=["no", "perhaps", "yes"])


def test_the_report_names_the_classes_in_their_order():
    network = certnn.TwoLayerNetwork(np.ones((1, 1)), np.ones((1, 3)))
    labels = [10, 9, 1, 9]
    result = certnn.audit(network, [[1.0], [2.0], [3.0], [0.5]], labels, reg=9.0, level="shor")
    assert result.report.problem.classes == ("1", "9", "10")
    assert "3 outputs for the classes 1, 9, 10," in result.report.problem.text
    read = certnn.GapReport.from_json(result.report.to_json())
    assert read.problem.classes == ("1", "9", "10")
    assert "3 outputs for the classes 1, 9, 10," in render_html(read)


def test_a_class_is_a_strangers_text():
    X, labels = [[1.0], [2.0], [3.0]], ["<b>\n", "c", "c"]
    report = certnn.audit(None, X, labels, reg=9.0, level="shor", time_limit=2.0).report
    assert report.problem.classes == ("<b> ", "c")
    page = render_html(report)
    assert "for the classes &lt;b&gt; , c," in page
    assert "<b>" not in page.split("for the classes")[1][:20]
