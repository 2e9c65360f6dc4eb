"""Clique matrices of graphs, both ways, against networkx."""

from fractions import Fraction

import networkx as nx
import pytest
from cone_matrices import hamming_graph, johnson_graph
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.cones import (
    Copositive,
    NotCopositive,
    clique_bound,
    clique_matrix,
    clique_violation,
    copositivity,
    verify,
)
from certnn.errors import InputError


def clique_number(graph):
    return max(map(len, nx.find_cliques(graph)))


@settings(max_examples=40)
@given(st.integers(1, 9), st.floats(0.1, 0.9), st.integers(0, 10**6))
def test_random_graphs(order, density, seed):
    graph = nx.gnp_random_graph(order, density, seed=seed)
    number = clique_number(graph)
    assert isinstance(copositivity(clique_matrix(graph, number)), Copositive)
    below = copositivity(clique_matrix(graph, Fraction(2 * number - 1, 2)))
    assert isinstance(below, NotCopositive)


@pytest.mark.parametrize(
    ("graph", "number"),
    [(hamming_graph(6, 4), 4), (johnson_graph(8, 2, 4), 4)],
    ids=["hamming6-4", "johnson8-2-4"],
)
def test_dimacs(graph, number):
    assert clique_number(graph) == number
    bound = clique_bound(graph, number)
    assert bound.largest == number
    verify(bound.proof)
    clique = max(nx.find_cliques(graph), key=len)
    verify(clique_violation(graph, clique, Fraction(10 * number - 1, 10)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("graph", "number"),
    [(hamming_graph(6, 2), 32), (johnson_graph(8, 4, 4), 14)],
    ids=["hamming6-2", "johnson8-4-4"],
)
def test_larger_dimacs(graph, number):
    bound = clique_bound(graph, number + Fraction(1, 2))
    assert bound.largest == number


def test_names_the_fault():
    graph = nx.path_graph(3)
    with pytest.raises(InputError, match="not adjacent"):
        clique_violation(graph, [0, 2], 1)
    with pytest.raises(InputError, match="no more than the level"):
        clique_violation(graph, [0, 1], 2)
    with pytest.raises(InputError, match="directed"):
        clique_matrix(nx.DiGraph([(0, 1)]), 2)
    with pytest.raises(InputError, match="positive"):
        clique_matrix(graph, 0)
    assert clique_bound(graph, 1) is None
