"""Losses and conjugates of the kernel (Theorems 37 to 55), from their definitions."""

from __future__ import annotations

import struct
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from certnn.kernel import Instance, Rejected, bound_from_dual_norm, evaluate_network
from certnn.kernel.exact import exact_matrix
from certnn.kernel.losses import LOSSES, dual_value, loss_above

EXACT = ("half-squared", "huber", "hinge", "squared-hinge")
LABELS = ("hinge", "squared-hinge", "logistic")
DELTA = 0.75
small = st.floats(-3.0, 3.0).map(lambda x: round(64 * x) / 64)
any_number = st.one_of(small, st.floats(-1e6, 1e6), st.sampled_from([0.0, 1e-300, -1e-300, 800.0]))


def packed(rows):
    flat = [x for row in rows for x in row]
    return struct.pack(f"<{len(flat)}d", *flat)


def matrix(rows):
    return exact_matrix(packed(rows), len(rows), len(rows[0]))


def delta_of(loss):
    return DELTA if loss == "huber" else 0.0


def true_loss(loss, f, y):
    """Of one row of outputs, from the definition; 60 correct digits where there are logarithms."""
    f, y = list(map(Fraction, f)), list(map(Fraction, y))
    if loss == "softmax":
        with localcontext(prec=80):
            top = max(f)
            total = sum(decimal(s - top).exp() for s in f)
            log = Fraction(total.ln()) + top
        return sum((t * (log - s) for s, t in zip(f, y, strict=True)), Fraction(0))
    total = Fraction(0)
    for s, t in zip(f, y, strict=True):
        if loss == "half-squared":
            total += (s - t) ** 2 / 2
        elif loss == "huber":
            near = min(abs(s - t), Fraction(DELTA))
            total += near * abs(s - t) - near**2 / 2
        elif loss == "logistic":
            with localcontext(prec=80):
                total += max(-s * t, 0) + Fraction((1 + decimal(-abs(s * t)).exp()).ln())
        else:
            short = max(1 - s * t, Fraction(0))
            total += short if loss == "hinge" else short**2 / 2
    return total


def decimal(fraction):
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


@st.composite
def rows_for(draw, loss, numbers=small):
    n, c = draw(st.integers(1, 3)), draw(st.integers(2 if loss == "softmax" else 1, 3))

    def given_rows(entries):
        row = st.lists(entries, min_size=c, max_size=c)
        return draw(st.lists(row, min_size=n, max_size=n))

    if loss in LABELS:
        Y = given_rows(st.sampled_from([1.0, -1.0]))
    elif loss == "softmax":
        Y = given_rows(st.sampled_from([0.0, 1.0, 0.25]))
    else:
        Y = given_rows(numbers)
    return given_rows(numbers), Y, given_rows


@pytest.mark.parametrize("loss", LOSSES)
@given(data=st.data())
def test_loss_of_outputs(loss, data):
    F, Y, _ = data.draw(rows_for(loss, any_number))
    if loss not in EXACT:
        assume(all(abs(f) < 1e5 for row in F for f in row))
    value = loss_above(loss, delta_of(loss), matrix(F), matrix(Y))
    true = sum((true_loss(loss, f, y) for f, y in zip(F, Y, strict=True)), Fraction(0))
    if loss in EXACT:
        assert value == true
    else:
        error = Fraction(1, 10**60) * (1 + abs(true))
        assert true - error <= value <= true + Fraction(1, 10**30)


@pytest.mark.parametrize("loss", LOSSES)
@given(data=st.data())
def test_fenchel_inequality(loss, data):
    """ℓ(F) + ⟨W, F⟩ ≥ −ℓ*(−W) for all F: what Theorem 37 rests on."""
    F, Y, given_rows = data.draw(rows_for(loss))
    Z = dual_point(loss, Y, given_rows)
    scale = data.draw(st.fractions(0, 1))
    bound = dual_value(loss, delta_of(loss), matrix(Z), scale, matrix(Y))
    product = sum(
        Fraction(z) * Fraction(f)
        for zs, fs in zip(Z, F, strict=True)
        for z, f in zip(zs, fs, strict=True)
    )
    assert loss_above(loss, delta_of(loss), matrix(F), matrix(Y)) + scale * product >= bound


