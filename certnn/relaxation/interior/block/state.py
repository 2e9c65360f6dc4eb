"""Where the interior point method is on one clique, and what is linear there.

The clique's slack is S = E·P·Eᵀ − Σ y_k·A_k ⪰ 0, E the columns of (u, v), with A_k = ghᵀ + hgᵀ for
two forms g, h of the clique, and P its share of the corner: all P add up to reg·I. The
multiplier of S is X ⪰ 0, a moment matrix of (a, u, v), whose corner Ω is the same for all cliques.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.block.cliques import Clique


def _none() -> IndexArray:
    return np.zeros(0, dtype=np.int64)


@dataclass(eq=False)
class CliqueState:
    """Where the method is on one clique.

    Attributes
    ----------
    clique : Clique
    first, second : int64 array, shape (w,)
        Forms of each unknown: the responses p·c times (form, entry of v), the products a_i·b_i (k),
        then the working set of other products.
    y : float64 array, shape (w,)
        The unknowns.
    slack : float64 array, shape (w − p·c − k,)
        Dual to y ≥ 0 on the working set: about the moments of its products.
    share : float64 array, shape (q, q)
        P.
    X : float64 array, shape (k + q, k + q)
        Positive definite.
    given_first, given_second : int64 array, shape (g,)
        Forms of the products whose multipliers are given.
    given : float64 array, shape (g,)
        Those multipliers.
    """

    clique: Clique
    first: IndexArray
    second: IndexArray
    y: FloatArray
    slack: FloatArray
    share: FloatArray
    X: FloatArray
    given_first: IndexArray = field(default_factory=_none)
    given_second: IndexArray = field(default_factory=_none)
    given: FloatArray = field(default_factory=lambda: np.zeros(0))

    @property
    def signed(self) -> int:
        """Index from which on y must be nonnegative."""
        return int(self.y.size - self.slack.size)

    @property
    def answers(self) -> int:
        """Number p·c of unknowns that are responses."""
        return int(self.clique.target.size)

    def form_matrix(self, y: FloatArray, given: FloatArray) -> FloatArray:
        """Σ y_k·A_k of the unknowns and of the given ones, shape (k + q, k + q)."""
        forms = self.clique.forms
        count = forms.shape[0]
        place = np.concatenate([self.first, self.given_first]) * count
        place += np.concatenate([self.second, self.given_second])
        half = np.bincount(place, np.concatenate([y, given]), count * count).reshape(count, count)
        inner: FloatArray = forms.T @ (half + half.T) @ forms
        return inner

    def form_slack(self) -> FloatArray:
        """S."""
        S = -self.form_matrix(self.y, self.given)
        k = self.clique.size
        S[k:, k:] += self.share
        return S

    def eliminated(self) -> FloatArray:
        """What the clique takes of the corner: its part of D + CᵀA⁻¹C (Theorem 11(c))."""
        k, S = self.clique.size, self.form_slack()
        taken: FloatArray = S[k:, :k] @ np.linalg.solve(S[:k, :k], S[:k, k:])
        return taken + self.share - S[k:, k:]

    def moments(self, X: FloatArray) -> FloatArray:
        """⟨A_k, X⟩ of all unknowns, for a matrix over the clique's variables."""
        values: FloatArray = self.clique.forms @ X @ self.clique.forms.T
        return 2.0 * values[self.first, self.second]

    def given_moments(self, X: FloatArray) -> FloatArray:
        """The same of the given ones."""
        values: FloatArray = self.clique.forms @ X @ self.clique.forms.T
        return 2.0 * values[self.given_first, self.given_second]
