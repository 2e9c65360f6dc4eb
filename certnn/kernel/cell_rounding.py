"""What cells are about in integers of 26 bits: the points in turned coordinates, and a direction.

What rounding may change is taken off the bound that is to be proved (Theorem 52(b)).
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul

from certnn.kernel.cell_geometry import GRID_BITS
from certnn.kernel.definite import positive_definite
from certnn.kernel.exact import ExactMatrix, Rows, times_transpose
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: P may shorten a vector by this share: what a direction must fall short of its bound.
SHRINK_BITS = 30


def require_nearly_orthogonal(rotation: ExactMatrix, work: Work) -> None:
    """‖Py‖² > (1 − 2⁻³⁰)‖y‖² for all y ≠ 0.

    Raises
    ------
    Rejected
        If not, or if it would take too much work.
    """
    k = len(rotation.rows)
    columns = rotation.transposed()
    work.spend(k**3, 2 * rotation.span.bits)
    square = times_transpose(columns, columns, "python")
    size = range(k)
    least = [[((1 << SHRINK_BITS) - 1) * (i == j) for j in size] for i in size]
    if not positive_definite((square - ExactMatrix(least, -SHRINK_BITS)).rows, work):
        raise Rejected("the rotation shortens a vector")


@dataclass(frozen=True)
class RoundedPoints:
    """A matrix with 26 bits to each entry, all in units of 2**exponent: off by half a unit at most.

    Attributes
    ----------
    rows : list of list of int
    exponent : int
    """

    rows: Rows
    exponent: int

    @staticmethod
    def of(matrix: ExactMatrix) -> RoundedPoints:
        """The matrix rounded."""
        longest = max((abs(entry) for row in matrix.rows for entry in row), default=0)
        shift = longest.bit_length() - GRID_BITS
        up, down = max(0, -shift), max(0, shift)
        half = 1 << down >> 1
        rows = [[(entry << up) + half >> down for entry in row] for row in matrix.rows]
        return RoundedPoints(rows, matrix.exponent + shift if longest else 0)


@dataclass(frozen=True)
class RoundedDirection:
    """A direction in integers: Σ σ_i (x_iᵀy)₊ ≤ height for ‖y‖ = 1 is to be proved.

    Attributes
    ----------
    points : list of (list of int, int)
        x_i and σ_i ≠ 0.
    height : int
    """

    points: list[tuple[list[int], int]]
    height: int


def rounded_direction(
    points: RoundedPoints, Z: ExactMatrix, ray: tuple[int, ...], bound: float
) -> RoundedDirection:
    """The weights rounded, and the bound less what all rounding may change (Theorem 52(b)).

    Parameters
    ----------
    points : RoundedPoints
        XP, shape (n, k).
    Z : ExactMatrix
        n×c.
    ray : tuple of int
        w, of length c.
    bound : float
        h.
    """
    sums = [[sum(map(mul, z, ray))] for z in Z.rows]
    weights = RoundedPoints.of(ExactMatrix(sums, Z.exponent))
    triples = zip(points.rows, weights.rows, sums, strict=True)
    members = [(x, w) for x, (w,), (exact,) in triples if exact]
    # |σ(xᵀy)₊ − σ′(x′ᵀy)₊| ≤ |σ − σ′||x′| + |σ||x − x′|, in halves of the unit.
    lost = sum(sum(map(abs, x)) + (abs(weight) + 1) * len(x) for x, weight in members)
    numerator, denominator = bound.as_integer_ratio()
    numerator, denominator = numerator * ((1 << SHRINK_BITS) - 1), denominator << SHRINK_BITS
    unit = points.exponent + weights.exponent
    height = (numerator << max(0, -unit)) // (denominator << max(0, unit))
    return RoundedDirection([(x, w) for x, w in members if w and any(x)], height - (lost + 1) // 2)
