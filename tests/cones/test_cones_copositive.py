"""Copositivity against the literature, Hadeler's criterion, and its own other methods."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from cone_matrices import COPOSITIVE_BOUNDARY, HORN, circulant, hildebrand
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.cones import (
    Copositive,
    DoublyNonnegative,
    NotCopositive,
    SymmetricMatrix,
    Undecided,
    copositivity,
    double_nonnegativity,
    verify,
)


def identity(order):
    return SymmetricMatrix.of(np.eye(order, dtype=int).tolist())


def determinant(rows):
    if not rows:
        return Fraction(1)
    return sum(
        (-1) ** j * rows[0][j] * determinant([row[:j] + row[j + 1 :] for row in rows[1:]])
        for j in range(len(rows))
        if rows[0][j]
    )


def hadeler(rows):
    """K.-P. Hadeler, *On copositive matrices*, 1983: where all smaller minors are copositive, a
    matrix is not exactly if its determinant is negative and its adjugate nonnegative."""
    n = len(rows)
    for size in range(1, n + 1):
        for chosen in combinations(range(n), size):
            block = [[rows[i][j] for j in chosen] for i in chosen]
            if determinant(block) < 0 and all(
                (-1) ** (i + j)
                * determinant([r[:j] + r[j + 1 :] for k, r in enumerate(block) if k != i])
                >= 0
                for i in range(size)
                for j in range(size)
            ):
                return False
    return True


@st.composite
def integer_matrices(draw, orders=(1, 5), largest=4):
    n = draw(st.integers(*orders))
    rows = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rows[i][j] = rows[j][i] = draw(st.integers(-largest if i != j else -1, largest))
    return rows


@settings(max_examples=150)
@given(integer_matrices())
def test_agrees_with_hadeler(rows):
    verdict = copositivity(rows)
    assert isinstance(verdict, Copositive if hadeler(rows) else NotCopositive)
    verify(verdict)


@settings(max_examples=30)
@given(integer_matrices(orders=(2, 4)), st.sampled_from(["simplices", "decomposition"]))
def test_methods_do_not_contradict(rows, method):
    other = copositivity(rows, method=method, max_nodes=200)
    exact = copositivity(rows)
    assert isinstance(other, type(exact) | Undecided)


@pytest.mark.parametrize("name", COPOSITIVE_BOUNDARY)
def test_boundary_of_the_literature(name):
    matrix = COPOSITIVE_BOUNDARY[name]
    inside = copositivity(matrix)
    assert isinstance(inside, Copositive)
    outside = matrix.plus(identity(matrix.order), Fraction(-1, 10**9))
    violation = copositivity(outside)
    assert isinstance(violation, NotCopositive)
    assert outside.form(violation.certificate) < 0 <= min(violation.certificate)


def test_horn_is_not_psd_plus_nonnegative():
    """A doubly nonnegative matrix has a nonnegative product with every such sum."""
    matrix = circulant([Fraction(17, 10), 1, 0, 0, 1])
    assert isinstance(double_nonnegativity(matrix), DoublyNonnegative)
    assert HORN.inner(matrix) < 0
    assert isinstance(copositivity(HORN, method="decomposition"), Undecided)


def test_methods_prove_a_strictly_copositive_matrix():
    matrix = hildebrand([0.1, 0.2, 0.15, 0.25, 0.12]).plus(identity(5), Fraction(1, 2))
    for method in ("supports", "decomposition", "simplices"):
        assert isinstance(copositivity(matrix, method=method), Copositive), method


@pytest.mark.parametrize("order", [6, 12, 20])
def test_generated_up_to_order_20(order):
    """psd + nonnegative, singular, and the same with a planted violator."""
    generator = np.random.default_rng(order)
    direction = generator.integers(0, 4, order)
    direction[0] = 1
    factor = generator.integers(-5, 6, (order, order))
    factor[0] -= direction @ factor  # the form of the factor vanishes at the direction
    extra = np.where(
        np.outer(direction, direction) == 0, generator.integers(0, 4, (order, order)), 0
    )
    matrix = factor @ factor.T + extra + extra.T
    assert isinstance(copositivity(matrix), Copositive)
    matrix[0, 0] -= 1
    assert isinstance(copositivity(matrix), NotCopositive)


@settings(max_examples=40)
@given(integer_matrices(orders=(2, 5)), st.data())
def test_invariant_under_permutation_and_scaling(rows, data):
    order = data.draw(st.permutations(range(len(rows))))
    scales = data.draw(st.lists(st.integers(-300, 300), min_size=len(rows), max_size=len(rows)))
    moved = [[rows[i][j] * Fraction(2) ** (scales[i] + scales[j]) for j in order] for i in order]
    assert type(copositivity(moved)) is type(copositivity(rows))


def test_gives_up_with_a_reason():
    verdict = copositivity(COPOSITIVE_BOUNDARY["Hoffman-Pereira"], max_nodes=2)
    assert isinstance(verdict, Undecided)
    assert "2 nodes" in verdict.reason
