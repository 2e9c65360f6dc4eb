"""Decide whether a symmetric matrix is copositive."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Literal

from certnn.cones.certificates import Copositive, CopositivityProof, NotCopositive, Undecided
from certnn.cones.check import verified
from certnn.cones.exact_input import exact_matrix
from certnn.cones.leaves import TreeSearch, decompose
from certnn.cones.matrix import SymmetricMatrix, Vector, unit_vector
from certnn.cones.scaling import unit_scaling
from certnn.cones.simplices import search_simplices
from certnn.cones.supports import search_supports

Method = Literal["auto", "supports", "decomposition", "simplices"]

#: Nodes that the search over supports gets before a semidefinite program is tried.
_FIRST_NODES = 1500


def copositivity(
    matrix: Any, *, method: Method = "auto", max_nodes: int = 20_000
) -> Copositive | NotCopositive | Undecided:
    """Decide whether x'Mx ≥ 0 for all x ≥ 0, with a certificate of the answer.

    Parameters
    ----------
    matrix : array_like or SymmetricMatrix, shape (order, order)
        Integers, fractions, or floats taken as the dyadic rationals that they are.
    method : {"auto", "supports", "decomposition", "simplices"}, optional
        ``supports`` is exact and finite for every rational matrix, also on the boundary of the
        cone; ``decomposition`` (psd plus nonnegative, one semidefinite program) and ``simplices``
        are sure to prove strictly copositive matrices at most. ``auto`` takes the first, and the
        second where it is slow.
    max_nodes : int, optional
        Nodes of a search before it gives up; up to order 20 some hundred are usual.

    Returns
    -------
    Copositive, NotCopositive or Undecided
        Checked exactly before it is returned. Up to order 4 never undecided.

    Raises
    ------
    InputError
        If `matrix` is not a symmetric array of finite real numbers.

    Notes
    -----
    Theorem 24. The certificate by supports is that of P. J. C. Dickinson, *A new certificate for
    copositivity*, Linear Algebra and its Applications 569 (2019), with branching.
    """
    exact = exact_matrix("matrix", matrix)
    violator = _plain_violator(exact)
    if violator is not None:
        return verified(NotCopositive(exact, violator))
    scaling = unit_scaling(exact)
    found = _search(exact.scaled(scaling), method, max_nodes)
    if found.violator is not None:
        unscaled = tuple(d * x for d, x in zip(scaling, found.violator, strict=True))
        return verified(NotCopositive(exact, unscaled))
    if found.steps is not None:
        return verified(Copositive(exact, CopositivityProof(scaling, found.steps)))
    if method == "decomposition":
        return Undecided(exact, "no interior split into psd and nonnegative was found")
    return Undecided(exact, f"the search was stopped after {max_nodes} nodes")


def _search(scaled: SymmetricMatrix, method: Method, max_nodes: int) -> TreeSearch:
    if method == "simplices":
        return search_simplices(scaled, max_nodes)
    if method != "decomposition":
        first = min(max_nodes, _FIRST_NODES) if method == "auto" else max_nodes
        found = search_supports(scaled, first)
        if method == "supports" or found.steps is not None or found.violator is not None:
            return found
    leaf = decompose(scaled)
    if leaf is not None:
        return TreeSearch(steps=(leaf,))
    if method == "decomposition" or max_nodes <= _FIRST_NODES:
        return TreeSearch()
    return search_supports(scaled, max_nodes)


def _plain_violator(matrix: SymmetricMatrix) -> Vector | None:
    """A violator with one or two entries: Theorem 24(e)."""
    order, rows = matrix.order, matrix.rows
    for i in range(order):
        if rows[i][i] < 0:
            return unit_vector(order, i)
    for i in range(order):
        for j in range(order):
            # On e_j + t·e_i the form is m_jj + 2t·m_ij + t²·m_ii.
            if rows[i][j] < 0 and rows[i][i] * rows[j][j] < rows[i][j] ** 2:
                t = (
                    -rows[i][j] / rows[i][i]
                    if rows[i][i] > 0
                    else (rows[j][j] + 1) / (-2 * rows[i][j])
                )
                return tuple(t if k == i else Fraction(int(k == j)) for k in range(order))
    return None
