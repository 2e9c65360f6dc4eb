"""Lifts whose products are priced, against lifts with all of them and against networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_problems import PLAIN, awkward_for_lifts, best_sampled, normal, repeated_rows

from certnn import TrainingProblem, lower_bound
from certnn.budget import Budget
from certnn.certificates.directions import bounds, cover
from certnn.certificates.regions_certify import certify_regions
from certnn.relaxation.interior.block.cliques import Responses
from certnn.relaxation.interior.lifts import GroupedLifts
from certnn.relaxation.interior.priced import PricedLifts
from certnn.relaxation.interior.priced.elimination import (
    CornersFirst,
    OutputsFirst,
    Sizes,
    WithBias,
)
from certnn.relaxation.interior.priced.lift import LiftStep
from certnn.relaxation.interior.priced.newton import take_step
from certnn.relaxation.interior.priced.start import first_lifts
from certnn.relaxation.interior.priced.working_set import grow, lacking
from certnn.relaxation.reduced.packing import Packing, add_kronecker
from certnn.relaxation.reduced.reduced_problem import reduce_by_rows

SEEDS = st.integers(0, 2**32 - 1)


def with_biases(seed, n, d, Y, hidden_bias, repeats=0, output_bias="free"):
    """Random rows off the origin, some of them again with another target, and output biases."""
    rng = np.random.default_rng(seed)
    X = 1.0 + rng.standard_normal((n, d))
    X, Y = np.vstack([X, X[:repeats]]), np.vstack([Y, Y[::-1][:repeats]])
    return TrainingProblem(X, Y, 0.3, hidden_bias, output_bias=output_bias)


def targets(seed, n, c):
    return 2.0 + np.random.default_rng(seed).standard_normal((n, c))


LINES = repeated_rows(6, [1.0, 3.0, -1.0], zero_rows=1)
ON_ONE_LINE = TrainingProblem(LINES.X, LINES.Y + 1.0, 0.1, output_bias="free")
SOLVED = {
    "one output": (normal(1, 9, 3, 1), 3),
    "two outputs": (normal(3, 8, 3, 2), 4),
    "all products": (normal(2, 7, 3, 1, hidden_bias=True), 7),
    "more columns than points": (normal(4, 6, 9, 1), 3),
    "rank deficient": (PLAIN["rank deficient"], 3),
    "rows on one line": (repeated_rows(6, [1.0, 3.0, -1.0], zero_rows=1, c=1), 3),
    "free output bias": (with_biases(7, 9, 3, targets(7, 9, 1), True), 4),
    "free output bias, rows on one line": (ON_ONE_LINE, 3),
    "decayed biases": (with_biases(14, 9, 3, targets(14, 9, 2), True, 2, output_bias=True), 4),
    "no hidden bias": (with_biases(8, 8, 3, targets(8, 8, 2), False, repeats=3), 4),
    "free biases": (with_biases(9, 9, 3, targets(9, 9, 1), "free"), 3),
    "free biases, rows again": (with_biases(10, 7, 2, targets(10, 7, 2), "free", repeats=3), 4),
    "free biases, two classes": (with_biases(11, 10, 3, np.eye(2)[np.arange(10) % 2], "free"), 4),
    "free biases, three classes": (with_biases(12, 9, 2, np.eye(3)[np.arange(9) % 3], "free"), 3),
}


def points(method, problem, size):
    of = cover(problem.c, 1.2, Budget())
    of = of.centred() if problem.centred else of
    return list(method(reduce_by_rows(problem), of, size, Budget()).points())


@pytest.mark.parametrize("name", SOLVED)
def test_as_high_as_with_all_products_and_no_higher(name):
    problem, size = SOLVED[name]
    all_products = points(GroupedLifts, problem, size)[-1]
    found = points(PricedLifts, problem, size)
    assert found[-1].bound == pytest.approx(all_products.bound, rel=1e-2)
    assert found[-1].bound <= all_products.bound / (1.0 - all_products.gap)
    assert found[-1].gap <= 1e-2


@pytest.mark.parametrize("name", SOLVED)
def test_the_kernel_proves_what_iterates_claim(name):
    problem, size = SOLVED[name]
    found = points(PricedLifts, problem, size)
    assert [point.bound for point in found] == sorted(point.bound for point in found)
    for point in (found[0], found[len(found) // 2], found[-1]):
        proved = certify_regions(problem, point.point, {}).bound
        assert proved.rounded >= point.bound * (1.0 - 1e-4)


@given(seed=SEEDS, size=st.integers(1, 6), c=st.integers(1, 2))
@settings(max_examples=10, deadline=None)
def test_no_sampled_network_is_below_a_bound(seed, size, c):
    problem = normal(seed % 1000, 8, 4, c)
    proved = certify_regions(problem, points(PricedLifts, problem, size)[-1].point, {}).bound
    assert 0 < proved.value <= best_sampled(problem, np.random.default_rng(seed))


@pytest.mark.parametrize("name", sorted(awkward_for_lifts()))
def test_awkward_problems_get_a_true_bound_or_none(name):
    problem = awkward_for_lifts()[name]
    best = best_sampled(problem, np.random.default_rng(0))
    for point in points(PricedLifts, problem, 3)[-1:]:
        assert certify_regions(problem, point.point, {}).bound.value <= best


def started(problem, size):
    reduced = reduce_by_rows(problem)
    responses, of = Responses.of(reduced), cover(problem.c, 1.2, Budget())
    lengths = np.linalg.norm(of.rays, axis=1)
    heights = bounds(of, reduced.reg, Budget()) / lengths
    directions = of.rays / lengths[:, None]
    lifts, zeta = first_lifts(reduced, responses, directions, heights, size)
    return reduced, responses, lifts, zeta


def one_by_one(do, things):
    return [do(thing) for thing in things]


def assert_consistent(reduced, lifts, zeta):
    """All that the equations keep: the claim is shared out, and groups agree on a lift's corner."""
    if reduced.bias_decay == 0.0:
        balance = Responses.of(reduced).ones @ zeta
        np.testing.assert_allclose(balance, 0.0, atol=1e-9 * np.abs(zeta).max())
    for lift in lifts:
        shares = np.sum([state.share for state in lift.states], axis=0)
        np.testing.assert_allclose(shares, lift.corner(), atol=1e-8 * np.abs(shares).max())
        corner = lift.states[0].X[-shares.shape[0] :, -shares.shape[0] :]
        own = len(corner) - 2 if lift.free_bias else len(corner) - 1
        assert np.trace(corner[:own, :own]) == pytest.approx(corner[-1, -1], rel=1e-7)
        if lift.free_bias:
            assert 0.0 < corner[own, own] < corner[-1, -1]
            assert lift.nu > 0.0
        for state in lift.states:
            k = state.clique.size
            np.testing.assert_allclose(state.X[k:, k:], corner, atol=1e-8 * np.abs(corner).max())
            np.testing.assert_allclose(
                state.given, zeta[state.clique.place] @ lift.direction, atol=1e-10
            )
            assert np.linalg.eigvalsh(state.form_slack())[0] > 0.0
            assert np.linalg.eigvalsh(state.X)[0] > 0.0
            assert np.all(state.y[k:] > 0.0)
            assert np.all(state.slack > 0.0)


