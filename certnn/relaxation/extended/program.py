"""The dual of the relaxation for data as they are, up to the rounding of a named precision.

In units in which kappa is 1: maximise ⟨ζ, η⟩ − ½‖ζ‖² over ζ (n×c) and multipliers y such that

    S = diag(G, 0, I) − 2 Σ λ_i ζ_io sym(a_i·v_o) − 2 Σ y_rs sym(f_r·f_s)

in the variables (t, a, v) is positive semidefinite, y_rs ≥ 0 but for the products a_i·b_i
(Theorems 7 and 9). Here u = basis·t, a_i is the activation divided by the length of row i about,
and b_i = a_i − x_iᵀt. G is the Gram matrix of the basis: no float has an orthonormal one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.problem.training_problem import TrainingProblem
from certnn.relaxation.extended.arithmetic import Arithmetic, Numbers
from certnn.relaxation.reduced.directions import find_directions


@dataclass(frozen=True, eq=False)
class ExtendedProgram:
    """The data of the dual, and the products in play: ζ row by row, a_i·b_i, pairs.

    Attributes
    ----------
    arithmetic : Arithmetic
    points, rank, outputs : int
        n, r, c.
    basis : float64 array, shape (columns, r)
    rows : array, shape (n, r)
        x.
    unit : array, shape (r + n + c, r + n + c)
        diag(G, 0, I).
    targets : array, shape (n·c,)
        η.
    first, second : int64 array, shape (N,)
        The forms of each product; first ≤ second.
    weight : array, shape (N,)
        λ_i, else 1.
    sizes : float64 array, shape (n,)
        What activations are divided by.
    target_size : float
        What targets are divided by.
    """

    arithmetic: Arithmetic
    points: int
    rank: int
    outputs: int
    basis: FloatArray
    rows: Numbers
    unit: Numbers
    targets: Numbers
    first: IndexArray
    second: IndexArray
    weight: Numbers
    sizes: FloatArray
    target_size: float

    @property
    def fits(self) -> int:
        """Number n·c of the first multipliers, which are ζ."""
        return self.points * self.outputs

    @property
    def signed(self) -> int:
        """Where the multipliers that must be nonnegative begin."""
        return self.fits + self.points

    def form_values(self, matrix: Numbers) -> Numbers:
        """f_iᵀ·matrix·f_j for all forms; `matrix` is symmetric."""
        return self._of_forms(self._of_forms(matrix).T)

    def _of_forms(self, matrix: Numbers) -> Numbers:
        """The forms, as rows, times a matrix."""
        r, n = self.rank, self.points
        a = matrix[r : r + n]
        return np.concatenate([a, a - self.rows @ matrix[:r], matrix[r + n :]])

    def _onto_variables(self, weights: Numbers) -> Numbers:
        """The transpose of the forms times a matrix."""
        n = self.points
        b = weights[n : 2 * n]
        return np.concatenate([-(self.rows.T @ b), weights[:n] + b, weights[2 * n :]])

    def values(self, form_values: Numbers) -> Numbers:
        """What each product is, times its weight, given the values for all forms."""
        return np.asarray(self.weight * form_values[self.first, self.second])

    def combined(self, y: Numbers) -> Numbers:
        """Σ_k y_k w_k (f_r·f_sᵀ + f_s·f_rᵀ)."""
        q = 2 * self.points + self.outputs
        weights = self.arithmetic.array(np.zeros((q, q)))
        weights[self.first, self.second] = y * self.weight
        return self._onto_variables(self._onto_variables(weights + weights.T).T)

    def dual_matrix(self, y: Numbers) -> Numbers:
        """S."""
        return np.asarray(self.unit - self.combined(y))

    def dual_value(self, y: Numbers) -> Any:
        """⟨ζ, η⟩ − ½‖ζ‖²."""
        zeta = y[: self.fits]
        return np.sum(zeta * (self.targets - zeta / 2))

    def primal_value(self, moment: Numbers) -> Any:
        """The objective of a moment matrix, whether it is feasible or not."""
        left = self.targets - self.values(self.form_values(moment))[: self.fits]
        return np.sum(left * left) / 2 + np.sum(self.unit * moment) / 2

    def selected(self, pairs: IndexArray) -> ExtendedProgram:
        """With only these of the pairs."""
        kept = np.concatenate([np.arange(self.signed), self.signed + pairs])
        return replace(
            self, first=self.first[kept], second=self.second[kept], weight=self.weight[kept]
        )

    def rounded(self, arithmetic: Arithmetic) -> ExtendedProgram:
        """The same in another arithmetic."""
        return replace(
            self,
            arithmetic=arithmetic,
            rows=arithmetic.array(self.rows),
            unit=arithmetic.array(self.unit),
            targets=arithmetic.array(self.targets),
            weight=arithmetic.array(self.weight),
        )


def make_extended_program(problem: TrainingProblem, arithmetic: Arithmetic) -> ExtendedProgram:
    """The dual with all pairs of forms.

    Raises
    ------
    SolverError
        If rows are zero, or parallel up to rounding, where the relaxation has no interior.
    """
    features = problem.features
    n = problem.n
    if find_directions(features).count < n:
        raise SolverError("extended precision needs rows that are not zero and not parallel")
    basis = _basis(features)
    r, c = basis.shape[1], problem.c
    sizes = np.linalg.norm(features, axis=1)
    target_size = float(np.max(np.abs(problem.Y)))
    exact_basis = arithmetic.array(basis)
    lengths, scale = arithmetic.array(sizes), arithmetic.array(np.array([target_size]))
    rows = (arithmetic.array(features) @ exact_basis) / lengths[:, None]
    unit = arithmetic.array(np.diag(np.repeat([1.0, 0.0, 1.0], [r, n, c])))
    unit[:r, :r] = exact_basis.T @ exact_basis
    points = np.arange(n)
    pair_first, pair_second = np.triu_indices(2 * n, 1)
    others = pair_second != pair_first + n
    first = [np.repeat(points, c), points, pair_first[others]]
    second = [2 * n + np.tile(np.arange(c), n), points + n, pair_second[others]]
    weight = arithmetic.array(np.ones(n * c + n + np.count_nonzero(others)))
    reg = arithmetic.array(np.array([problem.reg]))
    weight[: n * c] = np.repeat(lengths * scale / reg, c)
    return ExtendedProgram(
        arithmetic=arithmetic,
        points=n,
        rank=r,
        outputs=c,
        basis=basis,
        rows=rows,
        unit=unit,
        targets=(arithmetic.array(problem.Y) / scale).ravel(),
        first=np.concatenate(first),
        second=np.concatenate(second),
        weight=weight,
        sizes=sizes,
        target_size=target_size,
    )


def _basis(features: FloatArray) -> FloatArray:
    """Columns whose combinations are all u that the rows see; orthonormal, or some of the rows."""
    independent = _independent_rows(features)
    if len(independent) == features.shape[1]:
        scaled = features / np.linalg.norm(features, axis=1)[:, None]
        return np.linalg.svd(scaled, full_matrices=True)[2].T
    rows = features[independent]
    return np.asarray((rows * np.exp2(-np.round(np.log2(np.linalg.norm(rows, axis=1))))[:, None]).T)


def _independent_rows(features: FloatArray) -> list[int]:
    """Rows that span the space of all rows, found exactly."""
    found: list[int] = []
    reduced: list[tuple[int, list[Fraction]]] = []
    for i, row in enumerate(features):
        left = [Fraction(float(x)) for x in row]
        for lead, other in reduced:
            if left[lead]:
                factor = left[lead] / other[lead]
                left = [p - factor * q for p, q in zip(left, other, strict=True)]
        place = next((k for k, x in enumerate(left) if x), None)
        if place is not None:
            reduced.append((place, left))
            found.append(i)
    return found
