"""Whether a symmetric matrix is positive definite, or by weights and L semidefinite.

In an arrow variables come in blocks, with nothing between two of them, and last the border.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from math import isqrt
from operator import mul, sub

from certnn.kernel.exact import ExactMatrix, Rows, longest
from certnn.kernel.rejected import Rejected
from certnn.kernel.work import Work

#: Of some variables: their numbers, their entries of an arrow with themselves and with the border,
#: and what adds up to the border's own.
Block = tuple[Sequence[int], ExactMatrix, ExactMatrix, list[ExactMatrix]]

#: Entries of a row whose products are subtracted at once.
_LONG = 256
#: Bits of scaled entries with the border, the finest scale, and bits that no good factor has.
_FINE, _FINEST, _LONGEST = 135, 1 << 13, 160


@dataclass(frozen=True)
class Witness:
    """Weights w and a lower triangle L, zero between two blocks, of an arrow (Theorem 10).

    Each is one column, row by row, but `cross`: a row for each variable of the blocks, with its
    entries of L in the rows of the border. `blocks` has the triangles of the blocks one after the
    other, `corner` that of the border.
    """

    weights: ExactMatrix
    blocks: ExactMatrix
    cross: ExactMatrix
    corner: ExactMatrix

    @staticmethod
    def dense(weights: ExactMatrix, L: ExactMatrix) -> Witness:
        """That of a matrix which is all border."""
        none = ExactMatrix([], 0)
        return Witness(weights, none, none, L)


def require_semidefinite(
    blocks: Iterable[Block], corner: ExactMatrix, witness: Witness, work: Work
) -> None:
    """That an arrow S is positive semidefinite (Theorem 10(a) and (c)).

    E = diag(w)·S·diag(w) − LLᵀ is diagonally dominant. One block at a time is in memory, with what
    it adds to the corner.

    Raises `Rejected` if a weight is not positive, or a row of E is not dominant; the message has
    its number.
    """
    weights, n, border = witness.weights, witness.cross.height, corner.height
    if any(w <= 0 for piece in weights.pieces() for (w,) in piece.rows):
        raise Rejected("a weight is not positive")
    border_w, start = weights.taken(range(n, n + border)), 0
    columns_left = ExactMatrix([[0] * border], 0)
    for numbers, own, across, shares in blocks:
        L, start = lower_triangle(witness.blocks, start, len(numbers))
        K, w, corner = witness.cross.taken(numbers), weights.taken(numbers), sum(shares, corner)
        square = work.product(L, L.above(K.transposed()))
        E = _remainder(w, own.beside(across), w.above(border_w), square, work)
        _require_dominance(E, numbers)
        sums = [sum(map(abs, column)) for column in E.transposed().rows[len(numbers) :]]
        columns_left += ExactMatrix([sums], E.exponent)
    L, _ = lower_triangle(witness.corner, 0, border)
    square = work.product(L, L)
    for K in witness.cross.pieces():
        rows = K.transposed()
        square += work.product(rows, rows)
    E = _remainder(border_w, corner, border_w, square, work)
    _require_dominance(E.beside(columns_left.transposed()), range(n, n + border))


def _remainder(
    left: ExactMatrix, S: ExactMatrix, right: ExactMatrix, product: ExactMatrix, work: Work
) -> ExactMatrix:
    """diag(left)·S·diag(right) − product, for weights in one column each."""
    exponent = left.exponent + right.exponent
    apart = abs(exponent + S.exponent - product.exponent)  # so much longer the integers of one get
    work.hold(left.height * right.height, left.bits + S.bits + right.bits + apart)
    left_w, right_w = ([w for (w,) in weights.rows] for weights in (left, right))
    return S.rescaled(left_w, right_w, exponent) - product


def _require_dominance(remainder: ExactMatrix, numbers: Sequence[int]) -> None:
    """In every row the diagonal entry is at least the sum of the others' absolute values."""
    for p, (row, number) in enumerate(zip(remainder.rows, numbers, strict=True)):
        if 2 * row[p] < sum(map(abs, row)):
            raise Rejected(f"the remainder is not diagonally dominant in row {number}")


def joined(own: ExactMatrix, across: ExactMatrix, corner: ExactMatrix) -> ExactMatrix:
    """The symmetric matrix [own, across; acrossᵀ, corner]."""
    return own.beside(across).above(across.transposed().beside(corner))


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
    return arrow_definite([], ExactMatrix(S, 0), len(S), work) or _by_minors(S, work)


def whole(blocks: Iterable[Block], corner: ExactMatrix) -> ExactMatrix:
    """The matrix of an arrow with the variables of one block, or of none."""
    parts = list(blocks)
    corner = sum(chain.from_iterable(shares for *_, shares in parts), corner)
    variables = [(own, across) for numbers, own, across, _ in parts if numbers]
    return joined(*variables[0], corner) if variables else corner


