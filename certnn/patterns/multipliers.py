"""Multipliers that prove a dual norm over the cones of patterns (Theorem 51), in floats.

For a pattern with faces G and image M = XᵀDZ, any l and Λ with lᵢ ≥ ‖Λᵢ‖ prove, for any
0 < share < 1, the number

    ‖[Gᵀl/√(1 − share), (M + GᵀΛ)/√share]‖₂,

with μ = share·kappa². For one output the best multipliers are those of two nearest points, and for
more they are found by accelerated projected gradients.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
from numba import njit

from certnn.arrays import FloatArray
from certnn.patterns.cones import ascend_in_cone, nearest
from certnn.patterns.program import Cones
from certnn.training.candidates import IntArray

#: Shares that are tried, the one that mostly is best first.
_SHARES = (0.97, 0.9, 0.995)
#: Faces that may have multipliers for more than one output, for each column; those nearest to u.
_FACES = 4
#: Iterations at a time, and in all, for one pattern and one share.
_ITERATIONS, _MOST_ITERATIONS = 400, 4000
#: What is wanted is this much above what is needed, before rounding.
_CLOSE, MARGIN = 2e-3, 1e-9
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
    cones: Cones, features: FloatArray, Z: FloatArray, deadline: float
) -> list[PatternMultipliers]:
    """Multipliers for every pattern, such that the largest kappa is about as small as may be.

    Parameters
    ----------
    cones : Cones
        Of the features.
    features, Z : ndarray, shapes (n, D) and (n, c)
    deadline : float
        Value of ``time.monotonic()`` after which each pattern gets what is at hand.
    """
    images = cones.images(features, Z)
    norms = np.linalg.norm(images, 2, axis=(1, 2))
    found = [PatternMultipliers(norm, *_nothing(Z.shape[1])) for norm in norms.tolist()]
    if Z.shape[1] == 1:
        for k in range(len(found)):
            if time.monotonic() < deadline:
                found[k] = _for_one_output(cones.faces(k), images[k], found[k])
        return _without_needless(found, norms, Z.shape[1])
    searches = [_Search(cones, k, images[k]) for k in range(len(found))]
    wanted = (1.0 + _CLOSE) * max((search.score for search in searches), default=0.0)
    rounds = _MOST_ITERATIONS // _ITERATIONS
    for _ in range(rounds):
        open_ones = [k for k in range(len(found)) if found[k].kappa > wanted]
        for k in sorted(open_ones, key=lambda k: -found[k].kappa):
            if time.monotonic() < deadline:
                found[k] = min(found[k], searches[k].run(wanted), key=lambda m: m.kappa)
        worst = max(m.kappa for m in found)
        if not open_ones or time.monotonic() >= deadline:
            break
        # What most cannot reach need not be asked of the others.
        wanted = max(wanted, wanted + 0.25 * (worst - wanted))
    return _without_needless(found, norms, Z.shape[1])


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
    nearest(G, np.ascontiguousarray(image[:, 0]), ends[0])
    nearest(G, -image[:, 0], ends[1])
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


class _Search:
    """Projected gradients for one pattern, which go on where they stopped."""

    def __init__(self, cones: Cones, k: int, image: FloatArray) -> None:
        G = cones.faces(k)
        output = image.T @ cones.patterns.directions[:, k]
        multipliers = np.zeros(G.shape[0])
        self.score, u = 0.0, cones.patterns.directions[:, k]
        if np.any(output):
            image = np.ascontiguousarray(image)
            self.score, found = ascend_in_cone(G, image, output, multipliers, _STEPS)
            u = found if self.score > 0.0 else u
        near = np.argsort(G @ u + (multipliers == 0.0), kind="stable")
        self._points = np.sort(near[: min(_FACES * G.shape[1], G.shape[0])])
        self._G, self._image = np.ascontiguousarray(G[self._points]), image
        self._step = 1.0 / max(float(np.linalg.norm(self._G, 2)) ** 2, 1e-300)
        self._start = self._first(u, multipliers[self._points])
        self._share = 0

    def _first(self, u: FloatArray, multipliers: FloatArray) -> FloatArray:
        """Those of the neuron in its own output direction, and none in the opposite one."""
        output = self._image.T @ u
        length = float(np.linalg.norm(output))
        direction = output / length if length > 0.0 else output
        return np.column_stack([0.5 * multipliers, 0.5 * np.outer(multipliers, direction)])

    def run(self, wanted: float) -> PatternMultipliers:
        """Some iterations for the share that is next in turn."""
        share = _SHARES[self._share % len(_SHARES)]
        self._share += 1
        scale = np.full(self._start.shape[1], 1.0 / math.sqrt(share))
        scale[0] = 1.0 / math.sqrt(1.0 - share)
        base = np.column_stack([np.zeros(self._image.shape[0]), self._image])
        values = _descend(
            self._G, base, scale, self._start, wanted, self._step / scale.max() ** 2, _ITERATIONS
        )
        self._start = values
        short = rounded_multipliers(values)
        kept = np.any(short != 0.0, axis=1)
        whole = (base + self._G[kept].T @ short[kept]) * scale
        return PatternMultipliers(
            float(np.linalg.norm(whole, 2)), self._points[kept], short[kept], share
        )


@njit(cache=True, nogil=True)
def _project(rows: FloatArray) -> None:
    """Move every row to the nearest point of the cone t₀ ≥ ‖(t₁, ..)‖."""
    for i in range(rows.shape[0]):
        top, square = rows[i, 0], 0.0
        for j in range(1, rows.shape[1]):
            square += rows[i, j] * rows[i, j]
        length = np.sqrt(square)
        if length <= -top:
            rows[i] = 0.0
        elif length > abs(top):
            middle = 0.5 * (top + length)
            rows[i] *= middle / length
            rows[i, 0] = middle


@njit(cache=True, nogil=True)
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
