"""Class labels as people have them, made the targets that a loss wants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray, as_array, is_missing
from certnn.errors import InputError, printable, shorten
from certnn.problem.losses import Loss

#: The losses of a margin, with 1 and −1 for a class and the others.
_MARGINS = ("hinge", "squared-hinge", "logistic")
#: Texts that pandas reads as no value, or writes for one.
_NO_LABEL = frozenset(
    ("", "#N/A", "<NA>", "N/A", "NA", "NULL", "NaN", "NaT", "None", "n/a", "nan", "null")
)
#: Numbers in targets of classes, at most: 1 GiB.
_MOST_NUMBERS = 1 << 27


@dataclass(frozen=True, eq=False)
class ClassLabels:
    """The class of each point.

    Attributes
    ----------
    classes : tuple
        Python's numbers or texts, each once: numbers ascending, else texts by their characters.
    index : ndarray, shape (n,)
        The place of each point's class in `classes`.
    """

    classes: tuple[Any, ...]
    index: NDArray[np.intp]

    @classmethod
    def of(
        cls, argument: str, labels: Any, order: tuple[Any, ...] | None = None, where: str = ""
    ) -> ClassLabels:
        """The classes of labels.

        Raises `InputError` if a label is missing (None, NaN, NaT, pandas' NA, or a text that pandas
        reads as such), is a number with a fraction, or is none of `order`; or if there are fewer
        than two classes, or so many that targets need more than 1 GiB.

        Parameters
        ----------
        argument : str
            What the labels are, for the error message.
        labels : array_like, shape (n,) or (n, 1)
            Numbers, if all are whole numbers or booleans; else texts, which others are made.
        order : tuple or None
            The classes in the order of a network's outputs, if it tells; some may have no point.
        where : str
            Begins the error messages, such as the name of a column.
        """
        given = as_array(argument, labels)
        if given.ndim == 0 or given.size != given.shape[0]:
            raise InputError(argument, f"{where}must be one column, got shape {given.shape}")
        given = given.reshape(-1)
        if given.dtype.kind in "mM":
            given = given.astype(str)
        values: list[Any] = given.tolist()

        def refuse(bad: set[Any], why: str) -> None:
            if bad:
                row = next(k for k, value in enumerate(values) if value in bad)
                shown = printable(repr(values[row]), 40)
                raise InputError(argument, f"{where}has {shown} in row {row}, from 0, {why}")

        try:
            distinct = set(values)
        except TypeError:
            raise InputError(argument, f"{where}holds what is no class label") from None
        if order is not None:
            shown = ", ".join(map(_named, order))
            refuse(distinct.difference(order), f"none of the network's classes ({shorten(shown)})")
            classes = order
        else:
            absent = {label for label in distinct if _stands_for_none(label)}
            refuse(absent, "which is no label: leave that row out, or name its class")
            if all(isinstance(label, Real | Decimal) for label in distinct):
                broken = {label for label in distinct if label % 1 != 0}
                refuse(broken, "which is no class label but a number with a fraction")
            else:
                values = [str(value) for value in values]
            classes = tuple(sorted(set(values)))
        if len(classes) < 2:
            raise InputError(argument, f"{where}has one class only")
        if len(classes) * len(values) > _MOST_NUMBERS:
            raise InputError(argument, f"{where}has {len(classes)} classes, which are too many")
        place = {label: k for k, label in enumerate(classes)}
        return cls(classes, np.array([place[value] for value in values], dtype=np.intp))

    @property
    def names(self) -> tuple[str, ...]:
        """The classes as texts, each of bounded length."""
        return tuple(map(_named, self.classes))

    def targets(self, loss: Loss, outputs: int | None = None) -> FloatArray:
        """Targets as the loss wants them, shape (n, c), a column a class in the order of `classes`.

        One-hot; for hinge, squared-hinge and logistic 1 and −1, and of two classes the second's
        column alone, unless the network has two `outputs`.
        """
        one_hot = np.eye(len(self.classes))[self.index]
        if loss.name not in _MARGINS:
            return one_hot
        signs: FloatArray = 2.0 * one_hot - 1.0
        return signs[:, 1:] if len(self.classes) == 2 and outputs != 2 else signs


def stated_targets(
    argument: str,
    y: Any,
    loss: Loss,
    outputs: int | None = None,
    order: tuple[Any, ...] | None = None,
) -> tuple[Any, tuple[str, ...]]:
    """Targets that `TrainingProblem` takes, and the names of the classes if they are of labels.

    Raises `InputError` if labels are unusable.

    Parameters
    ----------
    argument : str
        What y is, for the error message.
    y : array_like
        One column, of shape (n,) or (n, 1), is of labels if it is not of numbers, the network has
        classes or several outputs, or the loss is softmax or of a margin (but for one that is all
        1, 0 or −1, which tells of one class only). All else are targets already.
    outputs : int or None
        Of the network, if there is one.
    order : tuple or None
        The network's classes, as in `ClassLabels.of`.
    """
    given = as_array(argument, y)
    if not _are_labels(given, loss, outputs, order):
        return y, ()
    labels = ClassLabels.of(argument, given, order)
    return labels.targets(loss, outputs), labels.names


def _are_labels(
    given: NDArray[Any], loss: Loss, outputs: int | None, order: tuple[Any, ...] | None
) -> bool:
    if given.ndim not in (1, 2) or given.size != given.shape[0] or given.size == 0:
        return False
    if given.dtype.kind == "O":
        numbers = all(isinstance(value, Real | Decimal | np.bool_) for value in given.flat)
    else:
        numbers = given.dtype.kind in "fiubV"
    if not numbers or loss.name == "softmax" or order is not None or outputs not in (None, 1):
        return True
    first = given.flat[0]
    return loss.name in _MARGINS and (first not in (-1, 0, 1) or bool(np.any(given != first)))


def _stands_for_none(label: Any) -> bool:
    return is_missing(label) or (isinstance(label, str) and label.strip() in _NO_LABEL)


def _named(label: Any) -> str:
    return shorten(int(label) if isinstance(label, float) and label.is_integer() else label)
