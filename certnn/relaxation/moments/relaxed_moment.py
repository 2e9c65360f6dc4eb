"""The moment matrix of the relaxation (level dnn), by our own solvers or through CVXPY."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from threadpoolctl import threadpool_limits

from certnn.arrays import FloatArray
from certnn.budget import Budget, budgeted
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.first_order import first_order
from certnn.relaxation.interior.dense.positive_moments import positive_moments
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.modelled.worker import OWN
from certnn.relaxation.moments.lifted_moment import LiftedMoment, from_reduced
from certnn.relaxation.moments.lifted_setting import require_lifted_setting
from certnn.relaxation.reduced.own_solvers import is_large
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_problem

#: Relative gap of the interior point: the directions of neurons hardly change below it.
_TOLERANCE = 1e-5


def relaxed_moment(
    problem: TrainingProblem,
    solver: str = OWN,
    time_limit: float | None = None,
    *,
    budget: Budget | None = None,
) -> LiftedMoment:
    """A nearly optimal Λ of the doubly nonnegative relaxation.

    It is what a solver says: for a Λ that is feasible exactly see
    `certnn.relaxation.moments.feasible_search`. Zero where no network fits anything.

    Parameters
    ----------
    problem : TrainingProblem
        With the squared loss and no bias but a decayed hidden one.
    solver : str
        "certnn" for our own interior point or, for many points, the first-order method; or a name
        that CVXPY knows, such as "CLARABEL".
    time_limit : float or None
        Seconds, about; our own solvers go on to their first Λ whatever it takes.
    budget : Budget or None
        One to share with other calls, in place of a limit.

    Raises
    ------
    InputError
        If the problem is not of this kind, or CVXPY does not know the solver.
    SolverError
        If the solver finds none.
    KeyboardInterrupt
        On Ctrl-C before there is one.
    """
    require_lifted_setting(problem)
    if not (np.any(problem.features) and np.any(problem.Y)):
        order = 2 * problem.n + int(problem.features.shape[1]) + problem.c
        return LiftedMoment(problem, np.zeros((order, order)), "nothing to fit")
    reduced = reduce_problem(problem)
    with budgeted(time_limit, budget=budget) as limit:
        if solver == OWN:
            found = _interior(reduced, limit)
        else:
            from certnn.relaxation.modelled.primal import solve_primal

            found = solve_primal(problem, None, solver, limit.seconds_left, {}).moment
        if found is None and limit.stopped:
            raise KeyboardInterrupt
    if found is None:
        raise SolverError(f"{solver} found no moment matrix")
    return from_reduced(problem, reduced, found, f"dnn, {solver}")


def _interior(reduced: ReducedProblem, budget: Budget) -> FloatArray | None:
    """Second moments of (t, a, v) in the units of the reduced problem."""
    program, found = make_program(reduced), None
    with threadpool_limits(1):  # small matrices: on busy cores threads only wait
        candidates: Iterator[FloatArray | None]
        if is_large(reduced):
            candidates = (iterate.moment for iterate in first_order(reduced, budget))
        else:
            candidates = positive_moments(program, budget, _TOLERANCE)
        for candidate in candidates:
            found = found if candidate is None else candidate
            if budget.stopped or (found is not None and budget.over):
                break
    if found is None:
        return None
    r, m = reduced.rank, reduced.directions.count
    change = np.eye(r + m + reduced.outputs)
    change[r : r + m, :r] = 0.5 * reduced.rows  # a = s + ½xt
    moment: FloatArray = change @ found @ change.T / program.reg
    return moment
