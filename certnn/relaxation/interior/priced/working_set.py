"""Products that a clique of a lift lacks: pairs of points, and rays for products with the norm."""

from __future__ import annotations

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.block.newton import CliqueState
from certnn.relaxation.interior.block.working_set import NEGATIVE, add_products, lacking_pairs


def grow(state: CliqueState, centre: float) -> int:
    """Add the products that X violates most, and say how many.

    f·(ρ + qᵀu) ≥ 0 for every |q| = 1 says E[fρ] ≥ |E[fu]|, and fails most for q against E[fu]. New
    multipliers begin near centre/slack, their slacks above what X has, which the next steps mend.

    Raises
    ------
    numpy.linalg.LinAlgError
        If rounding has left S indefinite.
    """
    clique = state.clique
    first, second = lacking_pairs(state)
    points, rays = _lacking_rays(state)
    begin = clique.forms.shape[0]
    first = np.concatenate([first, points])
    second = np.concatenate([second, begin + np.arange(points.size)])
    if first.size == 0:
        return 0
    state.clique = clique = clique.with_forms(np.vstack([clique.forms, rays]))
    moment = 2.0 * np.einsum("fi,ij,fj->f", clique.forms[first], state.X, clique.forms[second])
    add_products(state, first, second, moment, centre)
    return int(first.size)


def _lacking_rays(state: CliqueState) -> tuple[IndexArray, FloatArray]:
    """The forms a and b whose products with the norm fail, and the rays for which they do."""
    k = state.clique.size
    forms = state.clique.forms[: 2 * k]
    across = forms @ state.X[:, k:]
    size = np.sqrt(np.einsum("fi,ij,fj->f", forms, state.X, forms) * state.X[-1, -1])
    length = np.linalg.norm(across[:, :-1], axis=1)
    failing = np.flatnonzero(across[:, -1] - length < NEGATIVE * size)
    rays = np.zeros((failing.size, state.X.shape[0]))
    rays[:, k:-1] = -across[failing, :-1] / length[failing, None]
    rays[:, -1] = 1.0
    return failing, rays
