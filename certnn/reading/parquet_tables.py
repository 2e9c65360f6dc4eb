"""Tables in .parquet files, read a piece at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from certnn.arrays import CHUNK_ROWS, FloatArray, frozen_matrix
from certnn.errors import InputError, shorten
from certnn.reading.optional_packages import require_package
from certnn.reading.text_tables import input_columns

ENDINGS = (".parquet", ".pq")


def read_parquet(
    path: Path, target_columns: Sequence[str], as_labels: bool
) -> tuple[FloatArray, Any]:
    """X and the target columns, or the labels, of a file or a folder of them.

    Raises `InputError` if pyarrow is missing, the file is damaged, has no such columns, or holds
    other than numbers where there should be some; it names the column.

    Parameters
    ----------
    path : Path
        Of a folder that is partitioned by columns, as in ``kind=good/part.parquet``, those come
        after the others. The index that pandas stored is left out of X.
    as_labels : bool
        Take the one target column for labels.

    Returns
    -------
    X : ndarray, shape (n, d)
    targets : ndarray of shape (n, c), or the list of labels
    """
    broken = require_package("pyarrow", str(path), "a .parquet file").ArrowException
    dataset = require_package("pyarrow.dataset", str(path), "a .parquet file")
    try:
        partitioning = "hive" if path.is_dir() else None  # else of folders above the file
        table = dataset.dataset(path, format="parquet", partitioning=partitioning)
        return _table(path, table, target_columns, as_labels)
    except FileNotFoundError:
        raise InputError(str(path), "does not exist") from None
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, broken) as error:
        raise InputError(str(path), f"is not a readable .parquet file: {shorten(error)}") from None


def _table(
    path: Path, table: Any, target_columns: Sequence[str], as_labels: bool
) -> tuple[FloatArray, Any]:
    names = table.schema.names
    for part in table.get_fragments():
        unknown = set(part.physical_schema.names).difference(names)
        if unknown:
            raise InputError(
                str(path), f"has a column {shorten(min(unknown))} in some of its files only"
            )
    places = input_columns(path, names, target_columns, as_labels, _index(table.schema))
    inputs = [names[k] for k in places]
    n = table.count_rows()
    x = _room(path, n, len(inputs))
    y = _room(path, n, 0 if as_labels else len(target_columns))
    labels: list[Any] = []
    start = 0
    for batch in table.to_batches(batch_size=CHUNK_ROWS, columns=[*inputs, *target_columns]):
        stop = start + batch.num_rows
        if stop > n:
            break
        if as_labels:
            labels += batch.column(target_columns[0]).to_pylist()
        for matrix, wanted in ((x, inputs), (y, () if as_labels else target_columns)):
            for j, column in enumerate(_columns(path, batch, wanted)):
                matrix[start:stop, j] = column
        start = stop
    if start != n:
        raise InputError(str(path), f"has other rows than the {n} that it says it has")
    if not n:
        raise InputError(str(path), "has no rows")
    return x, labels if as_labels else y


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
