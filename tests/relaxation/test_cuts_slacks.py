"""Slacks of sublinearity: nonnegative on neurons, and the most violated ones are found."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.budget import Budget
from certnn.certificates.cuts_point import Slacks
from certnn.relaxation.interior.cuts.slack_search import (
    Relation,
    neighbour_relations,
    violated_relations,
)


def unit_rows(rng, m, r):
    rows = rng.standard_normal((m, r))
    return rows / np.linalg.norm(rows, axis=1)[:, None]


def activations(rows, u):
    """a and b of neurons, shape (neurons, 2m)."""
    return np.maximum(np.hstack([u @ rows.T, -(u @ rows.T)]), 0.0)


def slack_values(relation, forms):
    """The slack of each neuron, from its definition."""
    m = forms.shape[1] // 2
    total = -forms[:, relation.target]
    for k, t in zip(relation.points, relation.theta, strict=True):
        total = total + (t * forms[:, k] if t > 0.0 else -t * forms[:, m + k])
    return total


def loose_moments(rng, m):
    """Nonnegative numbers where moments of forms with a and b would be; of no neurons."""
    return rng.uniform(0.1, 1.0, (2 * m, 2 * m))


@given(seed=st.integers(0, 2**32 - 1), m=st.integers(3, 7), r=st.integers(2, 4))
@settings(deadline=None, max_examples=12)
def test_relations_hold_and_their_slacks_are_nonnegative_on_neurons(seed, m, r):
    rng = np.random.default_rng(seed)
    rows = unit_rows(rng, m, r)
    forms = activations(rows, rng.standard_normal((200, r)))
    values = loose_moments(rng, m)[:3]
    found = violated_relations(rows, values, np.ones(2 * m), 5.0, Budget(), seed % 100)
    for relation in found:
        assert relation.target not in relation.points
        left = rows[relation.target] - relation.theta @ rows[relation.points]
        assert np.max(np.abs(left)) < 1e-11
        assert np.min(slack_values(relation, forms)) > -1e-9
        assert relation.violation > 0.0


def test_moments_of_neurons_violate_nothing():
    rng = np.random.default_rng(0)
    rows = unit_rows(rng, 8, 3)
    forms = activations(rows, rng.standard_normal((50, 3)))
    moments = forms.T @ forms
    sizes = np.sqrt(np.diag(moments))
    assert violated_relations(rows, moments, sizes, 10.0, Budget(), 0) == []


def test_the_most_violated_relation_is_found():
    """In the plane an optimal θ has two points at most: try them all."""
    rng = np.random.default_rng(3)
    m = 7
    rows = unit_rows(rng, m, 2)
    values = loose_moments(rng, m)[:1]
    worst = {}
    for i in range(m):
        for pair in combinations([k for k in range(m) if k != i], 2):
            theta = np.linalg.solve(rows[list(pair)].T, rows[i])
            cost = sum(
                t * values[0, k] if t > 0 else -t * values[0, m + k]
                for k, t in zip(pair, theta, strict=True)
            )
            worst[i] = max(worst.get(i, 0.0), values[0, i] - cost)
    found = violated_relations(rows, values, np.ones(2 * m), 10.0, Budget(), 0)
    assert sum(v > 1e-4 for v in worst.values()) >= 2
    assert {r.target: pytest.approx(r.violation, abs=1e-6) for r in found} == {
        i: v for i, v in worst.items() if v > 1e-4
    }


def test_neighbours_in_the_plane():
    angles = np.radians([0.0, 10.0, 25.0, 60.0, 100.0, 150.0, 175.0])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    forms = activations(rows, np.random.default_rng(0).standard_normal((500, 2)))
    found = neighbour_relations(rows)
    assert all(np.min(slack_values(relation, forms)) > -1e-9 for relation in found)
    between = next(r for r in found if r.target == 1 and r.points.tolist() == [0, 2])
    # sin 15° and sin 10° over sin 25°: the sides of a triangle.
    expected = np.sin(np.radians([15.0, 10.0])) / np.sin(np.radians(25.0))
    assert between.theta == pytest.approx(expected)
    assert {r.target for r in found} == set(range(7))
    assert neighbour_relations(rows[:2]) == []


def test_equal_relations_have_equal_keys():
    relation = Relation(0, np.array([1, 2]), np.array([0.5, -0.25]), 0.1)
    same = Relation(0, np.array([1, 2]), np.array([0.5, -0.25 + 1e-12]), 0.2)
    other = Relation(0, np.array([1, 2]), np.array([0.5, 0.25]), 0.1)
    assert relation.key == same.key != other.key


def test_rows_of_slacks_are_their_coefficients():
    """g = 2a₁ + 3b₂ − a₀ with b₂ = a₂ − x₂ᵀu; and a slack without points is −a₁."""
    features = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    slacks = Slacks.of(
        [
            (0, np.array([1, 2]), np.array([2.0, -3.0])),
            (1, np.zeros(0, dtype=np.int64), np.zeros(0)),
        ]
    )
    expected = [[-1.0, 2.0, 3.0, -15.0, -18.0], [0.0, -1.0, 0.0, 0.0, 0.0]]
    assert np.array_equal(slacks.rows(features), expected)
