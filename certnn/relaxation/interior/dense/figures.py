"""What states of the interior point amount to: centred starts, bounds, primal figures."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from certnn.arrays import FloatArray
from certnn.errors import SolverError
from certnn.problem.dual_bound import best_scale
from certnn.relaxation.interior.dense.constraints import Constraints
from certnn.relaxation.interior.dense.factors import Factors, factorise
from certnn.relaxation.interior.dense.newton import State
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.reduced.iterates import DualIterate


def required_factors(constraints: Constraints, y: FloatArray) -> Factors:
    """The factors of S at multipliers to begin with.

    Raises
    ------
    SolverError
        If S is not positive definite in floats.
    """
    factors = factorise(constraints.dual_matrix(y))
    if factors is None:
        raise SolverError("the data are too badly scaled for the interior point method")
    return factors


def centred(constraints: Constraints, y: FloatArray, factors: Factors) -> State:
    """L = μS⁻¹ and ν = μ/y, with the μ that fits the equations of ζ best."""
    program = constraints.program
    values = constraints.values(program.forms.values(factors.inverse))[: constraints.fits]
    wanted = program.targets.ravel() - y[: constraints.fits]
    mu = max(float(wanted @ values), 0.0) / max(float(values @ values), np.finfo(float).tiny)
    if not mu > 0.0:  # ζ is at the targets already: any μ will do
        mu = float(np.sum(program.targets**2)) / program.forms.order * 1e-3
    return State(y, mu * factors.inverse, mu / y[constraints.signed :])


def dual_iterate(
    constraints: Constraints, y: FloatArray, factors: Factors, estimate: float
) -> tuple[DualIterate, float]:
    """The dual point at its best scale, and its bound in the units of the program."""
    program, kept = constraints.program, slice(constraints.fits, None)
    scale, bound = best_multiple(program, y[: constraints.fits], proved_kappa(constraints, factors))
    zeta = scale * y[: constraints.fits].reshape(program.targets.shape)
    first, second = constraints.first[kept], constraints.second[kept]
    return program.iterate(zeta, first, second, scale * y[kept], estimate), bound


def proved_kappa(constraints: Constraints, factors: Factors) -> float:
    """The dual norm proved, in units of reg: s is eliminated from S (Theorem 11(c))."""
    forms = constraints.program.forms
    kept = np.r_[0 : forms.rank, forms.rank + forms.points : forms.order]
    # The Schur complement of S is the inverse of this block of S⁻¹.
    largest = float(scipy.linalg.eigvalsh(factors.inverse[np.ix_(kept, kept)])[-1])
    return max(1.0 - 1.0 / largest, 0.0)


def best_multiple(program: Program, zeta: FloatArray, kappa: float) -> tuple[float, float]:
    """The multiple of the dual point that proves most, and what it proves (Theorem 3)."""
    product = float(zeta @ program.targets.ravel())
    square = float(zeta @ zeta)
    scale = best_scale(product, square, 1.0 / kappa if kappa > 0.0 else np.inf)
    return scale, scale * product - 0.5 * scale * scale * square + program.lost


def primal_figures(constraints: Constraints, state: State) -> tuple[float, float]:
    """The primal objective of the moment matrix, and its largest residual."""
    program = constraints.program
    r, m = program.forms.rank, program.forms.points
    values = constraints.values(program.forms.values(state.moment))
    left = program.targets.ravel() - values[: constraints.fits]
    diagonal = np.diag(state.moment)
    decay = float(np.sum(diagonal[:r]) + np.sum(diagonal[r + m :]))
    errors = values[constraints.fits :].copy()
    errors[m:] -= state.slack
    return 0.5 * float(left @ left) + 0.5 * decay + program.lost, float(np.max(np.abs(errors)))


def relative_products(program: Program, moment: FloatArray) -> FloatArray:
    """Moments of all products of a and b over the norms of their two forms, shape (2m, 2m)."""
    m = program.forms.points
    values = program.forms.values(moment)[: 2 * m, : 2 * m]
    norms = np.sqrt(np.diag(values))
    share: FloatArray = values / norms[:, None] / norms[None, :]
    return share
