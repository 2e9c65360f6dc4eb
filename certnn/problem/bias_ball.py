"""A ball that all points are in: beyond it no free hidden bias is needed (Theorem 51)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.kernel.exact import ExactMatrix, exact_matrix

#: Steps toward the farthest point, each of which improves the center.
_STEPS = 300
#: What the radius is above the distance of the farthest point, as a share.
_ABOVE = 1e-12


@dataclass(frozen=True, eq=False)
class BiasBall:
    """A ball around all points.

    Attributes
    ----------
    center : float64 array, shape (d,)
    """

    center: FloatArray
    radius: float

    @staticmethod
    def around(X: FloatArray) -> BiasBall:
        """Nearly the smallest, by the steps of Bădoiu and Clarkson.

        Parameters
        ----------
        X : ndarray, shape (n, d)
        """
        center = np.mean(X, axis=0)
        best, least = center, np.inf
        for step in range(_STEPS):
            distances = np.linalg.norm(X - center, axis=1)
            farthest = int(np.argmax(distances))
            if distances[farthest] < least:
                best, least = center, float(distances[farthest])
            center = center + (X[farthest] - center) / (step + 2)
        return BiasBall(best, least * (1.0 + _ABOVE) + float(np.finfo(float).tiny))

    def numbers(self) -> FloatArray:
        """Center and radius, as a certificate has them."""
        return np.append(self.center, self.radius)

    def exact(self) -> ExactMatrix:
        """The same, shape (1, d + 1)."""
        return exact_matrix(self.numbers().astype("<f8").tobytes(), 1, self.center.size + 1)

    def features(self, X: FloatArray) -> NDArray[np.floating[Any]]:
        """Points from the center, beside a column of the radius; shape (n, d + 1), extended."""
        moved = X.astype(np.longdouble) - self.center
        return np.hstack([moved, np.full((len(X), 1), self.radius, dtype=np.longdouble)])
