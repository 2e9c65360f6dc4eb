"""The facially reduced relaxation in CVXPY: the primal, at every level (Theorems 6, 7 and 13)."""

from __future__ import annotations

import time
from typing import Any

import cvxpy as cp
import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray, Products, summed
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.cvxpy_solvers import solve_with
from certnn.relaxation.modelled.loss_expressions import loss_of_residual
from certnn.relaxation.reduced.outcome import SolverOutcome
from certnn.relaxation.reduced.reduced_problem import ReducedProblem, reduce_problem


class _Lift:
    """The second moment of (u, a_g, v) for one group of directions, with its cone constraints.

    The cones are constraints of their own, rather than attributes of a variable, so that each one's
    dual comes back: they are the multipliers of the products.
    """

    def __init__(self, reduced: ReducedProblem, group: IndexArray) -> None:
        r, c, k = reduced.rank, reduced.outputs, group.size
        order = r + k + c
        self.group = group
        self.moment = cp.Variable((order, order), symmetric=True)
        u, a, v = slice(0, r), slice(r, r + k), slice(r + k, order)
        x = reduced.rows[group]
        aa, au = self.moment[a, a], self.moment[a, u]
        ab = aa - au @ x.T
        bb = ab - x @ (au.T - self.moment[u, u] @ x.T)
        self.av, self.bv = self.moment[a, v], self.moment[a, v] - x @ self.moment[u, v]
        self.uu, self.uv, self.vv = self.moment[u, u], self.moment[u, v], self.moment[v, v]
        self.semidefinite = self.moment >> 0
        self.vanishing = cp.diag(ab) == 0
        self.constraints = [self.semidefinite, self.vanishing]
        self._upper = np.triu_indices(k, 1)
        if k > 1:
            off = ~np.eye(k, dtype=np.bool_)
            self._off = np.nonzero(off)
            self.nonnegative = [aa[self._upper] >= 0, ab[self._off] >= 0, bb[self._upper] >= 0]
            self.constraints += self.nonnegative

    def products(self, m: int) -> Products:
        """The constraints' duals as multipliers of products over all m directions."""
        g = self.group
        parts = [Products(m, g, g + m, -np.ravel(self.vanishing.dual_value))]
        if g.size > 1:
            aa, ab, bb = (np.maximum(np.ravel(k.dual_value), 0.0) for k in self.nonnegative)
            i, j = g[self._upper[0]], g[self._upper[1]]
            low, high = np.minimum(i, j), np.maximum(i, j)
            parts.append(Products(m, low, high, aa))
            parts.append(Products(m, g[self._off[0]], g[self._off[1]] + m, ab))
            parts.append(Products(m, low + m, high + m, bb))
        return summed(parts)


def solve_primal(
    problem: TrainingProblem,
    groups: list[IndexArray] | None,
    solver: str,
    time_limit: float | None,
    options: dict[str, Any],
) -> SolverOutcome:
    """Solve the facially reduced relaxation with a solver that CVXPY knows.

    With one group of all directions this is the doubly nonnegative relaxation of order
    rank + m + c; with several, sign constraints stay within groups and the moment matrix is
    required to be positive semidefinite on each (a_g, u, v), which is the same as a completion of
    the whole (Theorem 13).

    Parameters
    ----------
    problem : TrainingProblem
    groups : list of int64 arrays or None
        A partition of the distinct directions; None for one group of all.
    solver : str
        A name that CVXPY knows, such as "CLARABEL" or "SCS".
    time_limit : float or None
        Seconds, handed to the solver.
    options : dict
        Further options of the solver.

    Raises
    ------
    SolverError
        If the solver is not installed, or ends without a dual point.
    """
    start = time.monotonic()
    reduced = reduce_problem(problem)
    m = reduced.directions.count
    lifts = [_Lift(reduced, group) for group in groups or [np.arange(m)]]
    order = np.argsort(np.concatenate([lift.group for lift in lifts]))
    a_v = cp.vstack([lift.av for lift in lifts])[order, :]
    outputs = reduced.lift_a @ a_v
    if reduced.lift_b.count_nonzero():
        b_v = cp.vstack([lift.bv for lift in lifts])[order, :]
        outputs = outputs + reduced.lift_b @ b_v
    first = lifts[0]
    residual = cp.Variable(reduced.targets.shape)
    decay = cp.trace(first.uu) + cp.trace(first.vv)
    objective = reduced.reg / 2 * decay
    if reduced.bias_decay is not None:
        bias = cp.Variable((1, reduced.outputs))
        outputs = outputs + np.ones((problem.n, 1)) @ bias
        objective += reduced.bias_decay / 2 * cp.sum_squares(bias)
    fit = residual == reduced.targets - outputs
    objective += loss_of_residual(reduced.loss, residual, reduced.targets)
    constraints = [fit]
    for lift in lifts:
        constraints += lift.constraints
        if lift is not first:
            constraints += [lift.uu == first.uu, lift.uv == first.uv, lift.vv == first.vv]
    model = cp.Problem(cp.Minimize(objective), constraints)
    status = solve_with(model, solver, time_limit, options)
    point, dual_value = None, None
    if fit.dual_value is not None:
        Z = -np.asarray(fit.dual_value)
        products = summed([lift.products(m) for lift in lifts])
        point = reduced.original_point(Z, products)
        dual_value = reduced.value_scale * _dual_value(reduced, Z)
    size = reduced.rank + m + reduced.outputs
    level = "dnn" if groups is None else f"block({max(map(len, groups))})"
    figure = SolverFigure(
        solver=solver,
        version=status.version,
        formulation=f"{level}, reduced, order {size}",
        status=status.status,
        primal_value=None if model.value is None else reduced.value_scale * float(model.value),
        dual_value=dual_value,
        seconds=time.monotonic() - start,
        settings=status.settings,
    )
    return SolverOutcome(figure, point, first.moment.value if len(lifts) == 1 else None)


def _dual_value(reduced: ReducedProblem, Z: FloatArray) -> float:
    """−ℓ*(−Z), less what a decayed bias takes: of the solver's own Z, as if it were feasible."""
    value = reduced.loss.dual_value(
        np.clip(Z, *reduced.loss.limits(reduced.targets)), reduced.targets
    )
    if reduced.bias_decay:
        value -= float(np.sum(np.square(np.sum(Z, axis=0)))) / (2.0 * reduced.bias_decay)
    return value
