"""Data in .npz, .npy, text and .parquet files; the large ones are read a piece at a time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.atomic_files import open_file
from certnn.errors import InputError, shorten
from certnn.problem.losses import HALF_SQUARED, Loss
from certnn.problem.matrix_file import MatrixFile
from certnn.reading.class_labels import ClassLabels, stated_targets
from certnn.reading.npz import npy_layout, read_npz
from certnn.reading.parquet_tables import ENDINGS as PARQUET
from certnn.reading.parquet_tables import read_parquet
from certnn.reading.text_tables import is_text_table, read_text_table


def read_targets(
    data: str | Path,
    targets: str | Path | None = None,
    target_columns: Sequence[str] = (),
    label: str | None = None,
    loss: Loss = HALF_SQUARED,
    outputs: int | None = None,
) -> tuple[NDArray[Any] | MatrixFile, NDArray[Any], tuple[str, ...]]:
    """X and Y of a training problem, and the names of the classes; nothing is unpickled.

    Raises `InputError` if a file cannot be read, or what is given does not fit its kind.

    Parameters
    ----------
    data : path
        .npz with X and Y; .npy with X, mapped into memory; a table of text with a header, in .csv,
        .tsv or .txt, perhaps in a .gz; or .parquet or .pq, a file or a folder of them. An index
        that pandas wrote is left out of X.
    targets : path or None
        .npy with Y, beside a .npy with X. That or the Y of an .npz may be labels
        (`certnn.reading.class_labels.stated_targets`).
    target_columns : sequence of str
        Of a table, the columns of Y in this order; the other columns are X.
    label : str or None
        In their place, one column of class labels.
    loss : Loss
        For which Y is made of labels.
    outputs : int or None
        Of the network, if there is one.

    Returns
    -------
    X : ndarray or MatrixFile, shape (n, d)
        The latter of .parquet, of which nothing is read but the targets.
    Y : ndarray, shape (n, c), or (n,) for one column
    classes : tuple of str
        In the order of the columns; () if Y was not made of labels.
    """
    path = Path(data)
    if label is not None and target_columns:
        raise InputError("label", "or target_columns, not both")
    kind = path.suffix.lower()
    if kind == ".npy":
        if targets is None:
            raise InputError("targets", f"are needed beside {data}: a .npy file with Y")
    elif targets is not None:
        raise InputError("targets", f"go with a .npy file, and {data} is none")
    if is_text_table(path) or kind in PARQUET or path.is_dir():
        wanted = target_columns if label is None else (label,)
        if not wanted:
            raise InputError("target_columns", f"or a label are needed for {data}")
        read = read_text_table if is_text_table(path) else read_parquet
        x, columns = read(path, wanted, label is not None)
        if label is None:
            return x, columns, ()
        labels = ClassLabels.of(str(data), columns, where=f"column {shorten(label)} ")
        return x, labels.targets(loss, outputs), labels.names
    if label is not None or target_columns:
        option = "target_columns" if label is None else "label"
        raise InputError(option, f"goes with a table, such as .csv or .parquet, not with {data}")
    if targets is not None:
        x, y = _npy(data), _npy(targets)
    elif kind == ".npz" or not path.is_file():
        x, y = read_npz(data, ("X", "Y"))
        x = x[:, None] if x.ndim == 1 else x  # as of an .npy
    else:
        raise InputError(
            str(data), "is of no kind that is read: .npz, .npy, .csv, .tsv, .txt, .parquet"
        )
    return x, *stated_targets(str(targets or data), y, loss, outputs)


def read_data(
    data: str | Path,
    targets: str | Path | None = None,
    target_columns: Sequence[str] = (),
    label: str | None = None,
    loss: Loss = HALF_SQUARED,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """X and Y alone, as arrays; all else is as in `read_targets`."""
    x, y, _ = read_targets(data, targets, target_columns, label, loss)
    return x[:] if isinstance(x, MatrixFile) else x, y


def _npy(path: str | Path) -> NDArray[Any]:
    with open_file(path) as stream:
        layout = npy_layout(str(path), "", stream)
    if len(layout.shape) not in (1, 2) or 0 in layout.shape:
        raise InputError(str(path), f"must hold a matrix, got shape {layout.shape}")
    array: NDArray[Any] = np.memmap(
        path, layout.dtype, "r", layout.offset, layout.shape, layout.order
    )
    return array[:, None] if array.ndim == 1 else array
