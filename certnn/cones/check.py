"""The exact checker of verdicts: rational arithmetic, no tolerance, no search.

It imports the standard library and the matrices and eliminations of this package, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

from certnn.cones.certificates import (
    CompletelyPositive,
    Copositive,
    CopositivityProof,
    CpRankBounds,
    Decomposition,
    DoublyNonnegative,
    EdgeSplit,
    Factorization,
    Multipliers,
    NegativeDirection,
    NegativeEntry,
    NotCompletelyPositive,
    NotCopositive,
    NotDoublyNonnegative,
    SupportSplit,
    Verdict,
)
from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix


class Rejected(Exception):
    """The certificate does not prove its claim; the message says where it fails."""


_Verdict = TypeVar("_Verdict", bound=Verdict)


def verified(verdict: _Verdict) -> _Verdict:
    """The verdict, once `verify` has let it pass."""
    verify(verdict)
    return verdict


def verify(verdict: Verdict) -> None:
    """Check a verdict's certificate; return if it proves the verdict.

    Parameters
    ----------
    verdict : Verdict
        Anything but `Undecided`, which claims nothing.

    Raises
    ------
    Rejected
        If the certificate does not prove the claim.
    TypeError
        If `verdict` is not a verdict with a certificate.
    """
    match verdict:
        case Copositive():
            _check_copositive(verdict.matrix, verdict.certificate)
        case NotCopositive():
            _require(_nonnegative(verdict.certificate, verdict.matrix.order), "the vector")
            _require(verdict.matrix.form(verdict.certificate) < 0, "the form at the vector")
        case DoublyNonnegative():
            _require(verdict.matrix.is_nonnegative(), "an entry is negative")
            _require(psd_rank(verdict.matrix) == verdict.rank, "the pivots")
        case NotDoublyNonnegative():
            _check_not_dnn(verdict.matrix, verdict.certificate)
        case CompletelyPositive():
            _check_sum(verdict.matrix, verdict.certificate)
        case NotCompletelyPositive(certificate=Copositive() as separator):
            _require(separator.matrix.order == verdict.matrix.order, "the separator's order")
            _check_copositive(separator.matrix, separator.certificate)
            _require(separator.matrix.inner(verdict.matrix) < 0, "the inner product")
        case NotCompletelyPositive(certificate=NegativeEntry() | NegativeDirection() as found):
            _check_not_dnn(verdict.matrix, found)
        case CpRankBounds():
            _check_cp_rank(verdict)
        case _:
            raise TypeError(f"{type(verdict).__name__} is not a verdict with a certificate")


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise Rejected(f"rejected: {what}")


def _nonnegative(vector: Sequence[Fraction], order: int) -> bool:
    return len(vector) == order and all(type(x) is Fraction and x >= 0 for x in vector)


def _check_copositive(matrix: SymmetricMatrix, proof: CopositivityProof) -> None:
    """Walk the tree of Theorem 24.

    A node is a matrix, the indices known to be in the support of its minimiser, and those known not
    to be, the excluded ones.
    """
    order = matrix.order
    _require(_nonnegative(proof.scaling, order) and 0 not in proof.scaling, "the scaling")
    empty: frozenset[int] = frozenset()
    waiting = [(matrix.scaled(proof.scaling), empty, empty)]
    for step in proof.steps:
        _require(bool(waiting), "steps after the end of the tree")
        current, inside, excluded = waiting.pop()
        rest = [i for i in range(current.order) if i not in excluded]
        match step:
            case Decomposition(nonnegative):
                _require(nonnegative.order == len(rest), "order of a decomposition")
                _require(nonnegative.is_nonnegative(), "a negative entry in a decomposition")
                remainder = current.restricted(rest).plus(nonnegative, -1)
                _require(psd_rank(remainder) is not None, "a remainder that is not psd")
            case Multipliers(vector):
                _check_multipliers(current, inside, rest, vector)
            case SupportSplit(index):
                _require(index in rest and index not in inside, "index of a support split")
                flat = {
                    j
                    for j in rest
                    if j != index
                    and 2 * current.rows[index][j]
                    >= current.rows[index][index] + current.rows[j][j]
                }
                without = excluded | {index}
                if len(rest) > 1:
                    waiting.append((current, inside, without))
                if not flat & inside:
                    waiting.append((current, inside | {index}, excluded | flat))
            case EdgeSplit(first, second, p, q):
                size = len(rest)
                _require(0 <= first < size and 0 <= second < size, "index of an edge split")
                _require(first != second and min(p, q) > 0, "an edge split")
                block = current.restricted(rest)
                waiting.append((_with_ray(block, first, first, second, p, q), empty, empty))
                waiting.append((_with_ray(block, second, first, second, p, q), empty, empty))
            case _:
                raise Rejected("rejected: unknown step")
    _require(not waiting, "a tree with missing leaves")


def _check_multipliers(
    matrix: SymmetricMatrix, inside: frozenset[int], rest: Sequence[int], vector: Sequence[Fraction]
) -> None:
    _require(len(vector) == matrix.order, "length of multipliers")
    _require(all(type(z) is Fraction for z in vector), "multipliers that are not fractions")
    _require(sum(vector) > 0, "the sum of multipliers")
    _require(all(z <= 0 or i in inside for i, z in enumerate(vector)), "signs of multipliers")
    image = matrix.times(vector)
    _require(all(image[i] >= 0 for i in rest), "image of multipliers")


def _with_ray(
    matrix: SymmetricMatrix, replaced: int, first: int, second: int, p: Fraction, q: Fraction
) -> SymmetricMatrix:
    """T'MT, where column `replaced` of the identity T became p·e_first + q·e_second."""
    rows = [list(row) for row in matrix.rows]
    for row in rows:
        row[replaced] = p * row[first] + q * row[second]
    rows[replaced] = [p * a + q * b for a, b in zip(rows[first], rows[second], strict=True)]
    return SymmetricMatrix.of(rows)


