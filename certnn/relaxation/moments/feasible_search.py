"""From moment matrices in floats to one that satisfies the relaxation exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.kernel.exact import ExactMatrix, exact_matrix, times_transpose
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.interior.dense.positive_moments import positive_moments
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.moments.feasible_moment import (
    FeasibleMoment,
    Infeasible,
    relaxation_upper_bound,
)
from certnn.relaxation.moments.lifted_setting import require_lifted_setting
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_problem

#: Above this number of directions the exact elimination takes minutes.
LARGEST = 150
#: Bits of the stored integers.
_BITS = 90
#: So many of the last matrices are tried in exact arithmetic, until so many are feasible.
_TRIED, _COMPARED = 20, 3


def feasible_moment(
    problem: TrainingProblem, budget: Budget | None = None
) -> tuple[FeasibleMoment, Fraction]:
    """A nearly optimal point of the level dnn that is feasible exactly, and its objective.

    Parameters
    ----------
    problem : TrainingProblem
        With at most 150 distinct directions. Rows may be zero, repeated or multiples of one
        another, exactly; but not parallel up to rounding alone.
    budget : Budget or None
        Where it is over the moments found so far are all there are.

    Returns
    -------
    moment : FeasibleMoment
    value : Fraction
        What `relaxation_upper_bound` makes of it.

    Raises
    ------
    InputError
        If the problem has another loss than the squared one, or a free or an output bias.
    SolverError
        If there are too many directions, all rows or all targets are zero, or directions are so
        close to one another that the relaxation has next to no interior.
    """
    require_lifted_setting(problem)
    reduced = reduce_problem(problem)
    if reduced.directions.count > LARGEST:
        raise SolverError(
            f"exact moments are for up to {LARGEST} directions of data, here are "
            f"{reduced.directions.count}"
        )
    if not np.any(reduced.targets):
        raise SolverError("the targets are zero, so that there is nothing to solve")
    with threadpool_limits(1):  # small matrices: on busy cores threads only wait
        found, limit = [], budget or Budget()
        for moment in positive_moments(make_program(reduced), limit):
            found.append(moment)
            if limit.over:
                break
    reason = "the interior point method reached none that is positive"
    feasible = []
    for moment in found[: -_TRIED - 1 : -1]:
        candidate = _exact(problem, reduced, moment)
        try:
            feasible.append((relaxation_upper_bound(candidate), candidate))
        except Infeasible as error:
            reason = str(error)
        if len(feasible) == _COMPARED:
            break
    if feasible:
        value, candidate = min(feasible, key=lambda pair: pair[0])
        return candidate, value
    raise SolverError(f"no exactly feasible moment matrix was found: {reason}")


def _exact(problem: TrainingProblem, reduced: ReducedProblem, moment: FloatArray) -> FeasibleMoment:
    """Moments of (t, a, v) for the rows as they are, rounded, from those of (u, s, v).

    With x the row of unit length about 1 that the solver saw, a = s + ½xᵀu. A row of the data is
    x_i = 2^e·x' with x' of length k in [½, 1), so that 2^-e·a_i = k·s_i + ½x'ᵀu: this x' is exact,
    and so are the products; only the result is rounded.
    """
    r, m, c = reduced.rank, reduced.directions.count, reduced.outputs
    directions = reduced.directions
    basis = np.asarray(np.linalg.lstsq(reduced.rows, directions.units, rcond=None)[0].T, np.float64)
    norms = directions.norms[directions.representative]
    lengths, exponents = np.frexp(norms)
    rows = exact_matrix(_bytes(problem.features[directions.representative]), m, len(basis))
    x = times_transpose(rows, exact_matrix(_bytes(basis.T), r, len(basis)), "auto")
    units = [-int(e) for e in exponents]
    lowest = min(units)
    half = x.rescaled([1 << (e - lowest) for e in units], [1] * r, lowest - 1)
    change = np.eye(r + m + c)
    change[r : r + m, r : r + m] = np.diag(lengths)
    exact_change = exact_matrix(_bytes(change), r + m + c, r + m + c)
    exact_change += ExactMatrix(
        [[0] * (r + m + c)] * r
        + [[*row, *[0] * (m + c)] for row in half.rows]
        + [[0] * (r + m + c)] * c,
        half.exponent,
    )
    L = exact_matrix(_bytes(moment), r + m + c, r + m + c)
    L = times_transpose(times_transpose(exact_change, L, "auto"), exact_change, "auto")
    size = np.sqrt(np.diag(moment).max())
    unit = int(np.frexp(size)[1]) - _BITS // 2
    scales = [unit] * r + [unit + int(e) for e in exponents] + [unit] * c
    entries = tuple(
        _rounded(L.rows[i][j], L.exponent - 2 * unit)
        for i in range(r + m + c)
        for j in range(i + 1)
        if not (i == j and r <= i < r + m)
    )
    return FeasibleMoment(
        problem, tuple(map(int, directions.representative)), basis, tuple(scales), entries
    )


def _bytes(array: FloatArray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()


def _rounded(integer: int, exponent: int) -> int:
    """integer·2**exponent, to the nearest integer."""
    if exponent >= 0:
        return integer << exponent
    return ((integer >> (-exponent - 1)) + 1) >> 1
