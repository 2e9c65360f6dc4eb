"""Covers of the output space, and exact signs."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_check import read_directions

from certnn.budget import Budget
from certnn.certificates.directions import bounds, cover
from certnn.errors import SolverError
from certnn.splitting.phases.pairs import exact_signs, nearest_pairs


@pytest.mark.parametrize(
    ("outputs", "spread"), [(1, 1.5), (2, 1.4), (2, 1.0355), (2, 1.001), (3, 1.1), (4, 1.4)]
)
def test_a_cover_is_as_narrow_as_wanted_and_reads_back(outputs, spread):
    found = cover(outputs, spread, Budget())
    assert found.spread <= spread
    rays, cones = read_directions(found.tree, outputs)
    np.testing.assert_array_equal(found.rays, rays)
    np.testing.assert_array_equal(found.cones, cones)


def test_rays_in_the_plane_are_evenly_spread():
    assert cover(2, 1.037, Budget()).rays.shape[0] == 12
    assert cover(2, 1.001, Budget()).rays.shape[0] <= 80  # 70 if they were quite even


@pytest.mark.parametrize("outputs", [1, 2, 3])
def test_bounds_prove_kappa_and_hardly_less(outputs):
    found = cover(outputs, 1.1, Budget())
    heights = bounds(found, 0.3, Budget())
    draw = np.random.default_rng(0).standard_normal
    g = draw((100_000, outputs))
    g /= np.max(g @ found.rays.T / heights, axis=1)[:, None]  # on the border of what is allowed
    longest = np.max(np.linalg.norm(g, axis=1))
    assert 0.3 * 0.99 < longest <= 0.3


def test_too_many_outputs_are_refused():
    with pytest.raises(SolverError, match="outputs"):
        cover(15, 2.0, Budget())
    with pytest.raises(SolverError, match="too many"):
        cover(5, 1.001, Budget())


@given(st.integers(0, 10**6))
def test_signs_are_exact(seed):
    draw = np.random.default_rng(seed)
    left = draw.standard_normal((4, 3))
    right = np.vstack([np.cross(left[0], left[1]), draw.standard_normal((2, 3)), np.zeros(3)])
    left[3] = 1e-200 * left[2]
    signs = exact_signs(left, right)
    for (i, a), (j, b) in itertools.product(enumerate(left), enumerate(right)):
        exact = sum(Fraction(p) * Fraction(q) for p, q in zip(a.tolist(), b.tolist(), strict=True))
        assert signs[i, j] == (exact > 0) - (exact < 0)


def test_pairs_join_opposite_signs_and_nearly_parallel_points():
    points = np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6], [-1.0, 0.0], [0.0, 1.0]])
    lengths = np.array([1.0, 2.0, 1.0, 4.0, 1.0])
    pairs = nearest_pairs(points, lengths, np.array([1, -1, 1, -1, 0]), 1)
    found = list(zip(pairs.first, pairs.second, pairs.sign, pairs.ratio, strict=True))
    assert found == [(0, 3, -1, 0.25), (2, 1, 1, 0.5)]
