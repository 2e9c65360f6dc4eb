"""The interior point method with slacks and forms on sets: dense matrices, another solver."""

from __future__ import annotations

from itertools import combinations, product

import cvxpy as cp
import numpy as np
import pytest
from plain_schur import schur_numpy
from small_problems import normal

from certnn.budget import Budget
from certnn.kernel.cuts import set_pairs
from certnn.relaxation.interior.cuts.ascent import Ascent
from certnn.relaxation.interior.cuts.constraints import SlackForms, make_cut_constraints
from certnn.relaxation.interior.cuts.set_search import SetSearch
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.interior.dense.program import make_program
from certnn.relaxation.reduced.reduced_problem import reduce_problem

M = 6
REDUCED = reduce_problem(normal(2, M, 3, 2, reg=0.1))
PROGRAM = make_program(REDUCED)


def dense_rows(program, combinations_of_forms):
    """a, b, v and the slacks in the variables (u, s, v), from a = s + Xu/2 and b = s - Xu/2."""
    x, c = program.forms.rows, program.forms.outputs
    m, r = x.shape
    a = np.hstack([0.5 * x, np.eye(m), np.zeros((m, c))])
    b = np.hstack([-0.5 * x, np.eye(m), np.zeros((m, c))])
    v = np.hstack([np.zeros((c, r + m)), np.eye(c)])
    return np.vstack([a, b, v, combinations_of_forms @ np.vstack([a, b])])


def symmetric(rng, order):
    half = rng.standard_normal((order, order))
    return half @ half.T


@pytest.fixture
def some():
    """Constraints with 3 slacks, 5 products and 4 forms on sets, and their matrices."""
    rng = np.random.default_rng(0)
    slacks = rng.standard_normal((3, 2 * M))
    q = 2 * M + PROGRAM.forms.outputs
    pairs = np.array([0, 1, 2, q, q + 1]), np.array([M + 1, 4, q + 2, q + 1, q + 2])
    sets = np.array([[0, 1, 2], [0, 1, 2], [1, 3, 5], [2, 4, 5]])
    made = make_cut_constraints(PROGRAM, slacks, pairs, sets, rng.standard_normal((4, 18)))
    rows = dense_rows(PROGRAM, slacks)
    matrices = [
        w * (np.outer(rows[r], rows[s]) + np.outer(rows[s], rows[r]))
        for r, s, w in zip(made.first, made.second, made.weight, strict=True)
    ]
    for points, form in zip(sets, made.coefficients, strict=True):
        h = rows[np.concatenate([points, points + M])]
        total = sum(t * np.outer(h[r], h[s]) for t, (r, s) in zip(form, set_pairs(3), strict=True))
        matrices.append(total + total.T)
    return made, np.array(matrices), rng


def test_slacks_are_forms_like_others(some):
    made, _, rng = some
    forms, order = made.program.forms, PROGRAM.forms.order
    assert isinstance(forms, SlackForms)
    L, rows = symmetric(rng, order), dense_rows(PROGRAM, forms.combinations)
    assert forms.values(L) == pytest.approx(rows @ L @ rows.T)


def test_values_and_combinations_are_those_of_dense_matrices(some):
    made, matrices, rng = some
    L, y = symmetric(rng, PROGRAM.forms.order), rng.standard_normal(matrices.shape[0])
    values = made.values(made.program.forms.values(L))
    assert values == pytest.approx(0.5 * np.einsum("kij,ij->k", matrices, L))
    assert made.combined(y) == pytest.approx(np.einsum("k,kij->ij", y, matrices))


def test_the_schur_complement_is_that_of_dense_matrices(some):
    made, matrices, rng = some
    order, count = PROGRAM.forms.order, matrices.shape[0]
    L, W, scale = symmetric(rng, order), symmetric(rng, order), rng.uniform(0.5, 2.0, count)
    expected = 0.5 * np.einsum("kij,jl,mlh,hi->km", matrices, L, matrices, W)
    expected = 0.5 * (expected + expected.T)
    primal, dual = made.program.forms.values(L), made.program.forms.values(W)
    assert made.schur_diagonal(primal, dual) == pytest.approx(np.diag(expected))
    out = np.zeros((count, count))
    made.write_schur(schur_numpy, primal, dual, scale, out)
    assert np.triu(out) == pytest.approx(np.triu(expected * np.outer(scale, scale)))


