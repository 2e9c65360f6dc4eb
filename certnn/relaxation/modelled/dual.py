"""The dual of the reduced relaxation in PICOS, solved by CVXOPT (Theorem 7).

A second modelling language and a second solver, on the other side of the duality: maximise over Z
and the multipliers N. What it shares with the primal is the reduction of the problem alone.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Any

import numpy as np
import picos

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import Products
from certnn.errors import InputError, SolverError
from certnn.problem.solver_figure import SolverFigure
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.cvxpy_solvers import first_line
from certnn.relaxation.reduced.outcome import SolverOutcome
from certnn.relaxation.reduced.reduced_problem import reduce_problem

#: Where CVXOPT cannot reach its tolerances it runs on until its iterates break down, in a division
#: by zero; it needs about 20 iterations where it can.
_PREFERRED: dict[str, Any] = {
    "max_iterations": 40,
    "rel_prim_fsb_tol": 1e-8,
    "abs_prim_fsb_tol": 1e-8,
    "rel_dual_fsb_tol": 1e-8,
    "abs_dual_fsb_tol": 1e-8,
    "rel_ipm_opt_tol": 1e-8,
    "abs_ipm_opt_tol": 1e-11,
}


def solve_dual(problem: TrainingProblem, options: dict[str, Any]) -> SolverOutcome:
    """Maximise ⟨Z, Y⟩ − ½‖Z‖² subject to a positive semidefinite form, by PICOS and CVXOPT.

    Parameters
    ----------
    problem : TrainingProblem
        Meant for up to about 40 distinct directions.
    options : dict
        Options of PICOS, such as ``rel_ipm_opt_tol``.

    Raises
    ------
    InputError
        If PICOS refuses an option.
    SolverError
        If CVXOPT ends without a point.
    """
    start = time.monotonic()
    reduced = reduce_problem(problem)
    m, r, c = reduced.directions.count, reduced.rank, reduced.outputs
    x = picos.Constant("X", reduced.rows)
    lift_a = picos.Constant("Ta", reduced.lift_a.toarray())
    lift_b = picos.Constant("Tb", reduced.lift_b.toarray())
    targets = picos.Constant("Y", reduced.targets)
    Z = picos.RealVariable("Z", reduced.targets.shape)
    aa = picos.SymmetricVariable("Naa", (m, m), lower=0)
    bb = picos.SymmetricVariable("Nbb", (m, m), lower=0)
    ab = picos.RealVariable("Nab", (m, m), lower=0)
    vanishing = picos.RealVariable("t", m)
    cross = ab + picos.diag(vanishing)
    # 2S over (u, a, v); an activation lift_b·b = lift_b·(a − Xu) puts Z into the u-v block too.
    au = (cross + 2 * bb) * x
    av = -(lift_a + lift_b).T * Z
    uv = x.T * lift_b.T * Z
    uu = reduced.reg * picos.I(r) - 2 * x.T * bb * x
    points = -2 * aa - cross - cross.T - 2 * bb
    vv = reduced.reg * picos.I(c)
    form = picos.block([[uu, au.T, uv], [au, points, av], [uv.T, av.T, vv]])
    square = picos.RealVariable("square")
    model = picos.Problem()
    model.set_objective("max", (Z | targets) - square / 2)
    model.add_constraint(form >> 0)
    model.add_constraint(abs(Z) ** 2 <= square)
    settings = _PREFERRED | options
    try:
        solution = model.solve(solver="cvxopt", primals=None, duals=None, **settings)
    except (LookupError, TypeError) as error:
        raise InputError("options", f"are refused by PICOS: {first_line(error)}") from None
    except (picos.SolutionFailure, ArithmeticError, ValueError) as error:
        raise SolverError(f"CVXOPT failed: {first_line(error)}") from None
    if Z.value is None:
        raise SolverError(f"CVXOPT ended without a point: {solution.claimedStatus}")
    z = _matrix(Z, (problem.n, c))
    full = _matrix(ab, (m, m)) + np.diag(_matrix(vanishing, (m, 1)).ravel())
    products = Products.from_blocks(_matrix(aa, (m, m)), full, _matrix(bb, (m, m)))
    value = reduced.value_scale * float(model.value)
    figure = SolverFigure(
        solver="CVXOPT",
        version=version("cvxopt"),
        formulation=f"dnn, dual, PICOS {version('picos')}, order {r + m + c}",
        status=str(solution.claimedStatus),
        primal_value=None,
        dual_value=value,
        seconds=time.monotonic() - start,
        settings=", ".join(f"{key}={value}" for key, value in sorted(settings.items())),
    )
    return SolverOutcome(figure, reduced.original_point(z, products))


def _matrix(variable: Any, shape: tuple[int, int]) -> FloatArray:
    return np.array(variable.value, dtype=np.float64).reshape(shape, order="A")