@pytest.mark.parametrize(
    "problem",
    [
        normal(5, 12, 5, 1),
        normal(5, 12, 5, 2),
        with_biases(5, 12, 5, targets(5, 12, 2), "free"),
        with_biases(5, 10, 5, targets(5, 10, 1), "free", repeats=2),
    ],
    ids=["one output", "two outputs", "free biases", "free biases, rows again"],
)
def test_steps_keep_what_they_have_to(problem):
    reduced, responses, lifts, zeta = started(problem, 4)
    assert_consistent(reduced, lifts, zeta)
    packing, full = Packing(reduced.rank + 1), 0
    for _ in range(12):
        zeta, centre, length = take_step(lifts, responses, zeta, packing)
        assert_consistent(reduced, lifts, zeta)
        full += length > 0.5
    assert full > 0
    states = [state for lift in lifts for state in lift.states]
    before = [state.y.size for state in states]
    free = reduced.ball is not None
    lacked = [lacking(state, free).first.size for state in states]
    assert sum(grow(lift, centre) for lift in lifts) == sum(lacked) > 0
    assert [state.y.size - old for state, old in zip(states, before, strict=True)] == lacked
    assert_consistent(reduced, lifts, zeta)


@pytest.mark.parametrize("c", [1, 2])
@pytest.mark.parametrize("order", [CornersFirst, OutputsFirst])
def test_what_lifts_share_solves_its_equations(order, c):
    reduced, responses, lifts, _ = started(normal(6, 12, 3, c), 5)
    packing, rng = Packing(reduced.rank + 1), np.random.default_rng(c)
    equations = [LiftStep(lift, packing) for lift in lifts]
    pulls = rng.standard_normal((len(lifts), packing.size))
    wanted = rng.standard_normal(responses.target.shape)
    found = order(equations, responses.weight, one_by_one).solve(pulls, wanted)
    outputs = found.zeta / responses.weight[:, None]
    for own, pull, omega, mu in zip(equations, pulls, found.corners, found.mu, strict=True):
        left = np.tril(own.coupling) + np.tril(own.coupling, -1).T
        given = left @ omega + mu * own.ball
        for clique in own.cliques:
            place = clique.state.clique.place
            along = found.zeta[place] @ own.direction
            given -= clique.given_corner.T @ along
            answer = clique.given_own @ along + clique.given_corner @ omega
            outputs[place] += np.outer(answer, own.direction)
        np.testing.assert_allclose(given, pull, atol=1e-7 * np.abs(left).max())
        assert own.ball @ omega == pytest.approx(0.0, abs=1e-9 * np.abs(omega).max())
    np.testing.assert_allclose(outputs, wanted, atol=1e-7)


