"""Whether a symmetric matrix is positive definite, or by weights and L semidefinite.

In an arrow variables come in blocks, with nothing between two of them, and last the border.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from math import isqrt
from operator import mul

from certnn.kernel.exact import Backend, ExactMatrix, Rows, times_transpose
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: Entries of a row whose products are subtracted at once.
_LONG = 256


def require_semidefinite(S: ExactMatrix, w: ExactMatrix, L: ExactMatrix, backend: Backend) -> None:
    """That w and the lower triangle L, one row each, prove S positive semidefinite (Theorem 10(a)).

    Raises `Rejected` if a weight is not positive, or diag(w)·S·diag(w) − LLᵀ is not diagonally
    dominant.
    """
    (weights,) = w.rows
    if min(weights) <= 0:
        raise Rejected("a weight is not positive")
    rows, _ = lower_triangle(L.transposed(), 0, S.height)
    remainder = S.rescaled(weights, weights, 2 * w.exponent) - times_transpose(rows, rows, backend)
    require_dominance(remainder, range(S.height))


def require_dominance(remainder: ExactMatrix, numbers: Sequence[int]) -> None:
    """In every row the diagonal entry is at least the sum of the others' absolute values.

    Raises `Rejected` if not; the message has the row's number.
    """
    for p, (row, number) in enumerate(zip(remainder.rows, numbers, strict=True)):
        if 2 * row[p] < sum(map(abs, row)):
            raise Rejected(f"the remainder is not diagonally dominant in row {number}")


def joined(own: ExactMatrix, across: ExactMatrix, corner: ExactMatrix) -> ExactMatrix:
    """The symmetric matrix [own, across; acrossᵀ, corner]."""
    above, below = own.beside(across), across.transposed().beside(corner)
    common = min(above.exponent, below.exponent)
    return ExactMatrix(above.at(common) + below.at(common), common)


def lower_triangle(entries: ExactMatrix, start: int, size: int) -> tuple[ExactMatrix, int]:
    """The square matrix whose lower triangle begins at `start`, and where the next one begins.

    `entries` has one column.
    """
    stop = start + size * (size + 1) // 2
    own = entries.taken(range(start, stop))
    numbers = iter([entry for (entry,) in own.rows])
    rows = [list(islice(numbers, length)) + [0] * (size - length) for length in range(1, size + 1)]
    return ExactMatrix(rows, own.exponent), stop


def positive_definite(S: Rows, work: Work) -> bool:
    """Whether it is: by rounded integers where these suffice, and else by its leading minors.

    Raises `Rejected` if the minors are needed, and too long for the work that is left.
    """
    if any(row[i] <= 0 for i, row in enumerate(S)):
        return False
    # The rounded factor proves it in nearly all cases.
    return arrow_definite([], ExactMatrix(S, 0), work) or _by_minors(S, work)


def arrow_definite(
    blocks: Sequence[tuple[ExactMatrix, ExactMatrix]], corner: ExactMatrix, work: Work
) -> bool:
    """Whether a rounded Cholesky factor proves an arrow positive definite (Theorem 20(d)).

    Each block comes with its entries with the border, of which `corner` has those with itself.
    Raises `Rejected` if the factor would take more work than is left.
    """
    sizes, k = [own.height for own, _ in blocks], corner.height
    work.spend(sum(m**3 // 3 + k * m**2 + k**2 * m for m in sizes) + k**3 // 3, 256)
    order, edge = sum(sizes) + k, _scales(corner)
    if edge is None:
        return False
    left, rows = _scaled(corner, edge, edge), [[0] for _ in edge]
    for number, (own, across) in enumerate(blocks):
        found = scaled_factor(own, order)
        if found is None:
            return False
        scales, factor = found
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
    return _factor(left, order) is not None


def scaled_factor(S: ExactMatrix, order: int) -> tuple[list[int], Rows] | None:
    """Exponents e, and the rounded factor of diag(2**e)·S·diag(2**e), if it proves S definite.

    S is a block of a matrix of that order.
    """
    scales = _scales(S)
    factor = None if scales is None else _factor(_scaled(S, scales, scales), order)
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


def _factor(T: Rows, order: int) -> Rows | None:
    """The rounded Cholesky factor of T, of which the lower triangle is read, less a shift."""
    factor: Rows = []
    shift = order << 65
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