def _check_not_dnn(matrix: SymmetricMatrix, found: NegativeEntry | NegativeDirection) -> None:
    match found:
        case NegativeEntry(i, j):
            _require(0 <= i < matrix.order and 0 <= j < matrix.order, "place of an entry")
            _require(matrix.rows[i][j] < 0, "the entry is not negative")
        case NegativeDirection(vector):
            _require(len(vector) == matrix.order, "length of the vector")
            _require(matrix.form(vector) < 0, "the form at the vector")


def _check_sum(matrix: SymmetricMatrix, factorization: Factorization) -> None:
    """Terms and blocks add up to `matrix`, and each is completely positive (Theorem 25(a))."""
    order = matrix.order
    left = [list(row) for row in matrix.rows]
    for term in factorization.terms:
        _require(_nonnegative(term.vector, order) and term.weight >= 0, "a term is negative")
        support = [i for i, h in enumerate(term.vector) if h]
        for i in support:
            scaled = term.weight * term.vector[i]
            for j in support:
                left[i][j] -= scaled * term.vector[j]
    for block in factorization.blocks:
        indices = block.indices
        _require(len(set(indices)) == len(indices) == block.matrix.order <= 4, "a block's order")
        _require(all(0 <= i < order for i in indices), "a block's indices")
        _require(block.matrix.is_nonnegative(), "a block is not nonnegative")
        _require(psd_rank(block.matrix) is not None, "a block is not psd")
        for i, row in zip(indices, block.matrix.rows, strict=True):
            for j, entry in zip(indices, row, strict=True):
                left[i][j] -= entry
    _require(all(entry == 0 for row in left for entry in row), "the sum is another matrix")


def _check_cp_rank(bounds: CpRankBounds) -> None:
    """Theorem 27."""
    matrix, edges = bounds.matrix, bounds.edges
    _check_sum(matrix, bounds.factorization)
    rank = psd_rank(matrix)
    assert rank is not None  # a sum of squares
    for place, (i, j) in enumerate(edges):
        _require(0 <= i <= j < matrix.order and matrix.rows[i][j] > 0, "an edge")
        for other in edges[:place]:
            pairs = ((a, b) for a in (i, j) for b in other)
            _require(any(matrix.rows[a][b] == 0 for a, b in pairs), "edges of one clique")
    _require(bounds.lower <= max(rank, len(edges)), "the lower bound")
    least = min(bounds.factorization.size, general_cp_rank_bound(matrix.order, rank))
    _require(bounds.upper >= least, "the upper bound")


def general_cp_rank_bound(order: int, rank: int) -> int:
    """The largest cp-rank that the order and the rank allow (Theorem 27(c))."""
    if rank <= 2:
        return rank
    by_rank = rank * (rank + 1) // 2
    return min(by_rank, order) if order <= 4 else by_rank
