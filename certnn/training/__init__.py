"""Upper bounds: the search for good networks, in untrusted float arithmetic.

The kernel evaluates the objective of a network found here exactly; nothing in this package proves
anything.
"""

from __future__ import annotations

from certnn.training.column_generation import ColumnGeneration
from certnn.training.improvements import Improvement, improvements
from certnn.training.local_training import LocalTraining, train_locally
from certnn.training.objective import training_objective
from certnn.training.polish import polish

__all__ = [
    "ColumnGeneration",
    "Improvement",
    "LocalTraining",
    "improvements",
    "polish",
    "train_locally",
    "training_objective",
]
