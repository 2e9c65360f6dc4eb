"""Some points of a problem as a task is handed them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from certnn.arrays import FloatArray, frozen_matrix
from certnn.kernel import Instance
from certnn.problem.matrix_file import FileRows, digest, handed, received

if TYPE_CHECKING:
    from certnn.problem.mapped_problem import MappedProblem
    from certnn.problem.training_problem import TrainingProblem


@dataclass(frozen=True, eq=False)
class Portion:
    """A problem of some points, whose rows of X are read where it is wanted.

    Attributes
    ----------
    x : float64 array or FileRows
        X, or where it is to be found.
    rest : TrainingProblem
        All else, with a column of zeros in the place of X.
    """

    x: FloatArray | FileRows
    rest: TrainingProblem

    @classmethod
    def of(cls, problem: TrainingProblem | MappedProblem, rows: Any, reg: float) -> Portion:
        """That of some points, with a weight decay of its own.

        Raises `InputError` if the points make no problem, such as with one class alone and a free
        bias.
        """
        rows = np.asarray(rows, dtype=np.int64)
        rest = problem.of_points(np.zeros((len(rows), 1)), problem.Y[rows], reg)
        x = frozen_matrix("X", problem.X[rows], smallest=0.0)
        return cls(handed(x, problem.file, rows), rest)

    @property
    def reg(self) -> float:
        """Its weight decay."""
        return self.rest.reg

    def with_reg(self, reg: float) -> Portion:
        """The same points with another weight decay."""
        return replace(self, rest=self.rest.with_reg(reg))

    def problem(self) -> TrainingProblem:
        """The problem.

        Raises `InputError` if a file is not there, or has other rows than it had.
        """
        return self.rest.of_points(received(self.x), self.rest.Y, self.reg)

    def is_of(self, instance: Instance) -> bool:
        """Whether this is the problem, of which nothing is read."""
        own = self.rest.instance()
        x = self.x.sha256 if isinstance(self.x, FileRows) else digest(self.x)
        return sha256(instance.X).hexdigest() == x and replace(instance, d=own.d, X=own.X) == own
