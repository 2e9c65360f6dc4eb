"""Multipliers that prove a dual norm over the cones of patterns (Theorem 45), in floats.

For a pattern with faces G and image M = XᵀDZ, any l and Λ with lᵢ ≥ ‖Λᵢ‖ prove, for any
0 < share < 1, the number

    ‖[Gᵀl/√(1 − share), (M + GᵀΛ)/√share]‖₂,

with μ = share·kappa². For one output the best multipliers are those of two nearest points, and for
more they are found by accelerated projected gradients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.splitting.patterns.cones import ascend_in_cone, nearest
from certnn.splitting.patterns.program import Cones, climb_cost
from certnn.training.candidates import IntArray
from certnn.training.compiled import compiled, inner

#: Shares for the multipliers of all output directions together, and for those of one neuron.
_SHARES_OF_ALL, _SHARES_OF_ONE = (0.3, 0.5), (0.97, 0.9, 0.8)
#: Faces that may have multipliers for more than one output, for each column: those nearest to u.
_FACES = 4
#: Iterations of a run, and runs in which a search has to gain a share, or it has ended.
_ITERATIONS, _PATIENCE, _GAIN = 400, 4, 5e-4
#: Nominal seconds of an iteration, and of each product in it; what the start of a search costs, in
#: units of the ascent in a cone.
_AN_ITERATION, _A_PRODUCT, _STARTING = 2e-5, 4e-9, 10.0
#: What is wanted is this much above what is needed, before rounding.
_CLOSE, MARGIN = 2e-3, 1e-9
#: Output directions in which M is below this share of what is wanted need no multipliers.
_SMALL = 0.1
#: Where no neuron scores more than this share, the start for a basis of outputs is worth its time.
_MODEST = 0.5
#: Multipliers are rounded to multiples of the largest one times this; smaller ones are left out.
_GRID = 2.0**-36
#: Steps of the ascent that shows which faces are near.
_STEPS = 8


@dataclass(frozen=True, eq=False)
class PatternMultipliers:
    """What proves kappa for one pattern.

    Attributes
    ----------
    kappa : float
        What is proved, up to rounding.
    points : ndarray, shape (k,)
        Indices of faces.
    values : ndarray, shape (k, c + 1)
        lᵢ and Λᵢ of each, for rows of G of length one.
    split : float
        μ as a share of kappa²; where there are no points it has no meaning.
    """

    kappa: float
    points: IntArray
    values: FloatArray
    split: float


def prove_patterns(
    cones: Cones, features: FloatArray, Z: FloatArray, budget: Budget
) -> list[PatternMultipliers]:
    """Multipliers for every pattern, such that the largest kappa is about as small as may be.

    Parameters
    ----------
    cones : Cones
        Of the features.
    features, Z : ndarray, shapes (n, D) and (n, c)
    budget : Budget
        Where it is over each pattern gets what is at hand.

    Returns
    -------
    list of PatternMultipliers
        One for each pattern.
    """
    images = cones.images(features, Z)
    norms = np.linalg.norm(images, 2, axis=(1, 2))
    found = [PatternMultipliers(norm, *_nothing(Z.shape[1])) for norm in norms.tolist()]
    improve = _improve_for_one_output if Z.shape[1] == 1 else _improve
    improve(cones, images, found, budget)
    return _without_needless(found, norms, Z.shape[1])


def _improve_for_one_output(
    cones: Cones, images: FloatArray, found: list[PatternMultipliers], budget: Budget
) -> None:
    cost = climb_cost(cones.rows.shape[0], images.shape[1], images.shape[2])
    for k in range(len(found)):
        if not budget.over:
            budget.spend(cost)
            found[k] = _for_one_output(cones.faces(k), images[k], found[k])


def _improve(
    cones: Cones, images: FloatArray, found: list[PatternMultipliers], budget: Budget
) -> None:
    norms = [proof.kappa for proof in found]
    cost = climb_cost(cones.rows.shape[0], images.shape[1], images.shape[2])
    neurons = []
    for k in range(len(found)):
        if budget.over:
            return
        budget.spend(cost)
        neurons.append(_neuron(cones, k, images[k]))
    wanted = (1.0 + _CLOSE) * max(neuron.score for neuron in neurons)
    searches: dict[int, _Search] = {}
    for k in range(len(found)):
        if norms[k] > wanted and not budget.over:
            budget.spend(_STARTING * cost)
            searches[k] = _Search(cones.faces(k), images[k], neurons[k], wanted)
            found[k] = min(found[k], searches[k].best, key=lambda m: m.kappa)
    # The largest kappa is that of the proof: so always the worst pattern is next.
    while searches and not budget.over:
        worst = max(range(len(found)), key=lambda k: found[k].kappa)
        if found[worst].kappa <= wanted or worst not in searches or searches[worst].ended:
            break
        budget.spend(searches[worst].cost)
        searches[worst].run(wanted)
        found[worst] = min(found[worst], searches[worst].best, key=lambda m: m.kappa)


def _nothing(c: int) -> tuple[IntArray, FloatArray, float]:
    return np.zeros(0, np.int64), np.zeros((0, c + 1)), 0.5


def _without_needless(
    found: list[PatternMultipliers], norms: FloatArray, c: int
) -> list[PatternMultipliers]:
    """No multipliers where none are needed for what is proved anyway."""
    largest = max(m.kappa for m in found)
    return [
        PatternMultipliers(norm, *_nothing(c)) if norm <= largest else m
        for m, norm in zip(found, norms.tolist(), strict=True)
    ]


def _for_one_output(
    G: FloatArray, image: FloatArray, otherwise: PatternMultipliers
) -> PatternMultipliers:
    """λ(1) and λ(−1) are those of the points of the cone that are nearest to M and to −M."""
    if otherwise.kappa == 0.0:
        return otherwise
    ends = np.zeros((2, G.shape[0]))
    nearest(G, np.ascontiguousarray(image[:, 0]), ends[0], 0.0)
    nearest(G, -image[:, 0], ends[1], 0.0)
    values = np.column_stack([0.5 * (ends[0] + ends[1]), 0.5 * (ends[0] - ends[1])])
    points = np.flatnonzero(np.any(ends > 0.0, axis=0))
    values = rounded_multipliers(values[points])
    g, p = G[points].T @ values[:, 0], image[:, 0] + G[points].T @ values[:, 1]
    kappa = max(float(np.linalg.norm(g + p)), float(np.linalg.norm(g - p))) * (1.0 + MARGIN)
    split = 0.5 + 0.5 * float(p @ p - g @ g) / kappa**2 if kappa > 0.0 else 0.5
    return PatternMultipliers(kappa, points, values, split)


def rounded_multipliers(values: FloatArray) -> FloatArray:
    """The multipliers with short numbers, such that lᵢ ≥ ‖Λᵢ‖ exactly."""
    largest = float(np.max(np.abs(values), initial=0.0))
    if largest == 0.0:
        return values
    unit = 2.0 ** math.frexp(largest)[1] * _GRID
    short: FloatArray = np.round(values / unit)
    # Integers below 2³⁷: the square root is that of the float above the sum of squares.
    needed = np.ceil(np.sqrt(np.sum(np.square(short[:, 1:]), axis=1)) * (1.0 + 2.0**-50))
    short[:, 0] = np.maximum(short[:, 0], needed)
    return short * unit


@dataclass(frozen=True, eq=False)
class _Neuron:
    """A neuron of large score in a cone: its score, u, and the multipliers of the faces."""

    score: float
    direction: FloatArray
    multipliers: FloatArray


def _neuron(cones: Cones, k: int, image: FloatArray) -> _Neuron:
    G, own = cones.faces(k), cones.patterns.directions[:, k]
    multipliers, output = np.zeros(G.shape[0]), image.T @ own
    if np.any(output):
        score, found = ascend_in_cone(G, image, output, multipliers, _STEPS)
        if score > 0.0:
            return _Neuron(score, found, multipliers)
    return _Neuron(0.0, own, np.zeros(G.shape[0]))


class _Search:
    """Multipliers for one pattern: two starts, and projected gradients from them.

    One start adds up multipliers of nearest points to Mw and −Mw for an orthonormal basis of output
    directions w. It is good where no neuron of the cone scores much. The other has those of one
    neuron in its own output direction, and none in the opposite one.
    """

    def __init__(self, G: FloatArray, image: FloatArray, neuron: _Neuron, wanted: float) -> None:
        self._image = image
        direction = image.T @ neuron.direction
        length = float(np.linalg.norm(direction))
        direction = direction / length if length > 0.0 else np.eye(image.shape[1])[0]
        starts: list[tuple[tuple[float, ...], FloatArray]] = []
        if neuron.score <= _MODEST * wanted:
            together = _for_a_basis(G, image, direction, _SMALL * wanted)
            starts.append((_SHARES_OF_ALL, together))
        half = 0.5 * neuron.multipliers
        alone = np.column_stack([half, np.outer(half, direction)])
        near = np.argsort(G @ neuron.direction, kind="stable")[: _FACES * G.shape[1]]
        starts.append((_SHARES_OF_ONE, alone))
        used = np.any([np.any(start != 0.0, axis=1) for _, start in starts], axis=0)
        used[near] = True
        self._points = np.flatnonzero(used)
        self._G = np.ascontiguousarray(G[self._points])
        self._step = 1.0 / max(float(np.linalg.norm(self._G, 2)) ** 2, 1e-300)
        self._states = [
            (share, start[self._points]) for shares, start in starts for share in shares
        ]
        self._proved = [self._proof(*state) for state in self._states]
        self._runs, self._before = [0] * len(self._states), [math.inf] * len(self._states)

    @property
    def best(self) -> PatternMultipliers:
        """The best found so far."""
        return min(self._proved, key=lambda m: m.kappa)

    @property
    def ended(self) -> bool:
        """Whether the state that is best gains next to nothing any more."""
        return all(self._runs) and self._gain(self._leading()) < _GAIN

    @property
    def cost(self) -> float:
        """Nominal seconds of `run`."""
        faces, (columns, outputs) = self._points.size, self._image.shape
        products = (int(faces) + outputs) * columns * outputs
        return float(_ITERATIONS * (_AN_ITERATION + _A_PRODUCT * products))

    def run(self, wanted: float) -> None:
        """Some iterations: every start and share in turn once, then those of the best."""
        fresh = [k for k, runs in enumerate(self._runs) if runs == 0]
        k = fresh[-1] if fresh else self._leading()
        share, start = self._states[k]
        base, scale = self._scaled_parts(share)
        step = self._step / float(np.max(scale)) ** 2
        values = _descend(self._G, base, scale, start, wanted, step, _ITERATIONS)
        self._states[k] = (share, values)
        self._runs[k] += 1
        if self._runs[k] % _PATIENCE == 1:
            self._before[k] = self._proved[k].kappa
        self._proved[k] = min(self._proved[k], self._proof(share, values), key=lambda m: m.kappa)

    def _leading(self) -> int:
        return min(range(len(self._proved)), key=lambda k: self._proved[k].kappa)

    def _gain(self, k: int) -> float:
        """Of the last runs; inf while there are few."""
        if self._runs[k] % _PATIENCE != 0:
            return math.inf
        return self._before[k] / self._proved[k].kappa - 1.0

    def _scaled_parts(self, share: float) -> tuple[FloatArray, FloatArray]:
        base = np.column_stack([np.zeros(self._image.shape[0]), self._image])
        scale = np.full(base.shape[1], 1.0 / math.sqrt(share))
        scale[0] = 1.0 / math.sqrt(1.0 - share)
        return base, scale

    def _proof(self, share: float, values: FloatArray) -> PatternMultipliers:
        short = rounded_multipliers(values)
        kept = np.any(short != 0.0, axis=1)
        base, scale = self._scaled_parts(share)
        whole = (base + self._G[kept].T @ short[kept]) * scale
        kappa = float(np.linalg.norm(whole, 2))
        return PatternMultipliers(kappa, self._points[kept], short[kept], share)


def _for_a_basis(G: FloatArray, image: FloatArray, first: FloatArray, small: float) -> FloatArray:
    """l and Λ, shape (n, c + 1), from the nearest points to ±Mw for the w of a basis."""
    rest = image - np.outer(image @ first, first)
    others = np.linalg.svd(rest)[2][: image.shape[1] - 1]
    values = np.zeros((G.shape[0], image.shape[1] + 1))
    for output in (first, *others):
        target = image @ output
        if np.linalg.norm(target) > small:
            ends = np.zeros((2, G.shape[0]))
            nearest(G, target, ends[0], 0.5 * small)
            nearest(G, -target, ends[1], 0.5 * small)
            values[:, 0] += 0.5 * (ends[0] + ends[1])
            values[:, 1:] += np.outer(0.5 * (ends[0] - ends[1]), output)
    return values


@inner
def _project(rows: FloatArray) -> None:
    """Move every row to the nearest point of the cone t₀ ≥ ‖(t₁, ..)‖."""
    for i in range(rows.shape[0]):
        top, square = rows[i, 0], 0.0
        for j in range(1, rows.shape[1]):
            square += rows[i, j] * rows[i, j]
        length = np.sqrt(square)
        if length <= -top:
            for j in range(rows.shape[1]):
                rows[i, j] = 0.0
        elif length > abs(top):
            middle = 0.5 * (top + length)
            for j in range(rows.shape[1]):
                rows[i, j] *= middle / length
            rows[i, 0] = middle


@compiled
def _descend(
    G: FloatArray,
    base: FloatArray,
    scale: FloatArray,
    start: FloatArray,
    wanted: float,
    step: float,
    iterations: int,
) -> FloatArray:
    """Lower half the squared distance of (base + GᵀT)·diag(scale) from the ball of radius `wanted`.

    T is kept in the product of the cones tᵢ₀ ≥ ‖(tᵢ₁, ..)‖.
    """
    latest, ahead, momentum, inside = start.copy(), start.copy(), 1.0, True
    radius = wanted * (1.0 - 1e-4)
    for _ in range(iterations):
        whole = (base + G.T @ ahead) * scale
        squares, turn = np.linalg.eigh(whole.T @ whole)
        if squares[-1] <= wanted * wanted:
            if inside:
                return ahead
            _project(ahead)  # what is ahead may be outside of the cones
            latest, momentum, inside = ahead.copy(), 1.0, True
            continue
        excess = np.zeros(squares.size)
        for j in range(squares.size):
            if squares[j] > radius * radius:
                excess[j] = 1.0 - radius / np.sqrt(squares[j])
        outside = whole @ ((turn * excess) @ turn.T)
        moved = ahead - step * ((G @ outside) * scale)
        _project(moved)
        following = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum))
        ahead = moved + (momentum - 1.0) / following * (moved - latest)
        latest, momentum, inside = moved, following, False
    return latest