@pytest.mark.parametrize("output_bias", [True, "free"])
@pytest.mark.parametrize("order", [CornersFirst, OutputsFirst])
def test_the_output_bias_of_a_step_is_the_one_of_its_outputs(order, output_bias):
    given = TrainingProblem(LINES.X, LINES.Y, 0.1, output_bias=output_bias)
    reduced, responses, lifts, _ = started(given, 3)
    assert responses.weight.size == responses.form.size + 1
    packing, rng = Packing(reduced.rank + 1), np.random.default_rng(0)
    equations = [LiftStep(lift, packing) for lift in lifts]
    own = order(equations, responses.weight, one_by_one)
    sizes = Sizes(len(lifts), packing.size, responses.weight.size, 2)
    pulls = rng.standard_normal((len(lifts), packing.size))
    wanted, zeta = rng.standard_normal((2, *responses.target.shape))
    found = WithBias(own, responses, zeta, sizes).solve(pulls, wanted)
    # The last response is no form's, so that it tells the bias.
    bias = (wanted - found.zeta / responses.weight[:, None])[-1] / responses.ones[-1]
    balance = responses.ones @ (zeta + found.zeta)
    np.testing.assert_allclose(balance, responses.decay * bias, atol=1e-8)
    again = own.solve(pulls, wanted - np.multiply.outer(responses.ones, bias))
    np.testing.assert_allclose(found.zeta, again.zeta, atol=1e-8)
    np.testing.assert_allclose(found.corners, again.corners, atol=1e-8)
    np.testing.assert_allclose(found.mu, again.mu, atol=1e-8)


