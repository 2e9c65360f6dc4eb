"""Values of the relaxation to many digits: against closed forms, other solvers, other checkers."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, random_family

from certnn import InputError, TrainingProblem, lower_bound
from certnn.errors import SolverError
from certnn.kernel import Malformed, Rejected, check_certificate
from certnn.relaxation.extended.arithmetic import ExtendedArithmetic
from certnn.relaxation.extended.certificate import decimal_below, words
from certnn.relaxation.extended.refine import refine
from certnn.relaxation.moments.feasible_moment import relaxation_upper_bound


@pytest.fixture(scope="module")
def refined():
    return refine(random_family(0, n=5))


def test_thirty_digits_from_both_sides(refined):
    assert refined.digits >= 30
    assert refined.above == relaxation_upper_bound(refined.moment)
    assert 0 < refined.above - refined.bound.value <= refined.above / 10**30
    assert refined.bound.value == check_certificate(refined.certificate.document).value


def test_the_decimal_is_below_by_less_than_its_last_digit(refined):
    printed = Decimal(refined.decimal)
    assert len(printed.as_tuple().digits) == refined.digits
    below = refined.bound.value - Fraction(printed)
    assert 0 <= below < Fraction(10) ** int(printed.as_tuple().exponent)
    assert refined.decimal in str(refined)


@pytest.mark.parametrize("name", ["d=2, c=1", "d=3, c=1", "hidden bias", "n < d", "zero columns"])
def test_agrees_with_the_solver_in_floats(name):
    result = refine(PLAIN[name], 20)
    assert result.digits >= 20
    assert float(result.above) == pytest.approx(lower_bound(PLAIN[name], "dnn").value, rel=1e-5)
    assert result.bound.value <= best_sampled(PLAIN[name], np.random.default_rng(0))


def test_one_point_in_closed_form():
    """One row x and target y > 0: the best neuron is along x, ½(f − y)² + reg·f/‖x‖."""
    problem = TrainingProblem([[3.0, 4.0]], [[2.0]], 0.5)
    exact = Fraction(1, 10) * 2 - Fraction(1, 200)  # at the residual reg/‖x‖
    result = refine(problem, 40)
    assert 0 <= exact - result.bound.value <= exact / 10**40
    assert 0 <= result.above - exact <= exact / 10**40


@pytest.mark.parametrize("name", ["huge reg", "smallest data"])
def test_without_a_network_half_the_square_of_the_targets_is_exact(name):
    problem = AWKWARD[name]
    half = sum(Fraction(float(y)) ** 2 for y in problem.Y.ravel()) / 2
    result = refine(problem, 15)
    assert result.above == half
    assert 0 <= half - result.bound.value <= half / 10**15


@pytest.mark.parametrize("name", ["huge everything", "tiny everything", "tiny reg"])
def test_scales(name):
    assert refine(AWKWARD[name], 12).digits >= 12


@pytest.mark.slow
def test_the_target_of_ten_points():
    for seed in range(3):
        assert refine(random_family(seed, n=10)).digits >= 30


@pytest.mark.slow
def test_a_hundred_digits():
    assert refine(PLAIN["d=3, c=1"], 100).digits >= 99


@pytest.mark.parametrize("backend", ["python", "flint"])
def test_other_checkers_agree(refined, plain_checker, backend):
    assert check_certificate(refined.certificate.document, backend).value == refined.bound.value
    assert plain_checker(refined.certificate.document)


def changed(refined, change):
    document = json.loads(refined.certificate.document)
    change(document)
    return json.dumps(document).encode()


def raise_claim(document):
    claim = Fraction(document["claim"]["lower_bound"]) * (1 + Fraction(1, 10**30))
    document["claim"]["lower_bound"] = f"{claim.numerator}/{claim.denominator}"


def drop_last(key):
    return lambda document: document["proof"][key].pop()


@pytest.mark.parametrize("change", [raise_claim, *map(drop_last, ("Z", "L_points", "L_corner"))])
def test_a_change_of_the_last_digits_is_rejected(refined, plain_checker, change):
    document = changed(refined, change)
    with pytest.raises(Rejected):
        check_certificate(document)
    assert not plain_checker(document)


@pytest.mark.parametrize("key", ["Z", "L_points", "L_cross", "L_corner"])
@pytest.mark.parametrize("value", [[], [1], [[]], [""], "twice", "too many", None, {}])
def test_malformed_sums(refined, key, value):
    def change(document):
        proof = document["proof"]
        given = {"twice": [proof[key]], "too many": 33 * proof[key][:1]}
        proof[key] = given.get(value, value) if isinstance(value, str) else value

    with pytest.raises(Malformed):
        check_certificate(changed(refined, change))


def test_a_sum_of_one_is_the_array_itself():
    certificate = lower_bound(random_family(1, n=5), "dnn").certificate
    document = json.loads(certificate.document)
    for key in ("Z", "L_points", "L_cross", "L_corner"):
        document["proof"][key] = [document["proof"][key]]
    again = check_certificate(json.dumps(document).encode())
    assert again.value == check_certificate(certificate.document).value


def test_sums_are_for_the_kind_psd_only():
    document = json.loads(lower_bound(random_family(1, n=5), "partition").certificate.document)
    assert document["proof"]["kind"] != "psd"
    document["proof"]["Z"] = [document["proof"]["Z"]]
    with pytest.raises(Malformed):
        check_certificate(json.dumps(document).encode())


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(1, 4))
def test_words_add_up(number, count):
    arithmetic = ExtendedArithmetic(300)
    parts = words(arithmetic, arithmetic.array(np.array([number], dtype=object)), count)
    total = sum(Fraction(float(part)) for (part,) in parts)
    assert abs(total - number) <= abs(number) / 2 ** (53 * count)


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6), st.integers(1, 60))
def test_decimals_are_below(number, digits):
    decimal = decimal_below(number, digits)
    assert 0 <= number - Fraction(decimal) < Fraction(10) ** (decimal.adjusted() - digits + 1)


@given(st.integers(0, 10**6))
def test_roots_solve_and_invert(seed):
    rng = np.random.default_rng(seed)
    half = rng.integers(-5, 6, (4, 4)) + 12 * np.eye(4)
    arithmetic = ExtendedArithmetic(200)
    matrix = arithmetic.array(half @ half.T)
    root = arithmetic.root(matrix)
    assert root is not None
    right = arithmetic.array(rng.standard_normal(4))
    assert max(abs(matrix @ root.solve(right) - right)) < 1e-50
    assert np.max(abs(matrix @ root.inverse() - np.eye(4))) < 1e-50
    assert arithmetic.root(-matrix) is None


@pytest.mark.parametrize("name", DEGENERATE)
def test_rows_on_one_line_are_refused(name):
    with pytest.raises(SolverError, match="not zero and not parallel"):
        refine(DEGENERATE[name])


@pytest.mark.parametrize("digits", [0, 101, 2.0, True])
def test_digits_out_of_range(digits):
    with pytest.raises(InputError, match="digits"):
        refine(random_family(0, n=5), digits)


def test_other_problems_are_refused():
    with pytest.raises(InputError, match="20 points"):
        refine(random_family(0, n=25))
    with pytest.raises(SolverError, match="targets are zero"):
        refine(AWKWARD["zero Y"])
