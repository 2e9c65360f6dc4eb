"""Whether an arrow is definite, against elimination in fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.kernel import Rejected
from certnn.kernel.definite import arrow_definite, positive_definite
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.work import Work


def exact(matrix, exponent):
    return ExactMatrix([[int(x) for x in row] for row in matrix], exponent)


def joined(blocks, corner):
    """The whole matrix, in fractions."""
    sizes = [own.height for own, _ in blocks]
    order = sum(sizes) + corner.height
    whole = [[Fraction(0)] * order for _ in range(order)]
    begin = order - corner.height

    def put(matrix, row, column):
        for p, entries in enumerate(matrix.rows):
            for q, entry in enumerate(entries):
                value = Fraction(entry) * Fraction(2) ** matrix.exponent
                whole[row + p][column + q] = whole[column + q][row + p] = value

    at = 0
    for own, across in blocks:
        put(own, at, at)
        put(across, at, begin)
        at += own.height
    put(corner, begin, begin)
    return whole


def definite(S):
    """By elimination."""
    S = [list(row) for row in S]
    for k, row in enumerate(S):
        if row[k] <= 0:
            return False
        for other in S[k + 1 :]:
            factor = other[k] / row[k]
            for j in range(k, len(S)):
                other[j] -= factor * row[j]
    return True


def arrow(rng, sizes, border, less):
    """A sum of squares in each block and the border, minus a share of the identity."""
    blocks, corner = [], np.zeros((border, border))
    for number, size in enumerate(sizes):
        root = rng.integers(-9, 10, (size + border, size + border))
        square = root @ root.T
        square[:size, :size] -= (less * np.eye(size)).astype(int)
        blocks.append((exact(square[:size, :size], -number), exact(square[:size, size:], -number)))
        corner += square[size:, size:] * 2.0 ** (3 - number)
    return blocks, exact(corner, -3)


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 4), max_size=3),
    border=st.integers(1, 3),
    less=st.integers(0, 60),
)
@settings(max_examples=200, deadline=None)
def test_as_elimination_says(seed, sizes, border, less):
    blocks, corner = arrow(np.random.default_rng(seed), sizes, border, less)
    whole = joined(blocks, corner)
    verdict = arrow_definite(blocks, corner, Work(1 << 30))
    assert verdict is definite(whole)
    integers = [[int(8 * entry) for entry in row] for row in whole]
    assert verdict is positive_definite(integers, Work(1 << 30))


def test_a_border_that_no_block_touches():
    none = ExactMatrix([[0]], 0)
    for corner, truth in ((1, True), (0, False), (-1, False)):
        blocks = [(ExactMatrix([[1]], 5), none)]
        assert arrow_definite(blocks, ExactMatrix([[corner]], -7), Work(1000)) is truth


def test_what_is_semidefinite_is_not_proved():
    one = ExactMatrix([[1]], 0)
    assert not arrow_definite([(one, one)], one, Work(1000))
    assert arrow_definite([(one, one)], ExactMatrix([[2**40 + 1]], -40), Work(1000))


def test_work_is_taken_before_it_is_done():
    work = Work(0)
    work.take(work.left)
    with pytest.raises(Rejected, match="more work"):
        arrow_definite([], ExactMatrix([[1, 0], [0, 1]], 0), work)
