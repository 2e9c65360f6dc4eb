"""Workers read the rows of a problem from its file, and say so where they cannot."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pytest
from distributed import LocalCluster
from pyarrow import parquet

import certnn
from certnn.errors import InputError
from certnn.problem.portion import Portion
from certnn.reading.data import read_targets
from certnn.reading.datasets import random_network_data
from certnn.relaxation.shor import distributed
from certnn.relaxation.shor.distributed import ClusterChunks, connected

PLAIN = random_network_data(1, 2.0, n=60, d=3, c=1)


@pytest.fixture(scope="module")
def client():
    options = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=2, processes=True, **options) as cluster,
        connected(cluster.scheduler_address) as client,
    ):
        yield client


def saved(folder, kind):
    """The matrix in a file of this kind, as it is read."""
    if kind == "npy":
        np.save(folder / "X.npy", PLAIN.X)
        return folder / "X.npy", np.load(folder / "X.npy", mmap_mode="r")
    table = pa.table({"y": PLAIN.Y[:, 0], **{f"x{j}": PLAIN.X[:, j] for j in range(3)}})
    path = folder / "X.parquet"
    parquet.write_table(table, path, row_group_size=25)
    X, Y, _ = read_targets(path, target_columns=["y"])
    assert np.array_equal(Y, PLAIN.Y)
    return path, X


def proved(level, X, client):
    problem = certnn.TrainingProblem(X, PLAIN.Y, PLAIN.reg)
    return certnn.lower_bound(problem, level, work_limit=2.0, cluster=client).bound


@pytest.mark.parametrize("kind", ["npy", "parquet"])
@pytest.mark.parametrize("level", ["shor", "lifts(1)", "groups(2)"])
def test_the_bound_is_that_of_rows_in_memory(client, tmp_path, kind, level):
    _, X = saved(tmp_path, kind)
    found, expected = proved(level, X, client), proved(level, PLAIN.X, client)
    assert found.instance == expected.instance == PLAIN.instance()
    assert found.rounded == pytest.approx(expected.rounded, rel=1e-6)


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_subsets_of_a_sample_are_those_of_rows_in_memory(client, tmp_path, kind):
    _, X = saved(tmp_path, kind)
    options = {"size": 20, "subsets": 4, "level": "shor"}
    found, expected = (
        certnn.sampled_bound(problem, cluster=client, **options)
        for problem in (certnn.MappedProblem(X, PLAIN.Y, PLAIN.reg), PLAIN)
    )
    assert found.missing == 0
    assert found.to_json() == expected.to_json()


@pytest.mark.parametrize("bias", [True, "free"])
def test_the_column_of_a_hidden_bias_is_not_in_the_file(client, tmp_path, monkeypatch, bias):
    monkeypatch.setattr(distributed, "CHUNK_ROWS", 7)
    _, X = saved(tmp_path, "npy")
    problem = certnn.TrainingProblem(X, PLAIN.Y, 2.0, bias)
    rows = np.concatenate(list(ClusterChunks(client, problem).each(rows_of)))
    assert np.array_equal(rows, np.hstack([problem.features, problem.Y]))


def rows_of(chunk):
    return np.hstack(chunk.rows())


@pytest.mark.parametrize("kind", ["npy", "parquet"])
def test_what_is_sent_does_not_grow_with_the_columns(tmp_path, kind):
    _, X = saved(tmp_path, kind)
    problem = certnn.TrainingProblem(X, PLAIN.Y, 1.0)
    parts = [distributed._Part.of(problem, slice(0, 60)).x, Portion.of(problem, range(60), 1.0).x]
    for part in parts:
        assert len(pickle.dumps(part)) < PLAIN.X.nbytes
        assert np.array_equal(pickle.loads(pickle.dumps(part)).read(), PLAIN.X)


def gone(path):
    path.rename(path.with_name("elsewhere"))


def other_rows(path):
    _rewrite(path, PLAIN.X + 1.0)


def other_shape(path):
    _rewrite(path, PLAIN.X[:50])


def _rewrite(path, X):
    path.unlink()  # what is mapped stays what it was
    if path.suffix == ".npy":
        np.save(path, X)
    else:
        columns = {f"x{j}": X[:, j] for j in range(3)}
        parquet.write_table(pa.table({"y": X[:, 0], **columns}), path)


def damaged(path):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def hostile(path):
    path.unlink()
    with path.open("wb") as stream:
        np.save(stream, np.array([{"a": print}], dtype=object), allow_pickle=True)


FAULTS = {
    gone: "does not exist on .*; rows of an array in memory, or of an .npz file, are sent",
    other_rows: "has other rows on .* than it had where they were asked for",
    other_shape: r"is another file on .*: shape \(50, 3\), and not \(60, 3\)",
    damaged: "cannot be read on .* \\(|is not a readable .parquet file",
    hostile: "cannot be read on .* \\(|is not a readable .parquet file",
}


@pytest.mark.parametrize("kind", ["npy", "parquet"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("of", ["sums", "a group"])
def test_a_worker_without_the_file_says_so_in_a_line(client, tmp_path, kind, fault, of):
    path, X = saved(tmp_path, kind)
    problem = certnn.TrainingProblem(X, PLAIN.Y, PLAIN.reg)
    sums, part = ClusterChunks(client, problem), Portion.of(problem, range(0, 60, 2), 1.0)
    asked = {
        "sums": lambda: sums.each(rows_of),
        "a group": lambda: client.submit(Portion.problem, part, pure=False).result(),
    }
    fault(path)
    with pytest.raises(InputError, match=FAULTS[fault]) as raised:
        asked[of]()
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("level", ["shor", "groups(2)"])
def test_a_bound_ends_with_that_line(client, tmp_path, level):
    path, X = saved(tmp_path, "npy")
    problem = certnn.TrainingProblem(X, PLAIN.Y, PLAIN.reg)
    gone(path)
    with pytest.raises(InputError, match="does not exist on"):
        certnn.lower_bound(problem, level, work_limit=5.0, cluster=client)


def test_a_sample_ends_with_that_line_and_keeps_what_is_proved(client, tmp_path):
    path, X = saved(tmp_path, "npy")
    problem = certnn.MappedProblem(X, PLAIN.Y, PLAIN.reg)
    options = {"size": 20, "level": "shor", "folder": tmp_path / "out", "cluster": client}
    certnn.sampled_bound(problem, subsets=2, **options)
    gone(path)
    with pytest.raises(InputError, match="does not exist on"):
        certnn.sampled_bound(problem, subsets=4, **options)
    assert len([*(tmp_path / "out").glob("subset-*")]) == 2
