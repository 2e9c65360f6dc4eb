"""The groups of the level block(k) as small problems that share the moments of (u, v) alone.

The multipliers of one group touch its own a-variables and (u, v): a clique of the arrow pattern of
Theorem 13. Rows of the data that answer with the same form enter only through a weighted sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from certnn.arrays import FloatArray
from certnn.certificates.dual_point import IndexArray, Products
from certnn.relaxation.reduced.reduced_problem import ReducedProblem
from certnn.relaxation.reduced.rows_alone import alone


@dataclass(frozen=True, eq=False)
class Responses:
    """The forms that rows of the data answer with, rows of one form merged.

    A row of weight θ on form f has output θ·L(f v). With ω = Σθ² and ȳ = Σθy/ω over the rows of a
    form, the sum of ½‖θ·t − y‖² over them is ½ω‖t − ȳ‖² and a constant. With an output bias β it is
    ½ω‖t + κβ − ȳ‖² and a constant, κ = Σθ/ω; and what no form answers for of the sum of all rows is
    a response of its own then, the last one, of t = 0.

    Attributes
    ----------
    form : int64 array, shape (f,)
        Ascending; a_r is r and b_r is m + r.
    weight : float64 array, shape (p,)
        ω, positive; p is f or f + 1.
    target : float64 array, shape (p, c)
        ȳ.
    ones : float64 array, shape (p,)
        κ; zeros without an output bias.
    decay : float
        Of the output bias.
    constant : float
        What the loss is at least, whatever the outputs.
    """

    form: IndexArray
    weight: FloatArray
    target: FloatArray
    ones: FloatArray
    decay: float
    constant: float
    _row_form: IndexArray
    _row_weight: FloatArray
    _row_target: FloatArray
    _alone: FloatArray

    @classmethod
    def of(cls, reduced: ReducedProblem) -> Responses:
        """Merge the rows of a problem of the half-squared loss."""
        n, m = reduced.targets.shape[0], reduced.directions.count
        form, theta = np.full(n, -1, dtype=np.int64), np.zeros(n)
        for lift, first in ((reduced.lift_a, 0), (reduced.lift_b, m)):
            entries = lift.tocoo()
            nonzero = entries.data != 0.0
            rows = entries.coords[0][nonzero]
            form[rows] = entries.coords[1][nonzero] + first
            theta[rows] = entries.data[nonzero]
        seen = form >= 0
        used, place = np.unique(form[seen], return_inverse=True)
        weight, ones = np.zeros(used.size), np.zeros(used.size)
        np.add.at(weight, place, theta[seen] ** 2)
        target = np.zeros((used.size, reduced.outputs))
        np.add.at(target, place, theta[seen, None] * reduced.targets[seen])
        target /= weight[:, None]
        rest = np.zeros((n, 0))
        if reduced.bias_decay is not None:
            np.add.at(ones, place, theta[seen])
            ones /= weight
            left = np.ones(n)
            left[seen] -= theta[seen] * ones[place]
            rest = alone(left)
            if rest.size:
                weight, ones = np.append(weight, 1.0), np.append(ones, np.linalg.norm(left))
                target = np.vstack([target, rest.T @ reduced.targets])
        lost = np.sum(reduced.targets**2) - np.sum(weight[:, None] * target**2)
        constant, decay = 0.5 * max(float(lost), 0.0), reduced.bias_decay or 0.0
        return cls(used, weight, target, ones, decay, constant, form, theta, reduced.targets, rest)

    def bias(self, left: FloatArray) -> FloatArray:
        """The output bias that fits best what outputs leave of the targets, shapes (p, c), (c,)."""
        square = float(np.sum(self.weight * self.ones**2))
        return (
            (self.weight * self.ones) @ left / square if square > 0.0 else np.zeros(left.shape[1])
        )

    def dual_rows(self, zeta: FloatArray) -> FloatArray:
        """The best Z, shape (n, c), with Σθz = zeta, shape (p, c), over the rows of each form."""
        seen = self._row_form >= 0
        place = np.searchsorted(self.form, self._row_form[seen])
        output = self.target - zeta / self.weight[:, None]
        Z = self._row_target - self._alone @ output[self.form.size :]
        Z[seen] -= self._row_weight[seen, None] * output[place]
        return Z


@dataclass(frozen=True, eq=False)
class Clique:
    """One group of k directions; its variables are a (k), u (r) and v (c), in this order.

    Of a lift v is ρ alone, and outputs are not the clique's own: c = 1, and targets have no column.

    Attributes
    ----------
    members : int64 array, shape (k,)
    forms : float64 array, shape (2k + c, k + q)
        a_1..a_k, b_1..b_k = a − Xu, then the entries of v, and others if there are; q = r + c.
    answering : int64 array, shape (p,)
        Forms among the first 2k that rows of the data answer with.
    place : int64 array, shape (p,)
        Their places among all `Responses`.
    weight, target : float64 arrays, shapes (p,) and (p, c)
        Of those responses.
    """

    members: IndexArray
    forms: FloatArray
    answering: IndexArray
    place: IndexArray
    weight: FloatArray
    target: FloatArray

    @property
    def size(self) -> int:
        """Number k of directions."""
        return int(self.members.size)

    def with_forms(self, forms: FloatArray) -> Clique:
        """The clique with other forms, the first 2k + c as they were."""
        return replace(self, forms=forms)

    def products(self, m: int, first: IndexArray, second: IndexArray, y: FloatArray) -> Products:
        """Multipliers of products of this clique's forms, as products over all m directions."""
        k = self.size
        one = self.members[first % k] + m * (first >= k)
        two = self.members[second % k] + m * (second >= k)
        return Products(m, np.minimum(one, two), np.maximum(one, two), y)


def cliques(
    reduced: ReducedProblem, responses: Responses, groups: list[IndexArray], norm: bool = False
) -> list[Clique]:
    """The clique of each group; `groups` is a partition of the directions.

    With `norm` they are those of a lift.
    """
    m, r = reduced.directions.count, reduced.rank
    c = 1 if norm else reduced.outputs
    targets = responses.target[:, : 0 if norm else c]
    at = np.full(2 * m, -1, dtype=np.int64)
    at[responses.form] = np.arange(responses.form.size)
    found = []
    for group in groups:
        members = np.sort(group)
        k = members.size
        forms = np.zeros((2 * k + c, k + r + c))
        forms[:k, :k] = forms[k : 2 * k, :k] = np.eye(k)
        forms[k : 2 * k, k : k + r] = -reduced.rows[members]
        forms[2 * k :, k + r :] = np.eye(c)
        place = at[np.concatenate([members, members + m])]
        answering = np.flatnonzero(place >= 0)
        place = place[answering]
        found.append(
            Clique(
                members,
                forms,
                answering,
                place,
                responses.weight[place],
                targets[place],
            )
        )
    return found
