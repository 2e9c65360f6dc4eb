"""The two sets that columns (α, β, u, v) of a factor must be in, with their projections."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from certnn.arrays import FloatArray
from certnn.relaxation.moments.lifted_moment import LiftedMoment

#: Eigenvalues of Λ below this share of the largest are left out of its factor.
_RANK = 1e-9


@dataclass(frozen=True)
class FeasibilityErrors:
    """How far columns are from being neurons, each a share of their Frobenius norm.

    Attributes
    ----------
    range : float
        Distance to α − β = Xu.
    complementarity : float
        Distance to α, β ≥ 0 with α_i β_i = 0.
    """

    range: float
    complementarity: float


class LiftedSpace:
    """Columns z = (α, β, u, v) in units in which the three blocks of Λ have trace one.

    So neither the scale of the data nor that of the targets matters: with α, β in a unit of
    their own and u in another, X changes into their ratio.

    Parameters
    ----------
    moment : LiftedMoment

    Attributes
    ----------
    moment : LiftedMoment
    matrix : ndarray, shape (2n + columns + c, 2n + columns + c)
        Λ in these units.
    units : ndarray, shape (2n + columns + c,)
        What one of each coordinate is in those of the problem.
    """

    def __init__(self, moment: LiftedMoment) -> None:
        n = moment.problem.n
        self.moment = moment
        self._n = n
        activations = slice(0, 2 * n)
        self.units = np.ones(moment.matrix.shape[0])
        for block in (activations, moment.u, moment.v):
            trace = float(np.trace(moment.matrix[block, block]))
            self.units[block] = np.sqrt(trace) if trace > 0.0 else 1.0
        self.matrix: FloatArray = moment.matrix / np.outer(self.units, self.units)
        self._x = moment.problem.features * (self.units[moment.u][0] / self.units[0])
        gram = self._x @ self._x.T
        gram[np.diag_indices(n)] += 2.0
        self._gram = cho_factor(gram)

    def factor(self) -> FloatArray:
        """Columns √λ_k e_k of the eigenvectors of Λ, largest first: W with WWᵀ = Λ."""
        values, vectors = np.linalg.eigh(self.matrix)
        kept = values > _RANK * values[-1] if values[-1] > 0.0 else np.zeros(values.size, bool)
        columns: FloatArray = (vectors[:, kept] * np.sqrt(values[kept]))[:, ::-1]
        return columns

    def in_range(self, W: FloatArray) -> FloatArray:
        """The nearest columns with α − β = Xu."""
        n, u = self._n, self.moment.u
        share = cho_solve(self._gram, W[:n] - W[n : 2 * n] - self._x @ W[u])
        nearest = W.copy()
        nearest[:n] -= share
        nearest[n : 2 * n] += share
        nearest[u] += self._x.T @ share
        return nearest

    def complementary(self, W: FloatArray) -> FloatArray:
        """The nearest columns with α, β ≥ 0 and α_i β_i = 0: the larger of the two is kept."""
        n = self._n
        alpha, beta = W[:n], W[n : 2 * n]
        nearest = W.copy()
        nearest[:n] = np.where(alpha >= beta, np.maximum(alpha, 0.0), 0.0)
        nearest[n : 2 * n] = np.where(alpha >= beta, 0.0, np.maximum(beta, 0.0))
        return nearest

    def errors(self, W: FloatArray) -> FeasibilityErrors:
        """How far columns are from both sets."""
        size = float(np.linalg.norm(W)) or 1.0
        return FeasibilityErrors(
            float(np.linalg.norm(self.in_range(W) - W)) / size,
            float(np.linalg.norm(self.complementary(W) - W)) / size,
        )

    def hidden(self, W: FloatArray) -> FloatArray:
        """The u of columns in the units of the problem, shape (columns, R)."""
        weights: FloatArray = W[self.moment.u] * self.units[self.moment.u, None]
        return weights

    def output(self, W: FloatArray) -> FloatArray:
        """The v of columns in the units of the problem, shape (R, c)."""
        weights: FloatArray = (W[self.moment.v] * self.units[self.moment.v, None]).T
        return weights
