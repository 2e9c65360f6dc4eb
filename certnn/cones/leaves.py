"""What searches for proofs of copositivity share: leaves, and what is found."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from certnn.arrays import FloatArray
from certnn.cones.certificates import Decomposition, Step
from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix, Vector
from certnn.cones.scaling import rounded_matrix, to_floats

#: The program's multipliers are rounded to multiples of 2**-_BITS, for short certificates.
_BITS = 30


@dataclass(frozen=True)
class TreeSearch:
    """What a search found: a proof, a vector at which the form is negative, or neither."""

    steps: tuple[Step, ...] | None = None
    violator: Vector | None = None


def plain_decomposition(matrix: SymmetricMatrix, floats: FloatArray) -> Decomposition | None:
    """Subtract all entries, or the positive ones off the diagonal, if that leaves a psd matrix.

    `floats` is `matrix` in floats; they only say what is not worth an exact elimination.
    """
    if matrix.is_nonnegative():
        return Decomposition(matrix)
    comparison = np.minimum(floats, 0.0)
    np.fill_diagonal(comparison, np.diag(floats))
    if np.linalg.eigvalsh(comparison)[0] < -1e-12 * np.max(np.abs(floats)):
        return None
    positive = SymmetricMatrix.of(
        [
            [max(entry, Fraction(0)) if i != j else 0 for j, entry in enumerate(row)]
            for i, row in enumerate(matrix.rows)
        ]
    )
    return Decomposition(positive) if psd_rank(matrix.plus(positive, -1)) is not None else None


def decompose(matrix: SymmetricMatrix) -> Decomposition | None:
    """Split a well scaled matrix into a psd and a nonnegative one, if an interior split is found.

    The program maximises t with ``matrix − N − t·I`` psd and N ≥ 0. With t above the rounding of
    N the split is exact; on the boundary, t = 0, this gives up.
    """
    floats = to_floats(matrix)
    order = matrix.order
    if np.linalg.eigvalsh(floats)[0] > -1e-12:
        zero = SymmetricMatrix.of([[0] * order for _ in range(order)])
        if psd_rank(matrix) is not None:
            return Decomposition(zero)
    import cvxpy as cp

    upper = np.triu_indices(order, 1)
    place = np.zeros((order, order), dtype=np.int64)
    place[upper] = np.arange(1, upper[0].size + 1)
    place += place.T
    multipliers = cp.Variable(upper[0].size + 1, nonneg=True)
    room = cp.Variable()
    nonnegative = cp.reshape(multipliers[place.ravel()], (order, order), order="C")
    constraints = [multipliers[0] == 0, room <= 1.0]
    constraints.append(floats - nonnegative - room * np.eye(order) >> 0)
    problem = cp.Problem(cp.Maximize(room), constraints)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an inaccurate solution, which is judged below
        try:
            problem.solve(solver=cp.CLARABEL)
        except cp.error.SolverError:
            return None
    if multipliers.value is None:
        return None
    values = np.maximum(multipliers.value, 0.0)[place]
    np.fill_diagonal(values, 0.0)
    split = rounded_matrix(values, _BITS)
    return Decomposition(split) if psd_rank(matrix.plus(split, -1)) is not None else None
