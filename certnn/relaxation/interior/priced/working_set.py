"""Products that a clique of a lift lacks: pairs of points, and rays for products with the norm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.block.state import CliqueState
from certnn.relaxation.interior.block.working_set import (
    NEGATIVE,
    Way,
    add_products,
    lacking_pairs,
)
from certnn.relaxation.interior.priced.lift import Lift
from certnn.relaxation.interior.priced.start import gaussian_moments


@dataclass(frozen=True, eq=False)
class Lacking:
    """Products that a clique lacks.

    Attributes
    ----------
    first, second : int64 array, shape (w,)
        Their forms; a second one from the number of the clique's forms on is one of `rays`.
    rays : float64 array, shape (r, k + q)
    """

    first: IndexArray
    second: IndexArray
    rays: FloatArray


def lacking(state: CliqueState, free_bias: bool) -> Lacking:
    """The products that X violates most.

    f·(ρ + qᵀu) ≥ 0 for every |q| = 1 says E[fρ] ≥ |E[fu]|, and fails most for q against E[fu]. With
    a free bias g it fails so or for ρ ± g, whichever is worse.
    """
    first, second = lacking_pairs(state)
    points, rays = _lacking_rays(state, free_bias)
    of_rays = state.clique.forms.shape[0] + np.arange(points.size)
    return Lacking(np.concatenate([first, points]), np.concatenate([second, of_rays]), rays)


def grow(lift: Lift, centre: float) -> int:
    """Add products to the cliques of a lift, and say how many.

    All moments, which share a corner, move towards Gaussian ones, which satisfy all constraints
    strictly, so that the new ones hold too; the new multipliers begin near centre/slack.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding has left S indefinite.
    """
    found, states = [], lift.states
    for state in states:
        new = lacking(state, lift.free_bias)
        state.clique = state.clique.with_forms(np.vstack([state.clique.forms, new.rays]))
        safe = gaussian_moments(state.clique, 2.0 * state.X[-1, -1], lift.free_bias)
        found.append((new, Way.to(state, safe, new.first, new.second)))
    share = max((way.share for _, way in found), default=0.0)
    for state, (new, way) in zip(states, found, strict=True):
        way.go(state, share)
        if new.first.size > 0:
            add_products(state, new.first, new.second, way.moment(share), centre)
    return sum(new.first.size for new, _ in found)


def _lacking_rays(state: CliqueState, free_bias: bool) -> tuple[IndexArray, FloatArray]:
    """The forms a and b whose products with the norm fail, and the rays for which they do."""
    k = state.clique.size
    forms = state.clique.forms[: 2 * k]
    across = forms @ state.X[:, k:]
    size = np.sqrt(np.einsum("fi,ij,fj->f", forms, state.X, forms) * state.X[-1, -1])
    linear = across[:, :-1].copy()
    if free_bias:
        own, of_bias = np.linalg.norm(linear[:, :-1], axis=1), np.abs(linear[:, -1])
        linear[own < of_bias, :-1] = 0.0
        linear[own >= of_bias, -1] = 0.0
    length = np.linalg.norm(linear, axis=1)
    failing = np.flatnonzero(across[:, -1] - length < NEGATIVE * size)
    rays = np.zeros((failing.size, state.X.shape[0]))
    rays[:, k:-1] = -linear[failing] / length[failing, None]
    rays[:, -1] = 1.0
    return failing, rays
