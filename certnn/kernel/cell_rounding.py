"""What cells are about in integers of 26 bits: the points in turned coordinates, and a direction.

What rounding may change is taken off the bound that is to be proved (Theorem 52(b)).
"""

from __future__ import annotations

from dataclasses import dataclass

from certnn.kernel.cell_geometry import GRID_BITS
from certnn.kernel.definite import joined, positive_definite
from certnn.kernel.exact import ExactMatrix, Rows, diagonal
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: P may change a length by this share: what a direction must fall short of its bound.
TURN_BITS = 30


def turned(features: ExactMatrix, rotation: ExactMatrix, work: Work) -> RoundedPoints:
    """The points in the coordinates y with u = Py, |y| = 1.

    If the rotation P is for one column less, the last one is that of a free hidden bias, whose g
    with |g| ≤ |u| is (1 + 2⁻³⁰)y_k. Raises `Rejected` if P changes lengths, or it would take too
    much work.
    """
    _require_nearly_orthogonal(rotation, work)
    free, axes = features.width - rotation.height, rotation
    if free:
        stretched = ExactMatrix([[(1 << TURN_BITS) + 1]], -TURN_BITS)
        axes = joined(rotation, ExactMatrix([[0]] * rotation.height, 0), stretched)
    return RoundedPoints.of(work.product(features, axes.transposed()), free)


def _require_nearly_orthogonal(rotation: ExactMatrix, work: Work) -> None:
    """(1 − 2⁻³⁰)‖y‖² < ‖Py‖² < (1 + 2⁻²⁹)‖y‖² for all y ≠ 0."""
    k, columns = rotation.height, rotation.transposed()
    square = work.product(columns, columns)
    for sign, least in ((1, (1 << TURN_BITS) - 1), (-1, (1 << TURN_BITS) + 2)):
        excess = square - diagonal([least] * k, -TURN_BITS)
        rows = [[sign * entry for entry in row] for row in excess.rows]
        if not positive_definite(rows, work):
            raise Rejected("the rotation changes a length")


@dataclass(frozen=True)
class RoundedPoints:
    """A matrix with 26 bits to each entry, all in units of 2**exponent: off by half a unit at most.

    So many last coordinates of y as are `free` are no part of its length, and between −1 and 1.
    """

    rows: Rows
    exponent: int
    free: int

    @staticmethod
    def of(matrix: ExactMatrix, free: int = 0) -> RoundedPoints:
        """The matrix rounded."""
        longest = max((abs(entry) for row in matrix.rows for entry in row), default=0)
        shift = longest.bit_length() - GRID_BITS
        up, down = max(0, -shift), max(0, shift)
        half = 1 << down >> 1
        rows = [[(entry << up) + half >> down for entry in row] for row in matrix.rows]
        return RoundedPoints(rows, matrix.exponent + shift if longest else 0, free)


@dataclass(frozen=True)
class RoundedDirection:
    """A direction in integers: Σ σ_i (x_iᵀy)₊ ≤ height for ‖y‖ = 1 is to be proved.

    The points are x_i and σ_i ≠ 0; `free` is as in `RoundedPoints`.
    """

    points: list[tuple[list[int], int]]
    height: int
    free: int


def rounded_direction(points: RoundedPoints, sigma: ExactMatrix, bound: float) -> RoundedDirection:
    """The weights σ rounded, and the bound less what all rounding may change (Theorem 52(b))."""
    weights = RoundedPoints.of(sigma)
    triples = zip(points.rows, weights.rows, sigma.rows, strict=True)
    members = [(x, w) for x, (w,), (exact,) in triples if exact]
    # |σ(xᵀy)₊ − σ′(x′ᵀy)₊| ≤ |σ − σ′||x′| + |σ||x − x′|, in halves of the unit.
    lost = sum(sum(map(abs, x)) + (abs(weight) + 1) * len(x) for x, weight in members)
    numerator, denominator = bound.as_integer_ratio()
    numerator, denominator = numerator * ((1 << TURN_BITS) - 1), denominator << TURN_BITS
    unit = points.exponent + weights.exponent
    height = (numerator << max(0, -unit)) // (denominator << max(0, unit))
    counted = [(x, w) for x, w in members if w and any(x)]
    return RoundedDirection(counted, height - (lost + 1) // 2, points.free)
