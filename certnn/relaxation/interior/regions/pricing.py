"""What the moment matrix of a lift violates: products of two forms, and rays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray
from certnn.relaxation.interior.regions.lift import Lift

#: A product is violated if it is below this share of the norms of its forms.
_VIOLATED = -1e-4
#: So many products, and rays, for each point at a time.
_PRODUCTS, _RAYS = 4.0, 2.0
#: Idle are multipliers below this share of the largest, whose products are above this share of
#: their size.
_IDLE, _AWAY = 1e-3, 0.05


@dataclass(frozen=True, eq=False)
class Violated:
    """New pairs of a lift, and the rays that they need, numbered after those that are there."""

    first: IndexArray
    second: IndexArray
    rays: FloatArray


def violated(lift: Lift, moment: FloatArray) -> Violated:
    """The pairs of a and b that are most negative for their forms' size, and the worst rays.

    f·(ρ + qᵀu) ≥ 0 for every |q| = 1 says L(fρ) ≥ |L(fu)|, and fails most for q against L(fu).
    """
    r, m, begin = lift.rank, lift.points, lift.begin
    points = slice(begin, begin + 2 * m)
    values = lift.values(moment)
    own = values[points, points]
    norms = np.sqrt(np.maximum(np.diag(own), 0.0))
    zero = ~np.any(lift.forms[points], axis=1)
    norms = np.where(zero, np.inf, np.maximum(norms, np.finfo(float).tiny))
    share = own / norms[:, None] / norms[None, :]
    allowed = np.triu(np.ones(share.shape, dtype=np.bool_), 1)
    allowed[np.arange(m), np.arange(m) + m] = False
    plain = lift.second < begin + 2 * m
    allowed[lift.first[plain] - begin, lift.second[plain] - begin] = False
    first, second = np.nonzero(allowed & (share < _VIOLATED))
    order = np.argsort(share[first, second], kind="stable")[: max(8, int(_PRODUCTS * m))]
    across = values[points, 1 : 1 + r]
    length = np.linalg.norm(across, axis=1)
    height = np.sqrt(max(float(moment[0, 0]), np.finfo(float).tiny))
    lacking = (values[points, 0] - length) / norms / height
    forms = np.flatnonzero(lacking < _VIOLATED)
    forms = forms[np.argsort(lacking[forms], kind="stable")[: max(8, int(_RAYS * m))]]
    numbers = begin + 2 * m + lift.rays.shape[0] + np.arange(forms.size)
    return Violated(
        first=np.concatenate([begin + first[order], begin + forms]),
        second=np.concatenate([begin + second[order], numbers]),
        rays=-across[forms] / length[forms, None],
    )


def idle(lift: Lift, moment: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """The pairs whose multipliers hardly count and whose products are well above zero."""
    values = lift.values(moment)
    products = lift.products(values)[lift.pairs]
    size = np.sqrt(np.maximum(lift.schur_diagonal(values, values)[lift.pairs], 1e-300))
    weight = y[lift.pairs] * size
    idle: NDArray[np.bool_] = (products > _AWAY * size) & (
        weight < _IDLE * float(np.max(weight, initial=1e-300))
    )
    return idle
