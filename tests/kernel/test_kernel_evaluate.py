"""The exact objective against fractions, from its definition."""

from __future__ import annotations

import struct
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.kernel import Instance, evaluate_network, exact

entries = st.one_of(
    st.floats(-4.0, 4.0),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 5e-324, -5e-324, 1e90, -1e90, 1e-90, 2.0**-1040]),
    st.floats(allow_nan=False, allow_infinity=False),
)


def packed(rows):
    flat = [x for row in rows for x in row]
    return struct.pack(f"<{len(flat)}d", *flat)


def brute_force(X, Y, reg, U, V):
    """½ Σ (Σ_k (x·u_k)₊ v_k − y)² + ½ reg (Σ u² + Σ v²)."""
    total = Fraction(0)
    for x, y in zip(X, Y, strict=True):
        hidden = [
            max(sum(Fraction(x[i]) * Fraction(U[i][k]) for i in range(len(x))), Fraction(0))
            for k in range(len(V))
        ]
        for j, target in enumerate(y):
            output = sum(hidden[k] * Fraction(V[k][j]) for k in range(len(V)))
            total += (output - Fraction(target)) ** 2
    for weights in (*U, *V):
        total += Fraction(reg) * sum(Fraction(t) ** 2 for t in weights)
    return total / 2


@st.composite
def cases(draw):
    n, d, c, width = (draw(st.integers(low, 3)) for low in (1, 1, 1, 0))
    bias = draw(st.booleans())

    def matrix(rows, columns):
        row = st.lists(entries, min_size=columns, max_size=columns)
        return draw(st.lists(row, min_size=rows, max_size=rows))

    reg = draw(st.sampled_from([0.1, 1.0, 5e-324, 1e-90, 1e90]))
    return matrix(n, d), matrix(n, c), reg, bias, matrix(d + bias, width), matrix(width, c)


@settings(deadline=None)
@given(cases())
def test_value_is_exact(case):
    X, Y, reg, bias, U, V = case
    instance = Instance(len(X), len(X[0]), len(Y[0]), reg, bias, packed(X), packed(Y))
    bound = evaluate_network(instance, packed(U), packed(V), len(V))
    features = [[*row, *([1.0] * bias)] for row in X]
    assert bound.value == brute_force(features, Y, reg, U, V)
    assert bound.kind == "upper"
    assert bound.instance is instance
    assert len(bound.exact) < 2 * 4300  # p and q stay below Python's limit on printing integers


@settings(deadline=None, max_examples=40)
@given(cases())
def test_backends_agree(case):
    X, Y, reg, bias, U, V = case
    instance = Instance(len(X), len(X[0]), len(Y[0]), reg, bias, packed(X), packed(Y))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exact, "_SMALL", 0)
        values = [
            evaluate_network(instance, packed(U), packed(V), len(V), backend).value
            for backend in ("python", "flint", "auto")
        ]
    assert values[0] == values[1] == values[2]


def test_dead_and_duplicate_neurons():
    X, Y = [[1.0, 0.5], [2.0, 0.25]], [[1.0], [-2.0]]
    instance = Instance(2, 2, 1, 1.0, False, packed(X), packed(Y))

    def value(U, V):
        return evaluate_network(instance, packed(U), packed(V), len(V)).value

    dead = value([[-1.0], [-1.0]], [[7.0]])
    assert dead == Fraction(5, 2) + Fraction(2 + 49, 2)
    alive = value([[1.0], [0.0]], [[2.0]])
    assert alive == Fraction((2 - 1) ** 2 + (4 + 2) ** 2, 2) + Fraction(1 + 4, 2)
    twice = value([[1.0, 1.0], [0.0, 0.0]], [[1.0], [1.0]])
    assert twice == Fraction(37, 2) + Fraction(4, 2)
    assert value([[], []], []) == Fraction(5, 2)


def test_a_large_network_is_the_same_in_both_backends():
    n = d = c = width = 30
    rows = [[((7 * i + 11 * j) % 19 - 9) / 8 for j in range(n)] for i in range(n)]
    instance = Instance(n, d, c, 0.1, False, packed(rows), packed(rows))
    U, V = packed(rows[::-1]), packed(rows)
    expected = brute_force(rows, rows, 0.1, rows[::-1], rows)
    for backend in ("python", "flint"):
        assert evaluate_network(instance, U, V, width, backend).value == expected


@pytest.mark.parametrize(
    ("u", "v", "width"),
    [(3, 2, 2), (4, 1, 2), (4, 2, 1), (0, 0, 1), (0, 0, -1), (-2, 0, 0), (6, 3, 2)],
)
def test_shapes_must_fit(u, v, width):
    instance = Instance(1, 2, 1, 1.0, False, packed([[1.0, 2.0]]), packed([[1.0]]))
    with pytest.raises(ValueError, match="bytes"):
        evaluate_network(instance, bytes(8 * abs(u)), bytes(8 * v), width)


def test_weights_must_be_finite():
    instance = Instance(1, 1, 1, 1.0, False, packed([[1.0]]), packed([[1.0]]))
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            evaluate_network(instance, packed([[bad]]), packed([[1.0]]), 1)
        with pytest.raises(ValueError, match="finite"):
            evaluate_network(instance, packed([[1.0]]), packed([[bad]]), 1)
