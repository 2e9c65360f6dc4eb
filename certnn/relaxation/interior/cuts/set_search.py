"""Sets of points whose second moments no neurons have, by small semidefinite programs (Theorem 30).

The form that separates the moments of a set best, among those that are semidefinite plus
nonnegative on every choice of a or b and whose squares add to 1, shows how much they are violated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, permutations, product
from math import comb

import numpy as np
from scipy.sparse import csc_array, vstack

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.certificates.cuts_point import choice_matrices
from certnn.certificates.dual_point import IndexArray
from certnn.errors import SolverError
from certnn.kernel.cuts import set_pairs
from certnn.relaxation.interior.cuts import conic

#: Sets violated by less than this are left out; the moments of a and b are scaled to 1.
_VIOLATED = 1e-4
_TOLERANCE = 1e-5
#: Two points are together in at most so many of the sets tried at a time.
_SAME_PAIR = 8
#: So many sets are tried before any form is known; so many are looked through with known forms.
_FIRST, _SCREENED, _CHUNK = 100, 30000, 500
#: How many forms are known at a time, and how many of them are new.
_TEMPLATES, _NEW_TEMPLATES = 12, 4
#: Nominal seconds of a semidefinite program.
_A_PROGRAM = 5e-3


@dataclass(frozen=True, eq=False)
class ViolatedForm:
    """A form that is nonnegative on neurons and negative for the moments.

    Attributes
    ----------
    points : int64 array, shape (k,)
        Ascending.
    form : float64 array, shape (2k²,)
    part : float64 array, shape (2ᵏ, k(k−1)/2)
        As in `certnn.certificates.cuts_point.SetForm`.
    violation : float
        The form's value, negative; its squares add to 1 where the moments are scaled to 1.
    """

    points: IndexArray
    form: FloatArray
    part: FloatArray
    violation: float


class SetSearch:
    """A search for violated forms that learns.

    A form that separates the moments of one set is nonnegative on neurons for every set, with its
    points in any order, a and b of any exchanged, and any positive scale of each a and b. So the
    best forms found so far show at the price of a matrix product which of many sets are worth a
    semidefinite program.

    Parameters
    ----------
    m : int
        Number of directions.
    k : int
        Points of each set.
    seed : int
        Of the draws.
    """

    def __init__(self, m: int, k: int, seed: int) -> None:
        self._m, self._k = m, k
        self._rng = np.random.default_rng(seed)
        self._templates: list[FloatArray] = []

    def violated(
        self, moments: FloatArray, most: int, cost: float, budget: Budget
    ) -> list[ViolatedForm]:
        """Forms that the moments violate, at most `most`, the most violated first.

        Parameters
        ----------
        moments : float64 array, shape (2m, 2m)
            Of a_1..a_m, b_1..b_m.
        most : int
        cost : float
            Of the search, about, in units of the budget.
        budget : Budget
        """
        end = budget.now + cost
        size = np.sqrt(np.maximum(np.diag(moments), np.finfo(float).tiny))
        correlations = moments / size[:, None] / size[None, :]
        found: dict[tuple[int, ...], ViolatedForm] = {}
        chosen = self._drawn()
        if comb(self._m, self._k) > 2 * most:
            if not self._templates:
                for points in map(tuple, chosen[:_FIRST].tolist()):
                    if budget.over:
                        return []
                    budget.spend(_A_PROGRAM)
                    found[points] = _separated(moments, points)
                self._learn(size, list(found.values()))
            chosen = self._promising(correlations, chosen, 2 * most)
        new = []
        for points in map(tuple, chosen.tolist()):
            if budget.over or (budget.now > end and found):
                break
            if points not in found:
                budget.spend(_A_PROGRAM)
                found[points] = _separated(moments, points)
                new.append(found[points])
        self._learn(size, new)
        ordered = sorted(found.values(), key=lambda form: form.violation)
        return [form for form in ordered[:most] if form.violation < -_VIOLATED]

    def _drawn(self) -> IndexArray:
        """Different sets at random, all of them if they are not too many; points ascending."""
        m, k = self._m, self._k
        if comb(m, k) <= _SCREENED:
            sets = np.array(list(combinations(range(m), k)), dtype=np.int64)
        else:
            keys = self._rng.random((_SCREENED, m))
            sets = np.unique(np.sort(np.argpartition(keys, k, axis=1)[:, :k], axis=1), axis=0)
        return self._rng.permutation(sets.reshape(-1, k), axis=0)

    def _promising(self, correlations: FloatArray, sets: IndexArray, most: int) -> IndexArray:
        """The sets that the known forms say are violated most, no pair of points too often."""
        if not self._templates:
            return sets[:most]
        first, second = np.array(set_pairs(self._k)).T
        index = np.hstack([sets, sets + self._m])
        images = np.vstack([_images(form, self._k) for form in self._templates])
        images = images.T.astype(np.float32)
        least = np.empty(sets.shape[0])
        for start in range(0, sets.shape[0], _CHUNK):
            own = index[start : start + _CHUNK]
            entries = correlations[own[:, first], own[:, second]].astype(np.float32)
            least[start : start + _CHUNK] = np.min(entries @ images, axis=1)
        together = np.zeros((self._m, self._m), dtype=np.int64)
        chosen: list[int] = []
        low, high = np.array(list(combinations(range(self._k), 2))).T
        for number in np.argsort(least, kind="stable").tolist():
            if len(chosen) == most:
                break
            pairs = sets[number, low], sets[number, high]
            if np.all(together[pairs] < _SAME_PAIR):
                together[pairs] += 1
                chosen.append(number)
        return sets[chosen]

    def _learn(self, size: FloatArray, found: list[ViolatedForm]) -> None:
        """Keep the best forms, in units in which the moments have diagonal 1."""
        first, second = np.array(set_pairs(self._k)).T
        best = sorted(found, key=lambda form: form.violation)[:_NEW_TEMPLATES]
        for one in best:
            if one.violation < -_VIOLATED:
                own = size[np.concatenate([one.points, one.points + self._m])]
                self._templates.insert(0, one.form * own[first] * own[second])
        del self._templates[_TEMPLATES:]


@cache
def _symmetries(k: int) -> IndexArray:
    """How the coefficients of a form move when points change places and a and b are exchanged."""
    pairs = set_pairs(k)
    place = {pair: number for number, pair in enumerate(pairs)}
    moved = []
    for order in permutations(range(k)):
        for flips in product((0, k), repeat=k):
            image = [p + flip for p, flip in zip(order, flips, strict=True)]
            image += [p + k - flip for p, flip in zip(order, flips, strict=True)]
            ends = [(image[r], image[s]) for r, s in pairs]
            moved.append([place[min(r, s), max(r, s)] for r, s in ends])
    return np.array(moved)


def _images(form: FloatArray, k: int) -> FloatArray:
    """The coefficients of a form under all symmetries."""
    images: FloatArray = form[_symmetries(k)]
    return images


def _separated(moments: FloatArray, points: tuple[int, ...]) -> ViolatedForm:
    """The form of the least value; 0 where all are nonnegative, or the solver fails."""
    k, m = len(points), moments.shape[0] // 2
    index = np.concatenate([np.array(points), np.array(points) + m])
    own = moments[np.ix_(index, index)]
    size = np.sqrt(np.maximum(np.diag(own), np.finfo(float).tiny))
    first, second = np.array(set_pairs(k)).T
    entries = (own / size[:, None] / size[None, :])[first, second]
    choices = conic.choice_map(k)
    parts = choices.shape[1] - entries.size
    squares = np.concatenate([1.0 * (first == second), np.zeros(parts)])
    rows = np.arange(parts)
    signs = csc_array((-np.ones(parts), (rows, entries.size + rows)), (parts, choices.shape[1]))
    A = vstack([csc_array(squares[None]), signs, -choices], format="csc")
    b = np.zeros(A.shape[0])
    b[0] = 1.0
    try:
        x = conic.minimised(
            np.concatenate([entries, np.zeros(parts)]),
            A,
            b,
            [1 + parts, *[-k] * 2**k],
            _TOLERANCE,
        )
    except SolverError:
        x = np.zeros(choices.shape[1])
    form, part = x[: entries.size].copy(), np.maximum(x[entries.size :], 0.0).reshape(2**k, -1)
    least = np.min(np.linalg.eigvalsh(choice_matrices(k, form[None], part[None])))
    form[first == second] += 0.5 * max(0.0, -float(least))
    where = np.array(list(combinations(range(k), 2))).reshape(-1, 2)
    chosen = np.array(list(product((0, k), repeat=k))) + np.arange(k)
    return ViolatedForm(
        np.array(points),
        form / (size[first] * size[second]),
        part / (size[chosen[:, where[:, 0]]] * size[chosen[:, where[:, 1]]]),
        min(float(entries @ form), 0.0),
    )
