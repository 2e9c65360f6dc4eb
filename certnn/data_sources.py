"""Data in .npz, .npy, .csv and .parquet files; the large ones are read a piece at a time."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray, frozen_matrix
from certnn.errors import InputError
from certnn.files import npy_layout, read_npz
from certnn.losses import HALF_SQUARED, Loss
from certnn.relaxation.chunks import CHUNK_ROWS


@dataclass(frozen=True)
class FileChunk:
    """Some rows of a pair of .npy files, mapped into memory when they are asked for.

    Attributes
    ----------
    data, targets : str
        Paths.
    start, stop : int
        Rows.
    hidden_bias : bool
        Append a column of ones to X.
    """

    data: str
    targets: str
    start: int
    stop: int
    hidden_bias: bool = False

    def rows(self) -> tuple[FloatArray, FloatArray]:
        """X (with the column of ones) and Y of these rows."""
        x, y = (
            frozen_matrix(path, _npy(path)[self.start : self.stop])
            for path in (self.data, self.targets)
        )
        return (np.hstack([x, np.ones((len(x), 1))]) if self.hidden_bias else x), y


def file_chunks(
    data: str | Path, targets: str | Path, hidden_bias: bool = False
) -> list[FileChunk]:
    """The rows of X.npy and Y.npy in chunks, of which each reads its own rows alone.

    Raises
    ------
    InputError
        If a file is no .npy file of a matrix, or the numbers of rows differ.
    """
    n, rows = _npy(data).shape[0], _npy(targets).shape[0]
    if rows != n:
        raise InputError(str(targets), f"has {rows} rows where {data} has {n}")
    return [
        FileChunk(str(data), str(targets), i, min(i + CHUNK_ROWS, n), hidden_bias)
        for i in range(0, n, CHUNK_ROWS)
    ]


def read_data(
    data: str | Path,
    targets: str | Path | None = None,
    target_columns: Sequence[str] = (),
    label: str | None = None,
    loss: Loss = HALF_SQUARED,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """X and Y of a training problem; nothing is unpickled.

    Parameters
    ----------
    data : path
        .npz with X and Y; .npy with X, mapped into memory; .csv with a header; or .parquet, a file
        or a folder of them.
    targets : path or None
        .npy with Y, beside a .npy with X.
    target_columns : sequence of str
        Of a .csv or .parquet file, the columns of Y in this order; the other columns are X.
    label : str or None
        In their place, one column of class names of any type.
    loss : Loss
        For which Y is made of the labels (`encoded_labels`).

    Raises
    ------
    InputError
        If a file cannot be read, or what is given does not fit its kind.
    """
    kind = Path(data).suffix.lower()
    if label is not None and target_columns:
        raise InputError("label", "or target_columns, not both")
    if kind == ".npy":
        if targets is None:
            raise InputError("targets", f"are needed beside {data}: a .npy file with Y")
        return _npy(data), _npy(targets)
    if targets is not None:
        raise InputError("targets", f"go with a .npy file, and {data} is none")
    if kind in (".csv", ".parquet") or Path(data).is_dir():
        wanted = target_columns if label is None else (label,)
        if not wanted:
            raise InputError("target_columns", f"or a label are needed for {data}")
        read = _csv if kind == ".csv" else _parquet
        x, columns = read(Path(data), wanted, label is not None)
        return x, columns if label is None else encoded_labels(columns[:, 0], loss)
    x, y = read_npz(data, ("X", "Y"))
    return x, y


def encoded_labels(labels: NDArray[Any], loss: Loss) -> FloatArray:
    """Targets of class labels, shape (n,): classes in ascending order, a column each.

    One-hot; for hinge, squared-hinge and logistic 1 and −1, and of two classes the second's column
    alone.

    Raises
    ------
    InputError
        If there are fewer than two classes.
    """
    classes, index = np.unique(labels, return_inverse=True)
    if classes.size < 2:
        raise InputError("label", "has one class only")
    one_hot = np.eye(classes.size)[index]
    if loss.name not in ("hinge", "squared-hinge", "logistic"):
        return one_hot
    signs: FloatArray = 2.0 * one_hot - 1.0
    return signs[:, 1:] if classes.size == 2 else signs


def _csv(
    path: Path, target_columns: Sequence[str], as_text: bool
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header, *rows = csv.reader(file, strict=True)
    except FileNotFoundError:
        raise InputError(str(path), "does not exist") from None
    except (OSError, ValueError, csv.Error) as error:
        raise InputError(str(path), f"is not a readable .csv file with a header: {error}") from None
    rows = [row for row in rows if row]
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            raise InputError(str(path), f"has {len(row)} fields in row {number}, not {len(header)}")
    _require_columns(path, header, target_columns)
    places = [header.index(name) for name in target_columns]
    inputs = [k for k in range(len(header)) if k not in places]
    x = _numbers(path, header, rows, inputs)
    if as_text:
        return x, np.array([[row[k] for k in places] for row in rows], dtype=str)
    return x, _numbers(path, header, rows, places)


def _numbers(
    path: Path, header: list[str], rows: list[list[str]], places: list[int]
) -> NDArray[np.float64]:
    matrix = np.empty((len(rows), len(places)))
    for i, row in enumerate(rows):
        for j, k in enumerate(places):
            try:
                matrix[i, j] = float(row[k])
            except ValueError:
                raise InputError(
                    str(path), f"has {row[k]!r:.40} in column {header[k]}, which is no number"
                ) from None
    return matrix


def _require_columns(path: Path, header: Sequence[str], wanted: Sequence[str]) -> None:
    for name in wanted:
        if list(header).count(name) != 1:
            raise InputError("target_columns", f"has {name}, which is not one column of {path}")


def _npy(path: str | Path) -> NDArray[Any]:
    path = Path(path)
    if not path.is_file():
        raise InputError(str(path), "is not a file" if path.exists() else "does not exist")
    try:
        with path.open("rb") as stream:
            layout = npy_layout(str(path), "", stream)
    except OSError as error:
        raise InputError(str(path), f"cannot be read: {error.strerror}") from None
    if len(layout.shape) not in (1, 2) or 0 in layout.shape:
        raise InputError(str(path), f"must hold a matrix, got shape {layout.shape}")
    array: NDArray[Any] = np.memmap(
        path, layout.dtype, "r", layout.offset, layout.shape, layout.order
    )
    return array[:, None] if array.ndim == 1 else array


def _parquet(
    path: Path, target_columns: Sequence[str], as_labels: bool
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    try:
        from pyarrow import ArrowException, dataset
    except ModuleNotFoundError:
        raise InputError(str(path), "needs pyarrow: pip install 'certnn[data]'") from None
    try:
        table = dataset.dataset(path, format="parquet")
        names = table.schema.names
        _require_columns(path, names, target_columns)
        inputs = [name for name in names if name not in set(target_columns)]
        n = table.count_rows()
        x, y = (_room(path, n, len(wanted)) for wanted in (inputs, target_columns))
        labels: list[Any] = []
        start = 0
        for batch in table.to_batches(batch_size=CHUNK_ROWS):
            stop = start + batch.num_rows
            if stop > n:
                break
            if as_labels:
                labels += batch.column(target_columns[0]).to_pylist()
            for matrix, wanted in ((x, inputs), (y, () if as_labels else target_columns)):
                for j, column in enumerate(_columns(path, batch, wanted)):
                    matrix[start:stop, j] = column
            start = stop
    except (OSError, ArrowException) as error:
        raise InputError(str(path), f"is not a readable .parquet file: {error}") from None
    if start != n:
        raise InputError(str(path), f"has other rows than the {n} that it says it has")
    if as_labels:
        if None in labels:
            raise InputError(str(path), f"has no value in some rows of column {target_columns[0]}")
        return x, np.array(labels)[:, None]
    return x, y


def _room(path: Path, rows: int, columns: int) -> FloatArray:
    try:
        return np.empty((rows, columns))
    except (MemoryError, ValueError):  # ValueError: more than there are addresses
        raise InputError(str(path), f"says it has {rows} rows: more than memory can hold") from None


def _columns(path: Path, batch: Any, names: Sequence[str]) -> Iterator[FloatArray]:
    for name in names:
        column = batch.column(name)
        if column.null_count:
            raise InputError(str(path), f"has no value in some rows of column {name}")
        values = column.to_numpy(zero_copy_only=False)
        yield frozen_matrix(f"{path}: column {name}", values[:, None])[:, 0]
