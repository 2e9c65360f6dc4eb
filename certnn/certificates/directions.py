"""Directions of the output space, and a bound for each, that together bound a dual norm."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from certnn.arrays import FloatArray
from certnn.budget import Budget
from certnn.errors import SolverError
from certnn.kernel.exact import integers
from certnn.kernel.outputs import solution

#: Splits are at p·r_i + q·r_j with p, q up to this.
_LARGEST_SHARE = 255
#: What log(p/q) may be off by: for even steps, as a share of one, and where angles are halved.
_UNEVEN, _ERROR = 0.05, 0.3
#: More cones than this are too many, and so are more of the plane than these times as many as
#: there would be if all had the same angle.
_MOST_CONES, _MOST_PARTS = 20_000, 2
#: Nominal seconds of a cone.
_A_CONE = 1e-4
#: Bound of a ray of which nothing counts, as a share of its length.
_NOTHING = 1e-9
#: Cones that reach no further than this share below kappa still count as within it.
_ROOM = 1e-12

_Ray = tuple[int, ...]
_Leaf = tuple[bytes, tuple[_Ray, ...]]


@dataclass(frozen=True, eq=False)
class Cover:
    """Simplicial cones that cover the output space ℝᶜ.

    Attributes
    ----------
    rays : float64 array, shape (m, c)
        The rays of all cones, small integers, each once, in the order in which the cones have them.
    cones : int64 array, shape (p, c)
        The places of each cone's rays.
    tree : bytes
        The splits of the orthants, as the kernel's ``FORMAT.md`` describes them.
    lengths : float64 array, shape (m,)
        To which the bounds of the rays are proportional: the rays' own, if nothing else is said.
    """

    rays: FloatArray
    cones: NDArray[np.int64]
    tree: bytes
    lengths: FloatArray

    @property
    def spread(self) -> float:
        """How long a vector can be, whose product with every ray is at most its length."""
        corners = np.linalg.solve(self.rays[self.cones], self.lengths[self.cones][:, :, None])
        return float(np.max(np.linalg.norm(corners, axis=1)))

    def centred(self) -> Cover:
        """The same for vectors of sum zero: of a ray only what has sum zero counts.

        Of all bounds that are no lower than for equal ones of that, those with the least spread.
        Raises `SolverError` if a general solver does not find them.
        """
        import cvxpy as cp

        own = np.linalg.norm(self.rays - np.mean(self.rays, axis=1, keepdims=True), axis=1)
        lengths, spread = cp.Variable(own.size), cp.Variable()
        corners = [np.linalg.inv(self.rays[cone]) @ lengths[cone] for cone in self.cones]
        within = [cp.norm(corner) <= spread for corner in corners]
        least = np.maximum(own, _NOTHING * np.linalg.norm(self.rays, axis=1))
        program = cp.Problem(cp.Minimize(spread), [*within, lengths >= least])
        try:
            program.solve(solver="CLARABEL")
        except cp.SolverError as error:
            raise SolverError(f"no bounds of the directions were found: {error}") from error
        if lengths.value is None:
            raise SolverError(f"no bounds of the directions were found: {program.status}")
        return replace(self, lengths=np.maximum(lengths.value, least))


def cover(outputs: int, spread: float, budget: Budget) -> Cover:
    """Cones so narrow that the spread of their cover is at most the one wanted.

    Raises `SolverError` if that needs too many cones or too much time.

    Parameters
    ----------
    outputs : int
        c.
    spread : float
        Above 1. In the plane m rays in equal steps have a spread of 1/cos(π/m).
    """
    if 2**outputs > _MOST_CONES:
        raise SolverError(f"{outputs} outputs are too many to be covered by cones")
    if outputs == 2:
        parts = max(1, math.ceil(math.pi / 4.0 / math.acos(1.0 / spread) - 1e-9))
        for more in range(parts, _MOST_PARTS * parts + 1):
            leaves = (leaf for cone in _orthants(2) for leaf in _in_parts(cone, more))
            found = _numbered(leaves, budget)
            if found.spread <= spread:
                return found
        raise SolverError("rays of small integers do not cover the outputs that closely")
    return _numbered(
        (leaf for cone in _orthants(outputs) for leaf in _halved(cone, spread)), budget
    )


def _orthants(outputs: int) -> Iterator[tuple[_Ray, ...]]:
    for signs in product((1, -1), repeat=outputs):
        yield tuple(
            tuple(sign if place == axis else 0 for place in range(outputs))
            for axis, sign in enumerate(signs)
        )


def _in_parts(cone: tuple[_Ray, ...], parts: int, before: bytes = b"") -> Iterator[_Leaf]:
    """Cut a cone of the plane into parts of about the same angle."""
    if parts == 1:
        yield before + b"\0", cone
        return
    lengths = [math.hypot(*ray) for ray in cone]
    cosine = sum(a * b for a, b in zip(*cone, strict=True)) / (lengths[0] * lengths[1])
    angle, first = math.acos(cosine), parts // 2
    turn = angle * first / parts
    p, q = _shares(
        math.sin(angle - turn) / math.sin(turn) * lengths[1] / lengths[0], _UNEVEN / parts
    )
    middle = _sum(cone, 0, 1, p, q)
    yield from _in_parts((cone[0], middle), first, before + bytes([1, p, q]))
    yield from _in_parts((middle, cone[1]), parts - first)


def _halved(cone: tuple[_Ray, ...], spread: float, before: bytes = b"") -> Iterator[_Leaf]:
    """Halve the widest angles of a cone until the rest is narrow enough."""
    lengths = [math.hypot(*ray) for ray in cone]
    unit = np.array(cone) / np.array(lengths)[:, None]
    if np.linalg.norm(np.linalg.solve(unit, np.ones(len(cone)))) <= spread:
        yield before + b"\0", cone
        return
    edges = list(combinations(range(len(cone)), 2))
    cosines = unit @ unit.T
    edge = min(range(len(edges)), key=lambda number: float(cosines[edges[number]].round(9)))
    i, j = edges[edge]
    p, q = _shares(lengths[j] / lengths[i], _ERROR)
    middle = _sum(cone, i, j, p, q)
    kept = (*cone[:j], middle, *cone[j + 1 :])
    other = (*cone[:i], middle, *cone[i + 1 :])
    yield from _halved(kept, spread, before + bytes([1 + edge, p, q]))
    yield from _halved(other, spread)


def _shares(ratio: float, allowed: float) -> tuple[int, int]:
    """Small positive p and q with p/q close to the ratio."""
    smaller = np.arange(1, _LARGEST_SHARE + 1)
    larger = np.clip(np.round(smaller * max(ratio, 1.0 / ratio)), 1, _LARGEST_SHARE).astype(int)
    errors = np.abs(np.log(larger / smaller) - abs(math.log(ratio)))
    best = int(np.argmax(errors <= max(allowed, float(np.min(errors)))))
    shares = int(larger[best]), int(smaller[best])
    return shares if ratio >= 1.0 else shares[::-1]


def _sum(cone: tuple[_Ray, ...], i: int, j: int, p: int, q: int) -> _Ray:
    return tuple(p * a + q * b for a, b in zip(cone[i], cone[j], strict=True))


def _numbered(leaves: Iterator[_Leaf], budget: Budget) -> Cover:
    places: dict[_Ray, int] = {}
    cones, tree = [], []
    for splits, cone in leaves:
        cones.append([places.setdefault(ray, len(places)) for ray in cone])
        tree.append(splits)
        budget.spend(_A_CONE)
        if budget.over:
            raise SolverError("there was no time to cover the output space")
        if len(cones) > _MOST_CONES:
            raise SolverError("there are too many directions to cover the output space")
    rays = np.array(list(places), dtype=np.float64)
    return Cover(rays, np.array(cones), b"".join(tree), np.linalg.norm(rays, axis=1))


def bounds(of: Cover, kappa: float, budget: Budget) -> FloatArray:
    """Bounds h_k, as large as they may be in the same proportion to the rays' lengths.

    If w_kᵀg ≤ h_k for every ray w_k, then |g| ≤ kappa; exactly, not up to rounding. Raises
    `SolverError` if there is no time to find out.
    """
    share = 1.0 - _ROOM
    while True:
        h: FloatArray = of.lengths * (share * kappa / of.spread)
        if all(_within(of.rays[cone], h[cone], kappa, budget) for cone in of.cones):
            return h
        share -= _ROOM


def _within(rays: FloatArray, bounds: FloatArray, kappa: float, budget: Budget) -> bool:
    """Whether |V| ≤ kappa for the V with rays·V = bounds, in exact arithmetic."""
    budget.spend(_A_CONE)
    if budget.over:
        raise SolverError("there was no time to cover the output space")
    heights, bits = integers(bounds.tolist())
    determinant, V = solution([[int(entry) for entry in ray] for ray in rays], heights)
    return bool(sum(v * v for v in V) <= (Fraction(kappa) * determinant * 2**bits) ** 2)