def primal_value(program, size):
    """The relaxation with all sets of so many points, over moment matrices, by another solver.

    The moments of each set are a sum over the choices of a or b of doubly nonnegative matrices,
    which for three and four points is what neurons can make (Theorem 30).
    """
    forms = program.forms
    m, r = forms.points, forms.rank
    rows = dense_rows(program, np.zeros((0, 2 * m)))
    L = cp.Variable((forms.order, forms.order), PSD=True)
    values = rows @ L @ rows.T
    h = values[: 2 * m, : 2 * m]
    constraints = [h >= 0, *(h[i, i + m] == 0 for i in range(m))]
    for points in combinations(range(m), size):
        total = 0
        for signs in product((0, m), repeat=size):
            place = np.zeros((2 * m, size))
            place[np.array(points) + np.array(signs), np.arange(size)] = 1.0
            part = cp.Variable((size, size), PSD=True)
            constraints.append(part >= 0)
            total = total + place @ part @ place.T
        index = np.concatenate([points, np.array(points) + m])
        constraints.append(h[np.ix_(index, index)] == total[np.ix_(index, index)])
    fitted = cp.vstack(
        [program.lengths[k] * values[f, 2 * m :] for k, f in enumerate(program.fitted)]
    )
    decay = cp.trace(L) - cp.sum(cp.diag(L)[r : r + m])
    objective = 0.5 * cp.sum_squares(program.targets - fitted) + 0.5 * decay
    return cp.Problem(cp.Minimize(objective), constraints).solve(solver="CLARABEL") + program.lost


def test_without_cuts_the_value_is_that_of_dnn():
    *_, last = interior_point(REDUCED, Budget())
    ascent = Ascent(PROGRAM, last.products, 4, Budget())
    assert ascent.solve(1e-7)
    assert PROGRAM.value_scale * ascent.bound == pytest.approx(last.bound, rel=1e-5)


def with_all_products(ascent):
    """Add all products of a and b that are not in play."""
    first, second = np.triu_indices(2 * M, 1)
    old = ascent.constraints
    known = set(zip(old.pair_first.tolist(), old.pair_second.tolist(), strict=True))
    new = [
        (r, s)
        for r, s in zip(first.tolist(), second.tolist(), strict=True)
        if s != r + M and (r, s) not in known
    ]
    assert ascent.add_products(*np.array(new).T)


@pytest.mark.slow
@pytest.mark.parametrize("size", [3, 4])
def test_forms_on_sets_reach_the_value_of_another_solver(size):
    ascent = Ascent(PROGRAM, None, size, Budget())
    ascent.solve(1e-2)
    with_all_products(ascent)
    ascent.solve(1e-3)
    dnn, search = ascent.bound, SetSearch(M, size, 0)
    for _ in range(40):
        found = search.violated(ascent.form_values()[: 2 * M, : 2 * M], 30, 10.0, Budget())
        if not found or not ascent.add_forms(found):
            break
        ascent.solve(1e-4)
    ascent.solve(1e-6)
    expected = primal_value(PROGRAM, size)
    assert expected > 1.002 * dnn
    assert ascent.bound <= expected * (1.0 + 1e-6)
    assert ascent.bound == pytest.approx(expected, rel=2e-3)


def test_what_is_dropped_hardly_counts():
    """Forms that no moment matrix comes near to violating go; the optimum stays where it was."""
    ascent = Ascent(PROGRAM, None, 3, Budget())
    ascent.solve(1e-2)
    with_all_products(ascent)
    search = SetSearch(M, 3, 0)
    for _ in range(8):
        ascent.solve(1e-3)
        ascent.add_forms(
            search.violated(ascent.form_values()[: 2 * M, : 2 * M], 20, 10.0, Budget())
        )
    ascent.solve(1e-6)
    before, count = ascent.bound, ascent.state.y.size
    slacks, forms = ascent.drop()
    assert slacks.size == 0
    assert np.count_nonzero(forms) == ascent.constraints.sets.shape[0]
    assert ascent.state.y.size < count
    assert ascent.solve(1e-6)
    assert ascent.bound == pytest.approx(before, rel=1e-4)
