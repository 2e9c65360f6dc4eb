"""Small semidefinite programs for Clarabel, and what they say of the forms on a set."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import clarabel
import numpy as np
from scipy.sparse import csc_array

from certnn.arrays import FloatArray
from certnn.certificate.cuts_point import choice_matrices
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
    with _interrupts_kept() as interrupted:
        if hasattr(solver, "set_termination_callback"):  # since version 0.11
            solver.set_termination_callback(lambda info: bool(interrupted))
        solution = solver.solve()
    x = np.array(solution.x)
    if str(solution.status) not in _USABLE or not np.all(np.isfinite(x)):
        raise SolverError(f"Clarabel ended with no point: {solution.status}")
    return x


@contextmanager
def _interrupts_kept() -> Iterator[list[int]]:
    """Keep Ctrl-C until the end: within Clarabel it would end in a panic."""
    kept: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield kept
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: kept.append(number))
    try:
        yield kept
    finally:
        signal.signal(signal.SIGINT, before)
    if kept:
        raise KeyboardInterrupt


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
