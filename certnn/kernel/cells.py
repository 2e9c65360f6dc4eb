"""The proof of a dual norm by cells of weight space and a quadratic on each (Theorem 52).

The claim is that ‖Zᵀ(Xu)₊‖ ≤ kappa‖u‖ for every u. As in `phases` it is shown ray by ray of the
outputs that Σ σ_i (x_iᵀu)₊ ≤ h‖u‖ with σ_i = wᵀz_i. In coordinates y, u = Py, a tree cuts the cube
around the sphere ‖y‖ = 1 into boxes. In a box most points have one sign and are linear or zero. For
each of the rest the file names a quadratic above (t)₊, or below where σ_i < 0, on the interval in
which x_iᵀu can be there. With multipliers of the sides of the box and of ‖y‖ = 1 a quadratic form
of (1, y) is left, which is shown to be positive definite. It is all linear in the number of points.
For a free hidden bias y has one more coordinate beside the sphere, the bias over the radius of a
ball around the points (Theorem 51).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import mul
from typing import Any

from certnn.kernel.cell_geometry import (
    AT_SIDE,
    FORM_BITS,
    GRID_BITS,
    NO_COORDINATE,
    TOO_DEEP,
    interval,
    majorant,
    minorant,
    trimmed,
)
from certnn.kernel.cell_rounding import RoundedDirection, rounded_direction, turned
from certnn.kernel.definite import positive_definite
from certnn.kernel.exact import ExactMatrix, Rows, integers
from certnn.kernel.outputs import DEEPEST, DirectedProof, InTurn, weights_of
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: Proofs with fewer nodes times points are not worth loading numba.
_SMALL = 20_000
#: Bounds of a direction from here on are not for floats.
_LONG = 1 << 512

_OpenLeaves = Callable[..., Iterator[tuple[tuple[int, int, int], Any]]]


def check_cells(features: ExactMatrix, proof: DirectedProof, work: Work) -> None:
    """Prove by Theorems 18 and 52 that `proof.kappa` is enough, or raise `Rejected`."""
    directions, rest = proof.proved(work), InTurn(**proof.rest)
    n, rotation = features.height, proof.rotation
    points = turned(features, rotation, work)
    large = work.backend == "auto" and len(proof.rest["nodes"]) * n > _SMALL
    open_leaves = _filter() if large else None
    for bound, ray in directions:
        work.spend(n * features.width, 64)
        direction = rounded_direction(points, weights_of(proof.Z, ray), bound)
        if direction.height <= 0:
            raise Rejected("the bound of a direction is lost in rounding")
        if open_leaves and direction.points and direction.height < _LONG:
            _check_filtered(direction, proof, open_leaves, rest, work)
        else:
            _check_exactly(direction, rest, work)
    rest.require_end()


def _filter() -> _OpenLeaves | None:
    try:
        from certnn.kernel.cell_filter import open_leaves
    except (ImportError, RuntimeError):  # no numba, or no place for what it compiles
        return None
    return open_leaves


def _check_exactly(direction: RoundedDirection, rest: InTurn, work: Work) -> None:
    """Walk the tree that comes next, and check its leaves."""
    points = direction.points
    columns, side = len(points[0][0]) if points else 0, 1 << GRID_BITS
    root = _Cell([-side] * columns, [side] * columns, points, [], [0] * columns, 0, direction.free)
    cells = [root] if points else []
    while cells:
        cell = cells.pop()
        if not trimmed(cell.low, cell.high, cell.free):
            continue
        work.spend(64 * len(cell.mixed) * (columns + 1), 64)
        inner = cell.settled()
        node = rest.one("nodes")
        if node:
            cells += inner.halves(node)
        else:
            work.spend((len(inner.mixed) + columns) * (columns + 2) ** 2, 256)
            inner.check_leaf(direction.height, rest, work)


def _check_filtered(
    direction: RoundedDirection,
    proof: DirectedProof,
    open_leaves: _OpenLeaves,
    rest: InTurn,
    work: Work,
) -> None:
    """The same; most leaves in floats."""
    given, start = tuple(proof.rest.values()), tuple(rest.at.values())
    claim = direction.points, direction.height, direction.free
    for places, leaf in open_leaves(*claim, given, start, DEEPEST, work):
        rest.at.update(zip(rest.at, places, strict=True))
        if leaf:
            low, high, mixed, linear, intervals = leaf
            members = [direction.points[i] for i in mixed]
            settled = _Cell(low, high, members, intervals, linear, 0, direction.free)
            settled.check_leaf(direction.height, rest, work)


@dataclass(frozen=True)
class _Cell:
    """A box of y in units of 2⁻²⁶, and what of the sum may not be linear there.

    `mixed` has x_i and σ_i of the points that may have either sign, `intervals` bounds of their
    x_iᵀy, and `linear` is Σ σ_i x_i of the points that are not negative; until the cell is settled
    all are those of the box above. `depth` counts the boxes above, and the last `free` coordinates
    are no part of the length of y.
    """

    low: list[int]
    high: list[int]
    mixed: list[tuple[list[int], int]]
    intervals: list[tuple[int, int]]
    linear: list[int]
    depth: int
    free: int

    def settled(self) -> _Cell:
        """With the points that have one sign in this box taken out."""
        mixed, intervals, linear = [], [], self.linear
        for x, weight in self.mixed:
            below, above = interval(x, self.low, self.high, self.free)
            if below >= 0:
                linear = [total + weight * entry for total, entry in zip(linear, x, strict=True)]
            elif above > 0:
                mixed.append((x, weight))
                intervals.append((below, above))
        return replace(self, mixed=mixed, intervals=intervals, linear=linear)

    def halves(self, node: int) -> tuple[_Cell, _Cell]:
        """The upper half and the lower one, which comes first in the file."""
        k = len(self.low)
        if node > 2 * k:
            raise Rejected(NO_COORDINATE)
        if self.depth == DEEPEST:
            raise Rejected(TOO_DEEP)
        j = (node - 1) % k
        middle = 0 if node > k else self.low[j] + self.high[j] >> 1
        if not self.low[j] < middle < self.high[j]:
            raise Rejected(AT_SIDE)
        above, below, depth = [*self.low], [*self.high], self.depth + 1
        above[j] = below[j] = middle
        upper = replace(self, low=above, high=[*self.high], depth=depth)
        return upper, replace(self, low=[*self.low], high=below, depth=depth)

    def check_leaf(self, height: int, rest: InTurn, work: Work) -> None:
        """Read what the file has for this leaf, and check that it proves the height there."""
        if not positive_definite(self._form(height, rest), work):
            raise Rejected("the form of a leaf is not positive definite")

    def _form(self, height: int, rest: InTurn) -> Rows:
        """height − Σ, with the multipliers, as a matrix of (1, y) times a power of two."""
        k = len(self.low)
        squares, linear, constant = self._quadratics(rest.take("codes", len(self.mixed)))
        numbers, bits = integers(rest.take("multipliers", k + 1))
        *sides, sphere = (height * number for number in numbers)
        if min(sides, default=0) < 0:
            raise Rejected("a multiplier of a side is negative")
        # The multipliers are in units of 2**-bits, all else in units of 2**-FORM_BITS; the matrix
        # is twice the form in units of 2**-(bits + FORM_BITS).
        corner = (height - constant << FORM_BITS + bits) - (sphere << FORM_BITS)
        rows = [[0] * (k + 1) for _ in range(k + 1)]
        for j, (side, low, high) in enumerate(zip(sides, self.low, self.high, strict=True)):
            corner += side * low * high << FORM_BITS - 2 * GRID_BITS
            edge = (linear[j] << bits) + (side * (low + high) << FORM_BITS - GRID_BITS)
            rows[0][j + 1] = rows[j + 1][0] = -edge
            for m in range(k):
                rows[j + 1][m + 1] = -2 * squares[j][m] << bits
            rows[j + 1][j + 1] += 2 * (side + sphere * (j < k - self.free)) << FORM_BITS
        rows[0][0] = 2 * corner
        return rows

    def _quadratics(self, codes: bytes) -> tuple[Rows, list[int], int]:
        """Σ σ_i of the named quadratics and the linear points: squares, linear and constant."""
        constant, seconds, firsts = 0, [], []
        for code, (_, weight), (low, high) in zip(codes, self.mixed, self.intervals, strict=True):
            if weight > 0:
                a, b, more = majorant(code, low, high)
                constant += weight * more
            else:
                if (code >> 4) + (code & 15) > 15:
                    raise Rejected("a code is of no minorant")
                a, b = minorant(code, low, high)
            seconds.append(weight * a)
            firsts.append(weight * b)
        columns = [[x[j] for x, _ in self.mixed] for j in range(len(self.low))]
        scaled = [list(map(mul, seconds, column)) for column in columns]
        squares = [[sum(map(mul, one, column)) for column in columns] for one in scaled]
        linear = [
            (total << FORM_BITS) + sum(map(mul, firsts, column))
            for total, column in zip(self.linear, columns, strict=True)
        ]
        return squares, linear, constant
