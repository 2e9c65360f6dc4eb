"""The training problem that a cell is about, and the test half where there is one."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import DATA_SETS, Split, find_data_set, standardised
from certnn.studies.experiments.tables import FAIR
from certnn.studies.sweep import Outcome, Record
from certnn.studies.tightness.families import FAMILIES, Size

#: Points, columns and outputs of the generated families, as in the paper.
SHAPES = {"random": (25, 2, 5), "spiral": (60, 2, 3)}
#: In the place of a weight decay that cross-validation is to choose.
_ANY = 1.0


@dataclass(frozen=True)
class InstanceKey:
    """What cells about the same training problem have in common.

    Attributes
    ----------
    points : tuple of (str, int, bool)
        The data, the seed, and whether they are a standardised split, as in the fair table.
    reg : float or None
        Weight decay; None where a cell that was to choose it has failed.
    hidden_bias : bool
    """

    points: tuple[str, int, bool]
    reg: float | None
    hidden_bias: bool

    @property
    def title(self) -> str:
        """As it is shown."""
        reg = "chosen decay" if self.reg is None else f"reg {self.reg:g}"
        return f"{self.points[0]}, {reg}{', bias' if self.hidden_bias else ''}"


@dataclass(frozen=True, eq=False)
class Instance:
    """A training problem, and the split that it comes from; None for generated data."""

    problem: TrainingProblem
    split: Split | None


def instance_of(cell: Record) -> Instance:
    """The instance of a cell with ``table``, ``data``, ``data_dir``, ``reg``, ``hidden_bias``, and
    ``seed``, which in the fair table is that of the split; a decay that is yet to be chosen is any.

    Raises
    ------
    InputError
        If there are no such data.
    """
    name, reg, bias = cell["data"], cell["reg"], cell["hidden_bias"]
    if name in SHAPES:
        plain = FAMILIES[name](Size(*SHAPES[name], reg, cell["seed"]))
        return Instance(TrainingProblem(plain.X, plain.Y, reg, bias), None)
    if cell["table"] == FAIR:
        split = standardised(find_data_set(name).split(cell["data_dir"], cell["seed"]))
        return Instance(split.problem(_ANY if reg is None else reg, bias), split)
    split = find_data_set(name).split(cell["data_dir"])
    return Instance(split.problem(reg, bias), split)


def instance_key(outcome: Outcome) -> InstanceKey:
    """The training problem of an outcome: with the decay that it chose, if it was to choose one."""
    cell, chosen = outcome.cell, (outcome.values or {}).get("decay")
    points = cell["data"], cell["seed"], cell["table"] == FAIR
    return InstanceKey(points, chosen if cell["reg"] is None else cell["reg"], cell["hidden_bias"])


def needs_folder(name: str) -> bool:
    """Whether the data of this name are read from the user's folder."""
    return name in DATA_SETS and DATA_SETS[name].needs_folder