def test_time_and_memory_are_linear_in_many_points():
    sizes = [Sizes(2, 231, points, 1) for points in (2_000, 20_000, 200_000)]
    assert [few.outputs_first < few.corners_first for few in sizes] == [True] * 3
    work, numbers = [few.outputs_first for few in sizes], [few.numbers for few in sizes]
    assert work[2] / work[1] == pytest.approx(10.0, rel=0.05)
    assert numbers[2] / numbers[1] < 10.5
    few = Sizes(8, 528, 569, 2)
    assert few.corners_first < few.outputs_first


@given(seed=SEEDS, free=st.booleans())
@settings(max_examples=5, deadline=None)
def test_moments_to_begin_with_are_those_of_gaussian_weights(seed, free):
    rng = np.random.default_rng(seed)
    problem = normal(seed % 1000, 4, 3, 1)
    if free:
        problem = with_biases(seed % 1000, 4, 3, targets(seed % 1000, 4, 1), "free")
    reduced, _, lifts, _ = started(problem, 4)
    state = lifts[0].states[0]
    k = state.clique.size
    u = rng.standard_normal((200_000, reduced.rank))
    a = np.maximum(u @ reduced.rows[state.clique.members].T, 0.0)
    z = np.hstack([a, u, np.linalg.norm(u, axis=1, keepdims=True)])
    z[:, -1] *= np.sqrt(1.0 - free / reduced.rank)
    moments = z.T @ z / len(z)
    moments *= state.X[-1, -1] / moments[-1, -1]
    size = np.sqrt(np.diagonal(state.X))
    assert np.max(np.abs(moments - state.X) / size[:, None] / size[None, :]) < 0.02
    assert np.all(state.moments(state.X)[k:] > 0.0)


@given(seed=SEEDS, order=st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_kroneckers_are_added_to_the_lower_triangle(seed, order):
    matrix = np.random.default_rng(seed).standard_normal((order, order))
    packing, matrix = Packing(order), matrix + matrix.T
    out = np.ones((packing.size, packing.size))
    add_kronecker(matrix, out)
    np.testing.assert_allclose(np.tril(out), np.tril(1.0 + packing.kronecker(matrix)), atol=1e-12)


def test_without_budget_no_step_is_begun():
    budget = Budget(work=1.0)
    of = cover(1, 1.5, budget)
    lifts = PricedLifts(reduce_by_rows(normal(0, 8, 2, 1)), of, 2, budget)
    budget.spend(1.0)
    assert list(lifts.points()) == []


def test_it_is_for_many_columns_and_larger_groups():
    of = cover(2, 1.09, Budget())
    for columns, size, cheaper in ((30, 40, True), (30, 10, True), (4, 4, False)):
        reduced = reduce_by_rows(normal(0, 200, columns, 2))
        priced, grouped = (
            lifts.cost(reduced, of, size).step for lifts in (PricedLifts, GroupedLifts)
        )
        assert (priced < grouped) == cheaper


def test_costs_are_linear_in_the_points():
    of, costs = cover(1, 1.5, Budget()), []
    for n in (400, 800):
        cost = PricedLifts.cost(reduce_by_rows(normal(1, n, 20, 1)), of, 25)
        costs.append((cost.step, cost.proof))
    assert all(1.5 < more / less < 2.3 for less, more in zip(*costs, strict=True))


@pytest.mark.parametrize("hidden_bias", [False, "free"])
def test_the_level_prices_products_where_there_are_many_columns_and_that_takes_less(hidden_bias):
    for columns, size, solver in ((20, 8, "priced products"), (20, 2, "groups"), (9, 8, "groups")):
        problem = normal(0, 22, columns, 1, hidden_bias=hidden_bias)
        result = lower_bound(problem, f"lifts({size})", work_limit=20.0)
        assert result.level == f"lifts({size})"
        assert solver in result.solver_figures[-1].solver
        assert result.certificate.check().value == result.bound.value
