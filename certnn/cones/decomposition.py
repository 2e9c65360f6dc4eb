"""Copositive matrices that are psd plus nonnegative, by a semidefinite program."""

from __future__ import annotations

import warnings

import numpy as np

from certnn.cones.certificates import Decomposition
from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix
from certnn.cones.scaling import rounded_matrix, to_floats

#: The program's multipliers are rounded to multiples of 2**-_BITS, for short certificates.
_BITS = 30


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
