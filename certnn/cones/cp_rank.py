"""Bounds on the cp-rank: how many squares a completely positive matrix needs."""

from __future__ import annotations

from typing import Any

from certnn.cones.certificates import (
    CompletelyPositive,
    CpRankBounds,
    NotCompletelyPositive,
    Undecided,
)
from certnn.cones.check import general_cp_rank_bound, verified
from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix
from certnn.cones.positive import complete_positivity


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
