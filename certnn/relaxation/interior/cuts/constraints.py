"""Products with slacks, and whole forms on sets of points, for the interior point method.

A slack is a further form beside a, b and v. A set's form enters as one dense constraint with a
nonnegative multiplier; a sum of multiples of such forms is again one (Theorem 30).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.kernel.cuts import set_pairs
from certnn.relaxation.interior.dense.constraints import Constraints, make_constraints
from certnn.relaxation.interior.dense.forms import Forms
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.dense.schur import SchurWriter


@dataclass(frozen=True, eq=False)
class SlackForms(Forms):
    """The forms a, b, v, and after them slacks.

    Attributes
    ----------
    combinations : float64 array, shape (J, 2m)
        Each slack as a combination of a_1..a_m, b_1..b_m.
    """

    combinations: FloatArray

    @property
    def count(self) -> int:
        """Number 2m + c + J of forms."""
        return 2 * self.points + self.outputs + int(self.combinations.shape[0])

    def values(self, matrix: FloatArray) -> FloatArray:
        """As in `Forms`, with the slacks."""
        plain = Forms(self.rows, self.outputs).values(matrix)
        q, k = plain.shape[0], 2 * self.points
        result = np.empty((self.count, self.count))
        result[:q, :q] = plain
        result[q:, :q] = self.combinations @ plain[:k]
        result[:q, q:] = result[q:, :q].T
        result[q:, q:] = result[q:, :k] @ self.combinations.T
        return result

    def matrix(self, weights: FloatArray) -> FloatArray:
        """As in `Forms`, the adjoint of `values`."""
        k, q = 2 * self.points, 2 * self.points + self.outputs
        half = weights[:q, q:] @ self.combinations
        plain = weights[:q, :q].copy()
        plain[:, :k] += half
        plain[:k] += half.T
        plain[:k, :k] += self.combinations.T @ (weights[q:, q:] @ self.combinations)
        return Forms(self.rows, self.outputs).matrix(plain)


@dataclass(frozen=True, eq=False)
class CutConstraints(Constraints):
    """The multipliers of `Constraints`, and after them one for each form on a set.

    Attributes
    ----------
    combinations : float64 array, shape (J, 2m)
        The slacks, as in `SlackForms`.
    sets : int64 array, shape (K, k)
        The points of each form; a set may have several.
    coefficients : float64 array, shape (K, 2k²)
        Of the products that `certnn.kernel.cuts.set_pairs` lists.
    """

    combinations: FloatArray
    sets: IndexArray
    coefficients: FloatArray

    @property
    def set_forms(self) -> tuple[IndexArray, IndexArray]:
        """The forms in each product of each set, shapes (K, 2k²)."""
        index = np.hstack([self.sets, self.sets + self.program.forms.points])
        pairs = np.array(set_pairs(self.sets.shape[1])).reshape(-1, 2)
        return index[:, pairs[:, 0]], index[:, pairs[:, 1]]

    def values(self, form_values: FloatArray) -> FloatArray:
        """As in `Constraints`, then what each set's form is."""
        whole = np.sum(self.coefficients * form_values[self.set_forms], axis=1)
        return np.concatenate([super().values(form_values), whole])

    def combined(self, y: FloatArray) -> FloatArray:
        """Of all multipliers; a set's form is twice its quadratic form's matrix."""
        n, (first, second) = self.first.size, self.set_forms
        return self._matrix(
            np.concatenate([self.first, first.ravel()]),
            np.concatenate([self.second, second.ravel()]),
            np.concatenate([y[:n] * self.weight, (y[n:, None] * self.coefficients).ravel()]),
        )

    def schur_diagonal(self, primal: FloatArray, dual: FloatArray) -> FloatArray:
        """The diagonal of what `write_schur` writes, unscaled."""
        index, matrices = self._matrices()
        where = index[:, :, None], index[:, None, :]
        moved = matrices @ primal[where] @ matrices
        whole = 0.5 * np.einsum("lij,lij->l", moved, dual[where])
        return np.concatenate([super().schur_diagonal(primal, dual), whole])

    def write_schur(
        self,
        write: SchurWriter,
        primal: FloatArray,
        dual: FloatArray,
        scale: FloatArray,
        out: FloatArray,
    ) -> None:
        """Write the upper triangle; that of two products is as in `Constraints`."""
        n = self.first.size
        super().write_schur(write, primal, dual, scale[:n], out[:n, :n])
        index, matrices = self._matrices()
        first, second = self.set_forms
        weight = self.weight * scale[:n]
        for number, (forms, matrix) in enumerate(zip(index, matrices, strict=True)):
            moved = (primal[:, forms] @ matrix) @ dual[forms]
            moved = (0.5 * scale[n + number]) * (moved + moved.T)
            out[:n, n + number] = weight * moved[self.first, self.second]
            before = slice(0, number + 1)
            entries = self.coefficients[before] * moved[first[before], second[before]]
            out[n : n + number + 1, n + number] = scale[n : n + number + 1] * np.sum(
                entries, axis=1
            )

    def _matrices(self) -> tuple[IndexArray, FloatArray]:
        """The forms of each set (K, 2k), and Σ_rs φ_rs (e_r·e_sᵀ + e_s·e_rᵀ) of each."""
        count, k = self.sets.shape
        pairs = np.array(set_pairs(k)).reshape(-1, 2)
        matrices = np.zeros((count, 2 * k, 2 * k))
        matrices[:, pairs[:, 0], pairs[:, 1]] = self.coefficients
        matrices += matrices.transpose(0, 2, 1)
        return np.hstack([self.sets, self.sets + self.program.forms.points]), matrices


def make_cut_constraints(
    program: Program,
    combinations: FloatArray,
    pairs: tuple[IndexArray, IndexArray],
    sets: IndexArray,
    coefficients: FloatArray,
) -> CutConstraints:
    """With slacks that are these combinations, products of these pairs, and forms on these sets."""
    plain = program.forms
    forms = SlackForms(plain.rows, plain.outputs, combinations)
    made = make_constraints(replace(program, forms=forms), *pairs)
    return CutConstraints(
        made.program, made.first, made.second, made.weight, combinations, sets, coefficients
    )
