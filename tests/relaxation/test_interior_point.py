"""The interior point method against other solvers, its own algebra, and real networks."""

from __future__ import annotations

import numpy as np
import pytest
from plain_schur import schur_numpy
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, random_family

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.relaxation.interior.dense import interior_point
from certnn.relaxation.interior.dense.forms import Forms
from certnn.relaxation.interior.dense.schur import schur_compiled
from certnn.relaxation.modelled.worker import SolverChoice, solve
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.reduced_problem import reduce_problem


def points(problem, **options):
    reduced = reduce_problem(problem)
    found = list(interior_point(reduced, Budget(), **options))
    assert found
    return reduced, found


def certified(problem, **options):
    reduced, found = points(problem, **options)
    best = max(found, key=lambda iterate: iterate.bound)
    return certify(problem, reduced.original_point(best.Z, best.products), {}).bound


def test_forms_are_those_of_a_neuron():
    rng = np.random.default_rng(0)
    m, r, c = 5, 3, 2
    forms = Forms(rng.standard_normal((m, r)), c)
    x = forms.rows
    linear = np.zeros((forms.count, forms.order))  # a, b, v as functions of (u, s, v)
    linear[:m, :r], linear[m : 2 * m, :r] = x / 2.0, -x / 2.0
    linear[:m, r : r + m] = linear[m : 2 * m, r : r + m] = np.eye(m)
    linear[2 * m :, r + m :] = np.eye(c)
    matrix, weights = (a + a.T for a in (rng.standard_normal((k, k)) for k in linear.shape[::-1]))
    weights[2 * m :, 2 * m :] = 0.0
    assert np.allclose(forms.values(matrix), linear @ matrix @ linear.T, rtol=0.0, atol=1e-12)
    assert np.allclose(forms.matrix(weights), linear.T @ weights @ linear, rtol=0.0, atol=1e-12)


def test_compiled_schur_complement_is_that_of_numpy():
    rng = np.random.default_rng(1)
    q, size = 12, 150
    primal, dual = (a + a.T for a in rng.standard_normal((2, q, q)))
    first, second = rng.integers(0, q, (2, size))
    weight = rng.random(size)
    found = []
    for write in (schur_compiled, schur_numpy):
        out = np.zeros((size, size))
        write(primal, dual, first, second, weight, out)
        found.append(np.triu(out))
    assert np.allclose(*found, rtol=1e-13, atol=1e-13)
    k, m = 3, 17
    products = [np.outer(np.eye(q)[i], np.eye(q)[j]) for i, j in zip(first, second, strict=True)]
    sides = [products[e] + products[e].T for e in (k, m)]
    expected = 0.5 * weight[k] * weight[m] * np.trace(sides[0] @ primal @ sides[1] @ dual)
    assert found[0][k, m] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", PLAIN | DEGENERATE)
def test_value_is_clarabels(name):
    problem = (PLAIN | DEGENERATE)[name]
    value = solve(problem, None, SolverChoice("CLARABEL"), None).figure.primal_value
    bound = certified(problem)
    assert bound.rounded == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("reg", [0.1, 0.01])
def test_random_family_is_solved(seed, reg):
    problem = random_family(seed, reg, n=12)
    value = solve(problem, None, SolverChoice("CLARABEL"), None).figure.primal_value
    assert certified(problem).rounded == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_problems_get_a_true_bound(name):
    problem = AWKWARD[name]
    if not problem.features.any():
        return
    assert best_sampled(problem, np.random.default_rng(0)) >= certified(problem).value >= 0


def test_every_iterate_is_feasible():
    """What an iterate claims is what certify proves of it."""
    problem = random_family(0, n=10, c=2)
    reduced, found = points(problem)
    for iterate in found[:: max(1, len(found) // 6)]:
        free = iterate.products.sign_is_free
        assert np.all(iterate.products.multiplier[~free] > 0.0)
        point = reduced.original_point(iterate.Z, iterate.products)
        assert certify(problem, point, {}).bound.rounded >= iterate.bound * (1.0 - 1e-6)


def test_groups_keep_products_apart():
    problem = PLAIN["d=2, c=2"]
    reduced = reduce_problem(problem)
    groups = angular_groups(reduced.directions.units, 2)
    label = np.zeros(reduced.directions.count, dtype=int)
    for number, group in enumerate(groups):
        label[group] = number
    _, found = points(problem, groups=groups)
    for iterate in found:
        m = iterate.products.n
        assert np.array_equal(label[iterate.products.first % m], label[iterate.products.second % m])
    value = solve(problem, groups, SolverChoice("CLARABEL"), None).figure.primal_value
    assert certified(problem, groups=groups).rounded == pytest.approx(value, rel=1e-4)


def test_numpy_and_compiled_solves_agree_and_repeat():
    problem = random_family(1, n=12)
    compiled, again, plain = (
        points(problem, schur=write)[1] for write in (schur_compiled, schur_compiled, schur_numpy)
    )
    assert [i.bound for i in compiled] == [i.bound for i in again]
    best = [max(i.bound for i in found) for found in (compiled, plain)]
    assert best[0] == pytest.approx(best[1], rel=1e-5)
