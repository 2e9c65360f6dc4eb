"""Any dual point, however poor, becomes a true bound; a better point makes a better one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, normal, problems

from certnn import kernel
from certnn.budget import Budget
from certnn.certificates import Certificate, DualPoint, Products, certify
from certnn.certificates.repair import repair
from certnn.errors import InputError, SolverError
from certnn.relaxation.shor.method import shor_point

ALL = {"d=2, c=2": PLAIN["d=2, c=2"], "n < d": PLAIN["n < d"]} | DEGENERATE | AWKWARD


def garbage(rng, problem, size):
    """Dense multipliers and Z that no solver would say."""
    n = problem.n
    first, second = np.triu_indices(2 * n)
    multiplier = size * rng.standard_normal(first.size)
    multiplier = np.where(second == first + n, multiplier, np.abs(multiplier))
    Z = problem.Y * rng.uniform(0.0, 2.0, problem.Y.shape)
    return DualPoint(Z, Products(n, first, second, multiplier))


def no_products(Z):
    empty = np.zeros(0, dtype=np.int64)
    return DualPoint(Z, Products(Z.shape[0], empty, empty, np.zeros(0)))


def check_true(problem, bound, rng):
    """No network of the sample is below the bound, in exact arithmetic."""
    assert bound.kind == "lower"
    assert bound.instance == problem.instance()
    assert best_sampled(problem, rng) >= bound.value


@pytest.mark.parametrize("name", ALL)
def test_every_point_makes_a_true_bound(name):
    problem, rng = ALL[name], np.random.default_rng(0)
    natural = problem.reg / max(float(np.max(np.abs(problem.features))), 1e-100) ** 2
    points = [
        no_products(problem.Y),
        no_products(np.zeros_like(problem.Y)),
        garbage(rng, problem, natural),
    ]
    for point in points:
        check_true(problem, certify(problem, point, {}).bound, rng)


@given(problem=problems(), seed=st.integers(0, 2**32 - 1), size=st.floats(-12.0, 12.0))
@settings(max_examples=15)
def test_repair_finds_a_finite_kappa_for_garbage(problem, seed, size):
    """Theorem 11(c), and that the repaired point's kappa is a bound on the dual norm."""
    rng = np.random.default_rng(seed)
    point = garbage(rng, problem, 10.0**size)
    repaired = repair(problem.features, point, 1e-15)
    assert np.isfinite(repaired.kappa)
    assert repaired.kappa >= 0.0
    assert np.array_equal(repaired.point.Z, point.Z)
    products = repaired.point.products
    assert np.all((products.multiplier >= 0.0) | products.sign_is_free)
    check_true(problem, certify(problem, point, {}).bound, rng)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_kappa_of_the_repaired_point_bounds_the_dual_norm(seed):
    rng = np.random.default_rng(seed)
    problem = normal(seed, 5, 2, 2)
    repaired = repair(problem.features, garbage(rng, problem, 0.01), 1e-15)
    u = rng.standard_normal((2, 500))
    u /= np.linalg.norm(u, axis=0)
    outputs = repaired.point.Z.T @ np.maximum(problem.features @ u, 0.0)
    sampled = np.max(np.linalg.norm(outputs, axis=0))
    assert repaired.kappa >= sampled * (1.0 - 1e-9)


def test_a_perturbed_point_makes_a_weaker_true_bound():
    problem, rng = PLAIN["d=2, c=2"], np.random.default_rng(0)
    good = shor_point(problem, Budget())
    values = []
    for noise in (0.0, 0.03, 0.3):
        Z = good.Z + noise * rng.standard_normal(good.Z.shape)
        t = good.products.multiplier * np.exp(noise * rng.standard_normal(problem.n))
        bound = certify(problem, DualPoint(Z, Products.vanishing(t)), {}).bound
        check_true(problem, bound, rng)
        values.append(bound.value)
    assert values[0] > values[1] > values[2] > 0


def test_zero_point_makes_the_trivial_bound():
    problem = PLAIN["d=2, c=2"]
    assert certify(problem, no_products(np.zeros_like(problem.Y)), {}).bound.value == 0


def test_a_point_of_the_wrong_sign_makes_the_trivial_bound():
    problem = PLAIN["d=2, c=2"]
    assert certify(problem, no_products(-problem.Y), {}).bound.value == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["Z", "multiplier"])
def test_a_point_that_is_not_finite_is_a_solver_error(bad, where):
    problem = PLAIN["d=2, c=1"]
    point = shor_point(problem, Budget())
    Z, multiplier = point.Z.copy(), point.products.multiplier.copy()
    (Z[0] if where == "Z" else multiplier)[0] = bad
    with pytest.raises(SolverError, match="not finite"):
        certify(problem, DualPoint(Z, Products.vanishing(multiplier)), {})


@pytest.mark.parametrize("name", PLAIN)
def test_certifying_costs_next_to_nothing(name):
    """The bound is what Theorems 3 and 12 give for the point in floats, to nine digits."""
    problem = PLAIN[name]
    point = shor_point(problem, Budget())
    t = -point.products.multiplier
    B = np.hstack([problem.features * np.sqrt(t)[:, None], point.Z / np.sqrt(t)[:, None]])
    kappa = 0.5 * np.linalg.eigvalsh(B.T @ B)[-1]
    product, square = np.sum(point.Z * problem.Y), np.sum(point.Z**2)
    s = min(product / square, problem.reg / kappa)
    expected = s * product - 0.5 * s * s * square
    assert certify(problem, point, {}).bound.rounded >= expected * (1.0 - 1e-9)


def test_certificate_file(tmp_path):
    problem = PLAIN["hidden bias"]
    certified = certify(problem, shor_point(problem, Budget()), {"level": "shor", "note": "ü"})
    certified.certificate.save(tmp_path / "certificate.json")
    loaded = Certificate.load(tmp_path / "certificate.json")
    assert loaded.document == certified.certificate.document
    bound = loaded.check()
    assert bound.value == certified.bound.value
    assert bound.instance == problem.instance()
    # The claim is a float64, so that it is printed in full.
    assert Fraction(bound.rounded) == bound.value


def test_a_certificate_does_not_prove_more_than_it_says():
    problem = PLAIN["d=2, c=1"]
    certified = certify(problem, shor_point(problem, Budget()), {})
    value = certified.bound.value
    claim = f'"{value.numerator}/{value.denominator}"'.encode()
    assert certified.certificate.document.count(claim) == 1
    more = value * (1 + Fraction(1, 10**6))
    raised = certified.certificate.document.replace(
        claim, f'"{more.numerator}/{more.denominator}"'.encode()
    )
    with pytest.raises(kernel.Rejected):
        Certificate(raised).check()


def test_load_refuses_what_is_not_there(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Certificate.load(tmp_path / "nothing.json")


def test_certifying_is_deterministic():
    problem = DEGENERATE["everything"]
    documents = {
        certify(problem, shor_point(problem, Budget()), {}).certificate.document for _ in range(2)
    }
    assert len(documents) == 1
