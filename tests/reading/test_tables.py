"""Tables as people have them: by other names, with an index, partitioned, and damaged ones."""

from __future__ import annotations

import csv
import gzip
import io

import numpy as np
import pandas
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from certnn.errors import InputError
from certnn.interfaces.cli import main
from certnn.problem.losses import as_loss
from certnn.reading.data import read_data, read_targets

FRAME = pandas.DataFrame({"a": [0.5, -1.0, 3.0], "b": [1.0, 2.0, 4.0], "y": [7.0, 8.0, 9.0]})
X, Y = FRAME[["a", "b"]].to_numpy(), FRAME[["y"]].to_numpy()


def write(path, text):
    if path.suffix == ".gz":
        with gzip.open(path, "wt", encoding="utf-8") as file:
            file.write(text)
    else:
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "between"),
    [
        ("data.csv", ","),
        ("data.csv", ";"),
        ("data.csv", "\t"),
        ("data.csv", ", "),
        ("data.CSV", " ,"),
        ("data.txt", ","),
        ("data.txt", "\t"),
        ("data.tsv", "\t"),
        ("data.v2.csv.gz", ","),
        ("data.tsv.gz", "\t"),
        ("data.txt.gz", ";"),
    ],
)
@pytest.mark.parametrize("quotes", ["", '"'])
def test_text_tables(tmp_path, name, between, quotes):
    if quotes and between == " ,":
        between = ","  # a blank after a closing quote is no CSV
    rows = [list(FRAME.columns), *FRAME.to_numpy().tolist()]
    fields = [[f"{quotes}{field}{quotes}" for field in row] for row in rows]
    write(tmp_path / name, "\r\n".join(between.join(row) for row in fields))
    x, y = read_data(tmp_path / name, target_columns=["y"])
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)


def test_booleans_in_text_tables_are_numbers_and_as_labels_are_named(tmp_path):
    frame = FRAME.assign(a=[True, False, True], y=[False, True, False])
    frame.to_csv(tmp_path / "data.csv", index=False)
    x, y = read_data(tmp_path / "data.csv", target_columns=["y"])
    assert np.array_equal(x, frame[["a", "b"]].astype(float))
    assert y.ravel().tolist() == [0.0, 1.0, 0.0]
    _, y, classes = read_targets(tmp_path / "data.csv", label="y")
    assert classes == ("False", "True")
    assert np.argmax(y, axis=1).tolist() == [0, 1, 0]


def test_large_whole_numbers_that_are_floats(tmp_path):
    write(tmp_path / "data.csv", f"a,y\n{2**60},1e22\n+{2**53},-{2**70}\n")
    x, y = read_data(tmp_path / "data.csv", target_columns=["y"])
    assert x.ravel().tolist() == [2.0**60, 2.0**53]
    assert y.ravel().tolist() == [1e22, -(2.0**70)]


def test_blanks_around_labels_are_not_of_them(tmp_path):
    write(tmp_path / "data.csv", "a , kind\n1, yes\n2,yes \n3,\tno\n")
    _, y = read_data(tmp_path / "data.csv", label="kind")
    assert np.array_equal(y, [[0, 1], [0, 1], [1, 0]])


@pytest.mark.parametrize("name", ["data.parquet", "data.pq", "data.PARQUET"])
def test_parquet_by_its_names(tmp_path, name):
    FRAME.to_parquet(tmp_path / name)
    assert np.array_equal(read_data(tmp_path / name, target_columns=["y"])[0], X)


INDICES = {
    "shuffled": lambda frame: frame.iloc[[2, 0, 1]].iloc[[1, 2, 0]],
    "named": lambda frame: frame.set_index(pandas.Index([5, 3, 4], name="id")),
    "of texts": lambda frame: frame.set_index(pandas.Index(["u", "v", "w"])),
    "of texts, named": lambda frame: frame.set_index(pandas.Index(["u", "v", "w"], name="who")),
    "several": lambda frame: frame.set_index(pandas.MultiIndex.from_arrays([[1, 2, 3], [4, 5, 6]])),
}


@pytest.mark.parametrize("kind", INDICES)
def test_an_index_that_pandas_stored_is_not_data(tmp_path, kind):
    frame = INDICES[kind](FRAME)
    frame.to_parquet(tmp_path / "data.parquet")
    x, y = read_data(tmp_path / "data.parquet", target_columns=["y"])
    assert np.array_equal(x, X)
    assert np.array_equal(y, Y)


def test_a_named_index_can_be_the_label(tmp_path):
    FRAME.set_index(pandas.Index(["u", "v", "u"], name="who")).to_parquet(tmp_path / "data.parquet")
    x, y = read_data(tmp_path / "data.parquet", label="who")
    assert x.shape == (3, 3)
    assert np.array_equal(y, [[1, 0], [0, 1], [1, 0]])


