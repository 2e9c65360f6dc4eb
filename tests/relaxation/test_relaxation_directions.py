"""Rows by direction, the reduction to distinct unit directions, and groups of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN

from certnn.certificates.dual_point import Products
from certnn.certificates.quadratic_form import eliminate, largest_eigenvalue, quadratic_form
from certnn.relaxation.reduced.directions import find_directions, undo_merge
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.reduced_problem import reduce_problem

ALL = PLAIN | DEGENERATE | AWKWARD
factors = st.sampled_from([1.0, -1.0, 3.0, -0.1, 1e-8, -1e8, 1.0 / 3.0])


@given(
    seed=st.integers(0, 2**32 - 1),
    lines=st.integers(1, 5),
    d=st.integers(1, 4),
    rows=st.lists(st.tuples(st.integers(0, 4), factors), max_size=12),
    zeros=st.integers(0, 2),
)
def test_rows_on_one_line_are_found(seed, lines, d, rows, zeros):
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((lines if d > 1 else 1, d))
    index = [*range(len(base)), *(i % len(base) for i, _ in rows), *[-1] * zeros]
    scale = [*[1.0] * len(base), *(f for _, f in rows), *[0.0] * zeros]
    order = rng.permutation(len(index))
    index, scale = np.array(index)[order], np.array(scale)[order]
    X = base[index] * scale[:, None]
    found = find_directions(X)
    assert found.count == len(base)
    zero = scale == 0.0
    assert np.array_equal(found.label == -1, zero)
    for line in range(len(base)):
        members = np.flatnonzero((index == line) & ~zero)
        assert len(set(found.label[members])) == 1
        representative = found.representative[found.label[members[0]]]
        assert representative == members[0]
        opposite = np.sign(scale[members]) != np.sign(scale[representative])
        assert np.array_equal(found.flipped[members], opposite)
    seen = np.flatnonzero(~zero)
    sign = np.where(found.flipped[seen], -1.0, 1.0)
    back = (found.norms[seen] * sign)[:, None] * found.units[found.label[seen]]
    assert np.allclose(back, X[seen], rtol=1e-12, atol=0.0)


def test_distinct_rows_stay_apart():
    angles = np.array([0.0, 1e-7, 1e-4, 1.0])
    X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert find_directions(X).count == 4
    assert not find_directions(X).flipped.any()


def test_only_zero_rows():
    found = find_directions(np.zeros((3, 2)))
    assert found.count == 0
    assert np.array_equal(found.label, [-1, -1, -1])


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.lists(st.sampled_from([0.0, 1.0, 2.0, -1.0, -0.3]), min_size=1, max_size=4),
)
def test_undoing_the_merge_costs_what_theorem_8_says(seed, rows):
    """kappa of the full form is at most that of the merged one and Σ‖z_i‖²/(2t_i)."""
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((3, 2))
    X = np.vstack([base, np.array(rows)[:, None] * base[0]])
    n, m = len(X), 3
    found = find_directions(X)
    Z = rng.standard_normal((n, 2))
    # Multipliers of the merged problem: Shor's, and products of a with b and of a with a.
    first, second = np.array([0, 1, 2, 0, 1, 0]), np.array([3, 4, 5, 4, 3, 1])
    multiplier = np.array([-9.0, -9.0, -9.0, 1.0, 0.5, 0.7])
    merged = Products(m, first, second, multiplier)
    point = undo_merge(found, Z, merged, 1.0)
    assert np.array_equal(point.Z, Z)
    positive = point.products.multiplier >= 0.0
    assert np.all(positive | point.products.sign_is_free)
    pairs = list(zip(point.products.first, point.products.second, strict=True))
    assert len(set(pairs)) == len(pairs)
    assert np.all(point.products.first <= point.products.second)
    full = largest_eigenvalue(eliminate(quadratic_form(X, point), 0.0))
    expected = _merged_kappa(found, Z, merged)
    assert full >= expected * (1.0 - 1e-5)
    assert full <= expected * (1.0 + 1e-5) + 1e-5


def _merged_kappa(found, Z, merged):
    """The least kappa of q' of Theorem 8, by dense algebra over (a_R, u, v)."""
    m, c = found.count, Z.shape[1]
    d = found.units.shape[1]
    size = m + d + c
    a = np.eye(m, size)
    b = a.copy()
    b[:, m : m + d] = -found.units
    v = np.eye(size)[m + d :]
    form = np.zeros((size, size))  # of 2q' without its kappa
    for i in np.flatnonzero(found.label >= 0):
        r = found.label[i]
        activation = found.norms[i] * (b[r] if found.flipped[i] else a[r])
        form -= 2.0 * np.outer(activation, Z[i] @ v)
    forms = np.vstack([a, b])
    for first, second, y in zip(merged.first, merged.second, merged.multiplier, strict=True):
        form -= 2.0 * y * np.outer(forms[first], forms[second])
    form = (form + form.T) / 2.0
    A, C, D = form[:m, :m], form[:m, m:], form[m:, m:]
    return np.linalg.eigvalsh(C.T @ np.linalg.solve(A, C) - D)[-1]


@pytest.mark.parametrize("name", [name for name, problem in ALL.items() if problem.features.any()])
def test_reduction_keeps_every_network(name):
    """Activations on the data are those on the directions, lifted; norms of u are kept."""
    problem = ALL[name]
    reduced = reduce_problem(problem)
    units = reduced.directions.units
    x_scale = reduced.product_scale / reduced.dual_scale
    rng = np.random.default_rng(0)
    for u in rng.standard_normal((5, problem.features.shape[1])):
        inner = units @ u
        lifted = reduced.lift_a @ np.maximum(inner, 0.0) + reduced.lift_b @ np.maximum(-inner, 0.0)
        expected = np.maximum(problem.features @ u, 0.0) / x_scale
        assert np.allclose(lifted, expected, rtol=1e-9, atol=1e-9)
    assert np.allclose(reduced.rows @ reduced.rows.T, units @ units.T, rtol=0.0, atol=1e-10)
    assert reduced.rank <= min(units.shape)
    assert np.allclose(reduced.targets * reduced.dual_scale, problem.Y, rtol=1e-12, atol=0.0)


def test_rank_is_found():
    assert reduce_problem(PLAIN["rank deficient"]).rank == 2
    assert reduce_problem(PLAIN["zero columns"]).rank == 2
    assert reduce_problem(PLAIN["n < d"]).rank == 4


@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 20), size=st.integers(1, 25))
def test_groups_are_a_partition(seed, m, size):
    units = np.random.default_rng(seed).standard_normal((m, 3))
    units /= np.linalg.norm(units, axis=1)[:, None]
    groups = angular_groups(units, size)
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(m))
    assert all(0 < len(group) <= size for group in groups)
    assert len(groups) == -(-m // size)
    assert all(np.all(np.diff(group) > 0) for group in groups)


def test_groups_are_close_in_angle():
    angles = np.array([0.0, 1.5, 0.1, 1.6, 0.05, 1.45])
    units = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    groups = sorted(map(tuple, angular_groups(units, 3)))
    assert groups == [(0, 2, 4), (1, 3, 5)]
