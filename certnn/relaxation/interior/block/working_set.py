"""Which products a clique keeps: near neighbours first, then those whose moments turn negative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.block.cliques import Clique
from certnn.relaxation.interior.block.moments import gaussian_moments
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.reduced.neighbours import nearest_links

#: Groups up to this size keep all products from the start.
_ALL_UP_TO = 6
#: A product is added where its moment is below this, relative to those of its two forms' squares.
NEGATIVE = -1e-4
#: At most this many at a time for each direction.
_AT_A_TIME = 4
#: A new slack is at least this share of its product's natural size.
_LEAST_SLACK = 0.05
#: X moves towards Gaussian moments by at most this share, and by this multiple of what is needed.
_BLEND, _MORE = 0.3, 1.5
#: How much of S new multipliers may take.
_OF_SLACK = 0.5


def first_pairs(clique: Clique) -> tuple[IndexArray, IndexArray]:
    """Products to begin with: those of directions close in angle, up to sign."""
    k = clique.size
    if k <= _ALL_UP_TO:
        return _all_pairs(k)
    rows = -clique.forms[k : 2 * k, k:]
    return nearest_links(rows, np.zeros(k, dtype=np.int64)).pairs(k)


def _all_pairs(k: int) -> tuple[IndexArray, IndexArray]:
    first, second = np.triu_indices(2 * k, 1)
    other = first % k != second % k
    return first[other], second[other]


def grow(state: CliqueState, centre: float) -> int:
    """Add products with negative moments to the working set, and say how many.

    X moves towards Gaussian moments of the same corner, which satisfy all constraints strictly, so
    that the new ones hold too; the new multipliers begin near centre/slack.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding has left S indefinite.
    """
    first, second = lacking_pairs(state)
    if first.size == 0:
        return 0
    k = state.clique.size
    safe = gaussian_moments(state.clique, state.X[k:, k:])
    way = Way.to(state, safe, first, second)
    way.go(state, way.share)
    add_products(state, first, second, way.moment(way.share), centre)
    return int(first.size)


@dataclass(frozen=True, eq=False)
class Way:
    """From the moments X of a clique to others, and what new products are at both ends.

    Attributes
    ----------
    safe : float64 array, shape (k + q, k + q)
        The others.
    here, there : float64 array, shape (w,)
    """

    safe: FloatArray
    here: FloatArray
    there: FloatArray

    @classmethod
    def to(cls, state: CliqueState, safe: FloatArray, first: IndexArray, second: IndexArray) -> Way:
        """That of the products of these forms."""
        forms = state.clique.forms
        here, there = (
            2.0 * np.einsum("fi,ij,fj->f", forms[first], X, forms[second]) for X in (state.X, safe)
        )
        return cls(safe, here, there)

    @property
    def share(self) -> float:
        """How far to go for all products to be positive, or as far as is allowed."""
        needed = -self.here / np.maximum(self.there - self.here, 1e-300)
        return min(_BLEND, _MORE * float(np.max(needed, initial=0.0)))

    def moment(self, share: float) -> FloatArray:
        """What the products are after so much of it."""
        return (1.0 - share) * self.here + share * self.there

    def go(self, state: CliqueState, share: float) -> None:
        """Move X and the slacks of the products that there are."""
        safe_slack = np.maximum(state.moments(self.safe)[state.signed :], 0.0)
        state.slack = (1.0 - share) * state.slack + share * safe_slack
        state.X = (1.0 - share) * state.X + share * self.safe


def add_products(
    state: CliqueState, first: IndexArray, second: IndexArray, moment: FloatArray, centre: float
) -> None:
    """Add products with these moments; multipliers begin near centre/slack.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding has left S indefinite.
    """
    forms = state.clique.forms
    square = np.einsum("fi,ij,fj->f", forms, state.X, forms)
    slack = np.maximum(moment, 2.0 * _LEAST_SLACK * np.sqrt(square[first] * square[second]))
    y = _bearable(state, first, second, centre / slack)
    state.first = np.concatenate([state.first, first])
    state.second = np.concatenate([state.second, second])
    state.y = np.concatenate([state.y, y])
    state.slack = np.concatenate([state.slack, slack])


def _bearable(
    state: CliqueState, first: IndexArray, second: IndexArray, y: FloatArray
) -> FloatArray:
    """Multipliers of new products, or so much of them that S stays definite."""
    forms = state.clique.forms
    half = forms[first].T @ (y[:, None] * forms[second])
    inverse = np.linalg.inv(np.linalg.cholesky(state.form_slack()))
    worst = float(np.linalg.eigvalsh(inverse @ (half + half.T) @ inverse.T)[-1])
    return y * min(1.0, _OF_SLACK / worst) if worst > 0.0 else y


def lacking_pairs(state: CliqueState) -> tuple[IndexArray, IndexArray]:
    """Products of points with negative moments that the working set lacks, the worst ones."""
    clique = state.clique
    k = clique.size
    forms = clique.forms[: 2 * k]
    moment = forms @ state.X @ forms.T
    size = np.sqrt(np.maximum(np.diagonal(moment), np.finfo(float).tiny))
    relative = moment / size[:, None] / size[None, :]
    known = np.zeros(moment.shape, dtype=np.bool_)
    of_points = np.arange(state.y.size) >= state.answers
    of_points &= state.second < 2 * k
    own = state.first[of_points], state.second[of_points]
    known[own] = known[own[1], own[0]] = True
    first, second = _all_pairs(k)
    wanted = (relative[first, second] < NEGATIVE) & ~known[first, second]
    first, second = first[wanted], second[wanted]
    worst = np.argsort(relative[first, second], kind="stable")[: _AT_A_TIME * k]
    return first[worst], second[worst]