@pytest.mark.parametrize("index", [None, ["u", "v", "w"]])
def test_a_first_column_without_a_name_is_not_data(tmp_path, index):
    FRAME.set_index(pandas.Index(index or [2, 0, 1])).to_csv(tmp_path / "data.csv")
    assert np.array_equal(read_data(tmp_path / "data.csv", target_columns=["y"])[0], X)
    # Read and written again, as pandas names it then.
    pandas.read_csv(tmp_path / "data.csv").to_csv(tmp_path / "again.csv", index=False)
    assert np.array_equal(read_data(tmp_path / "again.csv", target_columns=["y"])[0], X)


@pytest.mark.parametrize("kinds", [["good", "bad", "good"], [10, 9, 10]])
def test_the_column_by_which_a_folder_is_partitioned(tmp_path, kinds):
    FRAME.assign(kind=kinds).to_parquet(tmp_path / "run=5", partition_cols=["kind"])
    folder = tmp_path / "run=5"
    x, y = read_data(folder, label="kind")
    there = pandas.read_parquet(folder)
    assert np.array_equal(x, there[["a", "b", "y"]])
    assert np.array_equal(y[:, 1] == 1.0, there["kind"].astype(str) == str(max(kinds)))
    if kinds[0] == 10:
        assert np.array_equal(read_data(folder, target_columns=["kind"])[1].ravel(), there["kind"])
        assert read_data(folder, target_columns=["y"])[0].shape == (3, 3)
    else:
        with pytest.raises(InputError, match="column kind"):
            read_data(folder, target_columns=["y"])
    # Of a single file the folders above it say nothing.
    file = next(folder.glob("kind=*/*.parquet"))
    assert read_data(file, target_columns=["y"])[0].shape[1] == 2


def test_numeric_categories_and_booleans_in_parquet(tmp_path):
    frame = FRAME.assign(b=pandas.Categorical([3, 1, 3]), a=[True, False, True])
    frame.to_parquet(tmp_path / "data.parquet")
    assert np.array_equal(
        read_data(tmp_path / "data.parquet", target_columns=["y"])[0], [[1, 3], [0, 1], [1, 3]]
    )


def test_files_of_a_folder_that_differ_in_columns(tmp_path):
    FRAME.to_parquet(tmp_path / "a.parquet")
    FRAME.assign(extra=1.0).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(InputError, match="column extra in some of its files only"):
        read_data(tmp_path, target_columns=["y"])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a,y\n2015_01,2\n", "'2015_01' in row 2 of column a"),
        ("a,y\n1,2\n\n,3\n", "no value in row 4 of column a"),
        ("a,y\n1,nan\n", "'nan' in row 2 of column y"),
        ("a,y\n1,inf\n", "'inf' in row 2 of column y"),
        ("a,y\n1,1e999\n", "'1e999' in row 2 of column y"),
        (f"a,y\n{2**53 + 1},1\n", "row 2 of column a, which float64 cannot hold exactly"),
        (f"a,y\n1,-{10**300 + 1}\n", "row 2 of column y, which float64 cannot hold exactly"),
        ("a;y\n1,5;2\n", "'1,5' in row 2 of column a"),
        ("a,y,\n1,2,\n", "no value in row 2 of column 3"),
        ("a,y\n", "a header and no rows"),
        ("y\n1\n", "no columns for X"),
        (",y\n0,1\n", "no columns for X"),
        ("\n", "it is empty"),
        ("a,z\n1,2\n", r"y, which is not one column of .* \(it has a, z\)"),
        ('a,y\n1,"2\n', "not a readable table"),
        ('a,y\n1,"2" 3\n', "not a readable table"),
        ("a,y\n1," + "9" * 200_000 + "\n", "not a readable table"),
    ],
)
def test_text_tables_that_cannot_be_used(tmp_path, text, word):
    write(tmp_path / "data.csv", text)
    with pytest.raises(InputError, match=word) as caught:
        read_data(tmp_path / "data.csv", target_columns=["y"])
    assert "\n" not in str(caught.value)


def test_a_long_line_and_a_long_file_are_refused(tmp_path, monkeypatch):
    """A few bytes of a .gz may stand for any number of them."""
    write(tmp_path / "data.csv.gz", "a,y\n" + "1,2\n" * 1000)
    monkeypatch.setattr("certnn.reading.text_tables._MOST_CHARACTERS", 3000)
    with pytest.raises(InputError, match="too long, or too many"):
        read_data(tmp_path / "data.csv.gz", target_columns=["y"])
    write(tmp_path / "data.csv.gz", "a,y\n1," + "0" * 2000 + "2\n")
    monkeypatch.setattr("certnn.reading.text_tables._LONGEST_LINE", 1000)
    with pytest.raises(InputError, match="too long, or too many"):
        read_data(tmp_path / "data.csv.gz", target_columns=["y"])


@pytest.mark.parametrize(
    "content",
    [b"nothing", b"\x1f\x8b\x08nothing", gzip.compress(b"a,y", mtime=0)[:-9]],
    ids=["no gzip", "header only", "cut off"],
)
def test_damaged_gz(tmp_path, content):
    (tmp_path / "data.csv.gz").write_bytes(content)
    with pytest.raises(InputError, match="not a readable table"):
        read_data(tmp_path / "data.csv.gz", target_columns=["y"])