def dual_point(loss, Y, given_rows):
    """Some Z in the domain of the conjugate."""
    if loss == "half-squared":
        return given_rows(small)
    if loss == "huber":
        return given_rows(st.sampled_from([0.0, DELTA, -DELTA, 0.5, -0.125]))
    if loss in LABELS:
        sizes = given_rows(st.sampled_from([0.0, 1.0, 0.5, 2.0**-60, 1.0 - 2.0**-53, 0.3]))
        return [[s * y for s, y in zip(*rows, strict=True)] for rows in zip(sizes, Y, strict=True)]
    return [shifted(row) for row in Y]


def shifted(row):
    """y − q where q has the entries of y, each moved to the next column."""
    return [y - q for y, q in zip(row, [row[-1], *row[:-1]], strict=True)]


@pytest.mark.parametrize(
    ("loss", "y", "z", "f"),
    [
        # The F at which the inequality is an equality: a subgradient of the loss there is −z.
        ("half-squared", [2.0], [0.5], [1.5]),
        ("huber", [2.0], [0.5], [1.5]),
        ("huber", [2.0], [DELTA], [-50.0]),
        ("hinge", [-1.0], [-1.0], [7.0]),
        ("hinge", [1.0], [0.25], [1.0]),
        ("squared-hinge", [-1.0], [-0.5], [-0.5]),
        ("logistic", [1.0], [0.5], [0.0]),
        ("softmax", [1.0, 0.0], [0.5, -0.5], [0.0, 0.0]),
        ("softmax", [3.0, 1.0], [1.0, -1.0], [5.0, 5.0]),
    ],
)
def test_conjugate_is_attained(loss, y, z, f):
    bound = dual_value(loss, delta_of(loss), matrix([z]), Fraction(1), matrix([y]))
    product = sum(Fraction(s) * Fraction(t) for s, t in zip(z, f, strict=True))
    value = loss_above(loss, delta_of(loss), matrix([f]), matrix([y])) + product
    assert 0 <= value - bound <= (0 if loss in EXACT else Fraction(1, 10**30))


@pytest.mark.parametrize(
    ("loss", "y", "z"),
    [
        ("huber", [2.0], [0.7500000001]),
        ("huber", [2.0], [-0.7500000001]),
        ("hinge", [1.0], [-5e-324]),
        ("hinge", [-1.0], [-1.0000000001]),
        ("squared-hinge", [-1.0], [5e-324]),
        ("logistic", [1.0], [-5e-324]),
        ("logistic", [-1.0], [-1.0000000001]),
        ("softmax", [1.0, 0.0], [5e-324, 0.0]),
        ("softmax", [1.0, 0.0], [-0.1, 0.1]),
        ("softmax", [0.0, 0.0], [0.5, -0.5]),
    ],
)
def test_outside_of_the_domain(loss, y, z):
    with pytest.raises(Rejected, match="dual point"):
        dual_value(loss, delta_of(loss), matrix([z]), Fraction(1), matrix([y]))


@pytest.mark.parametrize("loss", ["logistic", "softmax"])
def test_ends_of_the_entropy(loss):
    """p = 0 and p = 1, where p log p is 0; and p = ½, where the entropy is log 2."""
    c = 2 if loss == "softmax" else 1
    Y = [[1.0, 0.0][:c]]
    for p in (0.0, 1.0):
        assert dual_value(loss, 0.0, matrix([[p, -p][:c]]), Fraction(1), matrix(Y)) == 0
    half = dual_value(loss, 0.0, matrix([[0.5, -0.5][:c]]), Fraction(1), matrix(Y))
    with localcontext(prec=60):
        log_2 = Fraction(Decimal(2).ln())
    assert log_2 - Fraction(1, 10**30) < half <= log_2 + Fraction(1, 10**55)


def instance(loss, Y, reg, hidden_bias=False, output_bias=False, X=None):
    X = X or [[0.0]] * len(Y)
    parts = (len(Y), len(X[0]), len(Y[0]), reg, hidden_bias, packed(X), packed(Y))
    return Instance(*parts, loss, delta_of(loss), output_bias)


