"""Training as a finite convex program over all cells, by general solvers (Theorem 36).

Independent of column generation and of every bound: for tiny problems, to compare with. The value
is the solver's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
from activation_cells import activation_cells

from certnn.arrays import FloatArray
from certnn.errors import InputError, SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.modelled.cvxpy_solvers import solve_with

#: Doubly nonnegative matrices are completely positive up to this order (Theorem 23).
_ORDER = 4


@dataclass(frozen=True)
class CellOptimum:
    """What a solver says the optimum is: not proved.

    Attributes
    ----------
    value : float
        Of the training objective.
    pieces : int
        Cells, or simplicial cones, of the program.
    status : str
        CVXPY's word on how it ended.
    """

    value: float
    pieces: int
    status: str


def solve_patterns(problem: TrainingProblem, solver: str = "CLARABEL") -> CellOptimum:
    """One output: a second-order cone program with two groups of weights a cell.

    M. Pilanci and T. Ergen, *Neural networks are convex regularizers*, ICML 2020 (Theorem 36(b)).

    Raises
    ------
    InputError
        If there is more than one output, too many cells, or the solver is not installed.
    SolverError
        If the solver finds no value.
    """
    if problem.c != 1:
        raise InputError("Y", f"must have one column, has {problem.c}")
    x, cells = problem.features, activation_cells(problem)
    outputs: list[Any] = []
    constraints, sizes = [], []
    for cell in cells:
        active = np.array(cell.active)
        rays = np.array([[float(entry) for entry in ray] for ray in cell.rays])
        side = np.where(active, 1.0, -1.0)[:, None] * x
        side = side[np.any(np.abs(x @ rays.T) > 0.0, axis=1)]
        for sign in (1.0, -1.0):
            weights = cp.Variable(x.shape[1])
            constraints.append(side @ weights >= 0)
            outputs.append(sign * ((active[:, None] * x) @ weights))
            sizes.append(cp.norm2(weights))
    fit = cp.sum_squares(sum(outputs) - problem.Y[:, 0]) / 2
    return _solved(fit + problem.reg * sum(sizes), constraints, len(cells), solver)


def solve_cells(problem: TrainingProblem, solver: str = "CLARABEL") -> CellOptimum:
    """Any number of outputs: one semidefinite matrix of order rank + c a simplicial cone.

    Rows of rank 4 at most, so that doubly nonnegative is completely positive (Theorem 36(c)).

    Raises
    ------
    InputError
        If the rank is above 4, there are too many cells, or the solver is not installed.
    SolverError
        If the solver finds no value.
    """
    rank = int(np.linalg.matrix_rank(problem.features))
    if rank > _ORDER:
        raise InputError("X", f"has rank {rank}; this program is exact up to rank {_ORDER}")
    outputs: list[Any] = []
    constraints, decay, pieces = [], [], 0
    for cell in activation_cells(problem):
        active = np.array(cell.active)[:, None]
        for simplex in cell.simplices:
            rays = _unit_columns([cell.rays[k] for k in simplex])
            k = rays.shape[1]
            moment = cp.Variable((k + problem.c, k + problem.c), symmetric=True)
            constraints += [moment >> 0, moment[:k, :k] >= 0]
            outputs.append((active * (problem.features @ rays)) @ moment[:k, k:])
            decay.append(cp.sum(cp.multiply(rays.T @ rays, moment[:k, :k])))
            decay.append(cp.trace(moment[k:, k:]))
            pieces += 1
    fit = cp.sum_squares(sum(outputs) - problem.Y) / 2
    return _solved(fit + problem.reg / 2 * sum(decay), constraints, pieces, solver)


def _solved(objective: Any, constraints: list[Any], pieces: int, solver: str) -> CellOptimum:
    model = cp.Problem(cp.Minimize(objective), constraints)
    status = solve_with(model, solver, None, {}).status
    if model.value is None:
        raise SolverError(f"{solver} found no value: {status}")
    return CellOptimum(float(model.value), pieces, status)


def _unit_columns(rays: list[Any]) -> FloatArray:
    columns = np.array([[float(entry) for entry in ray] for ray in rays]).T
    result: FloatArray = columns / np.linalg.norm(columns, axis=0)
    return result
