"""Matrices in files, of which rows are read, and the portions of a problem that tasks are given."""

import pickle
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

import certnn
from certnn import MappedProblem, TrainingProblem
from certnn.errors import InputError
from certnn.problem.matrix_file import FileRows, NpyFile, digest
from certnn.problem.portion import Portion
from certnn.reading import parquet_tables
from certnn.reading.data import read_targets

X = np.random.default_rng(0).standard_normal((40, 3))
Y = np.where(X[:, :1] > 0.0, 1.0, -1.0)


def mapped(folder, array=X, mode="r"):
    np.save(folder / "X.npy", array)
    return np.load(folder / "X.npy", mmap_mode=mode)


def test_only_an_array_that_is_a_whole_file_has_one(tmp_path):
    whole = mapped(tmp_path)
    found = NpyFile.of(whole)
    assert found == NpyFile(str(tmp_path / "X.npy"), (40, 3))
    assert np.array_equal(found[[7, 3]], X[[7, 3]])
    others = [
        X,
        whole[1:],
        whole[::-1],
        whole[:, :2],
        whole[::2],
        whole.T,
        np.array(whole),
        [[1.0]],
    ]
    assert [NpyFile.of(other) for other in others] == [None] * len(others)
    assert NpyFile.of(mapped(tmp_path, mode="c")) is None  # which may have been written to
    raw = np.memmap(tmp_path / "X.npy", "<f8", "r", offset=0, shape=(40, 3))
    assert NpyFile.of(raw) is None
    (tmp_path / "X.npy").unlink()
    assert NpyFile.of(whole) is None


@pytest.mark.parametrize("array", [np.asfortranarray(X), X.astype("f4"), X[:, 0], X > 0.0])
def test_other_kinds_of_arrays(tmp_path, array):
    x, *_ = read_targets(_saved(tmp_path, array), _saved(tmp_path, Y, "Y.npy"))
    problem = certnn.TrainingProblem(x, Y, 1.0)
    assert problem.file is not None
    assert np.array_equal(problem.file[5:9], problem.X[5:9])
    assert problem.with_reg(2.0).file == problem.file


def _saved(folder, array, name="X.npy"):
    np.save(folder / name, array)
    return folder / name


def test_numbers_that_are_no_data(tmp_path):
    bad = X.copy()
    bad[3, 1] = np.nan
    file = NpyFile.of(mapped(tmp_path, bad))
    assert file[:3].shape == (3, 3)
    with pytest.raises(InputError, match=r"^X: has NaN"):
        file[2:5]


def test_rows_are_the_same_or_none(tmp_path):
    file = NpyFile.of(mapped(tmp_path))
    rows = np.array([5, 2])
    assert np.array_equal(FileRows(file, rows, digest(X[rows])).read(), X[rows])
    with pytest.raises(InputError, match=r"X\.npy: has other rows"):
        FileRows(file, rows, digest(X[rows[::-1]])).read()


@given(st.lists(st.integers(0, 39), max_size=50), st.integers(1, 45))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rows_of_parquet(tmp_path, rows, size):
    columns = {"y": Y[:, 0], **{f"x.{j}": X[:, j] for j in range(3)}}
    parquet.write_table(pa.table(columns), tmp_path / "d.parquet", row_group_size=size)
    file, *_ = read_targets(tmp_path / "d.parquet", target_columns=["y"])
    assert file.shape == (40, 3)
    assert np.array_equal(file[:], X)
    assert np.array_equal(file[rows], X[rows].reshape(-1, 3))
    assert np.array_equal(np.concatenate([*file.pieces()]), X)
    mapped_problem, whole = (kind(file, Y, 1.0) for kind in (MappedProblem, TrainingProblem))
    assert mapped_problem.data_sha256 == whole.data_sha256 == TrainingProblem(X, Y, 1.0).data_sha256


def test_row_groups_that_are_not_asked_for_are_not_read(tmp_path, monkeypatch):
    columns = {"y": Y[:, 0], **{f"x{j}": X[:, j] for j in range(3)}}
    parquet.write_table(pa.table(columns), tmp_path / "d.parquet", row_group_size=10)
    file, *_ = read_targets(tmp_path / "d.parquet", target_columns=["y"])
    read, batches = [], parquet_tables._batches

    def seen(path, table, groups, columns):
        read.extend(info.id for group, _ in groups for info in group.row_groups)
        return batches(path, table, groups, columns)

    monkeypatch.setattr(parquet_tables, "_batches", seen)
    assert np.array_equal(file[[38, 11, 12]], X[[38, 11, 12]])
    assert read == [1, 3]


STATED = [
    ("half-squared", False, False),
    ("logistic", "free", True),
    ("huber:0.5", True, "free"),
]


@pytest.mark.parametrize("from_file", [False, True])
@pytest.mark.parametrize(("loss", "hidden", "output"), STATED)
def test_a_portion_is_the_problem_of_its_points(tmp_path, loss, hidden, output, from_file):
    more = {"loss": certnn.problem.losses.parse_loss(loss), "output_bias": output}
    given = mapped(tmp_path) if from_file else X
    rows = np.array([9, 1, 30, 4, 17])
    expected = certnn.TrainingProblem(X[rows], Y[rows], 0.2, hidden, **more)
    for kind in (certnn.TrainingProblem, certnn.MappedProblem):
        whole = kind(given, Y, 0.5, hidden, **more)
        portion = pickle.loads(pickle.dumps(Portion.of(whole, rows, 0.1).with_reg(0.2)))
        assert isinstance(portion.x, FileRows) is from_file
        assert portion.problem() == expected
        assert portion.is_of(expected.instance())
        for change in (
            {"reg": 0.1},
            {"X": X[rows[::-1]].tobytes()},
            {"Y": (-Y[rows]).tobytes()},
            {"hidden_bias": "free" if hidden is not True and hidden != "free" else False},
        ):
            assert not portion.is_of(replace(expected.instance(), **change))


def test_points_that_make_no_problem():
    whole = certnn.TrainingProblem(X, Y, 0.5, loss="logistic", output_bias="free")
    with pytest.raises(InputError, match="one class only"):
        Portion.of(whole, np.flatnonzero(Y[:, 0] > 0.0), 0.1)


def test_problems_and_errors_go_from_one_process_to_another():
    problem = certnn.TrainingProblem(X, Y, 0.5, "free", loss="hinge", classes=("a", "b"))
    _ = problem.features
    sent = pickle.dumps(problem)
    assert len(sent) < 1.5 * (X.nbytes + Y.nbytes)
    other = pickle.loads(sent)
    assert (other, other.classes) == (problem, problem.classes)
    error = pickle.loads(pickle.dumps(InputError("X", "is wrong")))
    assert (str(error), error.argument, error.reason) == ("X: is wrong", "X", "is wrong")
