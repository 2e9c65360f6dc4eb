"""The training problem that a cell is about, and the test half where there is one."""

from __future__ import annotations

from dataclasses import dataclass

from certnn.problem.training_problem import TrainingProblem
from certnn.reading.datasets import DATA_SETS, Split, find_data_set, standardised
from certnn.studies.experiments.tables import FAIR
from certnn.studies.sweep import Record
from certnn.studies.tightness.families import FAMILIES, Size

#: Points, columns and outputs of the generated families, as in the paper.
SHAPES = {"random": (25, 2, 5), "spiral": (60, 2, 3)}
#: Data, weight decay, whether there is a hidden bias, and seed.
InstanceKey = tuple[str, float, bool, int]
#: In the place of a weight decay that cross-validation is to choose.
_ANY = 1.0


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


def instance_key(cell: Record) -> InstanceKey:
    """What cells about the same training problem have in common."""
    return cell["data"], cell["reg"], cell["hidden_bias"], cell["seed"]


def needs_folder(name: str) -> bool:
    """Whether the data of this name are read from the user's folder."""
    return name in DATA_SETS and DATA_SETS[name].needs_folder
