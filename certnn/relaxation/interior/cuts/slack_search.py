"""Slacks of sublinearity that a moment matrix violates, by linear programs (Theorem 29).

For a nonnegative form f the slack of x_i = Σ θ_k x_k gives Σ_k (θ_k⁺ L(a_k f) + θ_k⁻ L(b_k f)) ≥
L(a_i f). The θ that violates this most is the solution of a linear program.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.dual_point import IndexArray

#: Share of the norms of a_i and f by which an inequality must fail to count as violated.
_VIOLATED = 1e-4
#: Coefficients below this are left out; the others are solved for again.
_ZERO = 1e-7
#: Relations with a residual of more than this are not used: x_i and x_k have norm 1.
_RESIDUAL = 1e-11
#: In the plane: how many lines away neighbours are, and how large their θ.
_WIDEST, _LARGEST = 3, 10.0
#: θ that agree to so many digits are the same.
_DIGITS = 6
#: Nominal seconds of a linear program.
_A_PROGRAM = 3e-3

_Key = tuple[int, tuple[int, ...], tuple[float, ...]]


@dataclass(frozen=True, eq=False)
class Relation:
    """x_i = Σ_k θ_k x_k, up to rounding, for the unit directions.

    Attributes
    ----------
    target : int
    points : int64 array, shape (s,)
    theta : float64 array, shape (s,)
    violation : float
        As a share of the norms of a_i and f, the most over the forms f that were tried.
    """

    target: int
    points: IndexArray
    theta: FloatArray
    violation: float

    @property
    def key(self) -> _Key:
        """Equal for the same relation."""
        rounded = tuple(np.round(self.theta, _DIGITS).tolist())
        return self.target, tuple(self.points.tolist()), rounded

    def combination(self, m: int) -> FloatArray:
        """The slack as a combination of a_1..a_m, b_1..b_m."""
        combination = np.zeros(2 * m)
        combination[np.where(self.theta > 0.0, self.points, self.points + m)] = np.abs(self.theta)
        combination[self.target] -= 1.0
        return combination


def violated_relations(
    rows: FloatArray,
    values: FloatArray,
    sizes: FloatArray,
    cost: float,
    budget: Budget,
    seed: int,
) -> list[Relation]:
    """The relations whose slacks some product violates, the most violated first.

    Parameters
    ----------
    rows : float64 array, shape (m, r)
        The unit directions.
    values : float64 array, shape (F, 2m)
        Moments of nonnegative forms f, one a row, with a_1..a_m, b_1..b_m.
    sizes : float64 array, shape (F,)
        Norms of these forms, the square roots of L(f²); the first 2m are a and b.
    cost : float
        Of the search, about, in units of the budget; the order of the forms is drawn at random.
    budget : Budget
    seed : int
    """
    m = rows.shape[0]
    end = budget.now + cost
    found: dict[_Key, Relation] = {}
    equations = np.hstack([rows.T, -rows.T])
    for f in np.random.default_rng(seed).permutation(values.shape[0]):
        cost = np.maximum(values[f], 0.0)
        for i in range(m):
            if budget.now > end or budget.over:
                return _ordered(found)
            size = float(sizes[f] * sizes[i])
            if not values[f, i] > _VIOLATED * size:
                continue
            budget.spend(_A_PROGRAM)
            upper = np.full(2 * m, np.inf)
            upper[[i, i + m]] = 0.0
            bounds = np.stack([np.zeros(2 * m), upper], axis=1)
            solved = linprog(cost, A_eq=equations, b_eq=rows[i], bounds=bounds, method="highs-ds")
            if solved.status != 0 or not solved.fun < values[f, i] - _VIOLATED * size:
                continue
            relation = _refined(rows, i, solved.x[:m] - solved.x[m:])
            if relation is None:
                continue
            chosen = np.where(relation.theta > 0.0, relation.points, relation.points + m)
            reached = float(np.abs(relation.theta) @ values[f, chosen])
            violation = (float(values[f, i]) - reached) / size
            old = found.get(relation.key)
            if old is None or violation > old.violation:
                found[relation.key] = Relation(i, relation.points, relation.theta, violation)
    return _ordered(found)


def _ordered(found: dict[_Key, Relation]) -> list[Relation]:
    return sorted(found.values(), key=lambda relation: -relation.violation)


def neighbour_relations(rows: FloatArray) -> list[Relation]:
    """Each direction of the plane between the first, second and third lines on its two sides."""
    m = rows.shape[0]
    order = np.argsort(np.arctan2(rows[:, 1], rows[:, 0]) % np.pi, kind="stable")
    found = []
    for place, i in enumerate(order.tolist()):
        for width in range(1, min(_WIDEST, (m - 1) // 2) + 1):
            points = np.sort(order[[(place - width) % m, (place + width) % m]])
            theta = np.zeros(m)
            theta[points] = np.linalg.lstsq(rows[points].T, rows[i], rcond=None)[0]
            relation = _refined(rows, i, theta)
            if relation is not None and np.max(np.abs(theta)) < _LARGEST:
                found.append(relation)
    return found


def _refined(rows: FloatArray, i: int, theta: FloatArray) -> Relation | None:
    points = np.flatnonzero(np.abs(theta) > _ZERO)
    solved = np.linalg.lstsq(rows[points].T, rows[i], rcond=None)[0]
    exact = bool(np.max(np.abs(rows[points].T @ solved - rows[i]), initial=0.0) < _RESIDUAL)
    if not exact or not np.all(np.abs(solved) > 0.0):
        return None
    return Relation(i, points, np.asarray(solved, dtype=np.float64), 0.0)
