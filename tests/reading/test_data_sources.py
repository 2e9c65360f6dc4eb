"""Data files: what is read is what was written, and what cannot be is refused in one line."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from certnn.errors import InputError
from certnn.problem.losses import as_loss
from certnn.problem.training_problem import TrainingProblem
from certnn.reading import parquet_tables
from certnn.reading.class_labels import ClassLabels
from certnn.reading.data import read_data

X = np.random.default_rng(0).standard_normal((20_000, 3))
Y = X @ [[1.0, 0.0], [2.0, 1.0], [0.5, -1.0]]


@pytest.fixture
def table():
    columns = {"p": X[:, 0], "one": Y[:, 0], "q": X[:, 1], "two": Y[:, 1], "r": X[:, 2]}
    return pa.table(columns)


def test_npy(tmp_path):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "Y.npy", Y[:, 0])
    x, y = read_data(tmp_path / "X.npy", tmp_path / "Y.npy")
    assert isinstance(x, np.memmap)
    assert TrainingProblem(x, y, 1.0) == TrainingProblem(X, Y[:, :1], 1.0)


def test_npz(tmp_path):
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    x, y = read_data(tmp_path / "data.npz")
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)


def test_parquet_file_and_folder(tmp_path, table):
    folder = tmp_path / "parts"
    folder.mkdir()
    parquet.write_table(table, tmp_path / "data.parquet", row_group_size=3000)
    parquet.write_table(table.slice(0, 12_345), folder / "a.parquet")
    parquet.write_table(table.slice(12_345), folder / "b.parquet")
    for path in (tmp_path / "data.parquet", folder):
        x, y = read_data(path, target_columns=["two", "one"])
        assert np.array_equal(x, X)
        assert np.array_equal(y, Y[:, ::-1])


def test_parquet_of_integers(tmp_path):
    numbers = pa.table({"x": pa.array([1, 2, 3], pa.int32()), "y": pa.array([0, 1, 0], pa.int8())})
    parquet.write_table(numbers, tmp_path / "data.parquet")
    x, y = read_data(tmp_path / "data.parquet", target_columns=["y"])
    assert x.ravel().tolist() == [1.0, 2.0, 3.0]
    assert y.ravel().tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"x": ["a", "b"], "y": [1.0, 2.0]}, "column x"),
        ({"x": [1.0, None], "y": [1.0, 2.0]}, "no value in some rows of column x"),
        ({"x": [1.0, np.inf], "y": [1.0, 2.0]}, "NaN or infinite"),
        ({"x": [2**60 + 1, 1], "y": [1.0, 2.0]}, "cannot hold exactly"),
        ({"x": [1.0, 2.0]}, "not one column"),
    ],
)
def test_parquet_that_cannot_be_used(tmp_path, columns, match):
    parquet.write_table(pa.table(columns), tmp_path / "data.parquet")
    with pytest.raises(InputError, match=match):
        read_data(tmp_path / "data.parquet", target_columns=["y"])


def test_what_does_not_fit_is_refused(tmp_path):
    np.save(tmp_path / "X.npy", X)
    np.save(tmp_path / "cube.npy", np.zeros((2, 2, 2)))
    (tmp_path / "no.npy").write_bytes(b"nothing")
    (tmp_path / "no.parquet").write_bytes(b"nothing")
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    x = tmp_path / "X.npy"
    for call, match in (
        (lambda: read_data(x), "targets"),
        (lambda: read_data(x, tmp_path / "none.npy"), "does not exist"),
        (lambda: read_data(x, tmp_path / "no.npy"), "not a readable .npy"),
        (lambda: read_data(x, tmp_path / "cube.npy"), "must hold a matrix"),
        (lambda: read_data(tmp_path / "data.npz", x), "targets"),
        (lambda: read_data(tmp_path / "no.parquet", None, ["y"]), "not a readable .parquet"),
        (lambda: read_data(tmp_path / "no.parquet"), "target_columns"),
    ):
        with pytest.raises(InputError, match=match):
            call()


def test_python_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / "X.npy", np.array([[{}]], dtype=object), allow_pickle=True)
    with pytest.raises(InputError):
        read_data(tmp_path / "X.npy", tmp_path / "X.npy")


CSV = "size,kind,weight\n1.5,good,2\n-1,bad,3e2\n0,good,4\n"


@pytest.mark.parametrize("ending", ["", "\n\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_csv_with_labels(tmp_path, start, ending):
    (tmp_path / "data.csv").write_text(start + CSV + ending, encoding="utf-8")
    x, y = read_data(tmp_path / "data.csv", label="kind")
    assert np.array_equal(x, [[1.5, 2.0], [-1.0, 300.0], [0.0, 4.0]])
    assert np.array_equal(y, [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    _, y = read_data(tmp_path / "data.csv", label="kind", loss=as_loss("logistic"))
    assert np.array_equal(y, [[1.0], [-1.0], [1.0]])


def test_csv_with_target_columns(tmp_path):
    (tmp_path / "data.csv").write_text("p,q,r\n1,2,3\n4,5,6\n")
    x, y = read_data(tmp_path / "data.csv", target_columns=["r", "p"])
    assert np.array_equal(x, [[2.0], [5.0]])
    assert np.array_equal(y, [[3.0, 1.0], [6.0, 4.0]])


@pytest.mark.parametrize("loss", ["half-squared", "softmax", "hinge"])
def test_labels_of_three_classes(loss):
    y = ClassLabels.of("label", np.array([7, 5, 6, 5])).targets(as_loss(loss))
    low = -1.0 if loss == "hinge" else 0.0
    assert np.array_equal(
        y, np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0], [1, 0, 0]]) * (1 - low) + low
    )


@pytest.mark.parametrize(
    ("text", "more", "word"),
    [
        ("", {"label": "kind"}, "not a readable"),
        (CSV, {}, "label"),
        (CSV, {"label": "kind", "target_columns": ["size"]}, "not both"),
        (CSV, {"label": "colour"}, "not one column"),
        (CSV, {"target_columns": ["size"]}, "good"),
        (CSV.replace("bad", "good"), {"label": "kind"}, "one class"),
        (CSV + "1,good\n", {"label": "kind"}, "row 5"),
        (CSV.replace("size", "kind"), {"label": "kind"}, "not one column"),
    ],
)
def test_csv_that_cannot_be_used(tmp_path, text, more, word):
    (tmp_path / "data.csv").write_text(text)
    with pytest.raises(InputError, match=word):
        read_data(tmp_path / "data.csv", **more)


def test_parquet_with_labels(tmp_path, table):
    kinds = np.where(Y[:, 0] > 0.0, "yes", "no")
    named = pa.table({"p": X[:, 0], "kind": kinds, "q": X[:, 1]})
    parquet.write_table(named, tmp_path / "data.parquet")
    x, y = read_data(tmp_path / "data.parquet", label="kind")
    assert np.array_equal(x, X[:, :2])
    assert np.array_equal(y[:, 1] == 1.0, kinds == "yes")


@pytest.mark.parametrize("said", [2, 4])
def test_parquet_that_says_it_has_other_rows(tmp_path, said):
    """Three rows, of which the footer says something else: none is made up, none is left out."""
    path = tmp_path / "data.parquet"
    parquet.write_table(pa.table({"a": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]}), path)
    assert len(read_data(path, target_columns=["y"])[0]) == 3
    content = bytearray(path.read_bytes())
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    at = content.index(b"\x16\x06", footer)  # an i64 in Thrift's compact protocol: 2 · 3
    content[at + 1] = 2 * said
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"has other rows than the {said} that it says it has"):
        read_data(path, target_columns=["y"])


@pytest.mark.parametrize("rows", [1 << 50, 1 << 62, (1 << 63) - 1])
def test_more_rows_than_memory_holds(rows):
    with pytest.raises(InputError, match=f"says it has {rows} rows: more than memory can hold"):
        parquet_tables._room("data.parquet", rows, 4)
