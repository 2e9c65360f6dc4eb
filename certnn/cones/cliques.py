"""Copositive matrices of graphs: cliques are violators, and proofs bound the clique number."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Any

import networkx as nx

from certnn.cones.certificates import Copositive, NotCopositive
from certnn.cones.check import verified
from certnn.cones.copositive import copositivity
from certnn.cones.exact_input import exact_matrix
from certnn.cones.matrix import SymmetricMatrix
from certnn.errors import InputError


def clique_matrix(graph: nx.Graph[Any], level: int | Fraction) -> SymmetricMatrix:
    """``level · (I + A') − J`` with A' the adjacency matrix of the complement and J of ones.

    By T. S. Motzkin and E. G. Straus it is copositive if and only if no clique of `graph` has more
    than `level` nodes (Theorem 28).

    Parameters
    ----------
    graph : networkx.Graph
        Undirected; loops are ignored. The rows are in the order of its nodes.
    level : int or Fraction
        A positive number.

    Raises
    ------
    InputError
        If the graph is directed or empty, or the level is not positive.
    """
    if graph.is_directed():
        raise InputError("graph", "is directed")
    if graph.number_of_nodes() == 0:
        raise InputError("graph", "has no nodes")
    if level <= 0:
        raise InputError("level", f"must be positive, got {level}")
    nodes = list(graph)
    return exact_matrix(
        "graph",
        [
            [-1 if a != b and graph.has_edge(a, b) else Fraction(level) - 1 for b in nodes]
            for a in nodes
        ],
    )


def clique_violation(
    graph: nx.Graph[Any], clique: Iterable[Hashable], level: int | Fraction
) -> NotCopositive:
    """The proof by a clique of more than `level` nodes that `clique_matrix` is not copositive.

    Parameters
    ----------
    graph : networkx.Graph
    clique : iterable of nodes
    level : int or Fraction
        A positive number less than the number of nodes of the clique.

    Raises
    ------
    InputError
        If the nodes are not a clique of the graph, or no more than `level`.
    """
    chosen = set(clique)
    if not all(node in graph for node in chosen):
        raise InputError("clique", "has nodes that the graph has not")
    if any(a != b and not graph.has_edge(a, b) for a in chosen for b in chosen):
        raise InputError("clique", "has two nodes that are not adjacent")
    if len(chosen) <= level:
        raise InputError("clique", f"has {len(chosen)} nodes, no more than the level {level}")
    vector = tuple(Fraction(int(node in chosen)) for node in graph)
    return verified(NotCopositive(clique_matrix(graph, level), vector))


@dataclass(frozen=True)
class CliqueBound:
    """A proof that no clique is larger.

    Attributes
    ----------
    largest : int
        No clique has more nodes.
    proof : Copositive
        Of the graph's `clique_matrix` for a level below ``largest + 1``.
    """

    largest: int
    proof: Copositive


def clique_bound(
    graph: nx.Graph[Any], level: int | Fraction, *, max_nodes: int = 20_000
) -> CliqueBound | None:
    """Prove that no clique of `graph` has more than `level` nodes; None if that is not proved.

    Parameters
    ----------
    graph : networkx.Graph
    level : int or Fraction
        A positive number. One between two integers makes for an easier proof, as the matrix is then
        inside the cone.
    max_nodes : int
        Of the search, as in `copositivity`.

    Raises
    ------
    InputError
        As `clique_matrix`.
    """
    verdict = copositivity(clique_matrix(graph, level), max_nodes=max_nodes)
    if not isinstance(verdict, Copositive):
        return None
    return CliqueBound(floor(level), verdict)
