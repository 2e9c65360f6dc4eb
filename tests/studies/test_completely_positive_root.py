"""Positive semidefinite or not, in integers: against elimination, and at the boundary."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from certnn.cones.elimination import psd_rank
from certnn.cones.matrix import SymmetricMatrix
from certnn.relaxation.reduced import fixed_point_root
from certnn.relaxation.reduced.fixed_point_root import is_positive_semidefinite


@st.composite
def near_the_boundary(draw):
    """A sum of squares of small integers, times 2^k, less or plus little."""
    order, rank = draw(st.integers(1, 5)), draw(st.integers(0, 5))
    entries = draw(st.lists(st.integers(-4, 4), min_size=order * rank, max_size=order * rank))
    factor = np.array(entries, dtype=object).reshape(order, rank)
    matrix = (factor @ factor.T if rank else np.zeros((order, order), object)) * 2 ** draw(
        st.sampled_from([0, 40, 90, 200])
    )
    i, change = draw(st.integers(0, order - 1)), draw(st.integers(-2, 2))
    matrix[i, i] += change
    return [[int(x) for x in row] for row in matrix]


@given(near_the_boundary())
def test_agrees_with_elimination(rows):
    expected = psd_rank(SymmetricMatrix.of(rows)) is not None
    assert is_positive_semidefinite(rows) is expected


def test_a_matrix_with_room_needs_no_elimination(monkeypatch):
    monkeypatch.setattr(fixed_point_root, "psd_rank", lambda matrix: pytest.fail("eliminated"))
    draw = np.random.default_rng(0).standard_normal((12, 9))
    floats = draw @ draw.T + 1e-12 * np.eye(12)
    rows = [[int(x) for x in row] for row in np.rint(floats * 2.0**60)]
    assert is_positive_semidefinite(rows)


def test_less_than_nothing_is_noticed():
    """Two to the 300 everywhere, but one less in a corner: one eigenvalue is about −1/2."""
    rows = [[2**300, 2**300], [2**300, 2**300 - 1]]
    assert not is_positive_semidefinite(rows)
    rows[1][1] += 1
    assert is_positive_semidefinite(rows)
