"""Tables in .parquet files, read a piece at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import CHUNK_ROWS, FloatArray, frozen_matrix
from certnn.errors import InputError, shorten
from certnn.problem.matrix_file import MatrixFile, RowNumbers
from certnn.reading.optional_packages import require_package
from certnn.reading.text_tables import input_columns

ENDINGS = (".parquet", ".pq")


@dataclass(frozen=True)
class ParquetFile(MatrixFile):
    """Columns of numbers in a .parquet file, or a folder of them, read by their row groups.

    Attributes
    ----------
    columns : tuple of str
        Of the matrix, in their order.
    """

    columns: tuple[str, ...]

    def _read(self, rows: RowNumbers) -> FloatArray:
        path = Path(self.path)
        wanted = np.arange(self.shape[0])[rows]
        order = np.argsort(wanted, kind="stable")
        ascending, x = wanted[order], _room(path, wanted.size, len(self.columns))
        with _opened(path) as table:
            groups, start, done = _row_groups(path, table), 0, 0
            self.require_shape((sum(count for _, count in groups), len(self.columns)))
            for group, count in groups:
                if done == np.searchsorted(ascending, start + count):
                    start += count
                    continue
                for batch in _batches(path, table, [(group, count)], self.columns):
                    first, done = done, int(np.searchsorted(ascending, start + batch.num_rows))
                    for j, column in enumerate(_columns(path, batch, self.columns)):
                        x[order[first:done], j] = column[ascending[first:done] - start]
                    start += batch.num_rows
                if done == wanted.size:
                    break
        return x

    def pieces(self) -> Iterator[FloatArray]:
        """As of any, each row group read once."""
        path = Path(self.path)
        with _opened(path) as table:
            groups = _row_groups(path, table)
            self.require_shape((sum(count for _, count in groups), len(self.columns)))
            for batch in _batches(path, table, groups, self.columns):
                x = np.stack([*_columns(path, batch, self.columns)], axis=1)
                yield frozen_matrix("X", x, smallest=0.0)


def read_parquet(
    path: Path, target_columns: Sequence[str], as_labels: bool
) -> tuple[ParquetFile, Any]:
    """X, of which nothing is read, and the target columns or labels, of a file or a folder of them.

    Raises `InputError` if pyarrow is missing, the file is damaged, has no such columns, or holds
    other than numbers where there should be some, in X when that is read; it names the column.

    Parameters
    ----------
    path : Path
        Of a folder that is partitioned by columns, as in ``kind=good/part.parquet``, those come
        after the others. The index that pandas stored is left out of X.
    as_labels : bool
        Take the one target column for labels.

    Returns
    -------
    X : ParquetFile
    targets : ndarray of shape (n, c), or the list of labels
    """
    with _opened(path) as table:
        names = table.schema.names
        for part in table.get_fragments():
            unknown = set(part.physical_schema.names).difference(names)
            if unknown:
                raise InputError(
                    str(path), f"has a column {shorten(min(unknown))} in some of its files only"
                )
        places = input_columns(path, names, target_columns, as_labels, _index(table.schema))
        groups = _row_groups(path, table)
        n = sum(count for _, count in groups)
        if not n:
            raise InputError(str(path), "has no rows")
        shape = n, len(places)
        file = ParquetFile(os.path.abspath(path), shape, tuple(names[k] for k in places))
        batches = _batches(path, table, groups, target_columns)
        if as_labels:
            return file, [one for batch in batches for one in batch.column(0).to_pylist()]
        y, start = _room(path, n, len(target_columns)), 0
        for batch in batches:
            for j, column in enumerate(_columns(path, batch, target_columns)):
                y[start : start + batch.num_rows, j] = column
            start += batch.num_rows
        return file, y


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file or folder; what goes wrong within it is an `InputError`."""
    broken = require_package("pyarrow", str(path), "a .parquet file").ArrowException
    dataset = require_package("pyarrow.dataset", str(path), "a .parquet file")
    try:
        partitioning = "hive" if path.is_dir() else None  # else of folders above the file
        yield dataset.dataset(path, format="parquet", partitioning=partitioning)
    except FileNotFoundError:
        raise InputError(str(path), "does not exist") from None
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, broken) as error:
        raise InputError(str(path), f"is not a readable .parquet file: {shorten(error)}") from None


def _row_groups(path: Path, table: Any) -> list[tuple[Any, int]]:
    """Each, and how many rows it says it has (of a group `count_rows` says those of the file)."""
    groups = [one for part in table.get_fragments() for one in part.split_by_row_group()]
    counted = [(group, sum(info.num_rows for info in group.row_groups)) for group in groups]
    said = table.count_rows()
    if sum(rows for _, rows in counted) != said:
        raise _other_rows(path, said)
    return counted


def _other_rows(path: Path, said: int) -> InputError:
    return InputError(str(path), f"has other rows than the {said} that it says it has")


def _batches(
    path: Path, table: Any, groups: Sequence[tuple[Any, int]], columns: Sequence[str]
) -> Iterator[Any]:
    """Some columns of row groups, a piece at a time."""
    for group, count in groups:
        rows = 0
        # Those by which a folder is partitioned are in the schema of the whole alone.
        given = {"schema": table.schema, "columns": list(columns), "batch_size": CHUNK_ROWS}
        for batch in group.to_batches(**given):
            rows += batch.num_rows
            if rows > count:
                break
            yield batch
        if rows != count:
            raise _other_rows(path, count)


def _room(path: Path, rows: int, columns: int) -> FloatArray:
    try:
        return np.empty((rows, columns))
    except (MemoryError, ValueError):  # ValueError: more than there are addresses
        raise InputError(str(path), f"says it has {rows} rows: more than memory can hold") from None


def _index(schema: Any) -> list[int]:
    """The places of the columns that pandas says are its index."""
    said = schema.pandas_metadata
    stored = said.get("index_columns") if isinstance(said, dict) else None
    if not isinstance(stored, list):
        return []
    # A range is described, not stored.
    return [schema.names.index(name) for name in stored if name in schema.names]


def _columns(path: Path, batch: Any, names: Sequence[str]) -> Iterator[FloatArray]:
    for name in names:
        column, where = batch.column(name), f"column {shorten(name)}"
        if column.null_count:
            raise InputError(str(path), f"has no value in some rows of {where}")
        values = column.to_numpy(zero_copy_only=False)
        yield frozen_matrix(f"{path}: {where}", values[:, None])[:, 0]
