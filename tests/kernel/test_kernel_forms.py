"""Products of forms of points, against their values at any variables and at neurons."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certnn.kernel import Rejected
from certnn.kernel.exact import ExactMatrix
from certnn.kernel.forms import Forms, ProductList
from certnn.kernel.work import Work

NO_PARTNERS = [], ExactMatrix([], 0)
SEEDS = st.integers(0, 2**32 - 1)


def fractions(matrix):
    unit = Fraction(2) ** matrix.exponent
    return np.array([[entry * unit for entry in row] for row in matrix.rows], dtype=object)


def values(X, signs, a, u):
    """Of a₁..a_n, b₁..b_n where some signs are fixed; in the module's words, not its code."""
    product = X @ u
    active = [max(signs[i], 0) * t if i in signs else a[i] for i, t in enumerate(product)]
    return [*active, *(s - t for s, t in zip(active, product, strict=True))]


def case(seed):
    rng = np.random.default_rng(seed)
    n, columns, more = rng.integers(1, 5), rng.integers(1, 4), rng.integers(0, 3)
    X = rng.integers(-9, 10, (n, columns))
    signs = {i: int(rng.choice([-1, 1])) for i in range(n) if rng.random() < 0.5}
    free = [i for i in range(n) if i not in signs]
    forms = Forms(ExactMatrix((8 * X).tolist(), -3), free, signs)
    a, z = rng.integers(-9, 10, n), rng.integers(-9, 10, columns + more)
    return rng, forms, values(X, signs, a, z[:columns]), a[free], z


def quadratic(own, across, shares, a, z):
    """At the variables a and z, of which `across` has the first ones."""
    total = 0
    if len(a):
        total += a @ fractions(own) @ a + 2 * (a @ fractions(across) @ z[: across.width])
    return total + sum(z @ fractions(share) @ z for share in shares)


@given(seed=SEEDS)
@settings(max_examples=100, deadline=None)
def test_products_are_what_they_say(seed):
    rng, forms, f, a, z = case(seed)
    products = [(*rng.integers(0, len(f), 2), int(rng.integers(-9, 10))) for _ in range(6)]
    found = forms.arrow(products, -2, NO_PARTNERS, len(z), Work(1 << 24))
    expected = -2 * sum(Fraction(int(y), 4) * f[r] * f[s] for r, s, y in products)
    assert quadratic(*found, a, z) == expected
    assert all(share.height == share.width == len(z) for share in found[2])


@given(seed=SEEDS)
@settings(max_examples=100, deadline=None)
def test_partners_are_what_they_say(seed):
    rng, forms, f, a, z = case(seed)
    given_forms = [(int(rng.integers(len(f))), rng.integers(-9, 10, len(z))) for _ in range(4)]
    partners = [r for r, _ in given_forms], ExactMatrix([v.tolist() for _, v in given_forms], -1)
    products = [(*rng.integers(0, len(f), 2), int(rng.integers(-9, 10))) for _ in range(3)]
    expected = -2 * sum(f[r] * Fraction(int(v @ z), 2) for r, v in given_forms)
    found = forms.arrow([], 0, partners, len(z), Work(1 << 24))
    assert quadratic(*found, a, z) == expected
    expected += -2 * sum(Fraction(int(y), 4) * f[r] * f[s] for r, s, y in products)
    found = forms.arrow(products, -2, partners, len(z), Work(1 << 24))
    assert quadratic(*found, a, z) == expected


@given(seed=SEEDS)
def test_forms_are_nonnegative_and_vanish_at_neurons(seed):
    """With a and the signs of a neuron they are (xᵀu)₊ and (−xᵀu)₊."""
    rng = np.random.default_rng(seed)
    X, u = rng.integers(-9, 10, (4, 2)), rng.integers(-9, 10, 2)
    signs = {i: 1 if X[i] @ u > 0 else -1 for i in range(4) if rng.random() < 0.5}
    free = [i for i in range(4) if i not in signs]
    forms, a = Forms(ExactMatrix(X.tolist(), 0), free, signs), np.maximum(X @ u, 0)
    f = [*a.tolist(), *np.maximum(-X @ u, 0).tolist()]
    for r in range(8):
        for s in range(8):
            found = forms.arrow([(r, s, 1)], 0, NO_PARTNERS, 2, Work(1 << 24))
            assert quadratic(*found, a[free], u) == -2 * f[r] * f[s]


def test_only_products_that_vanish_may_be_negative():
    def taken(*products):
        first, second, y = zip(*products, strict=True)
        given = ProductList(first, second, ExactMatrix([[t] for t in y], -1))
        return given.taken(range(len(products))[::-1], 3)

    assert taken((0, 3, -1), (2, 5, -1), (0, 4, 0)) == ([(0, 4, 0), (2, 5, -1), (0, 3, -1)], -1)
    for r, s in ((0, 0), (0, 4), (3, 3), (3, 5), (0, 6)):
        with pytest.raises(Rejected, match=rf"product \({r}, {s}\) is negative"):
            taken((1, 1, 2), (r, s, -1))
