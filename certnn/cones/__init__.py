"""Matrices in and out of the copositive, completely positive and doubly nonnegative cones.

Each verdict carries a certificate that `verify` checks in rational arithmetic, with no tolerance;
`Undecided` claims nothing. Floats and solvers only search. See ``proofs/06-cones.md``.
"""

from certnn.cones.certificates import (
    Block,
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
    Term,
    Undecided,
    Verdict,
)
from certnn.cones.check import Rejected, verify
from certnn.cones.cliques import CliqueBound, clique_bound, clique_matrix, clique_violation
from certnn.cones.copositive import copositivity
from certnn.cones.document import MalformedVerdict, from_document, to_document
from certnn.cones.matrix import SymmetricMatrix
from certnn.cones.positive import complete_positivity, cp_rank_bounds, double_nonnegativity

__all__ = [
    "Block",
    "CliqueBound",
    "CompletelyPositive",
    "Copositive",
    "CopositivityProof",
    "CpRankBounds",
    "Decomposition",
    "DoublyNonnegative",
    "EdgeSplit",
    "Factorization",
    "MalformedVerdict",
    "Multipliers",
    "NegativeDirection",
    "NegativeEntry",
    "NotCompletelyPositive",
    "NotCopositive",
    "NotDoublyNonnegative",
    "Rejected",
    "SupportSplit",
    "SymmetricMatrix",
    "Term",
    "Undecided",
    "Verdict",
    "clique_bound",
    "clique_matrix",
    "clique_violation",
    "complete_positivity",
    "copositivity",
    "cp_rank_bounds",
    "double_nonnegativity",
    "from_document",
    "to_document",
    "verify",
]
