"""The problems that records are kept of: those of the paper and of the practice set, by name."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path

from certnn.errors import InputError
from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import PRACTICE_SETS, find_data_set
from certnn.studies.experiments.cells import USUAL, USUAL_REGS
from certnn.studies.experiments.instances import needs_folder
from certnn.studies.experiments.tables import ACCURACY


@dataclass(frozen=True)
class RecordProblem:
    """One training problem that can be had again.

    Attributes
    ----------
    name : str
        Letters, digits, points and hyphens: it is part of file names.
    data : str
        Name of the data set.
    reg : float
    hidden_bias : bool
    practice : bool
        Whether it is of the practice set; else it is the training half of the paper's split.
    """

    name: str
    data: str
    reg: float
    hidden_bias: bool
    practice: bool

    @property
    def needs_folder(self) -> bool:
        """Whether the data are read from the user's folder."""
        return needs_folder(self.data)

    def problem(self, folder: str | Path | None = None) -> TrainingProblem:
        """The problem itself.

        Parameters
        ----------
        folder : path or None
            Where the files are, for data that need one.

        Raises
        ------
        InputError
            If the data or a package are missing.
        """
        if self.practice:
            return PRACTICE_SETS[self.data].problem(folder)
        return find_data_set(self.data).split(folder).problem(self.reg, self.hidden_bias)


def _all() -> list[RecordProblem]:
    paper = [
        RecordProblem(f"{data}-{reg:g}{'-bias' if bias else ''}", data, reg, bias, practice=False)
        for data, reg, bias in product(USUAL[ACCURACY], USUAL_REGS, (False, True))
    ]
    practice = [
        RecordProblem(f"practice-{name}", name, known.reg, True, practice=True)
        for name, known in PRACTICE_SETS.items()
    ]
    return [*paper, *practice]


#: By name.
PROBLEMS: dict[str, RecordProblem] = {entry.name: entry for entry in _all()}


def find_problem(name: str) -> RecordProblem:
    """The problem of this name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in PROBLEMS:
        raise InputError("improve", f"must be of {', '.join(PROBLEMS)}, got {name!r}")
    return PROBLEMS[name]
