"""Completely positive matrices that are written as sums of nonnegative squares without a search.

Each function takes a doubly nonnegative matrix and returns terms with weights and vectors that are
rational, or None where its condition does not hold (Theorem 25).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import networkx as nx

from certnn.cones.certificates import Block, Term
from certnn.cones.elimination import independent_columns, kernel, psd_rank, solve
from certnn.cones.matrix import SymmetricMatrix, Vector, unit_vector

#: Eliminations that the search for an order of pivots may try.
_ELIMINATIONS = 400
#: Bits after the point of short factors.
_BITS = 24


def support_graph(matrix: SymmetricMatrix) -> nx.Graph[int]:
    """Indices as nodes, and an edge for each entry off the diagonal that is not zero."""
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(matrix.order))
    graph.add_edges_from(
        (i, j) for i in range(matrix.order) for j in range(i) if matrix.rows[i][j] != 0
    )
    return graph


def dominant_terms(matrix: SymmetricMatrix) -> list[Term] | None:
    """Terms if diag(d) · matrix · diag(d) is diagonally dominant for some d > 0 (Theorem 25(c)).

    That is the case if and only if the comparison matrix is psd: on bipartite support graphs for
    every doubly nonnegative matrix.
    """
    if not matrix.is_nonnegative():
        return None
    terms: list[Term] = []
    for component in nx.connected_components(support_graph(matrix)):
        indices = sorted(component)
        factors = _dominating_factors(matrix.restricted(indices))
        if factors is None:
            return None
        left = {i: matrix.rows[i][i] for i in indices}
        d = dict(zip(indices, factors, strict=True))
        for i in indices:
            for j in indices:
                if i < j and matrix.rows[i][j]:
                    vector = _sparse(matrix.order, {i: 1 / d[i], j: 1 / d[j]})
                    terms.append(Term(matrix.rows[i][j] * d[i] * d[j], vector))
                    left[i] -= matrix.rows[i][j] * d[j] / d[i]
                    left[j] -= matrix.rows[i][j] * d[i] / d[j]
        terms += [Term(left[i], unit_vector(matrix.order, i)) for i in indices if left[i]]
    return terms


def _dominating_factors(matrix: SymmetricMatrix) -> Vector | None:
    """d > 0 for which the comparison matrix of a connected matrix has M·d ≥ 0."""
    comparison = SymmetricMatrix(
        tuple(
            tuple(entry if i == j else -entry for j, entry in enumerate(row))
            for i, row in enumerate(matrix.rows)
        )
    )
    ones = tuple([Fraction(1)] * matrix.order)
    if all(entry >= 0 for entry in comparison.times(ones)):
        return ones
    if psd_rank(comparison) is None:
        return None
    rows = [list(row) for row in comparison.rows]
    null = kernel(rows)
    found = null[0] if null else solve(rows, list(ones))
    if found is None:
        return None
    largest = max(abs(value) for value in found)
    factors = tuple(abs(value) / largest for value in found)
    short = tuple(Fraction(round(value * 2**_BITS), 2**_BITS) for value in factors)
    for tried in (short, factors):  # short ones, if there is room, for short certificates
        if all(tried) and min(comparison.times(tried)) >= 0:
            return tried
    return None


def plane_terms(matrix: SymmetricMatrix) -> list[Term] | None:
    """Terms if the rank is at most 2: all rows are between two of them (Theorem 25(d))."""
    rows = [list(row) for row in matrix.rows]
    basis = independent_columns(rows)
    if len(basis) > 2:
        return None
    if not basis:
        return []
    if len(basis) == 1:
        (i,) = basis
        return [Term(1 / rows[i][i], matrix.rows[i])]
    plane = [[row[j] for j in basis] for row in rows]  # columns of the matrix, in the basis
    turns = [
        [p[0] * q[1] - p[1] * q[0] for q in plane] for p in plane
    ]  # positive if q is counterclockwise of p
    present = [i for i in range(matrix.order) if any(plane[i])]
    first = next(i for i in present if all(turns[i][k] >= 0 for k in present))
    last = next(i for i in present if all(turns[i][k] <= 0 for k in present))
    span = turns[first][last]
    of_first = tuple(turns[k][last] / span for k in range(matrix.order))
    of_last = tuple(turns[first][k] / span for k in range(matrix.order))
    a, b, c = rows[first][first], rows[first][last], rows[last][last]
    joint = tuple(x + b / a * y for x, y in zip(of_first, of_last, strict=True))
    return [Term(a, joint), Term(c - b * b / a, of_last)]


def pivot_terms(matrix: SymmetricMatrix) -> list[Term] | None:
    """Terms if some order of pivots keeps all Schur complements nonnegative (Theorem 25(b))."""
    budget = [_ELIMINATIONS]
    return _pivot(matrix, frozenset(range(matrix.order)), budget)


def _pivot(matrix: SymmetricMatrix, left: frozenset[int], budget: list[int]) -> list[Term] | None:
    if not left:
        return []
    for i in sorted(left, key=lambda i: sum(map(bool, matrix.rows[i]))):
        if budget[0] == 0:
            return None
        budget[0] -= 1
        if matrix.rows[i][i] == 0:  # and so is the row, as the matrix is psd
            return _pivot(matrix, left - {i}, budget)
        complement, term = eliminated(matrix, i)
        if complement.is_nonnegative():
            found = _pivot(complement, left - {i}, budget)
            if found is not None:
                return [term, *found]
    return None


def eliminated(matrix: SymmetricMatrix, index: int) -> tuple[SymmetricMatrix, Term]:
    """The Schur complement, with a zero row and column at `index`, and the square taken off."""
    pivot_row = matrix.rows[index]
    weight = 1 / pivot_row[index]
    rows = [
        [a - p * weight * q if p and q else a for a, q in zip(row, pivot_row, strict=True)]
        for row, p in zip(matrix.rows, pivot_row, strict=True)
    ]
    return SymmetricMatrix.of(rows), Term(weight, pivot_row)


def fan_parts(matrix: SymmetricMatrix) -> tuple[list[Term], list[Block]] | None:
    """Parts if all edges meet one edge {a, b}: triangles on a common base (Theorem 25(f))."""
    graph = support_graph(matrix)
    for a, b in graph.edges:
        tips = [i for i in graph if i not in (a, b)]
        if all(set(graph[i]) <= {a, b} for i in tips):
            return _fan(matrix, a, b, [i for i in tips if matrix.rows[i][i] != 0])
    return None


def _fan(
    matrix: SymmetricMatrix, a: int, b: int, tips: Sequence[int]
) -> tuple[list[Term], list[Block]]:
    rest, terms = matrix, list[Term]()
    for i in tips:
        rest, term = eliminated(rest, i)
        terms.append(term)
    base = rest.restricted([a, b])
    if base.rows[0][1] >= 0:
        return terms, [Block((a, b), base)]
    shares = [term.weight * term.vector[a] * term.vector[b] for term in terms]
    blocks = []
    for i, term, share in zip(tips, terms, shares, strict=True):
        if share:
            square = SymmetricMatrix.of(
                [
                    [term.weight * term.vector[p] * term.vector[q] for q in (a, b, i)]
                    for p in (a, b, i)
                ]
            )
            zero = Fraction(0)
            padded = SymmetricMatrix((*((*row, zero) for row in base.rows), (zero, zero, zero)))
            blocks.append(Block((a, b, i), square.plus(padded, share / sum(shares))))
    return [term for term, share in zip(terms, shares, strict=True) if not share], blocks


def _sparse(order: int, entries: dict[int, Fraction]) -> Vector:
    return tuple(entries.get(i, Fraction(0)) for i in range(order))
