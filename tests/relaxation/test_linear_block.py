"""The level block(k) by its own solver, against a general one and against networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import AWKWARD, DEGENERATE, PLAIN, best_sampled, normal, random_family

from certnn.budget import Budget
from certnn.certificates import certify
from certnn.relaxation.interior.block import block_points
from certnn.relaxation.interior.block.cliques import Responses, cliques
from certnn.relaxation.interior.block.moments import gaussian_moments
from certnn.relaxation.interior.block.newton import CliqueStep
from certnn.relaxation.interior.block.start import first_states
from certnn.relaxation.modelled.primal import solve_primal
from certnn.relaxation.reduced.groups import angular_groups
from certnn.relaxation.reduced.packing import Packing
from certnn.relaxation.reduced.reduced_problem import reduce_problem

SOLVED = {
    "random family": (random_family(0, n=16), 4),
    "random family, large groups": (random_family(1, n=16), 8),
    "d=3": (normal(3, 12, 3, 2), 5),
    "hidden bias": (PLAIN["hidden bias"], 3),
    "rank deficient": (PLAIN["rank deficient"], 3),
    "rows on one line": (DEGENERATE["everything"], 2),
}


def solved(problem, size):
    reduced = reduce_problem(problem)
    groups = angular_groups(reduced.directions.units, size)
    return reduced, groups, list(block_points(reduced, groups, Budget()))


@pytest.mark.parametrize("name", SOLVED)
def test_value_is_that_of_a_general_solver(name):
    problem, size = SOLVED[name]
    _, groups, found = solved(problem, size)
    expected = solve_primal(problem, groups, "CLARABEL", None, {}).figure.primal_value
    assert max(point.bound for point in found) == pytest.approx(expected, rel=1e-3)
    assert found[-1].estimate == pytest.approx(expected, rel=1e-3)
    assert all(point.bound <= expected * (1.0 + 1e-6) for point in found)


@pytest.mark.parametrize("name", SOLVED)
def test_kernel_proves_what_iterates_claim(name):
    problem, size = SOLVED[name]
    reduced, _, found = solved(problem, size)
    for point in (found[0], found[len(found) // 2], found[-1]):
        proved = certify(problem, reduced.original_point(point.Z, point.products), {}).bound
        assert proved.rounded >= point.bound * (1.0 - 1e-4)


@pytest.mark.parametrize("name", sorted((DEGENERATE | AWKWARD).keys() - {"zero X"}))
def test_every_problem_gets_a_true_bound(name):
    problem = (DEGENERATE | AWKWARD)[name]
    reduced, _, found = solved(problem, 3)
    best = max(found, key=lambda point: point.bound)
    proved = certify(problem, reduced.original_point(best.Z, best.products), {}).bound
    assert best_sampled(problem, np.random.default_rng(0)) >= proved.value >= 0


def test_products_stay_within_groups():
    problem, size = SOLVED["random family"]
    reduced, groups, found = solved(problem, size)
    m = reduced.directions.count
    group = np.empty(m, dtype=int)
    for number, members in enumerate(groups):
        group[members] = number
    products = found[-1].products
    assert np.array_equal(group[products.first % m], group[products.second % m])
    assert np.all(products.multiplier[~products.sign_is_free] >= 0.0)


def test_known_products_are_where_it_begins():
    problem = random_family(2, n=16)
    reduced, groups, found = solved(problem, 8)
    start = found[-1].products
    again = list(block_points(reduced, groups, Budget(), start=start))
    assert again[0].products.first.size >= found[0].products.first.size
    assert again[-1].bound == pytest.approx(found[-1].bound, rel=1e-3)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5, deadline=None)
def test_gaussian_moments_are_those_of_samples(seed):
    rng = np.random.default_rng(seed)
    problem = normal(seed % 1000, 4, 3, 2)
    reduced = reduce_problem(problem)
    part = cliques(reduced, Responses.of(reduced), [np.arange(4)])[0]
    root = rng.standard_normal((5, 5))
    w = rng.standard_normal((200_000, 5)) @ root.T
    z = np.hstack([np.maximum(w[:, :3] @ reduced.rows.T, 0.0), w])
    moments = gaussian_moments(part, root @ root.T)
    size = np.sqrt(np.diagonal(moments))
    error = (z.T @ z / len(z) - moments) / size[:, None] / size[None, :]
    assert np.max(np.abs(error)) < 0.02


def test_a_step_solves_the_linearised_equations():
    """The new X has the corner asked for, and dX + V·dS·V is what the scaling says."""
    problem = random_family(3, n=8, c=2)
    reduced = reduce_problem(problem)
    responses = Responses.of(reduced)
    state = first_states(
        reduced, responses, cliques(reduced, responses, [np.arange(8)]), None, Budget()
    )[0]
    packing = Packing(reduced.rank + 2)
    step = CliqueStep(state, packing, np.zeros((packing.size, packing.size)))
    V = step.G @ step.G.T
    assert np.allclose(V @ state.form_slack() @ V, state.X, atol=1e-9 * np.abs(state.X).max())
    corner = 2.0 * state.X[8:, 8:]
    aim = step.aim(0.1 * step.gap / state.X.shape[0], None)
    way = step.direction(aim, packing.packed(corner), np.zeros(0))
    new_X = state.X + step.G @ way.scaled_X @ step.G.T
    assert np.allclose(new_X[8:, 8:], corner, atol=1e-7 * np.abs(corner).max())
    # Stationarity in the responses, the vanishing products, and the others with their slacks.
    moments, p, t = state.moments(new_X), state.answers, state.signed
    zeta = (state.y + way.y)[:p].reshape(state.clique.target.shape)
    output = state.clique.target - zeta / state.clique.weight[:, None]
    size = np.abs(new_X).max()
    assert np.allclose(moments[:p], output.ravel(), atol=1e-6 * size)
    assert np.allclose(moments[p:t], 0.0, atol=1e-6 * size)
    assert np.allclose(moments[t:], state.slack + way.slack, atol=1e-6 * size)
