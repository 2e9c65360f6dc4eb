"""A moment matrix Λ of (α, β, u, v) in floats: what roundings start from, and nothing proved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from certnn.arrays import FloatArray, frozen_matrix
from certnn.errors import InputError
from certnn.problem.network import TwoLayerNetwork
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.moments.lifted_setting import require_lifted_setting
from certnn.relaxation.reduced.reduced_problem import ReducedProblem

#: Eigenvalues below minus this share of the largest are no rounding of a semidefinite matrix.
_INDEFINITE = 1e-3


@dataclass(frozen=True, eq=False, repr=False)
class LiftedMoment:
    """Λ, or what stands for it in a relaxation: about Σ zzᵀ over neurons z = (α, β, u, v).

    Parameters
    ----------
    problem : TrainingProblem
        With the squared loss and no bias but a decayed hidden one.
    matrix : array_like, shape (2n + columns + c, 2n + columns + c)
        Symmetric, positive semidefinite up to what a solver leaves; the mean with its transpose is
        kept. That it satisfies the constraints is not asked for.
    source : str
        Where it comes from, for tables.

    Raises
    ------
    InputError
        If the matrix has another shape, holds NaN or is far from symmetric or semidefinite, or the
        problem is not one of the lifting.
    """

    problem: TrainingProblem
    matrix: FloatArray
    source: str

    def __init__(self, problem: TrainingProblem, matrix: Any, source: str = "given") -> None:
        require_lifted_setting(problem)
        given = frozen_matrix("moment", matrix)
        order = 2 * problem.n + int(problem.features.shape[1]) + problem.c
        if given.shape != (order, order):
            raise InputError("moment", f"must have shape ({order}, {order}), got {given.shape}")
        symmetric = 0.5 * (given + given.T)
        size = float(np.max(np.abs(given)))
        if float(np.max(np.abs(given - symmetric))) > _INDEFINITE * size:
            raise InputError("moment", "is not symmetric")
        values = np.linalg.eigvalsh(symmetric)
        if values[0] < -_INDEFINITE * max(values[-1], 0.0):
            raise InputError("moment", "is not positive semidefinite")
        symmetric.setflags(write=False)
        object.__setattr__(self, "problem", problem)
        object.__setattr__(self, "matrix", symmetric)
        object.__setattr__(self, "source", source)

    @classmethod
    def of_network(cls, problem: TrainingProblem, network: TwoLayerNetwork) -> LiftedMoment:
        """Σ zzᵀ of a network, in floats; `studies.completely_positive.lift` has it exactly."""
        network.require_fits(problem)
        inputs = problem.features @ network.U
        z = np.vstack([np.maximum(inputs, 0.0), np.maximum(-inputs, 0.0), network.U, network.V.T])
        return cls(problem, z @ z.T, "network")

    @property
    def u(self) -> slice:
        """Where u is."""
        return slice(2 * self.problem.n, self.matrix.shape[0] - self.problem.c)

    @property
    def v(self) -> slice:
        """Where v is."""
        return slice(self.matrix.shape[0] - self.problem.c, self.matrix.shape[0])

    @property
    def objective(self) -> float:
        """Φ(Λ) = ½‖Λ_αv − Y‖² + (reg/2)(tr Λ_uu + tr Λ_vv), in floats."""
        outputs = self.matrix[: self.problem.n, self.v]
        decay = float(np.trace(self.matrix[2 * self.problem.n :, 2 * self.problem.n :]))
        error = float(np.sum(np.square(outputs - self.problem.Y)))
        return 0.5 * error + 0.5 * self.problem.reg * decay

    def __repr__(self) -> str:
        return f"LiftedMoment(order={self.matrix.shape[0]}, source={self.source!r})"


def from_reduced(
    problem: TrainingProblem, reduced: ReducedProblem, moment: FloatArray, source: str
) -> LiftedMoment:
    """Λ of the original problem from second moments of the (t, a, v) of a reduced one.

    Parameters
    ----------
    problem : TrainingProblem
    reduced : ReducedProblem
        Of the same problem; its network weights are t = (coordinates of u) and v.
    moment : float64 array, shape (r + m + c, r + m + c)
        In the order t, a, v, in the units of the reduced problem.
    source : str
    """
    directions, r = reduced.directions, reduced.rank
    n, columns, c, m = problem.n, int(problem.features.shape[1]), problem.c, directions.count
    forms = np.zeros((2 * m, r + m))  # a and b = a − xt
    forms[:m, r:] = forms[m:, r:] = np.eye(m)
    forms[m:, :r] = -reduced.rows
    seen = np.flatnonzero(directions.label >= 0)
    own = directions.label[seen] + m * directions.flipped[seen]
    other = directions.label[seen] + m * ~directions.flipped[seen]
    change = np.zeros((2 * n + columns + c, r + m + c))
    norms = directions.norms[seen, None]
    change[seen, : r + m] = norms * forms[own]
    change[n + seen, : r + m] = norms * forms[other]
    change[2 * n : 2 * n + columns, :r] = np.linalg.lstsq(
        reduced.rows, directions.units, rcond=None
    )[0].T
    change[2 * n + columns :, r + m :] = np.eye(c)
    unit = reduced.dual_scale**2 / reduced.product_scale
    return LiftedMoment(problem, unit * (change @ moment @ change.T), source)
