"""The relaxation as it stands in the paper, in CVXPY: for reference and small n (Theorem 5).

One neuron is z = (α, β, u, v) with α = (Xu)₊ and β = (−Xu)₊; Λ of order 2n + d + c stands for the
sum of zzᵀ. No facial reduction, no merging, no scaling: this is what the other formulations are
compared with.

The paper's MΛMᵀ = 0 is stated as ΛMᵀ = 0. For Λ ⪰ 0 the two are the same (Theorem 6(a)), but no
solver gets the first right: its multiplier has no optimal value, only ever larger ones. With the
second, Clarabel agrees with the reduced formulation to about six digits, instead of two to five.
"""

from __future__ import annotations

import time
from typing import Any

import cvxpy as cp
import numpy as np

from certnn.certificates.dual_point import DualPoint, Products, summed
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.cvxpy_solvers import solve_with
from certnn.relaxation.reduced.outcome import SolverOutcome


def solve_literal(
    problem: TrainingProblem, solver: str, time_limit: float | None, options: dict[str, Any]
) -> SolverOutcome:
    """Solve the doubly nonnegative relaxation of Prakhya, Birdal and Yurtsever (2025) literally.

    Parameters and errors are those of `certnn.relaxation.modelled.primal.solve_primal`.
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
    # Entries of the symmetric αβ-block, each once; the vanishing ones have their own constraint.
    first, second = np.triu_indices(2 * n)
    off = second != first + n
    first, second = first[off], second[off]
    sign = moment[first, second] >= 0
    vanishing = cp.diag(moment[alpha, beta]) == 0
    constraints = [fit, moment >> 0, sign, vanishing, moment @ M.T == 0]
    decay = cp.trace(moment[u, u]) + cp.trace(moment[v, v])
    model = cp.Problem(
        cp.Minimize(cp.sum_squares(residual) / 2 + problem.reg / 2 * decay), constraints
    )
    status = solve_with(model, solver, time_limit, options)
    point, dual_value = None, None
    if fit.dual_value is not None:
        Z = -np.asarray(fit.dual_value)
        products = Products(n, first, second, np.maximum(sign.dual_value, 0.0))
        ties = Products.vanishing(-np.ravel(vanishing.dual_value))
        point = DualPoint(Z, summed([products, ties]))
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
