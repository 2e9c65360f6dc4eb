"""The products of the dual that are in play: those of ζ, the free ones, a working set of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.dense.program import Program
from certnn.relaxation.interior.dense.schur import SchurWriter


@dataclass(frozen=True, eq=False)
class Constraints:
    """One multiplier each: of λ_k·f_k·v_o (K·c, row by row), of a_i·b_i (m), of a pair f_r·f_s.

    Attributes
    ----------
    program : Program
    first, second : int64 array, shape (N,)
        The forms of each product; first ≤ second.
    weight : float64 array, shape (N,)
        λ_k, else 1.
    """

    program: Program
    first: IndexArray
    second: IndexArray
    weight: FloatArray

    @property
    def fits(self) -> int:
        """Number K·c of the first multipliers, which are ζ."""
        return int(self.program.targets.size)

    @property
    def signed(self) -> int:
        """Where the multipliers that must be nonnegative begin."""
        return self.fits + self.program.forms.points

    @property
    def pair_first(self) -> IndexArray:
        """First forms of the pairs."""
        return self.first[self.signed :]

    @property
    def pair_second(self) -> IndexArray:
        """Second forms of the pairs."""
        return self.second[self.signed :]

    def values(self, form_values: FloatArray) -> FloatArray:
        """What each product is, times its weight, given the values for all forms (q, q)."""
        values: FloatArray = self.weight * form_values[self.first, self.second]
        return values

    def combined(self, y: FloatArray) -> FloatArray:
        """Σ_k y_k w_k (f_r·f_sᵀ + f_s·f_rᵀ), a matrix of order p."""
        return self._matrix(self.first, self.second, y * self.weight)

    def schur_diagonal(self, primal: FloatArray, dual: FloatArray) -> FloatArray:
        """The diagonal of what `write_schur` writes, unscaled, shape (N,)."""
        i, j = self.first, self.second
        own = 0.5 * (primal[i, i] * dual[j, j] + primal[j, j] * dual[i, i])
        own += primal[i, j] * dual[i, j]
        diagonal: FloatArray = self.weight**2 * own
        return diagonal

    def write_schur(
        self,
        write: SchurWriter,
        primal: FloatArray,
        dual: FloatArray,
        scale: FloatArray,
        out: FloatArray,
    ) -> None:
        """Write the upper triangle of the Schur complement, rows and columns times `scale` (N,)."""
        write(primal, dual, self.first, self.second, self.weight * scale, out)

    def dual_matrix(self, y: FloatArray) -> FloatArray:
        """S at multipliers y."""
        forms = self.program.forms
        matrix = -self.combined(y)
        unit = np.ones(forms.order)
        unit[forms.rank : forms.rank + forms.points] = 0.0
        matrix[np.diag_indices(forms.order)] += unit
        return matrix

    def _matrix(self, first: IndexArray, second: IndexArray, weights: FloatArray) -> FloatArray:
        """Σ_k weights_k (f_r·f_sᵀ + f_s·f_rᵀ)."""
        forms = self.program.forms
        q = forms.count
        flat = np.bincount(first * q + second, weights=weights, minlength=q * q).reshape(q, q)
        return forms.matrix(np.asarray(flat + flat.T, dtype=np.float64))


def make_constraints(
    program: Program, pair_first: IndexArray, pair_second: IndexArray
) -> Constraints:
    """The constraints with this working set of pairs."""
    m, c = program.forms.points, program.forms.outputs
    points = np.arange(m)
    first = [np.repeat(program.fitted, c), points, pair_first]
    second = [2 * m + np.tile(np.arange(c), program.fitted.size), points + m, pair_second]
    weight = np.ones(program.targets.size + m + pair_first.size)
    weight[: program.targets.size] = np.repeat(program.lengths, c)
    return Constraints(program, np.concatenate(first), np.concatenate(second), weight)
