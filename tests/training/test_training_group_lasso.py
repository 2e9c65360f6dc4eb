"""The restricted problem against CVXPY, against closed forms, and its duality gap."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.training.group_lasso import group_lasso


def instance(seed, n=9, k=12, c=3):
    rng = np.random.default_rng(seed)
    return np.maximum(rng.standard_normal((n, k)), 0.0), rng.standard_normal((n, c))


def primal(A, Y, reg, V):
    return 0.5 * np.sum((Y - A @ V) ** 2) + reg * np.sum(np.linalg.norm(V, axis=1))


@pytest.mark.parametrize("reg", [1.0, 0.1, 0.003])
@pytest.mark.parametrize("shape", [(9, 12, 3), (12, 5, 1)])
def test_agrees_with_a_conic_solver(reg, shape):
    A, Y = instance(1, *shape)
    V = cp.Variable((A.shape[1], Y.shape[1]))
    penalty = cp.sum(cp.norm(V, 2, axis=1))
    reference = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ V - Y) + reg * penalty))
    reference.solve(solver=cp.CLARABEL)
    solution = group_lasso(A, Y, reg, Budget())
    assert solution.objective == pytest.approx(reference.value, rel=1e-6)
    assert solution.objective == pytest.approx(primal(A, Y, reg, solution.V), rel=1e-12)
    np.testing.assert_allclose(solution.residual, Y - A @ solution.V, atol=1e-12)
    assert abs(solution.gap) <= 1e-8 * 0.5 * np.sum(Y**2)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), reg=st.floats(1e-3, 3.0), tolerance=st.sampled_from([0.3, 1e-3])
)
def test_gap_bounds_the_suboptimality(seed, reg, tolerance):
    A, Y = instance(seed)
    rough = group_lasso(A, Y, reg, Budget(), tolerance=tolerance)
    fine = group_lasso(A, Y, reg, Budget(), tolerance=1e-10)
    assert rough.gap >= rough.objective - fine.objective - 1e-10
    assert fine.gap <= 1e-6 * np.sum(Y**2)


def test_gap_reports_a_rough_solution():
    A, Y = instance(2, 30, 60)
    rough, fine = (
        group_lasso(A, Y, 0.01, Budget(), tolerance=0.2),
        group_lasso(A, Y, 0.01, Budget()),
    )
    assert rough.objective - fine.objective > 1e-4
    assert rough.gap >= rough.objective - fine.objective


@pytest.mark.parametrize("reg", [0.05, 0.5, 2.0])
def test_orthogonal_columns_shrink_independently(reg):
    A = np.zeros((5, 2))
    A[:2, 0], A[2:, 1] = (3.0, 4.0), (1.0, 2.0, 2.0)
    Y = np.random.default_rng(0).standard_normal((5, 2))
    b = A.T @ Y
    norms = np.linalg.norm(b, axis=1)
    expected = b * (np.maximum(1 - reg / norms, 0.0) / np.array([25.0, 9.0]))[:, None]
    np.testing.assert_allclose(group_lasso(A, Y, reg, Budget()).V, expected, atol=1e-5)


def test_unused_columns_are_exactly_zero():
    A, Y = instance(4)
    largest = float(np.max(np.linalg.norm(A.T @ Y, axis=1)))
    assert not np.any(group_lasso(A, Y, 1.001 * largest, Budget()).V)
    some = group_lasso(A, Y, 0.8 * largest, Budget()).V
    assert 0 < np.sum(np.any(some != 0.0, axis=1)) < A.shape[1]


def test_degenerate_columns():
    A, Y = instance(5)
    plain = group_lasso(A, Y, 0.1, Budget())
    tiny = 1e-13 * np.abs(np.random.default_rng(0).standard_normal((9, 2)))
    same = group_lasso(np.hstack([A, A, np.zeros((9, 1)), tiny]), Y, 0.1, Budget())
    assert same.objective == pytest.approx(plain.objective, rel=1e-7)
    none = group_lasso(np.zeros((9, 0)), Y, 0.1, Budget())
    assert none.V.shape == (0, 3)
    assert none.objective == pytest.approx(0.5 * np.sum(Y**2))


def test_zero_targets():
    A, Y = instance(6)
    solution = group_lasso(A, np.zeros_like(Y), 0.1, Budget())
    assert solution.objective == 0.0
    assert solution.gap == 0.0
