"""What the audited and the best network say of the points, beside the targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from certnn.arrays import FloatArray

if TYPE_CHECKING:
    from certnn.problem.network import TwoLayerNetwork
    from certnn.problem.training_problem import TrainingProblem

#: Outputs, and points, that a picture shows.
_MOST_OUTPUTS, _MOST_POINTS = 2, 500


@dataclass(frozen=True, eq=False)
class Predictions:
    """Outputs of networks beside the targets, of some of the points.

    Attributes
    ----------
    n : int
        Number of points of the problem.
    targets : array, shape (shown, c)
    outputs : tuple of (str, array of shape (shown, c))
        What each network is called, and its outputs.
    names : tuple of str
        Of the outputs; empty for one.
    """

    n: int
    targets: FloatArray
    outputs: tuple[tuple[str, FloatArray], ...]
    names: tuple[str, ...]

    @classmethod
    def of(
        cls, problem: TrainingProblem, networks: Sequence[tuple[str, TwoLayerNetwork]]
    ) -> Predictions | None:
        """Those of all points, or of 500 evenly spaced rows; None with more than two outputs."""
        if problem.c > _MOST_OUTPUTS:
            return None
        rows = np.linspace(0, problem.n - 1, min(problem.n, _MOST_POINTS)).round().astype(int)
        names = problem.classes or [f"output {k + 1}" for k in range(problem.c)]
        features = problem.features[rows]
        return cls(
            problem.n,
            problem.Y[rows],
            tuple((name, network.output(features)) for name, network in networks),
            tuple(names) if problem.c > 1 else (),
        )

    @property
    def shown(self) -> int:
        """Number of points shown."""
        return len(self.targets)
