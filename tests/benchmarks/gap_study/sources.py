"""The data sets of the benchmark, each with the weight decay that cross-validation picks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from certnn.arrays import FloatArray
from certnn.errors import InputError
from certnn.reading.datasets import PRACTICE_SETS, find_data_set

#: Features (n, d) and targets (n, c), one-hot where there are classes.
Data = tuple[FloatArray, FloatArray]


@dataclass(frozen=True)
class Source:
    """A data set of numbers or classes to tell, standardised but for targets of classes.

    Attributes
    ----------
    name : str
    regs : dict of float
        By loss, "half-squared" and for classes "cross-entropy": the weight decay among half powers
        of ten with the best score of scikit-learn's networks in three to five folds, the largest of
        equals.
    needs_folder : bool
        Whether it is read from a file that the user has.
    """

    name: str
    regs: dict[str, float]
    needs_folder: bool
    _read: Callable[[Path | None], Data]

    @property
    def has_classes(self) -> bool:
        """Whether targets are classes."""
        return "cross-entropy" in self.regs

    def read(self, folder: str | Path | None = None) -> Data:
        """All points.

        Parameters
        ----------
        folder : path or None
            Where the file is, for a set that needs one.

        Raises
        ------
        InputError
            If the file or a package is missing.
        """
        return self._read(None if folder is None else Path(folder))


def for_cross_entropy(classes: FloatArray) -> tuple[FloatArray, str]:
    """One-hot targets, shape (n, c), as a loss takes them that has cross-entropy, and its name."""
    if classes.shape[1] == 2:
        return 2.0 * classes[:, 1:] - 1.0, "logistic"
    return classes, "softmax"


def _practice(name: str, folder: Path | None) -> Data:
    problem = PRACTICE_SETS[name].problem(folder)
    return problem.X, problem.Y


def _linnerud(_: Path | None) -> Data:
    from sklearn.datasets import load_linnerud

    X, Y = load_linnerud(return_X_y=True)
    return _standard(X), _standard(Y)


def _mlxtend(name: str, folder: Path | None) -> Data:
    try:
        from mlxtend import data
    except ModuleNotFoundError:
        raise InputError("data", f"{name} needs mlxtend: pip install 'certnn[data]'") from None
    X, y = getattr(data, name)()
    return _of_classes(X, y) if name == "three_blobs_data" else (_standard(X), _standard(y))


def _mnist(_: Path | None) -> Data:
    split = find_data_set("mnist").split()
    return split.train_X, split.train_Y


def _threes_and_eights(folder: Path | None) -> Data:
    from sklearn.datasets import load_digits

    X, y = load_digits(return_X_y=True)
    kept = (y == 3) | (y == 8)
    return _of_classes(X[kept], y[kept])


def _friedman(_: Path | None) -> Data:
    from sklearn.datasets import make_friedman1

    X, y = make_friedman1(300, 10, noise=1.0, random_state=0)
    return _standard(X), _standard(y)


def _moons(_: Path | None) -> Data:
    from sklearn.datasets import make_moons

    return _of_classes(*make_moons(200, noise=0.2, random_state=0))


def _of_classes(X: FloatArray, labels: FloatArray) -> Data:
    return _standard(X), (labels[:, None] == np.unique(labels)).astype(np.float64)


def _standard(values: FloatArray) -> FloatArray:
    """Columns of mean 0 and variance 1, without those that do not vary."""
    columns = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    columns = columns[:, np.ptp(columns, axis=0) > 0.0]
    standard: FloatArray = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    return standard


_OF_CLASSES = ("half-squared", "cross-entropy")
#: Half powers of ten, written out since libraries round powers as they like.
_0_3, _3, _30 = 0.31622776601683794, 3.1622776601683795, 31.622776601683793
_READERS: tuple[tuple[str, Callable[[Path | None], Data], tuple[float, ...]], ...] = (
    ("linnerud", _linnerud, (10.0,)),
    ("autompg", partial(_mlxtend, "autompg_data"), (1.0,)),
    ("boston", partial(_mlxtend, "boston_housing_data"), (1.0,)),
    ("friedman", _friedman, (1.0,)),
    ("blobs", partial(_mlxtend, "three_blobs_data"), (_30, _30)),
    ("moons", _moons, (0.1, 0.1)),
    ("threes-eights", _threes_and_eights, (1.0, 1.0)),
    ("mnist", _mnist, (_0_3, _0_3)),
)
#: For classes of the practice set; its own weight decays are of the half-squared loss.
_CROSS_ENTROPY = {
    **{"wine": _0_3, "iris": _0_3, "breast-cancer": _3, "digits": 1.0},
    **{"pima": 10.0, "ionosphere": _3, "banknote": 1.0},
}


def _all() -> list[Source]:
    practice = [
        Source(
            name,
            {"half-squared": known.reg}
            | ({"cross-entropy": _CROSS_ENTROPY[name]} if name in _CROSS_ENTROPY else {}),
            known.needs_folder,
            partial(_practice, name),
        )
        for name, known in PRACTICE_SETS.items()
    ]
    others = [
        Source(name, dict(zip(_OF_CLASSES, regs, strict=False)), False, read)
        for name, read, regs in _READERS
    ]
    return [*practice, *others]


#: By name.
SOURCES: dict[str, Source] = {source.name: source for source in _all()}
