"""Verdicts about cones of matrices, each with what proves it. Standard library only.

A verdict is a claim: `certnn.cones.verify` decides in rational arithmetic whether its certificate
proves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from certnn.cones.matrix import SymmetricMatrix, Vector


@dataclass(frozen=True)
class Decomposition:
    """A leaf: a nonnegative matrix may be subtracted and leaves a psd one (Theorem 24(a)).

    Attributes
    ----------
    nonnegative : SymmetricMatrix
    """

    nonnegative: SymmetricMatrix


@dataclass(frozen=True)
class Multipliers:
    """A leaf: no minimiser has such a support (Theorem 24(d)).

    Attributes
    ----------
    vector : tuple of Fraction
        Farkas multipliers.
    """

    vector: Vector


@dataclass(frozen=True)
class SupportSplit:
    """A node: a row is in the minimiser's support (first child) or not (second child).

    Attributes
    ----------
    index : int
        The row.
    """

    index: int


@dataclass(frozen=True)
class EdgeSplit:
    """A node: the orthant is halved at p·e_first + q·e_second (Theorem 24(b)).

    The first child has the new ray instead of `second`, the second child instead of `first`.

    Attributes
    ----------
    first, second : int
        Counted among the rows that are not excluded here.
    p, q : Fraction
        Positive.
    """

    first: int
    second: int
    p: Fraction
    q: Fraction


Step = Decomposition | Multipliers | SupportSplit | EdgeSplit


@dataclass(frozen=True)
class CopositivityProof:
    """A tree that proves a matrix copositive (Theorem 24).

    Attributes
    ----------
    scaling : tuple of Fraction
        Positive factors; the tree is about diag(scaling) · matrix · diag(scaling).
    steps : tuple of steps
        The nodes in preorder.
    """

    scaling: Vector
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Copositive:
    """x'Mx ≥ 0 for every x ≥ 0.

    Attributes
    ----------
    matrix : SymmetricMatrix
    certificate : CopositivityProof
    """

    matrix: SymmetricMatrix
    certificate: CopositivityProof


@dataclass(frozen=True)
class NotCopositive:
    """x'Mx < 0 for some x ≥ 0.

    Attributes
    ----------
    matrix : SymmetricMatrix
    certificate : tuple of Fraction
        Such an x.
    """

    matrix: SymmetricMatrix
    certificate: Vector


@dataclass(frozen=True)
class NegativeEntry:
    """An entry is negative.

    Attributes
    ----------
    i, j : int
        Its row and column.
    """

    i: int
    j: int


@dataclass(frozen=True)
class NegativeDirection:
    """x'Mx < 0 for some x of any signs.

    Attributes
    ----------
    vector : tuple of Fraction
        Such an x.
    """

    vector: Vector


@dataclass(frozen=True)
class DoublyNonnegative:
    """Positive semidefinite and nonnegative; the checker eliminates for itself.

    Attributes
    ----------
    matrix : SymmetricMatrix
    rank : int
        The number of pivots that it must find.
    """

    matrix: SymmetricMatrix
    rank: int


@dataclass(frozen=True)
class NotDoublyNonnegative:
    """Has a negative entry, or a direction in which the form is negative.

    Attributes
    ----------
    matrix : SymmetricMatrix
    certificate : NegativeEntry or NegativeDirection
    """

    matrix: SymmetricMatrix
    certificate: NegativeEntry | NegativeDirection


@dataclass(frozen=True)
class Term:
    """weight · vector · vector', a square of a nonnegative vector.

    Attributes
    ----------
    weight : Fraction
        Nonnegative.
    vector : tuple of Fraction
        Nonnegative.
    """

    weight: Fraction
    vector: Vector


@dataclass(frozen=True)
class Block:
    """A doubly nonnegative matrix of order at most 4 in some rows and columns (Theorem 23).

    Attributes
    ----------
    indices : tuple of int
        The rows, which are the columns too.
    matrix : SymmetricMatrix
        What stands there.
    """

    indices: tuple[int, ...]
    matrix: SymmetricMatrix


@dataclass(frozen=True)
class Factorization:
    """A sum of nonnegative squares and of small doubly nonnegative blocks (Theorem 25(a)).

    Attributes
    ----------
    terms : tuple of Term
        Rank-one summands; with h = √weight · vector as columns they are the factor H of HH'.
    blocks : tuple of Block
        Summands without an explicit factor.
    method : str
        How it was found; for people, not part of the claim.
    """

    terms: tuple[Term, ...]
    blocks: tuple[Block, ...]
    method: str

    @property
    def size(self) -> int:
        """An upper bound of the cp-rank: a block of order k needs at most k squares."""
        return len(self.terms) + sum(block.matrix.order for block in self.blocks)


@dataclass(frozen=True)
class CompletelyPositive:
    """A sum of squares hh' with h ≥ 0.

    Attributes
    ----------
    matrix : SymmetricMatrix
    certificate : Factorization
    """

    matrix: SymmetricMatrix
    certificate: Factorization


@dataclass(frozen=True)
class NotCompletelyPositive:
    """Not doubly nonnegative, or separated by a copositive matrix (Theorem 26).

    Attributes
    ----------
    matrix : SymmetricMatrix
    certificate : NegativeEntry, NegativeDirection or Copositive
    """

    matrix: SymmetricMatrix
    certificate: NegativeEntry | NegativeDirection | Copositive


@dataclass(frozen=True)
class Undecided:
    """No certificate was found. Says nothing about the matrix.

    Attributes
    ----------
    matrix : SymmetricMatrix
    reason : str
        Why none was found.
    """

    matrix: SymmetricMatrix
    reason: str


@dataclass(frozen=True)
class CpRankBounds:
    """Bounds on the number of squares that a completely positive matrix needs (Theorem 27).

    Attributes
    ----------
    matrix : SymmetricMatrix
    lower : int
        At least the rank, and the number of `edges`.
    upper : int
        The size of `factorization`, or a general bound that is smaller.
    edges : tuple of pairs
        Entries (i ≤ j) that are positive and of which no two can be covered by one square.
    factorization : Factorization
        Proves that the matrix is completely positive.
    """

    matrix: SymmetricMatrix
    lower: int
    upper: int
    edges: tuple[tuple[int, int], ...]
    factorization: Factorization


Verdict = (
    Copositive
    | NotCopositive
    | DoublyNonnegative
    | NotDoublyNonnegative
    | CompletelyPositive
    | NotCompletelyPositive
    | CpRankBounds
)