@given(
    st.lists(st.tuples(small, small), min_size=1, max_size=4),
    st.sampled_from([0.1, 1.0, 8.0]),
    st.sampled_from([0.1, 1.0, 8.0]),
)
def test_half_squared_with_a_decayed_output_bias(pairs, reg, kappa):
    """The best multiple, by a grid and the vertex of the parabola."""
    Y, Z = zip(*pairs, strict=True)
    problem = instance("half-squared", [[y] for y in Y], reg, output_bias=True)
    value = bound_from_dual_norm(problem, packed([[z] for z in Z]), kappa)
    y, z = list(map(Fraction, Y)), list(map(Fraction, Z))
    product, square = sum(map(lambda s, t: s * t, y, z)), sum(t * t for t in z)
    square += sum(z) ** 2 / Fraction(reg)
    top = Fraction(reg) / Fraction(kappa)
    candidates = [top * k / 64 for k in range(65)]
    if square and 0 <= product / square <= top:
        candidates.append(product / square)
    values = [s * product - s * s * square / 2 for s in candidates]
    assert max(values) <= value
    assert value in (*values, 0)


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "half-squared"])
@given(data=st.data())
def test_other_losses_with_a_decayed_output_bias(loss, data):
    _, Y, given_rows = data.draw(rows_for(loss))
    Z = dual_point(loss, Y, given_rows)
    reg, kappa = data.draw(st.sampled_from([(0.5, 1.0), (1.0, 0.5), (1.0, 1.0)]))
    plain = bound_from_dual_norm(instance(loss, Y, reg), packed(Z), kappa)
    biased = bound_from_dual_norm(instance(loss, Y, reg, output_bias=True), packed(Z), kappa)
    sums = [sum(map(Fraction, column)) for column in zip(*Z, strict=True)]
    without, with_bias = [Fraction(0)], [Fraction(0)]
    for s in {min(Fraction(1), Fraction(reg) / Fraction(kappa)), Fraction(reg) / Fraction(kappa)}:
        try:
            conjugate = dual_value(loss, delta_of(loss), matrix(Z), s, matrix(Y))
        except Rejected:
            assert s > 1
            continue
        without.append(conjugate)
        with_bias.append(conjugate - s * s * sum(t * t for t in sums) / (2 * Fraction(reg)))
    assert plain == max(without)
    assert biased == max(with_bias)


def test_a_multiple_of_the_best_dual_point_will_do():
    """Z/4 with kappa/4 gives what Z with kappa gives, where kappa is a little above reg."""
    problem = instance("hinge", [[1.0], [-1.0]], 1.0)
    best = bound_from_dual_norm(problem, packed([[1.0], [-0.5]]), 1.25)
    assert best == Fraction(3, 2) * Fraction(4, 5)
    assert bound_from_dual_norm(problem, packed([[0.25], [-0.125]]), 0.3125) == best
    # Beyond the domain the multiple 1 is left.
    assert bound_from_dual_norm(problem, packed([[1.0], [-0.5]]), 0.5) == Fraction(3, 2)


@pytest.mark.parametrize(("hidden", "output"), [("free", False), (False, "free"), ("free", True)])
def test_free_biases_need_balance(hidden, output):
    Y = [[2.0], [-1.0], [0.5]]
    problem = instance("half-squared", Y, 1.0, hidden, output, X=[[3.0], [4.0], [0.0]])
    balanced = bound_from_dual_norm(problem, packed([[1.0], [-0.75], [-0.25]]), 4.0)
    stretch = 1 + Fraction(1, 2**13) if hidden == "free" else 1
    s = Fraction(1, 4) / stretch
    product, square = Fraction(2) + Fraction(3, 4) - Fraction(1, 8), 1 + Fraction(5, 8)
    assert balanced == s * product - s * s * square / 2
    for last in (-0.25 + 2.0**-54, 0.0):
        with pytest.raises(Rejected, match="sum to zero"):
            bound_from_dual_norm(problem, packed([[1.0], [-0.75], [last]]), 4.0)


@pytest.mark.parametrize("size", [0.0, 1e-90, 0.015, 1.0 / 64, 0.016, 1.0, 3.0, 64.0, 1e90])
def test_column_of_a_free_hidden_bias(size):
    """A power of two of at least 64 times the longest row, the smallest from 1 on."""
    X = [[size, 0.0], [-0.6 * size, 0.8 * size]]
    problem = instance("half-squared", [[1.0], [2.0]], 1.0, "free", X=X)
    features = problem.features()
    unit = Fraction(2) ** features.exponent
    ones = {row[-1] * unit for row in features.rows}
    assert len(ones) == 1
    (entry,) = ones
    longest = max(sum(Fraction(x) ** 2 for x in row) for row in X)
    assert entry == 1 or entry.numerator & (entry.numerator - 1) == 0
    assert entry**2 >= 4096 * longest
    assert entry == 1 or (entry / 2) ** 2 < 4096 * longest
    inputs = problem.inputs()
    assert {row[-1] * Fraction(2) ** inputs.exponent for row in inputs.rows} == {1}
    assert (1 + Fraction(1, 2**13)) ** 2 > 1 + Fraction(1, 4096)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden_bias", [False, True, "free"])
