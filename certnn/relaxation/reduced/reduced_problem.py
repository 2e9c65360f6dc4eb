"""What the solvers see: distinct unit directions, rank coordinates, all scaled to about 1."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_array

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import DualPoint, IndexArray, Products
from certnn.errors import SolverError
from certnn.problem.bias_ball import BiasBall
from certnn.problem.losses import HALF_SQUARED, Loss
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.reduced.directions import (
    Directions,
    each_row,
    find_directions,
    undo_merge,
)


@dataclass(frozen=True, eq=False)
class ReducedProblem:
    """The training problem over m distinct directions in their r-dimensional span.

    A neuron's activation on row i is ‖x_i‖a_r or ‖x_i‖b_r, a and b its activations on the unit
    directions (Theorem 8). Objectives of this problem times `value_scale` are objectives of the
    original.

    Attributes
    ----------
    rows : float64 array, shape (m, r)
        Unit directions in orthonormal coordinates of their span (Theorem 6).
    basis : float64 array, shape (r, columns)
        Those coordinates: rows @ basis are the unit directions of the features.
    lift_a, lift_b : sparse array, shape (n, m)
        Activations on the data are lift_a·a + lift_b·b.
    targets : float64 array, shape (n, c)
    reg, value_scale : float
    directions : Directions
    loss : Loss
    bias_decay : float or None
        Weight decay of an output bias: 0.0 if it is free, None without one.
    ball : BiasBall or None
        Where a free hidden bias is beside u: the last coordinate, which is not of its norm.
    centred : bool
        Whether the rows of a best dual point sum to zero.
    """

    rows: FloatArray
    basis: FloatArray
    lift_a: csr_array
    lift_b: csr_array
    targets: FloatArray
    reg: float
    value_scale: float
    dual_scale: float
    product_scale: float
    directions: Directions
    loss: Loss
    bias_decay: float | None
    ball: BiasBall | None = None
    centred: bool = False

    @property
    def rank(self) -> int:
        """Dimension r of the span of the directions."""
        return int(self.rows.shape[1])

    @property
    def outputs(self) -> int:
        """Number c of outputs."""
        return int(self.targets.shape[1])

    def part(self, chosen: IndexArray, reg: float) -> ReducedProblem:
        """The problem of some directions and the rows that have them, with a reg of its own."""
        whole = self.directions
        label = np.full(whole.count, -1, dtype=np.int64)
        label[chosen] = np.arange(chosen.size)
        own = np.where(whole.label >= 0, label[whole.label], -1)
        rows = np.flatnonzero(own >= 0)
        directions = Directions(
            np.searchsorted(rows, whole.representative[chosen]),
            whole.units[chosen],
            own[rows],
            whole.norms[rows],
            whole.flipped[rows],
        )
        return replace(
            self,
            rows=self.rows[chosen],
            lift_a=self.lift_a[rows][:, chosen],
            lift_b=self.lift_b[rows][:, chosen],
            targets=self.targets[rows],
            reg=reg,
            bias_decay=self.bias_decay and self.bias_decay * (reg / self.reg),
            directions=directions,
        )

    def original_point(self, Z: FloatArray, products: Products) -> DualPoint:
        """Carry a dual point of this problem (Z n×c, products over m) back to the original."""
        dual = self.dual_scale * Z
        multipliers = products.scaled(self.product_scale)
        return undo_merge(self.directions, dual, multipliers, self.reg * self.product_scale)


def reduce_problem(
    problem: TrainingProblem, directions: Directions | None = None
) -> ReducedProblem:
    """Merge rows by direction, take rank coordinates, and scale.

    Parameters
    ----------
    problem : TrainingProblem
    directions : Directions or None
        Those of its features, if they are found already.

    Raises
    ------
    SolverError
        If every row is zero: the level shor is exact then, and nothing is left to solve.
    """
    directions = directions or find_directions(problem.features)
    if directions.count == 0:
        raise SolverError("every row of X is zero, so that nothing is left to solve")
    return _reduced(problem, directions, _basis(directions.units), None)


def reduce_by_rows(problem: TrainingProblem) -> ReducedProblem:
    """The same for any loss and a free hidden bias.

    Rows of one direction are merged for the half-squared loss alone. A free hidden bias is a
    coordinate of its own (Theorem 51).

    Raises
    ------
    SolverError
        As `reduce_problem`.
    """
    find = find_directions if problem.loss == HALF_SQUARED else each_row
    if problem.hidden_bias != "free":
        return reduce_problem(problem, find(problem.features))
    ball = BiasBall.around(problem.X)
    directions = find(ball.features(problem.X).astype(np.float64))
    basis = np.pad(_basis(directions.units[:, :-1]), ((0, 1), (0, 1)))
    basis[-1, -1] = 1.0
    return _reduced(problem, directions, basis, ball)


def _basis(units: FloatArray) -> FloatArray:
    _, singular, basis = np.linalg.svd(units, full_matrices=False)
    cut = max(units.shape) * np.finfo(float).eps
    rank = int(np.sum(singular > cut * max(float(np.max(singular, initial=0.0)), 1.0)))
    return np.asarray(basis[:rank])


def _reduced(
    problem: TrainingProblem, directions: Directions, basis: FloatArray, ball: BiasBall | None
) -> ReducedProblem:
    n, m = problem.n, directions.count
    x_scale = float(np.max(directions.norms)) or 1.0
    y_scale = float(np.max(np.abs(problem.Y))) or 1.0
    loss = problem.loss.scaled(y_scale)
    if loss is None:
        loss, y_scale = problem.loss, 1.0
    seen = np.flatnonzero(directions.label >= 0)
    flipped = directions.flipped[seen]

    def lift(select: FloatArray) -> csr_array:
        values = directions.norms[seen] / x_scale * select
        return csr_array((values, (seen, directions.label[seen])), shape=(n, m))

    return ReducedProblem(
        rows=directions.units @ basis.T,
        basis=basis,
        lift_a=lift(np.where(flipped, 0.0, 1.0)),
        lift_b=lift(np.where(flipped, 1.0, 0.0)),
        targets=problem.Y / y_scale,
        reg=problem.reg / (x_scale * y_scale),
        value_scale=y_scale**2,
        dual_scale=y_scale,
        product_scale=x_scale * y_scale,
        directions=directions,
        loss=loss,
        bias_decay=problem.output_bias_decay,
        ball=ball,
        centred=problem.centred,
    )
