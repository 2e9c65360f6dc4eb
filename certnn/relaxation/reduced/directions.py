"""Rows of X by direction: zero, repeated, parallel and antiparallel rows merged (Theorem 8).

Rows on one line make the relaxation lose its interior: if x_i = θx_r with θ > 0 then its
constraints force a_i = θa_r, and if x_i = −θx_r they force a_i = θb_r. Solvers see each line once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import DualPoint, IndexArray, Products, summed

#: Unit vectors that agree to this are one direction to the solvers; certificates use the true rows.
_ANGLE = 1e-9
#: Weight of a tie of a merged row to its representative, in units of ‖z_i‖/‖x_i‖. In these units a
#: tie costs 1/(2t) and rounding of the stiff form about 1e-15·t, so that this is near the best.
_STIFFNESS = 4e6
#: What zero rows may cost, as a share of kappa. Their forms stand alone, so no rounding counts.
_ZERO_ROW_COST = 1e-9


@dataclass(frozen=True, eq=False)
class Directions:
    """The distinct directions among n rows.

    Attributes
    ----------
    representative : int64 array, shape (m,)
        One row of each direction.
    units : float64 array, shape (m, columns)
        Those rows, scaled to norm 1.
    label : int64 array, shape (n,)
        Direction of each row; −1 for a zero row.
    norms : float64 array, shape (n,)
        Norms of the rows.
    flipped : bool array, shape (n,)
        Whether the row points against its representative.
    """

    representative: IndexArray
    units: FloatArray
    label: IndexArray
    norms: FloatArray
    flipped: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number m of distinct directions."""
        return int(self.representative.size)


def find_directions(features: FloatArray) -> Directions:
    """Group the rows of `features`, shape (n, columns), by the line that they span."""
    norms = np.linalg.norm(features, axis=1)
    rows = np.flatnonzero(norms > 0.0)
    units = features[rows] / norms[rows, None]
    size = np.abs(units)
    lead = np.argmax(size > 0.5 * size.max(axis=1, keepdims=True, initial=0.0), axis=1)
    sign = np.where(units[np.arange(rows.size), lead] < 0.0, -1.0, 1.0)
    key = np.round(units * sign[:, None] / _ANGLE)
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # directions in the order of their first rows
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    first, inverse = first[order], rank[inverse.ravel()]
    label = np.full(norms.size, -1, dtype=np.int64)
    label[rows] = inverse
    flipped = np.zeros(norms.size, dtype=np.bool_)
    flipped[rows] = sign != sign[first][inverse]
    return Directions(rows[first], units[first], label, norms, flipped)


def each_row(features: FloatArray) -> Directions:
    """Every row that is not zero as a direction of its own."""
    norms = np.linalg.norm(features, axis=1)
    rows = np.flatnonzero(norms > 0.0)
    label = np.full(norms.size, -1, dtype=np.int64)
    label[rows] = np.arange(rows.size)
    units = features[rows] / norms[rows, None]
    return Directions(rows, units, label, norms, np.zeros(norms.size, dtype=np.bool_))


def undo_merge(directions: Directions, Z: FloatArray, merged: Products, kappa: float) -> DualPoint:
    """Carry multipliers for the unit representatives over to all rows (Theorem 8).

    Parameters
    ----------
    directions : Directions
    Z : float64 array, shape (n, c)
        Dual point of the full problem.
    merged : Products
        Multipliers over the m directions, for rows of norm 1.
    kappa : float
        The dual norm that the multipliers are for, about.

    Returns
    -------
    DualPoint
        Over all n rows. A tie of weight t adds ‖z_i‖²/(2t) to kappa, at most.
    """
    n, m = directions.label.size, directions.count
    representative, norms = directions.representative, directions.norms
    r, s = merged.first % m, merged.second % m
    unit = norms[representative]
    first = representative[r] + n * (merged.first >= m)
    second = representative[s] + n * (merged.second >= m)
    # Products between representatives keep their order: a before b, and rows in ascending order.
    parts = [Products(n, first, second, merged.multiplier / (unit[r] * unit[s]))]
    i = np.setdiff1d(np.arange(n), representative)
    size, norm = np.linalg.norm(Z[i], axis=1), norms[i]
    label = directions.label[i]
    tied, zero = label >= 0, label < 0
    t = np.zeros(i.size)
    t[tied] = _STIFFNESS * size[tied] / norm[tied]
    t[zero] = size[zero] * np.sum(size[zero]) / (2.0 * _ZERO_ROW_COST * kappa)
    largest = float(np.max(norms)) or 1.0
    t = np.maximum(t, kappa / np.where(tied, norm, largest) ** 2)  # where z_i is 0, about the unit
    parts += _ties(directions, i[tied], t[tied])
    parts.append(Products(n, i[zero], i[zero] + n, -t[zero]))
    return DualPoint(Z, summed(parts))


def _ties(directions: Directions, i: IndexArray, t: FloatArray) -> list[Products]:
    """t(a_i − θa_r)(b_i − θb_r), or t(a_i − θb_r)(b_i − θa_r) where row i is flipped."""
    n = directions.label.size
    r = directions.representative[directions.label[i]]
    theta = directions.norms[i] / directions.norms[r]
    parallel = ~directions.flipped[i]
    parts = [Products(n, i, i + n, -t), Products(n, r, r + n, -t * theta**2)]
    i, r, weight = i[:, None], r[:, None], (t * theta)[:, None]
    for select, pairs in (
        (parallel, ((i, r + n), (r, i + n))),
        (~parallel, ((r, i), (r + n, i + n))),
    ):
        for first, second in pairs:
            parts.append(Products(n, first[select, 0], second[select, 0], weight[select, 0]))
    return parts
