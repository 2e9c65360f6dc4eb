"""Theorem 3: the best multiple of a dual point."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certnn.kernel import Instance, bound_from_dual_norm

numbers = st.one_of(
    st.floats(-100.0, 100.0),
    st.sampled_from([0.0, -0.0, 1.0, 5e-324, 1e90, -1e90, 1e-90, 1.7976931348623157e308]),
)
positive = st.one_of(st.floats(1e-3, 1e3), st.sampled_from([5e-324, 1e-90, 1e90, 1e308]))


def packed(entries):
    return struct.pack(f"<{len(entries)}d", *entries)


def bound(Y, Z, reg, kappa):
    """n = len(Y), d = c = 1; X plays no part."""
    n = len(Y)
    instance = Instance(n, 1, 1, reg, False, packed([0.0] * n), packed(Y))
    return bound_from_dual_norm(instance, packed(Z), kappa)


@given(
    st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4),
    positive,
    positive,
    st.lists(st.fractions(0, 1), max_size=20),
)
@example([(1.0, 1.0)], 1.0, 1.0, [])
def test_is_the_largest_value_on_the_interval(pairs, reg, kappa, grid):
    Y, Z = zip(*pairs, strict=True)
    value = bound(Y, Z, reg, kappa)
    product = sum(Fraction(y) * Fraction(z) for y, z in pairs)
    square = sum(Fraction(z) ** 2 for z in Z)
    top = Fraction(reg) / Fraction(kappa)

    def parabola(s):
        return s * product - s * s * square / 2

    shares = [*grid, *(Fraction(k, 16) for k in range(17))]
    assert all(parabola(share * top) <= value for share in shares)
    # And it is attained: at an end, or at the vertex if that is inside.
    candidates = [Fraction(0), top]
    if square and 0 <= product / square <= top:
        candidates.append(product / square)
    assert value == max(map(parabola, candidates))


@pytest.mark.parametrize(
    ("reg", "kappa", "expected"),
    [
        (1.0, 1.0, Fraction(3 * 2) - Fraction(4, 2)),  # the end: s = reg/kappa = 1
        (3.0, 2.0, Fraction(9, 2)),  # s = 3/2, at the vertex
        (100.0, 1.0, Fraction(9, 2)),  # beyond the vertex: ½y², all that there is
        (1.0, 4.0, Fraction(6, 4) - Fraction(4, 32)),  # s = 1/4
    ],
)
def test_clipping_at_the_right(reg, kappa, expected):
    assert bound([3.0], [2.0], reg, kappa) == expected


@pytest.mark.parametrize("Z", [[-2.0, 0.0], [0.0, 0.0], [0.0, -0.0], [-1.0, 1.0], [1e-300, -1.0]])
def test_nothing_from_a_dual_point_that_points_away(Z):
    assert bound([3.0, 3.0], Z, 1.0, 1.0) == 0


def test_shape_and_numbers_of_the_dual_point():
    for Z, problem in (([1.0, 2.0], "bytes"), ([], "bytes"), ([float("nan")], "finite")):
        with pytest.raises(ValueError, match=problem):
            bound([3.0], Z, 1.0, 1.0)
