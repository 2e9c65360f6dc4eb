"""Whether a symmetric matrix of integers is positive definite."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from operator import mul

from certnn.kernel.exact import ExactMatrix, Rows
from certnn.kernel.work import Work

#: Entries of a row whose products are subtracted at once.
_LONG = 256


def positive_definite(S: Rows, work: Work) -> bool:
    """Whether it is: by rounded integers where these suffice, and else by its leading minors.

    Raises
    ------
    Rejected
        If the minors are needed, and too long for the work that is left.
    """
    if any(row[i] <= 0 for i, row in enumerate(S)):
        return False
    work.spend(len(S) ** 3 // 3, 256)
    if scaled_factor(ExactMatrix(S, 0)) is not None:
        return True  # a rounded Cholesky factor proves it, as in nearly all cases (Theorem 20(d))
    return _by_minors(S, work)


def arrow_definite(
    blocks: Sequence[tuple[ExactMatrix, ExactMatrix]], corner: ExactMatrix, work: Work
) -> bool:
    """Whether a rounded Cholesky factor proves an arrow positive definite (Theorem 20(d)).

    Its variables are those of the blocks, block after block, and then the border. There is nothing
    between two blocks, and so there is nothing in the factor.

    Parameters
    ----------
    blocks : sequence of (ExactMatrix, ExactMatrix)
        Each block, m×m, and its entries with the border, m×k.
    corner : ExactMatrix
        k×k, those of the border.

    Raises
    ------
    Rejected
        If the factor would take more work than is left.
    """
    sizes, border = [own.height for own, _ in blocks], corner.height
    products = sum(m**3 // 3 + border * m**2 + border**2 * m for m in sizes) + border**3 // 3
    work.spend(products, 256)
    shift, edge = (sum(sizes) + border) << 65, _scales(corner)
    if edge is None:
        return False
    left, rows = _scaled(corner, edge, edge), [[0] for _ in edge]
    for number, (own, across) in enumerate(blocks):
        scales = _scales(own)
        factor = None if scales is None else _factor(_scaled(own, scales, scales), shift)
        if scales is None or factor is None:
            return False
        for row, column in zip(rows, zip(*_scaled(across, scales, edge), strict=True), strict=True):
            new = _eliminated(column, factor)
            if new is None:
                return False
            row += new
        if len(rows[0]) > _LONG or number == len(blocks) - 1:
            for p, row in enumerate(rows):
                for q in range(p + 1):
                    left[p][q] -= sum(map(mul, row, rows[q]))
            rows = [[0] for _ in edge]
    return _factor(left, shift) is not None


def scaled_factor(S: ExactMatrix) -> tuple[list[int], Rows] | None:
    """Exponents e, and the rounded factor of diag(2**e)·S·diag(2**e), if it proves S definite."""
    scales = _scales(S)
    factor = None if scales is None else _factor(_scaled(S, scales, scales), S.height << 65)
    return None if scales is None or factor is None else (scales, factor)


def _scales(matrix: ExactMatrix) -> list[int] | None:
    """Powers of two that scale the diagonal to between 2**126 and 2**128, if it is positive."""
    diagonal = [row[i] for i, row in enumerate(matrix.rows)]
    if any(entry <= 0 for entry in diagonal):
        return None
    return [(128 - entry.bit_length() - matrix.exponent) // 2 for entry in diagonal]


def _scaled(matrix: ExactMatrix, left: Sequence[int], right: Sequence[int]) -> Rows:
    """diag(2**left) · matrix · diag(2**right), rounded down."""
    return [
        [_shifted(x, p + q + matrix.exponent) for x, q in zip(row, right, strict=True)]
        for row, p in zip(matrix.rows, left, strict=True)
    ]


def _factor(T: Rows, shift: int) -> Rows | None:
    """The rounded Cholesky factor of T, of which the lower triangle is read, minus the shift."""
    factor: Rows = []
    for i, row in enumerate(T):
        new = _eliminated(row[:i], factor)
        pivot = 0 if new is None else row[i] - shift - sum(x * x for x in new)
        if new is None or pivot <= 0:
            return None
        factor.append([*new, isqrt(pivot)])
    return factor


def _eliminated(entries: Sequence[int], factor: Rows) -> list[int] | None:
    """The row of the factor that these entries make."""
    new: list[int] = []
    for entry, row in zip(entries, factor, strict=True):
        new.append((entry - sum(map(mul, new, row))) // row[-1])
        if abs(new[-1]) >> 65:  # its square is above the pivot, and what follows may be long
            return None
    return new


def _shifted(number: int, bits: int) -> int:
    """The number times 2**bits, rounded down."""
    return number << bits if bits >= 0 else number >> -bits


def _by_minors(S: Rows, work: Work) -> bool:
    """Whether all leading principal minors are positive, by Bareiss elimination."""
    rows, previous, order = [list(row) for row in S], 1, len(S)
    longest = max((abs(entry).bit_length() for row in S for entry in row), default=0)
    longest += order.bit_length()  # so that minors of order k have at most k times as many bits
    for k, row in enumerate(rows):
        if row[k] <= 0:
            return False
        work.spend(3 * (order - k) ** 2, 2 * (k + 1) * longest)
        for other in rows[k + 1 :]:
            lead = other[k]
            for j in range(k, order):  # the division is exact: these are minors
                other[j] = (other[j] * row[k] - lead * row[j]) // previous
        previous = row[k]
    return True
