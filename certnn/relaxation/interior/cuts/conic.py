"""Small semidefinite programs for Clarabel, and what they say of the forms on a set."""

from __future__ import annotations

from functools import cache

import clarabel
import numpy as np
from scipy.sparse import csc_array

from certnn.arrays import FloatArray
from certnn.certificates.cuts_point import choice_matrices
from certnn.errors import SolverError
from certnn.kernel.cuts import set_pairs

#: What Clarabel calls solved, or solved to its looser tolerances.
_USABLE = ("Solved", "AlmostSolved", "MaxIterations", "InsufficientProgress")


def minimised(
    linear: FloatArray, A: csc_array, b: FloatArray, cones: list[int], tolerance: float
) -> FloatArray:
    """Minimise qᵀx with b − Ax in the cones.

    A cone is so many nonnegative numbers, or if negative a packed semidefinite matrix of its order.

    Raises
    ------
    SolverError
        If Clarabel gives no point.
    """
    kinds = [
        clarabel.NonnegativeConeT(size) if size >= 0 else clarabel.PSDTriangleConeT(-size)
        for size in cones
    ]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.tol_gap_rel = settings.tol_feas = tolerance
    nothing = csc_array((linear.size,) * 2)
    solver = clarabel.DefaultSolver(nothing, linear, A, b, kinds, settings)
    solution = solver.solve()
    x = np.array(solution.x)
    if str(solution.status) not in _USABLE or not np.all(np.isfinite(x)):
        raise SolverError(f"Clarabel ended with no point: {solution.status}")
    return x


@cache
def choice_map(k: int) -> csc_array:
    """From a set's form and parts to the packed matrices of all choices."""
    pairs, parts = len(set_pairs(k)), 2**k * (k * (k - 1) // 2)
    units = np.eye(pairs + parts)
    matrices = choice_matrices(
        k, units[:, :pairs], units[:, pairs:].reshape(units.shape[0], 2**k, -1)
    )
    packed = _packed(matrices.reshape(-1, k, k)).reshape(units.shape[0], -1)
    return csc_array(packed.T)


def _packed(matrices: FloatArray) -> FloatArray:
    """Symmetric matrices as Clarabel's vectors, which keep the inner product."""
    column, row = np.tril_indices(matrices.shape[-1])
    packed: FloatArray = matrices[:, row, column] * np.where(row == column, 1.0, np.sqrt(2.0))
    return packed
