"""Whether an arrow is definite, against elimination in fractions."""

from __future__ import annotations

import math
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


def decided(blocks, corner, work=None):
    order = sum(own.height for own, _ in blocks) + corner.height
    given = (([0] * own.height, own, across, []) for own, across in blocks)
    return arrow_definite(given, corner, order, work or Work(1 << 30))


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
    verdict = decided(blocks, corner)
    assert verdict is definite(whole)
    integers = [[int(8 * entry) for entry in row] for row in whole]
    assert verdict is positive_definite(integers, Work(1 << 30))


def scaled(rng, blocks, corner, spread):
    """The arrow times powers of two from both sides, of the variables of each block and others."""
    edge = rng.integers(-spread, spread + 1, corner.height)

    def times(matrix, left, right):
        low = int(min(left) + min(right))
        rows = [
            [x << int(p + q) - low for x, q in zip(row, right, strict=True)]
            for p, row in zip(left, matrix.rows, strict=True)
        ]
        return ExactMatrix(rows, matrix.exponent + low)

    found = []
    for own, across in blocks:
        inner = rng.integers(-spread, spread + 1, own.height)
        found.append((times(own, inner, inner), times(across, inner, edge)))
    return found, times(corner, edge, edge)


@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(1, 3), max_size=4),
    border=st.integers(1, 3),
    less=st.integers(0, 60),
    spread=st.sampled_from([0, 3, 60, 300, 2000]),
)
@settings(max_examples=200, deadline=None)
def test_units_do_not_matter(seed, sizes, border, less, spread):
    """However far apart scales are, in a block, between blocks and of the border."""
    rng = np.random.default_rng(seed)
    blocks, corner = arrow(rng, sizes, border, less)
    truth = definite(joined(blocks, corner))
    blocks, corner = scaled(rng, blocks, corner, spread)
    assert decided(blocks, corner) is truth
    rng.shuffle(blocks)
    assert decided(blocks, corner) is truth


@given(seed=st.integers(0, 2**32 - 1), bits=st.integers(60, 140), sizes=st.integers(1, 300))
@settings(max_examples=100, deadline=None)
def test_what_is_hardly_definite_or_hardly_not(seed, bits, sizes):
    """Blocks of one variable, a border of one: a corner of at most Σ b²/a, and one hardly more."""
    rng = np.random.default_rng(seed)
    given = [tuple(int(x) for x in rng.integers(1, 1 << 20, 2)) for _ in range(sizes)]
    blocks = [(ExactMatrix([[a]], 0), ExactMatrix([[b]], 0)) for a, b in given]
    least = sum(Fraction(b * b, a) for a, b in given) * 2**bits
    assert not decided(blocks, ExactMatrix([[math.floor(least)]], -bits))
    assert decided(blocks, ExactMatrix([[math.ceil(least * (1 + Fraction(1, 2**50)))]], -bits))


def test_what_the_border_has_besides_counts_in_the_end():
    """Shares make the corner 1 + 7 − 7 and − 2 more, whatever came before."""
    one, none = ExactMatrix([[1]], 0), ExactMatrix([[0]], 0)
    shares = [ExactMatrix([[7]], 0)], [ExactMatrix([[-7]], 0)]
    blocks = [([k], one, none, share) for k, share in enumerate(shares)]
    assert arrow_definite(blocks, one, 3, Work(1000))
    blocks.append(([2], one, none, [ExactMatrix([[-2]], 0)]))
    assert not arrow_definite(blocks, one, 4, Work(1000))


def test_a_border_that_no_block_touches():
    none = ExactMatrix([[0]], 0)
    for corner, truth in ((1, True), (0, False), (-1, False)):
        blocks = [(ExactMatrix([[1]], 5), none)]
        assert decided(blocks, ExactMatrix([[corner]], -7)) is truth


def test_what_is_semidefinite_is_not_proved():
    one = ExactMatrix([[1]], 0)
    assert not decided([(one, one)], one)
    assert decided([(one, one)], ExactMatrix([[2**40 + 1]], -40))


def test_work_is_taken_before_it_is_done():
    work = Work(0)
    work.take(work.left)
    with pytest.raises(Rejected, match="more work"):
        decided([], ExactMatrix([[1, 0], [0, 1]], 0), work)