def test_text_that_is_not_utf_8(tmp_path):
    (tmp_path / "data.csv").write_bytes("a,größe\n1,2\n".encode("latin-1"))
    with pytest.raises(InputError, match="utf-8"):
        read_data(tmp_path / "data.csv", target_columns=["a"])


def with_metadata(path, metadata):
    table = pa.Table.from_pandas(FRAME).replace_schema_metadata({b"pandas": metadata})
    parquet.write_table(table, path)
    return path


@pytest.mark.parametrize(
    "metadata",
    [b"[]", b"7", b'{"index_columns": 3}', b'{"index_columns": [3, ["a"], {"name": "a"}, "z"]}'],
)
def test_metadata_that_name_no_index(tmp_path, metadata):
    path = with_metadata(tmp_path / "data.parquet", metadata)
    assert np.array_equal(read_data(path, target_columns=["y"])[0], X)


@pytest.mark.parametrize("metadata", [b"{", b"\xff", b"[" * 100_000])
def test_metadata_that_are_damaged(tmp_path, metadata):
    path = with_metadata(tmp_path / "data.parquet", metadata)
    with pytest.raises(InputError, match=r"not a readable .parquet"):
        read_data(path, target_columns=["y"])


@pytest.mark.parametrize(
    ("name", "more", "word"),
    [
        ("data.xlsx", {}, "of no kind that is read"),
        ("data", {}, "of no kind that is read"),
        ("none.xlsx", {}, "does not exist"),
        ("none.csv", {"label": "y"}, "does not exist"),
        ("none.pq", {"label": "y"}, "does not exist"),
        ("data.npz", {"label": "y"}, "label: goes with a table"),
        ("data.npz", {"target_columns": ["y"]}, "target_columns: goes with a table"),
    ],
)
def test_other_files(tmp_path, name, more, word):
    np.savez(tmp_path / "data.npz", X=X, Y=Y)
    for other in ("data.xlsx", "data"):
        (tmp_path / other).write_bytes((tmp_path / "data.npz").read_bytes())
    with pytest.raises(InputError, match=word):
        read_data(tmp_path / name, **more)


@pytest.mark.parametrize("folded", [True, False])
def test_vectors_in_npz_and_npy_are_columns(tmp_path, folded):
    y = Y[:, 0] if folded else Y
    np.savez(tmp_path / "data.npz", X=X[:, 0] if folded else X[:, :1], Y=y)
    np.save(tmp_path / "X.npy", X[:, :1])
    np.save(tmp_path / "Y.npy", y)
    for arguments in ((tmp_path / "data.npz",), (tmp_path / "X.npy", tmp_path / "Y.npy")):
        x, read = read_data(*arguments)
        assert x.shape == (3, 1)
        assert np.array_equal(np.reshape(read, (3, 1)), Y)


def test_labels_in_npz(tmp_path):
    np.savez(tmp_path / "data.npz", X=X, Y=np.array([10, 9, 10]))
    assert np.array_equal(
        read_data(tmp_path / "data.npz", loss=as_loss("softmax"))[1], [[0, 1], [1, 0], [0, 1]]
    )
    np.savez(tmp_path / "data.npz", X=X, Y=np.array(["yes", "no", "yes"]))
    for loss, low in (("half-squared", 0.0), ("softmax", 0.0)):
        _, y = read_data(tmp_path / "data.npz", loss=as_loss(loss))
        assert np.array_equal(y, [[low, 1], [1, low], [low, 1]])
    assert read_data(tmp_path / "data.npz", loss=as_loss("hinge"))[1].ravel().tolist() == [1, -1, 1]


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    rows=st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=8),
    between=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_read_is_what_was_written(tmp_path, rows, between, quoting, ending):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=between, quoting=quoting, lineterminator=ending)
    writer.writerows([("first", "the y", "last"), *rows])
    (tmp_path / "data.csv").write_bytes(file.getvalue().encode())
    x, y = read_data(tmp_path / "data.csv", target_columns=["the y"])
    assert np.array_equal(x, [[row[0], row[2]] for row in rows])
    assert np.array_equal(y[:, 0], [row[1] for row in rows])


@pytest.mark.parametrize(
    ("more", "word"),
    [
        (["--target-columns", "z"], "z, which is not one column"),
        (["--label", "a"], "a has 0.5 in row 0"),
        (["--target-columns", "y", "--loss", "logistic"], "data.csv: Y must hold only 1 and -1"),
        (["--target-columns", "y", "--loss", "softmax"], "data.csv: Y needs a column for each"),
    ],
)
def test_the_command_names_the_file(tmp_path, capsys, more, word):
    FRAME.to_csv(tmp_path / "data.csv", index=False)
    command = ["bound", "--data", str(tmp_path / "data.csv"), "--reg", "1", *more]
    assert main([*command, "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert word in said
    assert len(said.splitlines()) == 1
