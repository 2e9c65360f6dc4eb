"""Exact matrices against fractions."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import flint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.kernel import exact
from certnn.kernel.exact import ExactMatrix, exact_matrix, inner, times_transpose

finite = st.floats(allow_nan=False, allow_infinity=False)
extreme = st.sampled_from([5e-324, -5e-324, 2.0**-1022, 1.7976931348623157e308, 1e90, 1e-90, -0.0])
numbers = st.one_of(finite, extreme, st.integers(-3, 3).map(float))


def packed(entries):
    return struct.pack(f"<{len(entries)}d", *entries)


def fractions(matrix):
    return [
        [Fraction(entry) * Fraction(2) ** matrix.exponent for entry in row] for row in matrix.rows
    ]


@st.composite
def float_matrices(draw, rows=None, columns=None):
    rows, columns = rows or draw(st.integers(1, 4)), columns or draw(st.integers(1, 4))
    row = st.lists(numbers, min_size=columns, max_size=columns)
    return draw(st.lists(row, min_size=rows, max_size=rows))


def read(rows):
    return exact_matrix(packed([x for row in rows for x in row]), len(rows), len(rows[0]))


@given(float_matrices())
def test_floats_are_read_exactly(rows):
    assert fractions(read(rows)) == [[Fraction(x) for x in row] for row in rows]


def test_empty_shapes():
    assert exact_matrix(b"", 3, 0).rows == [[], [], []]
    assert exact_matrix(b"", 0, 3).rows == []
    assert inner(exact_matrix(b"", 3, 0), exact_matrix(b"", 3, 0)) == 0


@pytest.mark.parametrize("bad", [math.inf, -math.inf, math.nan])
def test_only_finite_numbers(bad):
    assert not exact.all_finite(packed([1.0, bad]))
    assert exact.all_finite(packed([1.0, -0.0, 5e-324]))
    with pytest.raises(ValueError, match="finite"):
        exact_matrix(packed([1.0, bad]), 1, 2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (0, 0), (2, 2), (-1, -2), (-2, 1)])
def test_shape_is_that_of_the_data(shape):
    with pytest.raises(ValueError, match="bytes"):
        exact_matrix(packed([1.0, 2.0]), *shape)
    with pytest.raises(ValueError, match="bytes"):
        exact_matrix(packed([1.0, 2.0])[:-1], 1, 2)


@given(st.data())
def test_arithmetic(data):
    left = data.draw(float_matrices())
    right = data.draw(float_matrices(len(left), len(left[0])))
    a, b = read(left), read(right)
    pairs = [list(zip(p, q, strict=True)) for p, q in zip(fractions(a), fractions(b), strict=True)]
    assert fractions(a + b) == [[p + q for p, q in row] for row in pairs]
    assert fractions(a - b) == [[p - q for p, q in row] for row in pairs]
    assert inner(a, b) == sum(p * q for row in pairs for p, q in row)
    assert fractions(a.beside(b)) == [[p for p, _ in row] + [q for _, q in row] for row in pairs]
    both = [p + q + p for p, q in zip(fractions(a), fractions(b), strict=True)]
    joined = a.beside(b).beside(a)
    assert fractions(joined.taken([-1])) == [both[-1]]
    assert fractions(joined) == both
    assert fractions(joined.transposed()) == [list(column) for column in zip(*both, strict=True)]
    assert fractions(a.transposed()) == [list(column) for column in zip(*fractions(a), strict=True)]
    assert fractions(a.taken([-1, 0])) == [fractions(a)[-1], fractions(a)[0]]


@given(float_matrices(), st.data(), st.integers(1, 3))
def test_rows_by_parts_are_those_of_the_whole(rows, data, piece):
    """Without one access to all rows; whatever the exponents of the parts are."""
    matrix, whole = read(rows), fractions(read(rows))
    order = data.draw(st.permutations(range(len(rows))))
    assert matrix.height == len(rows)
    assert fractions(matrix.taken(order)) == [whole[i] for i in order]
    columns = [list(column) for column in zip(*whole, strict=True)]
    assert [fractions(matrix.transposed().taken([j]))[0] for j in range(len(columns))] == columns
    assert fractions(matrix.transposed().transposed()) == whole
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_PIECE", piece)
        assert [row for part in matrix.pieces() for row in fractions(part)] == whole
        eager = exact.ExactMatrix(matrix.rows, matrix.exponent)
        assert [row for part in eager.pieces() for row in fractions(part)] == whole
        assert inner(matrix, eager) == sum(x * x for row in whole for x in row)


def test_rows_out_of_range():
    for i in (2, -3):
        with pytest.raises(IndexError):
            read([[1.0], [2.0]]).taken([i])


@given(float_matrices(), st.data(), st.integers(-9, 9))
def test_rescaling(rows, data, exponent):
    integers = st.integers(-5, 5)
    left = data.draw(st.lists(integers, min_size=len(rows), max_size=len(rows)))
    right = data.draw(st.lists(integers, min_size=len(rows[0]), max_size=len(rows[0])))
    expected = [
        [p * Fraction(x) * q * Fraction(2) ** exponent for x, q in zip(row, right, strict=True)]
        for p, row in zip(left, rows, strict=True)
    ]
    assert fractions(read(rows).rescaled(left, right, exponent)) == expected


@pytest.mark.parametrize("backend", ["python", "flint", "auto"])
@settings(deadline=None)
@given(data=st.data())
def test_products(backend, data):
    left = data.draw(float_matrices())
    right = data.draw(float_matrices(columns=len(left[0])))
    expected = [
        [sum(Fraction(p) * Fraction(q) for p, q in zip(row, other, strict=True)) for other in right]
        for row in left
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_SMALL", 0)
        assert fractions(times_transpose(read(left), read(right), backend)) == expected


def test_flint_takes_the_large_products_only(monkeypatch):
    used = []

    class Recorded(flint.fmpz_mat):
        def __init__(self, rows):
            used.append(len(rows))
            super().__init__(rows)

    monkeypatch.setattr(flint, "fmpz_mat", Recorded)
    large = ExactMatrix([[i - j for j in range(40)] for i in range(40)], -3)
    small = large.taken(range(2))
    product = times_transpose(large, large, "python")
    assert not used
    assert times_transpose(small, small, "auto") == times_transpose(small, small, "python")
    assert not used
    assert times_transpose(large, large, "auto") == product
    assert used == [40, 40]


def test_without_flint_python_takes_them(monkeypatch):
    monkeypatch.setattr(exact, "find_spec", lambda name: None)
    monkeypatch.setattr(exact, "import_module", lambda name: pytest.fail("imported"))
    large = ExactMatrix([[i - j for j in range(40)] for i in range(40)], 0)
    assert times_transpose(large, large, "auto") == times_transpose(large, large, "python")
