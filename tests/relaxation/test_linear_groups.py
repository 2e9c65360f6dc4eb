"""Groups of directions: partitions, and of clusters the clusters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.relaxation.reduced.groups import angular_groups


def units(rng, m, d):
    rows = rng.standard_normal((m, d))
    return rows / np.linalg.norm(rows, axis=1)[:, None]


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 4), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_each_direction_is_in_one_group(seed, m, d, size):
    groups = angular_groups(units(np.random.default_rng(seed), m, d), size)
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(m))
    assert all(1 <= group.size <= size and np.all(np.diff(group) > 0) for group in groups)


def test_many_directions_are_divided_first():
    groups = angular_groups(units(np.random.default_rng(0), 3000, 4), 8)
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(3000))
    assert max(group.size for group in groups) <= 8
    assert len(groups) < 1.2 * 3000 / 8


@pytest.mark.parametrize("seed", range(3))
def test_clusters_up_to_sign_are_found(seed):
    rng = np.random.default_rng(seed)
    centres = np.eye(5)
    label = rng.permutation(np.repeat(np.arange(5), 6))
    sign = rng.choice([-1.0, 1.0], 30)[:, None]
    rows = sign * (centres[label] + 0.1 * rng.standard_normal((30, 5)))
    groups = angular_groups(rows / np.linalg.norm(rows, axis=1)[:, None], 6)
    assert sorted(map(tuple, groups)) == sorted(
        tuple(np.flatnonzero(label == number)) for number in range(5)
    )