@pytest.mark.parametrize("output_bias", [False, True, "free"])
def test_objective_of_a_network(loss, hidden_bias, output_bias):
    X = [[1.0, 0.5], [-2.0, 0.25], [0.125, 3.0]]
    Y = [[1.0, 0.0], [0.0, 1.0], [0.0, 2.5]] if loss == "softmax" else [[1.0, -1.0]] * 3
    U = [[1.0, -0.5], [0.25, 2.0]] + ([[-0.5, 0.375]] if hidden_bias else [])
    V = [[0.5, -1.0], [2.0, 0.75]]
    b = [[0.3, -0.7]] if output_bias else []
    problem = instance(loss, Y, 0.1, hidden_bias, output_bias, X)
    bound = evaluate_network(problem, packed(U), packed(V), 2, output_bias=packed(b))
    true = Fraction(0)
    for x, y in zip(X, Y, strict=True):
        x = [*x, 1.0] if hidden_bias else x
        hidden = [
            max(sum(Fraction(x[i]) * Fraction(U[i][k]) for i in range(len(x))), 0) for k in range(2)
        ]
        f = [sum(hidden[k] * Fraction(V[k][j]) for k in range(2)) for j in range(2)]
        shift = b[0] if b else [0.0, 0.0]
        true += true_loss(loss, [s + Fraction(t) for s, t in zip(f, shift, strict=True)], y)
    decayed = [*(U[:2] if hidden_bias == "free" else U), *V, *(b if output_bias is True else [])]
    true += Fraction(0.1) * sum(Fraction(t) ** 2 for row in decayed for t in row) / 2
    assert bound.kind == "upper"
    error = 0 if loss in EXACT else Fraction(1, 10**30)
    assert -error / 10**20 <= bound.value - true <= error


def test_output_bias_is_needed_exactly_where_there_is_one():
    for output_bias, bias in ((False, [[1.0]]), (True, []), ("free", [[1.0, 1.0]])):
        problem = instance("half-squared", [[1.0]], 1.0, output_bias=output_bias)
        with pytest.raises(ValueError, match="bytes"):
            evaluate_network(problem, b"", b"", 0, output_bias=packed(bias))


@pytest.mark.parametrize(
    ("loss", "y"),
    [("hinge", 0.0), ("logistic", 1.0000000001), ("squared-hinge", 2.0), ("softmax", -5e-324)],
)
def test_targets_must_fit_the_loss(loss, y):
    with pytest.raises(ValueError, match="does not allow"):
        instance(loss, [[1.0], [y]], 1.0)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (("huber", 0.0, False), ValueError),
        (("huber", float("inf"), False), ValueError),
        (("huber", -1.0, False), ValueError),
        (("hinge", 1.0, False), ValueError),
        (("cubed", 0.0, False), ValueError),
        (("hinge", 0.0, 1), TypeError),
        (("hinge", 0.0, "decayed"), TypeError),
        (("hinge", 0.0, None), TypeError),
        (("hinge", 0, False), TypeError),
        ((1, 0.0, False), TypeError),
    ],
)
def test_parts_of_an_instance(more, error):
    with pytest.raises(error):
        Instance(1, 1, 1, 1.0, False, packed([[1.0]]), packed([[1.0]]), *more)


@pytest.mark.parametrize("hidden_bias", [1, 0, "yes", None, 1.0])
def test_hidden_bias_is_true_false_or_free(hidden_bias):
    with pytest.raises(TypeError):
        Instance(1, 1, 1, 1.0, hidden_bias, packed([[1.0]]), packed([[1.0]]))


def test_bounds_say_what_they_are_about():
    texts = []
    for loss in LOSSES:
        for hidden in (False, True, "free"):
            for output in (False, True, "free"):
                problem = instance(loss, [[1.0]], 0.5, hidden, output)
                bias = packed([[0.0]]) if output else b""
                texts.append(str(evaluate_network(problem, b"", b"", 0, output_bias=bias)))
    assert len(set(texts)) == len(texts)
