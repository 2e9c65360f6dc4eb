"""The paper's relaxation as it stands in the paper, in CVXPY: for reference and small n (Theorem 5).

One neuron is z = (α, β, u, v) with α = (Xu)₊ and β = (−Xu)₊; Λ of order 2n + d + c stands for the
sum of zzᵀ. No facial reduction, no merging, no scaling: this is what the other formulations are
compared with.
"""

from __future__ import annotations

import time
from typing import Any

import cvxpy as cp
import numpy as np

from certnn.certificate.dual_point import DualPoint, Products, summed
from certnn.problem import TrainingProblem
from certnn.relaxation.cvxpy_solvers import solve_with
from certnn.relaxation.outcome import SolverOutcome
from certnn.relaxation.solver_figure import SolverFigure


def solve_literal(
    problem: TrainingProblem, solver: str, time_limit: float | None, options: dict[str, Any]
) -> SolverOutcome:
    """Solve the doubly nonnegative relaxation of Prakhya, Birdal and Yurtsever (2025) literally.

    Parameters and errors are those of `certnn.relaxation.primal.solve_primal`.
    """
    start = time.monotonic()
    features = problem.features
    n, columns = features.shape
    order = 2 * n + columns + problem.c
    alpha, beta = slice(0, n), slice(n, 2 * n)
    u, v = slice(2 * n, 2 * n + columns), slice(2 * n + columns, order)
    moment = cp.Variable((order, order), symmetric=True)
    M = np.hstack([-np.eye(n), np.eye(n), features, np.zeros((n, problem.c))])
    residual = cp.Variable(problem.Y.shape)
    fit = residual == problem.Y - moment[alpha, v]
    sign = moment[: 2 * n, : 2 * n] >= 0
    vanishing = cp.diag(moment[alpha, beta]) == 0
    constraints = [fit, moment >> 0, sign, vanishing, M @ moment @ M.T == 0]
    decay = cp.trace(moment[u, u]) + cp.trace(moment[v, v])
    model = cp.Problem(
        cp.Minimize(cp.sum_squares(residual) / 2 + problem.reg / 2 * decay), constraints
    )
    status = solve_with(model, solver, time_limit, options)
    point, dual_value = None, None
    if fit.dual_value is not None:
        Z = -np.asarray(fit.dual_value)
        N = np.maximum(np.asarray(sign.dual_value), 0.0)
        N = (N + N.T) / 2.0
        both_ways = 2.0 * N[alpha, beta]  # the constraint stands in both halves of the matrix
        np.fill_diagonal(both_ways, np.diag(both_ways) - np.asarray(vanishing.dual_value))
        point = DualPoint(
            Z, summed([Products.from_blocks(N[alpha, alpha], both_ways, N[beta, beta])])
        )
        dual_value = float(np.sum(Z * problem.Y) - 0.5 * np.sum(Z * Z))
    figure = SolverFigure(
        solver=solver,
        version=status.version,
        formulation=f"dnn, literal, order {order}",
        status=status.status,
        primal_value=None if model.value is None else float(model.value),
        dual_value=dual_value,
        seconds=time.monotonic() - start,
        settings=status.settings,
    )
    return SolverOutcome(figure, point)
