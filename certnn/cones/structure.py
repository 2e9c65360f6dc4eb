"""Take off a doubly nonnegative matrix all that its support graph shows completely positive.

Components are handled apart, and blocks at cut vertices; what remains are *cores* that need a
search. If the graph has no cycle of odd length 5 or more, nothing remains (N. Kogan and A. Berman,
*Characterization of completely positive graphs*, Discrete Mathematics 114 (1993)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import networkx as nx

from certnn.cones.certificates import Block, Term
from certnn.cones.elimination import solve
from certnn.cones.explicit_sums import (
    dominant_terms,
    fan_parts,
    pivot_terms,
    plane_terms,
    support_graph,
)
from certnn.cones.matrix import SymmetricMatrix, dot

#: Up to this order a doubly nonnegative matrix is completely positive (Theorem 23).
SMALL_ORDER = 4


@dataclass(frozen=True)
class Parts:
    """Summands of a matrix: squares, small blocks, and principal parts that are still open."""

    terms: list[Term] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    cores: list[Block] = field(default_factory=list)

    def add(self, other: Parts, indices: Sequence[int], order: int) -> None:
        """Append the parts of a principal submatrix, moved to its place."""
        self.terms.extend(placed_term(term, indices, order) for term in other.terms)
        for mine, theirs in ((self.blocks, other.blocks), (self.cores, other.cores)):
            mine.extend(Block(tuple(indices[i] for i in b.indices), b.matrix) for b in theirs)


def placed_term(term: Term, indices: Sequence[int], order: int) -> Term:
    """The term of a principal submatrix as one of the whole matrix."""
    vector = [Fraction(0)] * order
    for i, value in zip(indices, term.vector, strict=True):
        vector[i] = value
    return Term(term.weight, tuple(vector))


def structural_parts(matrix: SymmetricMatrix) -> Parts:
    """Split a doubly nonnegative matrix into parts, of which only the cores are open."""
    parts = Parts()
    for component in nx.connected_components(support_graph(matrix)):
        indices = sorted(component)
        parts.add(_connected_parts(matrix.restricted(indices)), indices, matrix.order)
    return parts


def _connected_parts(matrix: SymmetricMatrix) -> Parts:
    closed = _closed_parts(matrix)
    if closed is not None:
        return closed
    graph = support_graph(matrix)
    cuts = set(nx.articulation_points(graph))
    for nodes in nx.biconnected_components(graph):
        if len(nodes & cuts) != 1:
            continue
        (cut,) = nodes & cuts
        leaf, rest = _cut_off(matrix, sorted(nodes - cuts), cut)
        closed = _closed_parts(leaf.matrix)
        if closed is not None:
            parts = Parts()
            parts.add(closed, leaf.indices, matrix.order)
            parts.add(_connected_parts(rest.matrix), rest.indices, matrix.order)
            return parts
    return Parts(cores=[Block(tuple(range(matrix.order)), matrix)])


def _cut_off(matrix: SymmetricMatrix, leaf: list[int], cut: int) -> tuple[Block, Block]:
    """A leaf block with the least diagonal entry at the cut vertex, and the rest: Theorem 25(e)."""
    coupling = [matrix.rows[i][cut] for i in leaf]
    solved = solve([[matrix.rows[i][j] for j in leaf] for i in leaf], coupling)
    assert solved is not None  # the matrix is psd
    least = dot(solved, coupling)
    of_leaf = [*leaf, cut]
    rows = [list(row) for row in matrix.restricted(of_leaf).rows]
    rows[-1][-1] = least
    of_rest = [i for i in range(matrix.order) if i not in leaf]
    left = [list(row) for row in matrix.restricted(of_rest).rows]
    place = of_rest.index(cut)
    left[place][place] -= least
    return (
        Block(tuple(of_leaf), SymmetricMatrix.of(rows)),
        Block(tuple(of_rest), SymmetricMatrix.of(left)),
    )


def _closed_parts(matrix: SymmetricMatrix) -> Parts | None:
    """Parts without a core, if one of the sufficient conditions holds."""
    terms = dominant_terms(matrix) or plane_terms(matrix) or pivot_terms(matrix)
    if terms is not None:
        return Parts(terms=terms)
    if matrix.order <= SMALL_ORDER:
        return Parts(blocks=[Block(tuple(range(matrix.order)), matrix)])
    fan = fan_parts(matrix)
    if fan is not None:
        return Parts(terms=fan[0], blocks=fan[1])
    return None
