"""Decide whether a matrix is doubly nonnegative, or a sum of squares, and of how many."""

from __future__ import annotations

from typing import Any

import numpy as np

from certnn.cones.certificates import (
    CompletelyPositive,
    Copositive,
    CpRankBounds,
    DoublyNonnegative,
    Factorization,
    NegativeDirection,
    NegativeEntry,
    NotCompletelyPositive,
    NotDoublyNonnegative,
    Undecided,
)
from certnn.cones.check import general_cp_rank_bound, verified
from certnn.cones.core_search import search_core
from certnn.cones.elimination import negative_direction, psd_rank
from certnn.cones.exact_input import exact_matrix
from certnn.cones.matrix import SymmetricMatrix
from certnn.cones.structure import placed_term, structural_parts


def double_nonnegativity(matrix: Any) -> DoublyNonnegative | NotDoublyNonnegative:
    """Decide whether a matrix is positive semidefinite and has no negative entry; exact.

    Parameters
    ----------
    matrix : array_like or SymmetricMatrix, shape (order, order)
        Integers, fractions, or floats taken as the dyadic rationals that they are.

    Returns
    -------
    DoublyNonnegative or NotDoublyNonnegative
        Theorem 22.

    Raises
    ------
    InputError
        If `matrix` is not a symmetric array of finite real numbers.
    """
    exact = exact_matrix("matrix", matrix)
    found = _failure(exact)
    if found is not None:
        return verified(NotDoublyNonnegative(exact, found))
    rank = psd_rank(exact)
    assert rank is not None  # there is no negative direction
    return DoublyNonnegative(exact, rank)


def complete_positivity(
    matrix: Any, *, seed: int = 0, max_nodes: int = 20_000
) -> CompletelyPositive | NotCompletelyPositive | Undecided:
    """Decide whether a matrix is a sum of squares hh' with h ≥ 0, with a certificate.

    Parameters
    ----------
    matrix : array_like or SymmetricMatrix, shape (order, order)
        Integers, fractions, or floats taken as the dyadic rationals that they are.
    seed : int, optional
        Of the starting points of the search.
    max_nodes : int, optional
        Nodes that the proof that a separator is copositive may take.

    Returns
    -------
    CompletelyPositive, NotCompletelyPositive or Undecided
        Checked exactly before it is returned. Undecided at or very near the boundary of the cone,
        unless a factor with small integers, or the support graph, decides.

    Raises
    ------
    InputError
        If `matrix` is not a symmetric array of finite real numbers.

    Notes
    -----
    Theorems 23, 25 and 26. Components and blocks of the support graph are handled apart; those that
    no sufficient condition decides are projected on the cone in floats. At the projection either
    the distance is zero, and the factorization found is made exact, or the difference separates.
    """
    exact = exact_matrix("matrix", matrix)
    failure = _failure(exact)
    if failure is not None:
        return verified(NotCompletelyPositive(exact, failure))
    parts = structural_parts(exact)
    generator = np.random.default_rng(seed)
    terms, methods = list(parts.terms), ["structure"] if parts.terms or parts.blocks else []
    for core in parts.cores:
        found = search_core(exact, core, generator, max_nodes)
        if isinstance(found, Copositive):
            return verified(NotCompletelyPositive(exact, found))
        if isinstance(found, str):
            return Undecided(exact, found)
        terms += [placed_term(term, core.indices, exact.order) for term in found.terms]
        methods.append(found.method)
    method = ", ".join(methods) or "zero"
    return verified(
        CompletelyPositive(exact, Factorization(tuple(terms), tuple(parts.blocks), method))
    )


def _failure(matrix: SymmetricMatrix) -> NegativeEntry | NegativeDirection | None:
    entry = matrix.negative_entry()
    if entry is not None:
        return NegativeEntry(*entry)
    direction = negative_direction(matrix)
    return None if direction is None else NegativeDirection(direction)


def cp_rank_bounds(
    matrix: Any, *, seed: int = 0
) -> CpRankBounds | NotCompletelyPositive | Undecided:
    """Bound the least number of columns of H ≥ 0 with HH' = `matrix`.

    Parameters
    ----------
    matrix : array_like or SymmetricMatrix, shape (order, order)
        Integers, fractions, or floats taken as the dyadic rationals that they are.
    seed : int, optional
        Of the search for a factorization.

    Returns
    -------
    CpRankBounds, NotCompletelyPositive or Undecided
        Bounds with their certificate (Theorem 27), or why there are none.

    Raises
    ------
    InputError
        If `matrix` is not a symmetric array of finite real numbers.
    """
    verdict = complete_positivity(matrix, seed=seed)
    if not isinstance(verdict, CompletelyPositive):
        return verdict
    exact, factorization = verdict.matrix, verdict.certificate
    rank = psd_rank(exact)
    assert rank is not None  # a sum of squares
    edges = _separate_edges(exact)
    lower = max(rank, len(edges))
    upper = min(factorization.size, general_cp_rank_bound(exact.order, rank))
    return verified(CpRankBounds(exact, lower, upper, edges, factorization))


def _separate_edges(matrix: SymmetricMatrix) -> tuple[tuple[int, int], ...]:
    """Positive entries of which no two fit in one clique of the support, chosen greedily."""
    order, rows = matrix.order, matrix.rows
    pairs = [(i, j) for i in range(order) for j in range(i, order) if rows[i][j]]
    # Entries in few cliques exclude few others.
    pairs.sort(key=lambda p: sum(bool(rows[p[0]][k] and rows[p[1]][k]) for k in range(order)))
    chosen: list[tuple[int, int]] = []
    for i, j in pairs:
        if all(any(not rows[a][b] for a in (i, j) for b in other) for other in chosen):
            chosen.append((i, j))
    return tuple(chosen)
