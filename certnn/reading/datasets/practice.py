"""The practice set: problems such as people have, at the weight decay that they would choose."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.data import read_data


@dataclass(frozen=True)
class PracticeSet:
    """All points of a data set, standardised, with a decayed hidden bias.

    Targets are one-hot with classes in ascending order, or standardised where they are numbers.

    Attributes
    ----------
    reg : float
        The weight decay that cross-validation picks among half powers of ten.
    needs_folder : bool
        Whether it is read from a file that the user has.
    """

    name: str
    reg: float
    needs_folder: bool = False

    def problem(self, folder: str | Path | None = None) -> TrainingProblem:
        """The training problem, with the same bits on every machine.

        Raises `InputError` if the file is missing or is not such a file.

        Parameters
        ----------
        folder : path or None
            Where the file is, for a set that needs one.
        """
        X, Y = self._from_file(folder) if self.needs_folder else self._from_scikit_learn()
        varying = np.ptp(X, axis=0) > 0.0
        return TrainingProblem(_standard(X[:, varying]), Y, self.reg, hidden_bias=True)

    def _from_file(self, folder: str | Path | None) -> tuple[FloatArray, FloatArray]:
        if folder is None:
            raise InputError("data_dir", f"is needed: the folder with {self.name}.csv")
        X, Y = read_data(Path(folder) / f"{self.name}.csv", label="label")
        return np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)

    def _from_scikit_learn(self) -> tuple[FloatArray, FloatArray]:
        from sklearn import datasets

        loader = getattr(datasets, f"load_{self.name.replace('-', '_')}")
        X, y = loader(return_X_y=True)
        if self.name == "diabetes":
            return X, _standard(np.asarray(y, dtype=np.float64)[:, None])
        return X, (y[:, None] == np.unique(y)).astype(np.float64)


#: Half powers of ten, written out since libraries round powers as they like.
_ROOT_10, _ROOT_1000 = 3.1622776601683795, 31.622776601683793
_ALL = (
    PracticeSet("wine", 10.0),
    PracticeSet("iris", _ROOT_10),
    PracticeSet("diabetes", 10.0),
    PracticeSet("breast-cancer", 10.0),
    PracticeSet("digits", _ROOT_10),
    PracticeSet("pima", _ROOT_1000, needs_folder=True),
    PracticeSet("ionosphere", _ROOT_10, needs_folder=True),
    PracticeSet("banknote", 1.0, needs_folder=True),
)
#: By name.
PRACTICE_SETS: dict[str, PracticeSet] = {entry.name: entry for entry in _ALL}


def _standard(values: FloatArray) -> FloatArray:
    """Columns of mean 0 and variance 1; their sums are rounded once, whatever adds them up."""
    columns = []
    for column in np.asarray(values, dtype=np.float64).T:
        centred = column - math.fsum(column) / column.size
        columns.append(centred / math.sqrt(math.fsum(centred**2) / column.size))
    return np.column_stack(columns)
