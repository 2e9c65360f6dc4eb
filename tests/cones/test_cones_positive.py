"""Complete positivity and double nonnegativity against the literature and generated families."""

from fractions import Fraction
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from cone_matrices import (
    BAD_CYCLE,
    COMPLETELY_POSITIVE,
    HIGH_CP_RANK,
    NOT_PSD,
    bad_of_order,
    circulant,
    gram,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from certnn.cones import (
    CompletelyPositive,
    Copositive,
    CpRankBounds,
    DoublyNonnegative,
    NegativeDirection,
    NegativeEntry,
    NotCompletelyPositive,
    NotDoublyNonnegative,
    SymmetricMatrix,
    complete_positivity,
    cp_rank_bounds,
    double_nonnegativity,
    verify,
)
from certnn.cones.explicit_sums import fan_parts
from certnn.cones.structure import structural_parts


@pytest.mark.parametrize("name", COMPLETELY_POSITIVE)
def test_completely_positive_of_the_literature(name):
    verdict = complete_positivity(COMPLETELY_POSITIVE[name])
    assert isinstance(verdict, CompletelyPositive)
    total = sum(
        (
            float(t.weight) * np.outer(h, h)
            for t in verdict.certificate.terms
            for h in [np.array([float(x) for x in t.vector])]
        ),
        np.zeros((verdict.matrix.order,) * 2),
    )
    if not verdict.certificate.blocks:
        assert np.allclose(total, np.array(COMPLETELY_POSITIVE[name], dtype=float))


@pytest.mark.parametrize(
    "name",
    ["7", "7~", *(pytest.param(n, marks=pytest.mark.slow) for n in ("8~", "9~", "11~"))],
)
def test_high_cp_rank(name):
    """On the boundary, and found with as many squares as the authors prove necessary."""
    rank, rows = HIGH_CP_RANK[name]
    verdict = complete_positivity(rows)
    assert isinstance(verdict, CompletelyPositive)
    assert verdict.certificate.size == rank


def test_not_completely_positive_of_the_literature():
    verdict = complete_positivity(BAD_CYCLE)
    assert isinstance(verdict, NotCompletelyPositive)
    separator = verdict.certificate
    assert isinstance(separator, Copositive)
    assert separator.matrix.inner(BAD_CYCLE) < 0
    verdict = complete_positivity(NOT_PSD)
    assert isinstance(verdict.certificate, NegativeDirection)
    verdict = complete_positivity([[1, -1], [-1, 5]])
    assert verdict.certificate == NegativeEntry(0, 1)


@pytest.mark.parametrize("level", [Fraction(1, 1000), Fraction(1, 20)])
def test_beyond_the_boundary(level):
    """circulant(8, 5, 1, 1, 5) is orthogonal to Horn's matrix."""
    matrix = circulant([8 - level, 5, 1, 1, 5])
    assert isinstance(complete_positivity(matrix), NotCompletelyPositive)
    matrix = circulant([8 + level, 5, 1, 1, 5])
    assert isinstance(complete_positivity(matrix), CompletelyPositive)


@pytest.mark.parametrize("order", [5, 8, 12, 16, 20])
def test_generated_not_completely_positive(order):
    matrix = bad_of_order(order, np.random.default_rng(order))
    assert isinstance(double_nonnegativity(matrix), DoublyNonnegative)
    verdict = complete_positivity(matrix)
    assert isinstance(verdict, NotCompletelyPositive)
    assert isinstance(verdict.certificate, Copositive)


@pytest.mark.parametrize("kind", ["dense", "sparse", "floats"])
@pytest.mark.parametrize("order", [6, 12, 20])
def test_generated_completely_positive(order, kind):
    generator = np.random.default_rng(order)
    factor = generator.integers(0, 9, (order, 2 * order))
    if kind == "sparse":
        factor *= generator.random(factor.shape) < 0.3
    matrix = gram(factor)
    if kind == "floats":
        square = factor / 7.0 @ (factor / 7.0).T
        square = 0.5 * (square + square.T)
        matrix = square + np.diag(np.full(order, 1e-9))
    assert isinstance(complete_positivity(matrix), CompletelyPositive)


@pytest.mark.parametrize("order", [8, 10, 14])
def test_generated_singular(order):
    factor = np.random.default_rng(order).integers(0, 9, (order, order - 2))
    assert isinstance(complete_positivity(gram(factor)), CompletelyPositive)


@settings(max_examples=80)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.integers(-4, 4))
)
def test_up_to_order_four_doubly_nonnegative_is_enough(factor):
    matrix = gram(factor)
    verdict = complete_positivity(matrix)
    if matrix.is_nonnegative():
        assert isinstance(verdict, CompletelyPositive)
    else:
        assert isinstance(verdict.certificate, NegativeEntry)


