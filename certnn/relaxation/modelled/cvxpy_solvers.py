"""Calling a solver by name through CVXPY: one solver, the one asked for, never another."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import cvxpy as cp

from certnn.errors import InputError, SolverError

#: Clarabel stalls early on these models with its own defaults; with these it gives about two more
#: digits (the certificates tell). The user's options come on top.
_PREFERRED: dict[str, dict[str, Any]] = {
    "CLARABEL": {
        "equilibrate_max_iter": 100,
        "equilibrate_min_scaling": 1e-8,
        "equilibrate_max_scaling": 1e8,
        "max_step_fraction": 0.9,
        "static_regularization_constant": 1e-7,
        "tol_feas": 1e-9,
        "tol_gap_abs": 1e-12,
        "tol_gap_rel": 1e-9,
    }
}
#: How each solver names a limit on its time in seconds.
_TIME_OPTION = {"CLARABEL": "time_limit", "SCS": "time_limit_secs", "COPT": "TimeLimit"}


@dataclass(frozen=True)
class SolverStatus:
    """The solver's own word on how it ended, and what was run."""

    status: str
    version: str
    settings: str


def solve_with(
    model: cp.Problem, solver: str, time_limit: float | None, options: dict[str, Any]
) -> SolverStatus:
    """Solve `model` in place with the named solver.

    Raises
    ------
    InputError
        If CVXPY does not know the solver, it is not installed, or it refuses an option.
    SolverError
        If the solver fails outright.
    """
    require_installed(solver)
    given = _PREFERRED.get(solver, {}) | options
    if time_limit is not None and solver in _TIME_OPTION:
        given[_TIME_OPTION[solver]] = time_limit
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # accuracy is judged by the certificate
            model.solve(solver=solver, **given)
    except TypeError as error:
        raise InputError("options", f"are refused by {solver}: {first_line(error)}") from None
    except (cp.error.SolverError, ValueError, ArithmeticError) as error:
        raise SolverError(f"{solver} failed: {first_line(error)}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what a solver written in Rust ends with
            raise
        raise SolverError(f"{solver} failed: {first_line(error)}") from None
    shown = ", ".join(f"{key}={_short(value)}" for key, value in sorted(given.items()))
    return SolverStatus(str(model.status), _version(solver), shown or "defaults")


def require_installed(solver: str) -> None:
    """Refuse a solver that CVXPY does not have.

    Raises
    ------
    InputError
        If it does not know the solver, or it is not installed.
    """
    installed = cp.installed_solvers()
    if solver not in installed:
        raise InputError("solver", f"{solver} is not installed; there are {', '.join(installed)}")


def first_line(error: BaseException) -> str:
    """What an exception says, in one line."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def _version(solver: str) -> str:
    try:
        return version(solver.lower())
    except PackageNotFoundError:
        return "unknown"


def _short(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