def arrow_definite(blocks: Iterable[Block], corner: ExactMatrix, order: int, work: Work) -> bool:
    """Whether a rounded Cholesky factor proves an arrow positive definite (Theorem 20(d)).

    The arrow is of that order. One block at a time is in memory.
    Raises `Rejected` if the factor would take more work than is left.
    """
    k = corner.height
    work.spend(k**3 // 3, 256)
    edge, rows = [_FINEST] * k, [list[int]() for _ in range(k)]
    eliminated = [[0] * (p + 1) for p in range(k)]
    for points, own, across, shares in blocks:
        m, corner = len(points), sum(shares, corner)
        if not m:
            continue
        work.spend(m**3 // 3 + k * m**2 + k**2 * m, 256)
        if (found := scaled_factor(own, order)) is None:
            return False
        scales, factor = found
        finer = list(map(min, edge, _fine(across, scales)))
        if finer != edge or len(rows[0]) > _LONG:
            work.spend(k**2, 256)
            eliminated = _gathered(eliminated, rows, edge, finer)
            edge, rows = finer, [[] for _ in edge]
        for row, column in zip(rows, zip(*_scaled(across, scales, edge), strict=True), strict=True):
            new = _eliminated(column, factor)
            if new is None:
                return False
            row += new
    ends = diagonal_scales(corner)
    if ends is None or any(end > e for end, e in zip(ends, edge, strict=True)):
        return False
    left, taken = _scaled(corner, ends, ends), _gathered(eliminated, rows, edge, ends)
    remainder = [list(map(sub, *both)) for both in zip(left, taken, strict=True)]
    return _factor(remainder, order) is not None


def _fine(across: ExactMatrix, scales: Sequence[int]) -> Iterator[int]:
    """For each column a power of two that makes it so long that a pivot is above 2**128."""
    for column in zip(*across.rows, strict=True):
        ends = (x.bit_length() + s for x, s in zip(column, scales, strict=True) if x)
        yield _FINE - across.exponent - max(ends, default=-_FINEST)


def _gathered(lower: Rows, rows: Rows, edge: Sequence[int], coarser: Sequence[int]) -> Rows:
    """A lower triangle and the products of the rows, in these scales of the border, in others."""
    less = list(map(sub, coarser, edge))
    return [
        [
            shifted(entry + sum(map(mul, row, other)), p + q)
            for entry, other, q in zip(entries, rows, less, strict=False)
        ]
        for entries, row, p in zip(lower, rows, less, strict=True)
    ]


def scaled_factor(S: ExactMatrix, order: int) -> tuple[list[int], Rows] | None:
    """Exponents e, and the rounded factor of diag(2**e)·S·diag(2**e), if it proves S definite.

    S is a block of a matrix of that order.
    """
    scales = diagonal_scales(S)
    factor = None if scales is None else _factor(_scaled(S, scales, scales), order)
    return None if scales is None or factor is None else (scales, factor)


def diagonal_scales(matrix: ExactMatrix) -> list[int] | None:
    """Powers of two that scale the diagonal to between 2**126 and 2**128, if it is positive."""
    diagonal = [row[i] for i, row in enumerate(matrix.rows)]
    if any(entry <= 0 for entry in diagonal):
        return None
    return [(128 - entry.bit_length() - matrix.exponent) // 2 for entry in diagonal]


def _scaled(matrix: ExactMatrix, left: Sequence[int], right: Sequence[int]) -> Rows:
    """diag(2**left) · matrix · diag(2**right), rounded down."""
    return [
        [shifted(x, p + q + matrix.exponent) for x, q in zip(row, right, strict=True)]
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


def _eliminated(entries: Iterable[int], factor: Rows) -> list[int] | None:
    """The row of the factor that these entries make."""
    new: list[int] = []
    for entry, row in zip(entries, factor, strict=True):
        new.append((entry - sum(map(mul, new, row))) // row[-1])
        if abs(new[-1]) >> _LONGEST:  # what follows may be longer and longer
            return None
    return new


def shifted(number: int, bits: int) -> int:
    """The number times 2**bits, rounded down."""
    return number << bits if bits >= 0 else number >> -bits


def _by_minors(S: Rows, work: Work) -> bool:
    """Whether all leading principal minors are positive, by Bareiss elimination."""
    rows, previous, order = [list(row) for row in S], 1, len(S)
    # So that minors of order k have at most k times as many bits.
    bits = longest(chain.from_iterable(S)) + order.bit_length()
    for k, row in enumerate(rows):
        if row[k] <= 0:
            return False
        work.spend(3 * (order - k) ** 2, 2 * (k + 1) * bits)
        for other in rows[k + 1 :]:
            lead = other[k]
            for j in range(k, order):  # the division is exact: these are minors
                other[j] = (other[j] * row[k] - lead * row[j]) // previous
        previous = row[k]
    return True