@settings(max_examples=40)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 2)), elements=st.integers(0, 9))
)
def test_rank_two(factor):
    bounds = cp_rank_bounds(gram(factor))
    assert bounds.lower == bounds.upper == np.linalg.matrix_rank(factor)


def on_graph(graph, generator):
    """A doubly nonnegative matrix with this support: sums of psd blocks on cliques, signs mixed."""
    total = np.zeros((len(graph), len(graph)), dtype=int)
    for clique in nx.find_cliques(graph):
        while True:
            factor = generator.integers(-3, 6, (len(clique), len(clique)))
            block = factor @ factor.T
            if np.all(block > 0):
                break
        total[np.ix_(clique, clique)] += block
    return SymmetricMatrix.of(total.tolist())


@pytest.mark.parametrize("seed", range(6))
def test_graphs_without_long_odd_cycles_need_no_search(seed):
    graph = nx.Graph()
    nx.add_path(graph, [0, 1, 2])
    nx.add_cycle(graph, [2, 3, 4, 5])
    nx.add_cycle(graph, [5, 6, 7])
    graph.add_edges_from(combinations([7, 8, 9, 10], 2))
    for tip in (12, 13, 14):
        nx.add_cycle(graph, [10, 11, tip])
    matrix = on_graph(nx.convert_node_labels_to_integers(graph), np.random.default_rng(seed))
    assert not structural_parts(matrix).cores
    assert isinstance(complete_positivity(matrix), CompletelyPositive)


def test_fan_whose_base_is_left_negative():
    """The tips pull the entry of the base below zero, so the base is shared out."""
    rows = np.array(
        [[6, 3, 2, 2, 2], [3, 6, 2, 2, 2], [2, 2, 2, 0, 0], [2, 2, 0, 2, 0], [2, 2, 0, 0, 2]]
    ) + np.diag([4, 4, 0, 0, 0])
    terms, blocks = fan_parts(SymmetricMatrix.of(rows.tolist()))
    assert [block.indices for block in blocks] == [(0, 1, 2), (0, 1, 3), (0, 1, 4)]
    assert not terms
    assert isinstance(complete_positivity(rows), CompletelyPositive)


def test_components_are_handled_apart():
    n = 5
    rows = [[0] * 10 for _ in range(10)]
    good = circulant([8, 5, 1, 1, 5])
    for i in range(n):
        for j in range(n):
            rows[2 * i][2 * j] = good.rows[i][j]
            rows[2 * i + 1][2 * j + 1] = good.rows[i][j]
    assert isinstance(complete_positivity(rows), CompletelyPositive)
    for i in range(n):
        for j in range(n):
            rows[2 * i + 1][2 * j + 1] = BAD_CYCLE.rows[i][j]
    assert isinstance(complete_positivity(rows), NotCompletelyPositive)


def test_not_completely_positive_behind_a_cut_vertex():
    """The leaf is taken off, and the separator is still one of the whole matrix."""
    rows = [[*row, 0] for row in BAD_CYCLE.rows] + [[0, 0, 0, 0, 0, 4]]
    rows[0][5] = rows[5][0] = Fraction(1, 10)
    rows[0][0] += Fraction(1, 400)
    verdict = complete_positivity(rows)
    assert isinstance(verdict, NotCompletelyPositive)
    verify(verdict)


@settings(max_examples=80)
@given(
    arrays(np.int64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.integers(-3, 5)),
    st.integers(0, 2),
)
def test_double_nonnegativity_against_eigenvalues(factor, less):
    square = factor @ factor.T
    square[0, 0] -= less
    verdict = double_nonnegativity(square)
    least = np.linalg.eigvalsh(square)[0]
    if abs(least) > 1e-9:
        expected = bool(np.all(square >= 0)) and least > 0
        assert isinstance(verdict, DoublyNonnegative if expected else NotDoublyNonnegative)
    if isinstance(verdict, DoublyNonnegative):
        assert verdict.rank == np.linalg.matrix_rank(square)
    verify(verdict)


def test_cp_rank_of_a_triangle_free_graph_is_its_edges():
    """J. H. Drew, C. R. Johnson and R. Loewy, 1994: max(edges, n) without a triangle."""
    graph = nx.complete_bipartite_graph(3, 4)
    matrix = np.diag([10] * 7) + nx.to_numpy_array(graph, dtype=int)
    bounds = cp_rank_bounds(matrix)
    assert isinstance(bounds, CpRankBounds)
    assert bounds.lower == 12 <= bounds.upper
    assert set(bounds.edges) >= {(i, j) for i in range(3) for j in range(3, 7)}
